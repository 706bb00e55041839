"""Upkeep is done step by step, and row by row: what fails keeps nothing else waiting."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Select, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from core import clock
from core.database import Database
from models.channels import Channel
from models.jobs import Job
from models.messages import Message
from models.notifications import Notification, NotificationKind
from models.tickets import Ticket
from services import notifications, upkeep
from services.automation import stranded
from services.delivery_confirmations import CONFIRMED_WITHIN
from services.upkeep import TRACES_KEPT_FOR, tidy_up
from tests.support.connectors import answer
from tests.support.desk import World

FAILED = "a step of the upkeep failed"


async def unconfirmed(world: World, bodies: list[str]) -> list[Message]:
    """Let messages wait for a connector since yesterday; return them by their ids."""
    _message, ticket = await world.receive(handle="100", channel=Channel.TELEGRAM)
    for body in bodies:
        await answer(world.ayse, ticket, body)
    async with world.desk.database.transaction() as session:
        await session.execute(
            update(Message)
            .where(Message.body.in_(bodies))
            .values(delivery_requested_at=clock.now() - CONFIRMED_WITHIN - timedelta(seconds=1))
        )
        found = await session.scalars(select(Message).where(Message.body.in_(bodies)))
        return sorted(found, key=lambda message: message.id)


async def states(world: World, messages: list[Message]) -> list[str | None]:
    async with world.desk.database.transaction() as session:
        return [(await session.get_one(Message, row.id)).delivery_state for row in messages]


async def finished_jobs(world: World) -> int:
    async with world.desk.database.reading() as connection:
        done = select(Job.id).where(Job.finished_at.is_not(None))
        return len((await connection.execute(done)).all())


async def told(world: World) -> list[NotificationKind]:
    """Return what agents were told of."""
    async with world.desk.database.reading() as connection:
        return [*(await connection.scalars(select(Notification.kind)))]


def failures(logs: Any) -> list[tuple[str, str | None]]:
    return [(log["step"], log.get("row_id")) for log in logs if log["event"] == FAILED]


def break_a_statement_and_a_query(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database refuse what two steps ask of it."""

    def unknown_tickets() -> Select[Any]:
        return select(Ticket.id).where(text("no_such_column = 1"))

    monkeypatch.setattr(upkeep, "is_past", lambda _moment: text("no_such_column = 1"))
    monkeypatch.setattr(stranded, "tickets", unknown_tickets)


@pytest.mark.both_databases
async def test_steps_that_fail_keep_no_other_from_being_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = await unconfirmed(world, ["Yolda."])
    async with world.desk.database.transaction() as session:
        await session.execute(delete(Job))
        long_ago = clock.now() - TRACES_KEPT_FOR - timedelta(days=1)
        done = Job(kind="ring", payload={}, created_at=long_ago, run_at=long_ago)
        done.finished_at = long_ago
        session.add(done)
    break_a_statement_and_a_query(monkeypatch)

    with capture_logs() as logs:
        await tidy_up(world.desk.database)

    assert failures(logs) == [
        ("secrets of API tokens", None),
        ("tickets whose rules nobody tries", None),
    ]
    assert await finished_jobs(world) == 0
    assert await states(world, messages) == ["FAILED"]


async def test_a_row_that_fails_keeps_no_other_waiting_and_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = await unconfirmed(world, ["Bir", "İki", "Üç"])
    tell_undelivered = notifications.tell_undelivered

    async def stumble(work: Any, ticket: Ticket, message: Message) -> None:
        await tell_undelivered(work, ticket, message)
        if message.id == first.id:
            raise RuntimeError("this one cannot be told")

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(notifications, "tell_undelivered", stumble)
        await tidy_up(world.desk.database)

    assert failures(logs) == [("messages that nobody confirms", str(first.id))]
    assert await states(world, [first, *others]) == ["QUEUED", "FAILED", "FAILED"]
    assert await told(world) == [NotificationKind.DELIVERY_FAILED] * len(others)

    await tidy_up(world.desk.database)
    assert await states(world, [first]) == ["FAILED"]


async def test_a_step_ends_where_the_database_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = await unconfirmed(world, ["Bir", "İki", "Üç"])

    async def lose_the_database(*_arguments: Any) -> None:
        monkeypatch.setattr(Database, "reading", be_away)
        raise ConnectionError

    def be_away(_database: Database) -> AbstractAsyncContextManager[AsyncConnection]:
        raise ConnectionError

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(notifications, "tell_undelivered", lose_the_database)
        await tidy_up(world.desk.database)
    monkeypatch.undo()

    step = "messages that nobody confirms"
    assert failures(logs) == [(step, str(messages[0].id)), (step, None)]
