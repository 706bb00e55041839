"""Mails to customers, read back by the standard library and by our own parser."""

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.attachments import FILE_BYTES
from models.messages import MESSAGE_CHARACTERS
from services.mail.addresses import Mailbox
from services.mail.composing import Letter, LetterFile, as_html, compose, composed_bytes
from services.mail.limits import SENT_MAIL_BYTES
from services.mail.parsing import parse_mail
from services.mail.wire import UnusableAddress, is_message_id, wire_address

LETTER = Letter(
    message_id="1@acme.example",
    sender=Mailbox("Acme", "desk@acme.example"),
    recipient=Mailbox("Elif Şahin", "elif@posta.example"),
    subject="Re: Siparişim",
    text="Merhaba Elif,\n\nyolda.\n",
    language="tr",
    written_at=datetime(2026, 5, 4, 15, tzinfo=timezone(timedelta(hours=3))),
)
FIELDS = ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"]


def read(letter: Letter) -> EmailMessage:
    return message_from_bytes(compose(letter), policy=policy.default)


def part(letter: Letter, subtype: str) -> str:
    found = read(letter).get_body((subtype,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def test_a_mail_says_who_writes_to_whom_about_what() -> None:
    mail = read(LETTER)

    assert mail.keys() == FIELDS
    assert mail["From"] == "Acme <desk@acme.example>"
    assert mail["To"] == "Elif Şahin <elif@posta.example>"
    assert mail["Subject"] == "Re: Siparişim"
    assert mail["Message-ID"] == "<1@acme.example>"
    assert mail["Date"] == "Mon, 04 May 2026 12:00:00 +0000"
    assert mail.get_content_type() == "multipart/alternative"
    assert part(LETTER, "plain") == LETTER.text


def test_an_answer_names_what_it_answers_and_where_answers_go() -> None:
    references = [f"{number}@posta.example" for number in range(20)]
    letter = replace(LETTER, references=references, reply_to="reply+abc@help.example")

    mail = parse_mail(compose(letter))

    assert mail.in_reply_to == "19@posta.example"
    assert mail.references == tuple(references)
    assert [each.address for each in mail.reply_to] == ["reply+abc@help.example"]
    assert not mail.is_automatic


@pytest.mark.parametrize(
    ("references", "kind"), [((), "auto-generated"), (("2@posta.example",), "auto-replied")]
)
def test_only_what_no_person_wrote_says_so(references: tuple[str, ...], kind: str) -> None:
    content = compose(replace(LETTER, is_automatic=True, references=references))

    assert message_from_bytes(content)["Auto-Submitted"] == kind
    assert message_from_bytes(content)["Precedence"] == "bulk"
    assert parse_mail(content).is_automatic


names = st.text(max_size=200)


@given(subject=names, name=names, filename=names, text=st.text(max_size=500))
def test_whatever_people_write_adds_no_field_and_comes_back(
    subject: str, name: str, filename: str, text: str
) -> None:
    """A line end in a name would let whoever chose it write fields, such as Bcc."""
    text = text.encode(errors="replace").decode()
    letter = replace(
        LETTER,
        subject=subject,
        sender=Mailbox(name, "desk@acme.example"),
        text=text,
        files=[LetterFile(filename, "application/pdf", b"%PDF")],
    )

    content = compose(letter)

    assert max(map(len, content.split(b"\r\n"))) <= 78
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert message_from_bytes(content).keys() == FIELDS
    mail = read(letter)
    (file,) = mail.iter_attachments()
    assert file.get_content() == b"%PDF"
    assert file.keys() == ["Content-Type", "Content-Disposition", "Content-Transfer-Encoding"]
    assert parse_mail(content).sender is not None
    lines = part(letter, "plain")
    assert lines.rstrip("\n") == text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


@pytest.mark.parametrize(
    "text",
    [
        "Αίτημα",
        "Ünvan, A.Ş.",
        '"Quoted" <x@y.example>',
        "=?utf-8?B?QQ==?=",
        "Δοκιμή " * 25,
        "A\r\nBcc: all@x.example",
    ],
)
def test_names_and_subjects_are_read_as_they_were_written(text: str) -> None:
    letter = replace(LETTER, subject=text, sender=Mailbox(text, "desk@acme.example"))

    mail = parse_mail(compose(letter))

    words = " ".join(text.split())
    assert mail.subject == words
    assert mail.sender is not None
    assert (mail.sender.name, mail.sender.address) == (words.strip('"'), "desk@acme.example")


def test_the_html_shows_the_text_and_nothing_that_it_only_looks_like() -> None:
    text = "Hi <b>&\n\nSee https://acme.example/?a=1&b='2'. javascript:alert(1)\n<script>"

    html = as_html(text, "el")

    assert re.findall(r"<[^!/][^>]*>", html) == [
        '<html lang="el">',
        "<head>",
        '<meta charset="utf-8">',
        '<body style="font-family: sans-serif; white-space: pre-wrap">',
        '<p dir="auto">',
        '<p dir="auto">',
        '<a href="https://acme.example/?a=1&amp;b=&#x27;2">',
        "<br>",
    ]
    assert "Hi &lt;b&gt;&amp;</p>" in html
    assert part(replace(LETTER, text=text, language="el"), "html").strip() == html.strip()


def test_files_come_as_they_are_and_no_program_opens_them_by_itself() -> None:
    content = bytes(range(256)) * 300
    given = [
        LetterFile("a.png", "image/png", content),
        LetterFile("Τιμολόγιο Ağustos.pdf", "application/pdf", content),
        LetterFile("page.html", "text/html", b"<script>"),
        LetterFile("picture.svg", "image/svg+xml", b"<svg>"),
        LetterFile("mail.eml", "message/rfc822", b"From: x"),
        LetterFile("odd", "text/plain\r\nX: y", b""),
    ]

    mail = compose(replace(LETTER, files=given))

    files = [
        (file.get_filename(), file.get_content_type(), file.get_payload(decode=True))
        for file in message_from_bytes(mail, policy=policy.default).iter_attachments()
    ]
    as_bytes = "application/octet-stream"
    assert files == [
        ("a.png", "image/png", content),
        ("Τιμολόγιο Ağustos.pdf", "application/pdf", content),
        ("page.html", as_bytes, b"<script>"),
        ("picture.svg", as_bytes, b"<svg>"),
        ("mail.eml", as_bytes, b"From: x"),
        ("odd", as_bytes, b""),
    ]
    assert [file.filename for file in parse_mail(mail).attachments] == [
        file.filename for file in given
    ]
    estimate = composed_bytes(LETTER.text, (len(file.content) for file in given))
    assert estimate < len(mail) < estimate + 4_000


@pytest.mark.parametrize(
    ("address", "on_the_wire"),
    [
        ("elif@posta.example", "elif@posta.example"),
        ("Elif.S@Örnek.example", "Elif.S@xn--rnek-4qa.example"),
        ("info@παράδειγμα.example", "info@xn--hxajbheg2az3al.example"),
        ("ışık@posta.example", "ışık@posta.example"),
        ("root@mail_1", "root@mail_1"),
    ],
)
def test_domains_go_out_in_ascii(address: str, on_the_wire: str) -> None:
    assert wire_address(address) == on_the_wire


def test_all_files_that_a_message_may_have_fit_into_a_mail() -> None:
    assert composed_bytes("a" * MESSAGE_CHARACTERS, [FILE_BYTES] * 5) < SENT_MAIL_BYTES


@pytest.mark.parametrize(
    "address",
    [
        *("", "a", "a@", "a b@x.example", "a@x\r\nRCPT TO:<b@y>", "<a@x.example>", "a@ö..x"),
        f"{'a' * 65}@x.example",
        f"{'ı' * 33}@x.example",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UnusableAddress):
        wire_address(address)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("a.b+c@x.example", True), ("17", False), ("a b@x", False), ("a@x>\r\nBcc: y", False)],
)
def test_only_ids_that_are_some_stand_in_references(text: str, is_one: bool) -> None:  # noqa: FBT001
    assert is_message_id(text) is is_one
