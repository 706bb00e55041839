"""Mails that somebody broke, by chance or on purpose: each is read or refused, and soon."""

import random
import time
import unicodedata
from collections.abc import Callable
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.mail.parsing import ParsedMail, UnreadableMail, parse_mail
from tests.mail.mails import SAMPLES, html_mail, mail, part

CONTENTS = [file.read_bytes() for file in sorted(SAMPLES.glob("*.eml"))]
FORESEEN = {"it is empty", "it has no header of a mail"}


def read(content: bytes) -> ParsedMail | None:
    """Parse, accept a refusal that was foreseen, and check what came out."""
    try:
        parsed = parse_mail(content)
    except UnreadableMail as refusal:
        if refusal.reason not in FORESEEN:
            raise
        return None
    for text in texts(parsed):
        assert "\x00" not in text
        assert unicodedata.is_normalized("NFC", text)
        assert text.encode().decode() == text
    assert 0 < len(parsed.message_id) <= 512
    assert all(file.filename for file in parsed.attachments)
    return parsed


def texts(parsed: ParsedMail) -> list[str]:
    mailboxes = [*parsed.reply_to, *parsed.to, *parsed.cc]
    mailboxes += [parsed.sender] if parsed.sender else []
    values = [getattr(parsed, field.name) for field in fields(parsed)]
    return [
        *(value for value in values if isinstance(value, str)),
        *parsed.references,
        *(text for mailbox in mailboxes for text in (mailbox.name, mailbox.address)),
        *(text for file in parsed.attachments for text in (file.filename, file.content_type)),
    ]


@pytest.mark.parametrize("content", CONTENTS)
def test_every_beginning_of_a_mail_is_read_or_refused(content: bytes) -> None:
    for end in range(0, len(content), 7):
        read(content[:end])


@pytest.mark.parametrize("content", CONTENTS)
def test_flipped_bits_are_survived(content: bytes) -> None:
    chance = random.Random(5322)
    for _ in range(100):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 20)):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        read(bytes(damaged))


@pytest.mark.parametrize("content", CONTENTS)
def test_lines_in_any_order_are_survived(content: bytes) -> None:
    chance = random.Random(2045)
    lines = content.splitlines(keepends=True)
    for _ in range(30):
        chance.shuffle(lines)
        read(b"".join(lines))


NAMES = [
    "From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
    "Received", "Return-Path", "Auto-Submitted", "Content-Type", "Content-Disposition",
    "Content-ID", "Content-Transfer-Encoding",
]  # fmt: skip
FRAGMENTS = [
    b"a@x.example", b"<", b">", b'"', b"(", b")", b"\\", b",", b";", b":", b" ", b"9", b"\n ",
    b"\r\n", b"\n\n", b"--b", b"--", b"=", b"=?utf-8?q?", b"=?x?b?", b"?=", b"text/html",
    b"multipart/mixed", b"message/rfc822", b"; boundary=b", b"; charset=", b"utf-7", b"utf-16",
    b"windows-1254", b"*0*=", b"''%C5", b"base64", b"quoted-printable", b"5 Feb 2024", b"\x00",
    b"\xfe", b"\xed\xa0\x80", b"+2AA-", b"<p>", b"&#xd800;", b"<a href='",
]  # fmt: skip
VALUES = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=5)), max_size=12)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), VALUES.map(b"".join)), max_size=8),
    VALUES.map(b"".join),
)
def test_any_mail_is_read_or_refused(header: list[tuple[str, bytes]], body: bytes) -> None:
    lines = [name.encode() + b": " + value + b"\n" for name, value in header]

    read(b"".join(lines) + b"\n" + body)


@settings(deadline=None)
@given(st.binary(max_size=500))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read(content)


def nested(levels: int) -> bytes:
    content = "".join(
        f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"
        for level in range(levels)
    )
    return b"Subject: x\n" + content.encode() + b"\n" + b"Merhaba\n" * 50_000


def soup() -> bytes:
    chance = random.Random(2854)
    tags = [
        "<b>",
        "</b>",
        "<p>",
        "<div>",
        "</div>",
        "<table>",
        "<td>",
        "</table>",
        "<i title=1>",
        "x",
    ]
    return html_mail("".join(chance.choices(tags, k=30_000)))


# Each of them takes minutes where a parser is quadratic somewhere, or ends it where it recurses.
ATTACKS: dict[str, Callable[[], bytes]] = {
    "nesting": lambda: nested(5_000),
    "boundaries": lambda: mail("Content-Type: multipart/mixed; boundary=b", body="--b\n" * 500_000),
    "parts": lambda: mail(
        "Content-Type: multipart/mixed; boundary=b",
        body=part("<b>x", "Content-Type: text/html") * 20_000,
    ),
    "long field": lambda: mail("X-Long: " + "x" * 8_000_000),
    "folded field": lambda: mail("X-Long: x" + "\n x" * 2_000_000),
    "many fields": lambda: mail(*["X-Field: x"] * 500_000),
    "junk between fields": lambda: mail(*["junk\nX-Field: x"] * 300_000),
    "recipients": lambda: mail("To: " + "a@x.example, " * 500_000),
    "open comments": lambda: mail("To: " + "(" * 1_000_000),
    "open quotations": lambda: mail("To: " + '"\\' * 500_000),
    "names without addresses": lambda: mail("To: " + "a," * 500_000),
    "encoded words": lambda: mail("X: x", body="").replace(b"Soru", b"=?a?q?" * 100_000),
    "parameters": lambda: mail("Content-Type: text/plain" + ";" * 1_000_000),
    "sections": lambda: mail(
        "Content-Disposition: x; " + "".join(f"a*{n}*=b;" for n in range(9_999))
    ),
    "huge section number": lambda: mail("Content-Disposition: x; filename*" + "9" * 5_000 + "=b"),
    "references": lambda: mail("References: " + "<a@b> " * 500_000),
    "traces": lambda: mail(*["Received: x; 1 Jan 1900"] * 100_000),
    "stacked marks": lambda: mail(body="a" + "\u0301\u0316" * 500_000),
    "stacked marks in the subject": lambda: mail().replace(
        b"Soru", "\u0301\u0316".encode() * 500_000
    ),
    "stacked marks as references": lambda: html_mail(
        "a&#x301;&#x316;" * 1_000 + "&#x301;&#x316;" * 50_000
    ),
    "guessing": lambda: mail(body=b"\xfe\xfd" * 5_000_000),
    "unclosed elements": lambda: html_mail("<div>" * 200_000),
    "unclosed formats": lambda: html_mail(
        "".join(f"<font color={n}>" for n in range(10_000)) + "<p>x" * 50_000
    ),
    "misnested formats": lambda: html_mail(
        "<i><table><td></i></td></table>" * 5_000 + "<p>x" * 20_000
    ),
    "tag soup": soup,
    "open tags": lambda: html_mail("<a " * 100_000),
    "open attributes": lambda: html_mail("<a href='" * 100_000),
    "attributes within attributes": lambda: html_mail('<a ="<a" ' * 30_000),
    "open comments in html": lambda: html_mail("<!--" * 250_000),
    "attributes": lambda: html_mail("<p " + "".join(f"a{n}=1 " for n in range(100_000)) + ">"),
    "ampersands": lambda: html_mail("&" * 300_000),
    "long number of a character": lambda: html_mail("&#" + "9" * 10_000 + ";"),
    "quotations": lambda: html_mail("<blockquote>x" * 50_000),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_on_the_reader_take_seconds_at_most(attack: str) -> None:
    content = ATTACKS[attack]()
    start = time.process_time()

    parsed = read(content)

    assert parsed is not None
    # Most take some hundredths on a slow machine; none is near the minutes of what it attacks.
    assert time.process_time() - start < 10
