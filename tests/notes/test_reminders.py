"""Reminders: whom a note reminds and when; moved, handed on and ticked off."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from core import clock
from core.ids import decode_global_id
from models.agents import Agent
from models.events import read_events
from models.viewers import ApiScope
from services.jobs import JobOutcome
from tests.support.customers import create as create_customer
from tests.support.desk import World
from tests.support.notes import add as add_note
from tests.support.notifications import told
from tests.support.reminders import (
    COMPLETE,
    SOON,
    VERSION,
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
    work_off,
)
from tests.support.transfers import team_id, transfer

A_MINUTE = timedelta(minutes=1)


@pytest.fixture
def hand_clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    hand_clock = HandClock()
    monkeypatch.setattr(clock, "now", lambda: hand_clock.now)
    return hand_clock


# ── Whom and when ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["INLINE", "TICKET"])
async def test_a_moment_in_the_past_is_refused(
    world: World, hand_clock: HandClock, kind: str
) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    just_now, over = (in_time(timedelta(seconds=-seconds)) for seconds in (59, 61))
    added = await add_note(world.ayse, kind, ticketId=ticket, remindAt=just_now)
    assert added["__typename"] == "NoteAddSuccess"
    for moment in (over, "0001-01-01T00:00:00Z"):
        refused = await add_note(world.ayse, kind, ticketId=ticket, remindAt=moment)
        assert refused["fields"] == [{"path": ["input", "remindAt"], "code": "MOMENT_IN_PAST"}]
    counts = await world.counts()
    assert (counts["note"], counts["job"]) == (before["note"] + 1, before["job"] + 1)


async def test_only_agents_who_may_read_the_note_are_reminded(world: World) -> None:
    _message, ticket = await world.receive()
    async with world.desk.database.transaction() as session:
        nikos = world.agents["nikos"].id
        await session.execute(update(Agent).where(Agent.id == nikos).values(active=False))
    before = await world.counts()

    for name in ("stranger", "nikos"):
        whom = {"remindAt": in_time(), "remindWhomId": world.id_of(name)}
        refused = await add_note(world.ayse, ticketId=ticket, **whom)
        assert refused["fields"] == [
            {"path": ["input", "remindWhomId"], "code": "UNKNOWN_REFERENCE"}
        ]

    assert await world.counts() == before


async def test_every_agent_may_be_reminded_of_a_customer(world: World) -> None:
    customer = await create_customer(world, "Elif Şahin")

    note = await remind(
        world.ayse, "CUSTOMER", customerId=customer["id"], remindWhomId=world.id_of("stranger")
    )

    assert await mine(world.stranger) == [note]


async def test_an_integration_says_whom_to_remind(world: World) -> None:
    _message, ticket = await world.receive()
    integration = await world.integration(*ApiScope, brands=[world.acme])

    refused = await add_note(integration, ticketId=ticket, remindAt=in_time())
    note = await remind(integration, ticketId=ticket, remindWhomId=world.id_of("ayse"))

    assert refused["fields"] == [{"path": ["input", "remindWhomId"], "code": "UNKNOWN_REFERENCE"}]
    assert await mine(world.ayse) == [note]


# ── Moving, handing on and giving up ───────────────────────────────────────────────────────────


async def test_a_moved_reminder_is_told_at_its_new_moment_only(
    world: World, hand_clock: HandClock
) -> None:
    _message, ticket = await world.receive()
    later = await remind(world.ayse, ticketId=ticket, body="Later")
    sooner = await remind(world.ayse, ticketId=ticket, body="Sooner", remindAt=in_time(3 * SOON))
    await edit(world.nikos, later, remindAt=in_time(4 * SOON))
    await edit(world.nikos, sooner, remindAt=in_time(2 * SOON))

    for due in ([], ["Sooner"], ["Sooner"], ["Later", "Sooner"]):
        hand_clock.advance(SOON)
        await work_off(world)
        assert await reminded(world.ayse) == due


async def test_a_reminder_that_was_told_is_told_anew_when_it_is_moved(
    world: World, hand_clock: HandClock
) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.ayse, ticketId=ticket, body="Call")
    hand_clock.advance(SOON)
    await work_off(world)
    await complete(world.ayse, note)

    await edit(world.ayse, note, remindAt=in_time())
    assert await mine(world.ayse) == [note]
    hand_clock.advance(SOON)
    await work_off(world)

    assert await reminded(world.ayse) == ["Call", "Call"]


async def test_a_moment_that_is_moved_and_moved_back_is_told_once(
    world: World, hand_clock: HandClock
) -> None:
    _message, ticket = await world.receive()
    moment = in_time()
    note = await remind(world.ayse, ticketId=ticket, body="Call", remindAt=moment)
    await edit(world.ayse, note, remindAt=in_time(2 * SOON))
    await edit(world.ayse, note, remindAt=moment)

    hand_clock.advance(3 * SOON)

    assert await work_off(world) == [JobOutcome.FINISHED] * 3
    assert await reminded(world.ayse) == ["Call"]


async def test_an_edit_of_the_text_leaves_the_reminder_as_it_is(
    world: World, hand_clock: HandClock
) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.ayse, ticketId=ticket)
    jobs_before = (await world.counts())["job"]
    await complete(world.ayse, note)

    await edit(world.nikos, note, body="She called twice.")

    assert (await world.counts())["job"] == jobs_before
    assert await mine(world.ayse, done=True) == [note]


async def test_a_reminder_handed_on_is_told_to_the_new_agent_even_when_it_was_told(
    world: World, hand_clock: HandClock
) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.ayse, ticketId=ticket, body="Call")
    hand_clock.advance(SOON)
    await work_off(world)

    await edit(world.ayse, note, remindWhomId=world.id_of("nikos"))
    await work_off(world)

    assert await reminded(world.ayse) == ["Call"]
    assert await reminded(world.nikos) == ["Call"]
    assert (await mine(world.ayse), await mine(world.nikos)) == ([], [note])


@pytest.mark.parametrize("fate", ["done", "deleted", "cancelled"])
async def test_what_is_done_deleted_or_cancelled_is_not_told_and_not_listed(
    world: World, hand_clock: HandClock, fate: str
) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.ayse, ticketId=ticket)
    match fate:
        case "done":
            await complete(world.nikos, note)
        case "deleted":
            await delete(world.nikos, note)
        case "cancelled":
            await edit(world.nikos, note, remindAt=None)

    hand_clock.advance(SOON)

    assert await work_off(world) == [JobOutcome.FINISHED]
    assert await told(world.ayse) == []
    assert await events_for(world, "ayse") == []
    assert await mine(world.ayse) == []
    assert await mine(world.ayse, done=True) == ([note] if fate == "done" else [])


async def test_a_done_reminder_whose_note_is_deleted_is_not_listed(world: World) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.ayse, ticketId=ticket)
    await complete(world.ayse, note)

    await delete(world.ayse, note)

    assert await mine(world.ayse, done=True) == []


# ── Ticking off ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["INLINE", "TICKET"])
async def test_whoever_sees_the_note_may_tick_it_off_and_doing_so_twice_is_one_event(
    world: World, kind: str
) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.ayse, kind, ticketId=ticket)
    version = (await world.ayse.ask(VERSION, id=note))["node"]["version"]

    first = await complete(world.nikos, note)
    before = await world.counts()
    second = await complete(world.ayse, note)

    done_at = first["note"]["doneAt"]
    grown = version if kind == "INLINE" else version + 1
    done = {"id": note, "version": grown, "doneAt": done_at}
    assert done_at is not None
    assert first == second == {"__typename": "ReminderCompleteSuccess", "note": done}
    assert await world.counts() == before
    assert (await mine(world.ayse), await mine(world.ayse, done=True)) == ([], [note])


async def test_a_tick_taken_back_is_to_be_done_again(world: World) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.ayse, ticketId=ticket)
    await complete(world.ayse, note)

    result = await complete(world.nikos, note, done=False)
    before = await world.counts()
    again = await complete(world.nikos, note, done=False)

    assert result["note"]["doneAt"] is None
    assert again == result
    assert await world.counts() == before
    assert await mine(world.ayse) == [note]


async def test_what_became_due_while_it_was_done_is_told_when_the_tick_is_taken_back(
    world: World, hand_clock: HandClock
) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.ayse, ticketId=ticket, body="Call")
    await complete(world.ayse, note)
    hand_clock.advance(SOON)
    await work_off(world)

    await complete(world.ayse, note, done=False)
    await work_off(world)
    await complete(world.ayse, note)
    await complete(world.ayse, note, done=False)
    await work_off(world)

    assert await reminded(world.ayse) == ["Call"]


@pytest.mark.parametrize("kind", ["INLINE", "CUSTOMER", "COMPANY"])
async def test_the_page_of_what_the_note_belongs_to_hears_of_the_tick(
    world: World, kind: str
) -> None:
    owner, topic = await owner_of(world, kind)
    note = await remind(world.ayse, kind, **owner)
    await complete(world.nikos, note)
    done_at = (await complete(world.nikos, note))["note"]["doneAt"]

    async with world.desk.database.reading() as connection:
        *_before, event = await read_events(connection, topic, 0, 100)

    assert event.type == "NoteChanged"
    assert event.actor_id == world.agents["nikos"].id
    assert event.payload == {
        "note_id": decode_global_id(note)[1].hex,
        "kind": kind,
        "changes": [{"field": "doneAt", "before": None, "after": done_at}],
    }


async def test_who_may_not_tick_off_changes_nothing(world: World) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.ayse, ticketId=ticket)
    plain = (await add_note(world.ayse, ticketId=ticket))["note"]["id"]
    reader = await world.integration(
        ApiScope.TICKETS_READ, ApiScope.NOTES_READ, brands=[world.acme]
    )
    without_notes = await world.integration(
        ApiScope.TICKETS_READ, ApiScope.NOTES_WRITE, brands=[world.acme]
    )
    before = await world.counts()
    not_found = {"__typename": "NotFound", "code": "NOT_FOUND"}

    assert await complete(world.stranger, note) == not_found
    assert await complete(without_notes, note) == not_found
    assert await complete(world.ayse, plain) == not_found
    assert await complete(reader, note) == {"__typename": "NotAllowed", "code": "NOT_ALLOWED"}
    wrong = await complete(world.ayse, ticket)
    assert wrong["fields"] == [{"path": ["input", "noteId"], "code": "INVALID_ID"}]
    refused = await world.nobody.send(COMPLETE, input={"noteId": note})
    assert refused.error["extensions"]["code"] == "UNAUTHENTICATED"

    assert await world.counts() == before
    assert await mine(world.ayse) == [note]


async def test_two_who_tick_off_at_once_agree(world: World) -> None:
    _message, ticket = await world.receive()
    note = await remind(world.ayse, ticketId=ticket)
    before = await world.counts()

    results = await asyncio.gather(
        *(complete(client, note) for client in (world.ayse, world.nikos, world.admin))
    )

    assert len({result["note"]["doneAt"] for result in results}) == 1
    # One event of the ticket and one of its inbox.
    assert (await world.counts())["event"] == before["event"] + 2


async def test_reminders_follow_what_the_agent_sees(world: World) -> None:
    _message, ticket = await world.receive()
    customer = (await create_customer(world, "Elif Şahin"))["id"]
    of_customer = await remind(
        world.nikos, "CUSTOMER", customerId=customer, remindAt=in_time(2 * SOON)
    )
    of_ticket = await remind(world.nikos, ticketId=ticket)
    assert await mine(world.nikos) == [of_ticket, of_customer]

    await transfer(world.ayse, ticket, teamId=team_id(world, "support"))
    assert await mine(world.nikos) == [of_customer]
    await transfer(world.admin, ticket, assigneeId=world.id_of("nikos"))
    assert await mine(world.nikos) == [of_ticket, of_customer]
