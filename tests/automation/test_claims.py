"""What rules make of a claim: a stranger is told nothing by it, and it is not lost."""

import pytest

from core.errors import Unavailable
from core.ids import decode_global_id
from services.merging import moves
from tests.automation.workshop import Workshop
from tests.support.customers import customer_of, update
from tests.support.desk import World
from tests.support.profiles import add_customer, profile, profile_of
from tests.support.rules import add_rule, on_telegram, run_rules, writes

LINK = {"actions": [{"kind": "LINK_PROFILE"}]}
ASK = "Hangi e-posta adresi?"


async def test_who_claims_a_known_number_is_asked_what_every_other_is(world: World) -> None:
    has_no_email = {"kind": "CUSTOMER_HAS_EMAIL", "isNot": True}
    asks = {"actions": [{"kind": "SEND_MESSAGE", "text": ASK}]}
    wants_refund = {"kind": "TEXT_CONTAINS", "texts": ["iade"]}
    await add_rule(world, allOf=[on_telegram(), has_no_email, wants_refund], **asks)
    first_contact = {"kind": "FIRST_CONTACT"}
    await add_rule(world, allOf=[on_telegram(), first_contact, wants_refund], **asks)
    await add_rule(world, allOf=[{"kind": "TEXT_HAS_PHONE"}], **LINK)
    await add_customer(world, "Elif", email="elif@example.com", phone="+905321234567")
    await world.receive("Merhaba", handle="elif@example.com")

    states, answers = [], []
    for handle, number in (("1", "+905321234567"), ("2", "+905321234568")):
        ticket = await writes(world, number, handle=handle)
        states.append((await profile(world.ayse, await profile_of(world, ticket)))["linkState"])
        await writes(world, "iade", handle=handle)
        answers.append(await Workshop(world).sent(decode_global_id(ticket)[1]))

    assert states == ["CLAIMED", "OWN"]
    assert answers == [[ASK], [ASK]]


async def test_a_claim_that_is_made_while_the_desk_is_busy_is_followed_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_customer(world, "Elif", email="elif@example.com")
    await add_rule(world, **LINK)

    async def find_the_desk_busy(*_arguments: object) -> None:
        raise Unavailable(retry_after_seconds=1)

    with monkeypatch.context() as patch:
        patch.setattr(moves, "_refuse_stragglers", find_the_desk_busy)
        ticket = await writes(world, "elif@example.com")
    row = await profile_of(world, ticket)
    assert (await profile(world.ayse, row))["linkState"] == "OWN"

    await Workshop(world).hasten()
    await run_rules(world)
    assert (await profile(world.ayse, row))["linkState"] == "CLAIMED"


async def test_a_claim_that_is_repeated_trips_no_rule(world: World) -> None:
    shop = Workshop(world)
    await add_customer(world, "Elif", email="elif@example.com", phone="+905321234567")
    await add_rule(world, **LINK)
    claims = {
        "elif@example.com": "CLAIMED",
        "nobody@example.com": "OWN",
        "0532 123 45 67": "CLAIMED",
        "0532 123 45 68": "OWN",
        "elif@example.com, 0532 123 45 67": "CLAIMED",
        "not@example.com değil, elif@example.com": "CLAIMED",
        "not@example.com değil, nobody@example.com": "OWN",
    }

    for said, state in claims.items():
        tickets = [await writes(world, said, handle=said) for _ in range(4)]
        claimed = await profile(world.ayse, await profile_of(world, tickets[0]))
        assert claimed["linkState"] == state, said
        runs = await shop.log(decode_global_id(tickets[0])[1])
        assert [run.changed for run in runs] == [True, False, False, False], said
    assert await shop.told("admin") == []


async def test_who_repeats_the_number_that_they_are_known_by_trips_no_rule(world: World) -> None:
    elif_ = await customer_of(world, await writes(world, "Merhaba"))
    changed = await update(world.ayse, {"id": elif_}, 1, phone="+905321234567")
    assert changed["__typename"] == "CustomerUpdateSuccess"
    await add_rule(world, **LINK)

    tickets = [await writes(world, "0532 123 45 67") for _ in range(4)]

    runs = await Workshop(world).log(decode_global_id(tickets[0])[1])
    assert [run.changed for run in runs] == [True, False, False, False]


async def test_numbers_are_not_read_as_of_the_country_of_whom_somebody_claims_to_be(
    world: World,
) -> None:
    await add_customer(world, "Elif", email="elif@example.com", phone="+4915123456789")
    await add_rule(world, allOf=[{"kind": "TEXT_HAS_EMAIL"}], **LINK)
    thanks = [{"kind": "SEND_MESSAGE", "text": "Teşekkürler"}]
    await add_rule(world, allOf=[{"kind": "TEXT_HAS_PHONE"}], actions=thanks)

    states, answers = [], []
    for email in ("elif@example.com", "nobody@example.com"):
        ticket = await writes(world, email, handle=email)
        states.append((await profile(world.ayse, await profile_of(world, ticket)))["linkState"])
        await writes(world, "015123456788", handle=email)
        answers.append(await Workshop(world).sent(decode_global_id(ticket)[1]))

    assert states == ["CLAIMED", "OWN"]
    assert answers == [[], []]
