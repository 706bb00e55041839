"""Lists of mailboxes, as standards and mail programs write them."""

import pytest

from services.mail.addresses import Mailbox, parse_mailboxes


@pytest.mark.parametrize(
    ("value", "mailboxes"),
    [
        (b"ayse@posta.example", [("", "ayse@posta.example")]),
        (b"<ayse@posta.example>", [("", "ayse@posta.example")]),
        (b"Ayse Yilmaz <ayse@posta.example>", [("Ayse Yilmaz", "ayse@posta.example")]),
        (b'"Yilmaz, Ayse" <ayse@posta.example>', [("Yilmaz, Ayse", "ayse@posta.example")]),
        (b"Yilmaz, Ayse <ayse@posta.example>", [("Yilmaz, Ayse", "ayse@posta.example")]),
        (b"ayse@posta.example (Ayse)", [("Ayse", "ayse@posta.example")]),
        (b"ayse at posta.example (Ayse)", [("Ayse", "ayse@posta.example")]),
        (b"a@x.example, b@x.example", [("", "a@x.example"), ("", "b@x.example")]),
        (b"a@x.example; b@x.example", [("", "a@x.example"), ("", "b@x.example")]),
        (b"undisclosed-recipients:;", []),
        (b"Desk: a@x.example, B <b@x.example>;, c@x.example",
         [("", "a@x.example"), ("B", "b@x.example"), ("", "c@x.example")]),
        (b"<@relay.example,@other.example:a@x.example>", [("", "a@x.example")]),
        (b"<mailto:a@x.example>", [("", "a@x.example")]),
        (b"mailto:a@x.example", [("", "a@x.example")]),
        (b"'a@x.example' <a@x.example>", [("", "a@x.example")]),
        (b"\"'Ayse'\" <a@x.example>", [("Ayse", "a@x.example")]),
        (b"Ayse <a@x.example", [("Ayse", "a@x.example")]),
        (b'"Ayse <a@x.example>', [("Ayse", "a@x.example")]),
        (b"Ayse <Bey> <a@x.example>", [("Ayse", "a@x.example")]),
        (b"=?utf-8?q?Ay=C5=9Fe=2C_Y=C4=B1lmaz?= <a@x.example>", [("Ayşe, Yılmaz", "a@x.example")]),
        (b'"=?utf-8?q?Ay=C5=9Fe?=" <a@x.example>', [("Ayşe", "a@x.example")]),
        (b"<=?utf-8?q?a=40x=2Eexample?=>", [("", "a@x.example")]),
        (b"A.B@X.Example", [("", "A.B@x.example")]),
        (b'<"a b"@x.example>', [("", '"a b"@x.example')]),
        ("ελένη@παράδειγμα.example".encode(), [("", "ελένη@παράδειγμα.example")]),
        (b"a@[192.0.2.1]", [("", "a@[192.0.2.1]")]),
        (b"a@[IPv6:2001:db8::1]", [("", "a@[ipv6:2001:db8::1]")]),
        (b"a@@x.example", []),
        (b"a b@x.example c", [("", "b@x.example")]),
        (b"<>", []),
        (b"nobody", []),
        (b"", []),
        (b",;:<,>(", []),
    ],
)  # fmt: skip
def test_mailboxes_are_found(value: bytes, mailboxes: list[tuple[str, str]]) -> None:
    assert [(found.name, found.address) for found in parse_mailboxes([value])] == mailboxes


def test_names_cannot_turn_the_line_around() -> None:
    value = "\u202eeşyA\u2066 \x07 <a@x.example>".encode()

    assert parse_mailboxes([value]) == (Mailbox("eşyA", "a@x.example"),)


def test_an_address_stands_once_whatever_its_case() -> None:
    values = [b"Ayse <a@x.example>", b"A@X.EXAMPLE, b@x.example"]

    assert parse_mailboxes(values) == (Mailbox("Ayse", "a@x.example"), Mailbox("", "b@x.example"))


def test_addresses_longer_than_a_mail_server_takes_are_none() -> None:
    longest = b"a" * 64 + b"@" + b"b" * 181 + b".example"

    assert [len(found.address) for found in parse_mailboxes([longest])] == [254]
    assert parse_mailboxes([b"a" + longest]) == ()


def test_names_are_cut_at_what_is_stored() -> None:
    (mailbox,) = parse_mailboxes([b"a" * 500 + b" <a@x.example>"])

    assert len(mailbox.name) == 200


def test_of_very_many_recipients_the_first_thousand_are_read() -> None:
    value = b", ".join(b"user%d@x.example" % number for number in range(1_500))

    assert len(parse_mailboxes([value])) == 1_000


def test_raw_bytes_of_a_name_are_in_the_set_of_the_body() -> None:
    value = "Zażółć <a@x.example>".encode("cp1250")

    assert parse_mailboxes([value], "windows-1250")[0].name == "Zażółć"
