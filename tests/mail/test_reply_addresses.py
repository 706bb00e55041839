"""Reply addresses: each leads into one ticket, and nobody else can make one."""

from uuid import UUID

import pytest

from services.mail.reply_addresses import BASE_CHARACTERS, ReplyAddresses

TICKET = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
ADDRESSES = ReplyAddresses(b"secret", "Reply@help.example")
ADDRESS = ADDRESSES.address_of(TICKET) or ""


def test_an_address_leads_to_its_ticket_in_any_case() -> None:
    assert ADDRESS.startswith("Reply+")
    assert ADDRESS.endswith("@help.example")
    for received in (ADDRESS, ADDRESS.upper(), ADDRESS.lower()):
        assert ADDRESSES.ticket_of(received) == TICKET


def test_it_is_the_same_whenever_it_is_made() -> None:
    assert ReplyAddresses(b"secret", "Reply@help.example").address_of(TICKET) == ADDRESS


def test_the_longest_base_makes_a_local_part_that_servers_take() -> None:
    addresses = ReplyAddresses(b"secret", f"{'r' * BASE_CHARACTERS}@help.example")
    address = addresses.address_of(TICKET) or ""
    assert len(address.partition("@")[0]) == 64
    assert addresses.ticket_of(address) == TICKET


def test_a_base_may_have_a_tag_of_its_own() -> None:
    addresses = ReplyAddresses(b"secret", "help+desk@shop.example")
    assert addresses.ticket_of(addresses.address_of(TICKET) or "") == TICKET


@pytest.mark.parametrize(
    "address",
    [
        "",
        "Reply@help.example",
        "Reply+@help.example",
        ADDRESS.replace("help", "evil"),
        ADDRESS.replace("Reply+", "other+"),
        ADDRESS.replace("Reply+", "+"),
        ADDRESS.replace("@", "a@"),
        ADDRESS.replace("@", "========@"),
        "Reply+" + ADDRESS.partition("+")[2][8:],
        "Reply+İıΣς🙂@help.example",
        # The first character is the ticket's, the last one the signature's.
        f"Reply+{'b' if ADDRESS[6] == 'a' else 'a'}{ADDRESS[7:]}",
        ADDRESS.replace("@", "x@").replace(
            ADDRESS[45] + "x@", ("b" if ADDRESS[45] == "a" else "a") + "@"
        ),
        ReplyAddresses(b"another", "Reply@help.example").address_of(TICKET),
    ],
)
def test_no_other_address_leads_anywhere(address: str) -> None:
    assert ADDRESSES.ticket_of(address) is None


def test_without_a_base_there_are_none() -> None:
    none = ReplyAddresses(b"secret", None)
    assert none.address_of(TICKET) is None
    for address in ("", "+@", ADDRESS):
        assert none.ticket_of(address) is None
