"""Hosts that fail are left alone; nobody takes all the places."""

import asyncio
from contextlib import ExitStack, suppress

import pytest

from core.errors import CallbackFailed, CallbackFailure, Unavailable
from services.calls.breakers import Breakers
from services.calls.places import PlacesPerKey

HOST = "crm.example"
DOWN = CallbackFailed(CallbackFailure.TIMEOUT)
BROKEN = CallbackFailed(CallbackFailure.HTTP_STATUS, 500)
UNKNOWN_CUSTOMER = CallbackFailed(CallbackFailure.HTTP_STATUS, 404)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def fail(breakers: Breakers, error: BaseException, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(type(error)), breakers.watching(HOST):
            raise error


def wait_of(breakers: Breakers) -> int | None:
    with pytest.raises(Unavailable) as refused, breakers.watching(HOST):
        raise AssertionError
    return refused.value.retry_after_seconds


def test_five_failures_in_a_row_open_for_half_a_minute() -> None:
    clock = Clock()
    breakers = Breakers(clock)

    fail(breakers, DOWN, 3)
    fail(breakers, BROKEN, 2)
    clock.now += 10.5

    assert wait_of(breakers) == 20
    with breakers.watching("other.example"):
        pass


def test_an_answer_of_whatever_kind_begins_the_count_anew() -> None:
    breakers = Breakers(Clock())

    for error in (UNKNOWN_CUSTOMER, CallbackFailed(CallbackFailure.TOO_LARGE)):
        fail(breakers, DOWN, 4)
        fail(breakers, error)
    fail(breakers, DOWN, 4)
    with breakers.watching(HOST):
        pass
    fail(breakers, DOWN, 4)


def test_one_probe_decides_what_follows() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    fail(breakers, DOWN, 5)

    clock.now += 30
    fail(breakers, DOWN)
    assert wait_of(breakers) == 30

    clock.now += 30
    with breakers.watching(HOST):
        assert wait_of(breakers) == 1
    fail(breakers, DOWN, 4)


@pytest.mark.parametrize("outcome", [None, UNKNOWN_CUSTOMER])
def test_an_answer_from_before_a_pause_does_not_end_it(outcome: CallbackFailed | None) -> None:
    breakers = Breakers(Clock())

    with suppress(CallbackFailed), breakers.watching(HOST):
        fail(breakers, DOWN, 5)
        if outcome:
            raise outcome

    assert wait_of(breakers) == 30


def test_a_probe_that_is_cancelled_leaves_its_place() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    fail(breakers, DOWN, 5)
    clock.now += 30

    fail(breakers, asyncio.CancelledError())

    with breakers.watching(HOST):
        pass


def test_each_key_has_its_own_places() -> None:
    places = PlacesPerKey(2)

    with ExitStack() as taken:
        for key in ("ayse", "ayse", "nikos"):
            taken.enter_context(places.one(key))
        with pytest.raises(Unavailable):
            taken.enter_context(places.one("ayse"))
    with places.one("ayse"), places.one("ayse"):
        pass
