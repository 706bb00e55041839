"""The oracle bites: what it is to find, it finds."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from core import clock
from core.ids import NodeKind, encode_global_id
from models.actors import ActorKind
from models.event_records import EventRecord
from tests.faults.journal import Journal, NotExactlyOnce, Told, require_exactly_once
from tests.faults.listener import Listener, SkippingListener
from tests.faults.rush import rush_hour
from tests.faults.sizes import Size
from tests.faults.stage import Stage

TOPIC = f"ticket:{7:032x}"
NOW = clock.now()


def note(number: int) -> str:
    return encode_global_id(NodeKind.NOTE, UUID(int=number))


def log_of(*positions: int) -> list[EventRecord]:
    return [
        EventRecord(
            topic=TOPIC,
            sequence=position,
            id=UUID(int=position),
            type="NoteAdded",
            actor_kind=ActorKind.AGENT,
            actor_id=None,
            payload={"note_id": str(UUID(int=position))},
            occurred_at=NOW + timedelta(seconds=position),
        )
        for position in positions
    ]


def journal_of(*positions: int, began: int = 1) -> Journal:
    heard = [(Told(position, "NoteAdded", note(position)), NOW) for position in positions]
    return Journal(TOPIC, began, heard)


def test_who_heard_everything_after_the_beginning_once_and_in_order_is_right() -> None:
    require_exactly_once(journal_of(2, 3, 4), log_of(1, 2, 3, 4))


def test_who_began_at_the_end_and_heard_nothing_is_right() -> None:
    require_exactly_once(journal_of(began=4), log_of(1, 2, 3, 4))


@pytest.mark.parametrize(
    ("heard", "finding"),
    [
        ([2, 4], "missing [Told(position=3"),
        ([2, 3], "missing [Told(position=4"),
        ([2, 3, 3, 4], "too many [Told(position=3"),
        ([1, 2, 3, 4], "too many [Told(position=1"),
        ([2, 3, 4, 5], "too many [Told(position=5"),
        ([3, 2, 4], "out of order, [3, 2, 4]"),
    ],
    ids=["a gap", "not to the end", "a double", "before the beginning", "invented", "swapped"],
)
def test_whoever_did_not_is_wrong(heard: Sequence[int], finding: str) -> None:
    with pytest.raises(NotExactlyOnce) as wrong:
        require_exactly_once(journal_of(*heard), log_of(1, 2, 3, 4))

    assert finding in str(wrong.value)


def test_another_event_at_the_right_place_is_wrong() -> None:
    told = Told(2, "NoteAdded", note(3))

    with pytest.raises(NotExactlyOnce, match="missing"):
        require_exactly_once(Journal(TOPIC, 1, [(told, NOW)]), log_of(1, 2))


def test_a_stream_that_was_reset_or_never_began_is_wrong() -> None:
    reset = journal_of(2)
    reset.resets.append("RETENTION")

    with pytest.raises(NotExactlyOnce, match="RETENTION"):
        require_exactly_once(reset, log_of(1, 2))
    with pytest.raises(NotExactlyOnce, match="never began"):
        require_exactly_once(Journal(TOPIC), log_of(1, 2))


def test_a_log_with_a_gap_is_wrong_whoever_heard_what() -> None:
    with pytest.raises(NotExactlyOnce, match="itself"):
        require_exactly_once(journal_of(2, 4), log_of(1, 2, 4))


async def run_and_reconnect(
    stage: Stage, size: Size, listener: type[Listener], catch_up_seconds: float
) -> None:
    async with rush_hour(stage, size, listener=listener, catch_up_seconds=catch_up_seconds) as rush:
        for _ in range(3):
            await rush.goes_on(0.5)
            for each in rush.listeners:
                each.drop()


async def test_a_right_cursor_survives_reconnecting(stage: Stage, size: Size) -> None:
    await run_and_reconnect(stage, size, Listener, catch_up_seconds=30)


async def test_a_wrong_cursor_does_not(stage: Stage, size: Size) -> None:
    with pytest.raises(NotExactlyOnce, match=r"missing|reset"):
        await run_and_reconnect(stage, size, SkippingListener, catch_up_seconds=2)
