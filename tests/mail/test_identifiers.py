"""Message ids, those that a mail has and those that are made for it."""

import pytest

from services.mail.identifiers import read_message_ids, read_references
from services.mail.parsing import parse_mail
from services.mail.threads import parent_candidates
from tests.mail.mails import mail


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (b"<a@b>", ["a@b"]),
        (b"<a@b> <c@d>\t<a@b>", ["a@b", "c@d"]),
        (b"<a@b><c@d>", ["a@b", "c@d"]),
        (b"<folded\t @b>", ["folded@b"]),
        (b"a@b c@d", ["a@b", "c@d"]),
        (b'Your mail of "Monday" <a@b>', ["a@b"]),
        (b"<no-at-sign>", ["no-at-sign"]),
        (b"nonsense", []),
        (b"<>", []),
        (b"< >", []),
        (b"<\x00>", []),
        (b"<" + b"a" * 512 + b">", ["a" * 512]),
        (b"<" + b"a" * 513 + b">", []),
        (b"", []),
    ],
)
def test_ids_are_read_however_they_are_written(value: bytes, ids: list[str]) -> None:
    assert read_message_ids(value) == ids


def test_of_a_very_long_thread_the_first_and_the_newest_are_kept() -> None:
    value = b" ".join(b"<%d@x>" % number for number in range(500))

    references = read_references(value)

    assert references == ("0@x", *(f"{number}@x" for number in range(401, 500)))


def test_a_mail_without_id_has_the_same_made_up_id_wherever_it_lies() -> None:
    content = mail("Date: Mon, 5 Feb 2024 09:12:30 +0300", body="Merhaba\n\nAyşe\n")
    with_dos_line_ends = content.replace(b"\n", b"\r\n")
    after_being_read = b"Status: RO\nReceived: by elsewhere\n" + content + b"\n"

    ids = {parse_mail(c).message_id for c in (content, with_dos_line_ends, after_being_read)}

    assert len(ids) == 1
    assert ids.pop().endswith("@content.invalid")


def test_different_mails_without_ids_have_different_ones() -> None:
    contents = [
        mail(body="bir"),
        mail(body="iki"),
        mail("Date: x", body="bir"),
        mail("To: a@b.c", body="bir"),
    ]

    assert len({parse_mail(content).message_id for content in contents}) == 4


def test_an_unusable_id_is_replaced() -> None:
    assert parse_mail(mail("Message-ID: <>")).message_id.endswith("@content.invalid")


def test_a_mail_belongs_to_what_it_answers_then_to_the_newest_of_its_thread() -> None:
    answer = mail("Message-ID: <4@x>", "In-Reply-To: <2@x>", "References: <1@x> <2@x> <3@x> <4@x>")

    assert parent_candidates(parse_mail(answer)) == ("2@x", "3@x", "1@x")


def test_a_mail_that_answers_nothing_belongs_to_nothing_whatever_its_subject() -> None:
    assert parent_candidates(parse_mail(mail("Subject: Re: Siparişim"))) == ()
