"""What a mail says about itself, and what is no mail."""

import pytest

from services.mail import parsing
from services.mail.addresses import Mailbox
from services.mail.parsing import UnreadableMail, parse_mail
from tests.mail.mails import mail, part


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"\n\r\n \n", "it is empty"),
        (b"From ayse Mon Feb  5 09:12:30 2024\n", "it is empty"),
        (b"just a note\nof two lines\n", "it has no header of a mail"),
        (b"Name: starling\nVersion: 1\n\nno mail\n", "it has no header of a mail"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "it has no header of a mail"),
        (b"\x00" * 1_000, "it has no header of a mail"),
    ],
)
def test_what_is_no_mail_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableMail) as refused:
        parse_mail(content)

    assert refused.value.reason == reason


def test_a_mail_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAIL_BYTES", 10)

    with pytest.raises(UnreadableMail, match="larger than"):
        parse_mail(mail())


def test_an_unforeseen_failure_is_that_of_one_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_content: bytes) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(parsing, "read_structure", fail)

    with pytest.raises(UnreadableMail) as refused:
        parse_mail(mail())

    assert refused.value.reason == "reading it failed: RecursionError('too deep')"


@pytest.mark.parametrize(
    "prelude",
    [
        b"\xef\xbb\xbf",
        b"\n\n",
        b"From ayse Mon Feb  5 09:12:30 2024\n",
        b">From ayse remote from x\n",
    ],
)
def test_what_programs_write_before_the_header_is_skipped(prelude: bytes) -> None:
    assert parse_mail(prelude + mail()).subject == "Soru"


def test_a_mail_may_lack_sender_subject_date_and_body() -> None:
    parsed = parse_mail(b"To: destek@marti-kitap.example\n")

    assert (parsed.sender, parsed.subject, parsed.sent_at, parsed.text) == (None, "", None, "")


def test_without_a_from_the_sender_field_counts() -> None:
    assert parse_mail(b"From: nobody\nSender: a@x.example\n\n").sender == Mailbox("", "a@x.example")


def test_a_subject_is_one_line_of_what_is_stored() -> None:
    assert parse_mail(b"Subject: \n  iki\t satir \r\n\n").subject == "iki satir"
    assert len(parse_mail(b"Subject: " + b"x" * 10_000 + b"\n\n").subject) == 2_000


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner-email=a@x.example",
        "Auto-Submitted: (a comment in the first place)",
        "Precedence: junk",
        "Return-Path: <>",
        "Content-Type: multipart/report; boundary=b",
    ],
)
def test_what_machines_send_is_automatic(field: str) -> None:
    assert parse_mail(mail(field, body=part("x") + "--b--")).is_automatic


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No (a person)",
        "Precedence: normal",
        "X-Auto-Response-Suppress: None",
        "Return-Path: <ayse@posta.example>",
        "List-Id: <destek.marti-kitap.example>",
        "Precedence: LIST",
        "X-Auto-Response-Suppress: OOF, AutoReply",
    ],
)
def test_what_people_send_is_not_automatic(field: str) -> None:
    assert not parse_mail(mail(field)).is_automatic


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@mx.example", "postmaster@mx.example"])
def test_mail_servers_are_machines(sender: str) -> None:
    assert parse_mail(f"From: {sender}\n\n".encode()).is_automatic
