"""Reminders that are due: told once, to somebody who may read the note."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app import migrations
from app.worker import Worker, job_handlers
from core import clock
from core.database import Database
from core.ids import decode_global_id
from models.agents import Agent
from models.companies import Company
from models.customers import Customer
from models.notes import Note
from models.tickets import Ticket
from services import jobs, notifications
from services.jobs import JobOutcome
from tests.support.customers import create as create_customer
from tests.support.desk import World
from tests.support.live import LiveWorld, served
from tests.support.notes import add as add_note
from tests.support.notifications import EVENTS, told
from tests.support.reminders import (
    SOON,
    HandClock,
    complete,
    delete,
    edit,
    events_for,
    in_time,
    mine,
    owner_of,
    remind,
    reminded,
    told_at,
    work_off,
)
from tests.support.transfers import team_id, transfer

A_MINUTE = timedelta(minutes=1)
OWNERS = {"TICKET": Ticket, "CUSTOMER": Customer, "COMPANY": Company}
ROUNDS = 8


@pytest.fixture
def hand_clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    hand_clock = HandClock()
    monkeypatch.setattr(clock, "now", lambda: hand_clock.now)
    return hand_clock


@pytest.mark.parametrize("kind", ["INLINE", "TICKET"])
async def test_who_is_to_be_reminded_is_told_when_it_is_due_and_not_before(
    world: World, hand_clock: HandClock, kind: str
) -> None:
    _message, ticket = await world.receive()
    await remind(world.ayse, kind, ticketId=ticket, body="Call", remindWhomId=world.id_of("nikos"))

    hand_clock.advance(SOON - timedelta(microseconds=1))
    assert await work_off(world) == []
    hand_clock.advance(timedelta(microseconds=1))
    assert await work_off(world) == [JobOutcome.FINISHED]

    (notification,) = await told(world.nikos)
    assert notification == {
        "id": notification["id"],
        "kind": "REMINDER_DUE",
        "readAt": None,
        "ticket": {"id": ticket},
        "note": {"body": "Call"},
        "customer": None,
        "company": None,
        "actor": {},
    }
    assert await told(world.ayse) == []
    assert await events_for(world, "nikos") == ["NotificationAdded"]


async def test_who_reminds_themselves_is_told(world: World, hand_clock: HandClock) -> None:
    customer = await create_customer(world, "Elif Şahin")
    await remind(world.ayse, "CUSTOMER", customerId=customer["id"], body="Birthday")

    hand_clock.advance(SOON)
    await work_off(world)

    assert await reminded(world.ayse) == ["Birthday"]


async def test_a_job_done_twice_tells_once(world: World, hand_clock: HandClock) -> None:
    _message, ticket = await world.receive()
    await remind(world.ayse, ticketId=ticket, body="Call")
    hand_clock.advance(SOON)
    (job,) = await jobs.claim(world.desk.database, ["remind"], 1)
    handler = job_handlers(world.desk)["remind"]

    await handler.do(job.payload)
    await asyncio.gather(*(handler.do(job.payload) for _ in range(3)))

    assert await reminded(world.ayse) == ["Call"]
    assert await events_for(world, "ayse") == ["NotificationAdded"]


async def test_a_crash_while_telling_tells_nothing_and_the_next_try_tells_once(
    world: World, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.ayse, ticketId=ticket, body="Call")
    hand_clock.advance(SOON)
    tell = notifications.tell_reminded

    def tell_and_crash(*about: Any) -> None:
        tell(*about)
        raise ConnectionError("the database is away")

    monkeypatch.setattr(notifications, "tell_reminded", tell_and_crash)
    assert await work_off(world) == [JobOutcome.WILL_RETRY]
    assert await reminded(world.ayse) == []
    assert await events_for(world, "ayse") == []
    assert await told_at(world, note) is None

    monkeypatch.undo()
    monkeypatch.setattr(clock, "now", lambda: hand_clock.now)
    hand_clock.advance(A_MINUTE)
    assert await work_off(world) == [JobOutcome.FINISHED]
    assert await reminded(world.ayse) == ["Call"]
    assert await told_at(world, note) == hand_clock.now


async def test_who_lost_the_ticket_is_told_nothing_and_its_author_is(
    world: World, hand_clock: HandClock
) -> None:
    _message, ticket = await world.receive()
    whom = {"remindWhomId": world.id_of("nikos")}
    await remind(world.ayse, ticketId=ticket, body="Call", **whom)
    await transfer(world.admin, ticket, teamId=team_id(world, "support"))

    hand_clock.advance(SOON)
    await work_off(world)

    assert await told(world.nikos) == []
    assert await reminded(world.ayse) == ["Call"]


async def test_where_the_author_lost_it_too_who_has_the_ticket_now_is_told(
    world: World, hand_clock: HandClock
) -> None:
    _message, ticket = await world.receive()
    await remind(world.nikos, ticketId=ticket, body="Call")
    placed = {"teamId": team_id(world, "support"), "assigneeId": world.id_of("ayse")}
    await transfer(world.admin, ticket, **placed)

    hand_clock.advance(SOON)
    await work_off(world)

    assert await told(world.nikos) == []
    assert await reminded(world.ayse) == ["Call"]


async def test_while_nobody_may_read_the_note_nobody_is_told_and_each_day_is_another_try(
    world: World, hand_clock: HandClock
) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.nikos, ticketId=ticket, body="Call")
    await transfer(world.admin, ticket, teamId=team_id(world, "support"))
    hand_clock.advance(SOON)
    for _day in range(2):
        assert await work_off(world) == [JobOutcome.FINISHED]
        assert await work_off(world) == []
        for name in world.agents:
            assert await told(getattr(world, name)) == []
        assert await told_at(world, note) is None
        await hand_clock.sleep(world)

    await transfer(world.admin, ticket, assigneeId=world.id_of("nikos"))

    assert await work_off(world) == [JobOutcome.FINISHED]
    assert await reminded(world.nikos) == ["Call"]
    assert await told_at(world, note) == hand_clock.now
    await hand_clock.sleep(world)
    assert await work_off(world) == []


@pytest.mark.parametrize("fate", ["done", "deleted", "cancelled", "moved"])
async def test_what_nobody_could_read_is_not_tried_again_once_it_is_over(
    world: World, hand_clock: HandClock, fate: str
) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.nikos, ticketId=ticket)
    await transfer(world.admin, ticket, teamId=team_id(world, "support"))
    hand_clock.advance(SOON)
    await work_off(world)
    match fate:
        case "done":
            await complete(world.ayse, note)
        case "deleted":
            await delete(world.ayse, note)
        case "cancelled":
            await edit(world.ayse, note, remindAt=None)
        case "moved":
            whom = {"remindWhomId": world.id_of("ayse")}
            await edit(world.ayse, note, remindAt=in_time(timedelta(days=3)), **whom)

    await hand_clock.sleep(world)
    assert await work_off(world) == [JobOutcome.FINISHED]

    await hand_clock.sleep(world)
    assert await work_off(world) == []
    assert await told(world.nikos) == []


async def test_an_agent_who_left_is_not_told_and_the_author_is(
    world: World, hand_clock: HandClock
) -> None:
    _message, ticket = await world.receive()
    whom = {"remindWhomId": world.id_of("nikos")}
    await remind(world.ayse, ticketId=ticket, body="Call", **whom)
    async with world.desk.database.transaction() as session:
        nikos = world.agents["nikos"].id
        await session.execute(update(Agent).where(Agent.id == nikos).values(active=False))

    hand_clock.advance(SOON)
    await work_off(world)

    assert await events_for(world, "nikos") == []
    assert await reminded(world.ayse) == ["Call"]


# ── Live, by workers, in real time ─────────────────────────────────────────────────────────────


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveWorld]:
    async with served(world) as opened:
        yield opened


@asynccontextmanager
async def workers(world: World, count: int = 1) -> AsyncIterator[None]:
    """Let workers work, each on connections of its own."""
    databases = [Database(world.desk.settings.database_url) for _ in range(count)]
    running = [Worker(database, job_handlers(world.desk)) for database in databases]
    async with asyncio.TaskGroup() as group:
        for worker in running:
            group.create_task(worker.run())
        try:
            yield
        finally:
            for worker in running:
                worker.stop()
    for database in databases:
        await database.close()


async def hear_reminder(watcher: Any) -> None:
    event = await watcher.next()
    assert event == {
        "__typename": "NotificationAdded",
        "actor": {},
        "notification": {"id": event["notification"]["id"], "kind": "REMINDER_DUE"},
        "unreadCount": 1,
    }


@pytest.mark.parametrize("count", [1, 2])
async def test_a_reminder_arrives_live_when_it_is_due_once(live: LiveWorld, count: int) -> None:
    _message, ticket = await live.world.receive()
    async with live.watch("ayse", EVENTS) as watcher, workers(live.world, count):
        await watcher.next()
        due_at = clock.now() + timedelta(seconds=1)
        await remind(live.world.ayse, ticketId=ticket, remindAt=due_at.isoformat())

        await watcher.hears_nothing(0.5)
        await hear_reminder(watcher)
        assert clock.now() > due_at
        await watcher.hears_nothing(1.2)


async def test_what_became_due_while_no_worker_ran_is_told_once_when_one_starts(
    live: LiveWorld,
) -> None:
    _message, ticket = await live.world.receive()
    async with live.watch("ayse", EVENTS) as watcher:
        await watcher.next()
        await remind(live.world.ayse, ticketId=ticket, remindAt=in_time(timedelta(seconds=0.2)))
        await watcher.hears_nothing(0.4)

        async with workers(live.world):
            await hear_reminder(watcher)
        async with workers(live.world):
            await watcher.hears_nothing(0.3)


# ── While others work ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["TICKET", "CUSTOMER", "COMPANY"])
async def test_telling_waits_for_who_has_locked_what_the_note_belongs_to_and_wants_the_note(
    world: World, hand_clock: HandClock, kind: str
) -> None:
    owner, _topic = await owner_of(world, kind)
    note = await remind(world.ayse, kind, body="Call", **owner)
    (owner_id,) = (decode_global_id(given)[1] for given in owner.values())
    hand_clock.advance(SOON)
    (job,) = await jobs.claim(world.desk.database, ["remind"], 1)

    async with world.desk.database.transaction() as session:
        await session.get_one(OWNERS[kind], owner_id, with_for_update=True)
        telling = asyncio.ensure_future(job_handlers(world.desk)["remind"].do(job.payload))
        await asyncio.sleep(0.2)  # long enough for the job to take what it can
        assert not telling.done()
        await session.get_one(Note, decode_global_id(note)[1], with_for_update=True)
    await telling

    assert await reminded(world.ayse) == ["Call"]


async def test_reminders_are_told_while_their_notes_are_edited_and_ticked_off(
    world: World, hand_clock: HandClock
) -> None:
    _message, ticket = await world.receive()
    given = {"ticketId": ticket, "todos": ["Call"]}
    for number in range(ROUNDS):
        added = (await add_note(world.ayse, "TICKET", **given, remindAt=in_time()))["note"]
        hand_clock.advance(SOON)

        outcomes, *_answers = await asyncio.gather(
            work_off(world),
            edit(world.nikos, added["id"], body=f"Call {number}"),
            complete(world.admin, added["id"], done=False),
        )

        assert outcomes == [JobOutcome.FINISHED]
        assert await told_at(world, added["id"]) == hand_clock.now
    assert len(await told(world.ayse)) == ROUNDS


# ── Reminders of before ────────────────────────────────────────────────────────────────────────


async def test_the_migration_tells_what_is_to_come_and_what_was_due_of_late(
    world: World, hand_clock: HandClock
) -> None:
    _message, ticket = await world.receive()
    await remind(world.ayse, ticketId=ticket, body="Long ago")
    hand_clock.advance(2 * A_MINUTE)
    await remind(world.ayse, ticketId=ticket, body="Of late")
    done = await remind(world.ayse, ticketId=ticket, body="Done")
    await complete(world.ayse, done)
    await hand_clock.sleep(world, days=7)
    hand_clock.advance(SOON - A_MINUTE)
    await remind(world.ayse, ticketId=ticket, body="To come")
    database = Database(world.desk.settings.database_url)

    await migrations.downgrade(database, "0004")
    await migrations.upgrade(database)
    await database.close()

    assert await work_off(world) == [JobOutcome.FINISHED]
    assert await reminded(world.ayse) == ["Of late"]
    hand_clock.advance(SOON)
    assert await work_off(world) == [JobOutcome.FINISHED]
    assert await reminded(world.ayse) == ["To come", "Of late"]
    assert len(await mine(world.ayse)) == 3
