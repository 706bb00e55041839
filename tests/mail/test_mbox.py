"""Mailboxes in one file are divided where a mail begins, and only there."""

import io
import tracemalloc
from itertools import repeat

import pytest

from services.mail import mbox
from services.mail.mbox import MboxEntry, split_mbox

SEPARATOR = b"From ayse@posta.example Mon Feb  5 09:12:30 2024\n"
ONE = b"Subject: one\n\nMerhaba\n"
TWO = b"Subject: two\n\n\xce\x93\xce\xb5\xce\xb9\xce\xb1\n"


def split(content: bytes) -> list[bytes | None]:
    return [entry.content for entry in split_mbox(io.BytesIO(content))]


def test_mails_are_divided_without_the_blank_line_that_ends_them() -> None:
    assert split(SEPARATOR + ONE + b"\n" + SEPARATOR + TWO + b"\n") == [ONE, TWO]


def test_places_are_bytes_of_the_file() -> None:
    content = SEPARATOR + ONE + b"\n" + SEPARATOR + TWO

    assert list(split_mbox(io.BytesIO(content))) == [
        MboxEntry(ONE, len(SEPARATOR + ONE) + 1),
        MboxEntry(TWO, len(content)),
    ]


def test_line_ends_of_windows_divide_as_well() -> None:
    content = (SEPARATOR + ONE + b"\n" + SEPARATOR + TWO).replace(b"\n", b"\r\n")

    assert split(content) == [ONE.replace(b"\n", b"\r\n"), TWO.replace(b"\n", b"\r\n")]


@pytest.mark.parametrize(
    "separator",
    [
        b"From - Tue Feb 06 10:00:00 2024\n",
        b"From ???@??? Tue Feb 06 10:00:00 2024\n",
        b"From MAILER-DAEMON Tue Feb  6 10:00:00 2024\n",
        b"From ayse at posta.example  Tue Feb  6 10:00:00 2024\n",
        b"From 1754@xxx Tue Feb 06 10:00:00 +0000 2024\n",
        b"From ayse@posta.example Tue Feb  6 10:00 EET 2024 remote from posta\n",
    ],
)
def test_dated_separators_divide_even_without_a_blank_line_before_them(separator: bytes) -> None:
    assert split(separator + ONE + separator + TWO) == [ONE, TWO]


def test_an_undated_separator_divides_between_a_blank_line_and_a_well_known_field() -> None:
    assert split(b"From x\n" + ONE + b"\nFrom y\n" + TWO) == [ONE, TWO]


@pytest.mark.parametrize(
    "line",
    [
        b"From the day I ordered:\n",
        b"From Monday 5 Feb 2024 at 10:00\nit does not work\n",
        b"From Mon Feb 5 10:00 2024 on\nhttps://posta.example did not load\n",
        b"From x\nNote: this is no field of a mail\n",
        b"From: ayse@posta.example\nSubject: pasted\n",
        b"From ayse@posta.example Mon Feb  5 09:12:30 2024\n",
    ],
)
def test_sentences_that_begin_with_from_divide_nothing(line: bytes) -> None:
    body = b"Subject: one\n\n" + line

    assert split(SEPARATOR + body) == [body]


def test_one_quotation_mark_is_taken_from_quoted_lines() -> None:
    stored = b"Subject: one\n\n>From me\n>>From you\n> From far\n>From\n"
    sent = b"Subject: one\n\nFrom me\n>From you\n> From far\n>From\n"

    assert split(SEPARATOR + stored) == [sent]


def test_blank_lines_before_the_first_mail_are_no_mail() -> None:
    assert split(b"\n\r\n" + SEPARATOR + ONE) == [ONE]


def test_an_empty_mail_counts() -> None:
    assert split(SEPARATOR + SEPARATOR + ONE) == [b"", ONE]


def test_no_file_has_no_mails() -> None:
    assert split(b"") == []
    assert split(b"\n\n") == []


def test_a_mail_that_is_too_large_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mbox, "MAIL_BYTES", 100)
    large = b"Subject: large\n\n" + b"x\n" * 60

    assert split(SEPARATOR + ONE + b"\n" + SEPARATOR + large + b"\n" + SEPARATOR + TWO) == [
        ONE,
        None,
        TWO,
    ]


def test_a_line_without_end_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mbox, "_LINE_BYTES", 64)
    body = b"Subject: one\n\n" + b"x" * 59 + b"From ayse Mon Feb  5 09:12:30 2024\nTo: a@b\n"

    assert split(SEPARATOR + body) == [body]


class EndlessMailbox(io.RawIOBase):
    """A mailbox of several gigabytes that lies nowhere."""

    def __init__(self, mails: int) -> None:
        self._mails = repeat(SEPARATOR + b"Subject: one\n\n" + b"x" * 1_000_000 + b"\n\n", mails)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # narrower on purpose
        piece = next(self._mails, b"")
        buffer[: len(piece)] = piece
        return len(piece)


def test_a_mailbox_is_never_in_memory_as_a_whole() -> None:
    stream = io.BufferedReader(EndlessMailbox(200), buffer_size=1_100_000)
    tracemalloc.start()

    sizes = [len(entry.content or b"") for entry in split_mbox(stream)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert sizes == [1_000_015] * 200
    assert peak < 10_000_000
