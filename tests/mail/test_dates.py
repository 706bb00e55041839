"""When a mail was sent."""

from datetime import UTC, datetime

import pytest

from core import clock
from services.mail.dates import read_sent_at

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.mark.parametrize(
    "date",
    [
        b"Mon, 5 Feb 2024 09:12:30 +0300",
        b"5 Feb 2024 06:12:30 -0000",
        b"Mon, 05 Feb 2024 06:12:30 GMT",
        b"Mon,  5 Feb 24 01:12:30 EST (Eastern)",
        b"Mon Feb  5 06:12:30 2024",
    ],
)
def test_dates_of_all_kinds_become_utc(date: bytes) -> None:
    assert read_sent_at(date, []) == datetime(2024, 2, 5, 6, 12, 30, tzinfo=UTC)


def test_a_leap_second_is_the_second_before() -> None:
    expected = datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)

    assert read_sent_at(b"Sat, 31 Dec 2016 23:59:60 +0000", []) == expected


@pytest.mark.parametrize(
    "date",
    [
        b"",
        b"yesterday",
        b"\xff\xfe",
        b"Mon, 32 Feb 2024 09:12:30 +0300",
        b"Mon, 5 Feb 2024 25:61:00 +0300",
        b"Mon, 5 Feb 2024 09:12:30 +9999",
        b"Mon, 5 Feb 99999999999999999999 09:12:30 +0000",
        b"Thu, 1 Jan 1970 00:00:00 +0000",
        b"Mon, 3 Jun 2024 12:00:00 +0000",
        b"Mon, 5 Feb 2999 09:12:30 +0300",
        b"1:" * 1_000,
        b", ",
        b"+ +",
    ],
)
def test_unbelievable_dates_are_not_said(date: bytes) -> None:
    assert read_sent_at(date, []) is None


def test_a_clock_that_is_some_hours_ahead_is_believed() -> None:
    expected = datetime(2024, 6, 2, 11, tzinfo=UTC)

    assert read_sent_at(b"Sun, 2 Jun 2024 11:00:00 +0000", []) == expected


def test_without_a_believable_date_the_last_relay_knows() -> None:
    received = [
        b"from a by b; nonsense",
        b"from b by c; Mon, 5 Feb 2024 06:12:30 +0000",
        b"from c by d; Sun, 4 Feb 2024 06:12:30 +0000",
    ]

    assert read_sent_at(b"Thu, 1 Jan 1970 00:00:00 +0000", received) == datetime(
        2024, 2, 5, 6, 12, 30, tzinfo=UTC
    )
