"""Where what was missed cannot be told, the stream says so and why, and goes on."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core import clock
from core.ids import decode_global_id
from models.actors import AUTOMATION
from models.event_topics import topic_named
from models.events import Event
from models.tickets import Ticket
from services.unit_of_work import unit_of_work
from subscriptions.log.cursors import encode_cursor
from subscriptions.log.stream import StreamLimits
from tests.faults.stage import Stage
from tests.support.acts import NOTE
from tests.support.live import TICKET_EVENTS

LIMITS = StreamLimits()
OTHER_EPOCH = "abcdef01"
FAR_AWAY = 1_000_000


@pytest.fixture
def ticket(stage: Stage) -> str:
    """A ticket of this test alone; one event has happened to it."""
    return stage.cast.spare_tickets.pop()


def topic_of(ticket: str) -> str:
    return topic_named(Ticket, decode_global_id(ticket)[1])


async def require_reset(stage: Stage, ticket: str, after: str, reason: str) -> None:
    """Resume after the cursor `after`: the stream is reset once, and then goes on."""
    writer, reader = stage.cast.tokens[:2]
    async with (
        stage.agent(writer) as agent,
        stage.watch(reader, TICKET_EVENTS, web=1, ticket=ticket, after=after) as watcher,
    ):
        assert await watcher.next() == {"__typename": "StreamReset", "reason": reason}
        await agent.act(NOTE, ticket=ticket)
        assert (await watcher.next())["__typename"] == "NoteAdded"


async def test_a_cursor_of_another_epoch(stage: Stage, ticket: str) -> None:
    cursor = encode_cursor(OTHER_EPOCH, {topic_of(ticket): 1})

    await require_reset(stage, ticket, cursor, "EPOCH")


async def test_a_position_that_the_log_has_not_reached(stage: Stage, ticket: str) -> None:
    cursor = encode_cursor(stage.cast.epoch, {topic_of(ticket): FAR_AWAY})

    await require_reset(stage, ticket, cursor, "FUTURE")


async def test_more_events_were_missed_than_are_told_again(stage: Stage, ticket: str) -> None:
    cursor = encode_cursor(stage.cast.epoch, {topic_of(ticket): 0})
    async with (
        stage.desk() as desk,
        unit_of_work(desk.database, desk.resources.announce, AUTOMATION) as work,
    ):
        for _ in range(LIMITS.resume_events):
            work.record("TicketTouched", {}, topic=topic_of(ticket))

    await require_reset(stage, ticket, cursor, "RETENTION")


async def test_what_was_missed_happened_too_long_ago(stage: Stage, ticket: str) -> None:
    cursor = encode_cursor(stage.cast.epoch, {topic_of(ticket): 0})
    age = LIMITS.resume_age + timedelta(minutes=1)
    async with stage.desk() as desk, desk.database.transaction() as session:
        await session.execute(
            update(Event)
            .where(Event.topic == topic_of(ticket))
            .values(created_at=clock.now() - age)
        )

    await require_reset(stage, ticket, cursor, "RETENTION")
