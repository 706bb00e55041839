"""Reminders in tests: moments to come, work that is due, and what of it was told."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from app.worker import job_handlers
from core import clock
from core.ids import decode_global_id
from models.companies import Company
from models.customers import Customer
from models.event_topics import notifications_topic, topic_named
from models.events import read_events
from models.notes import NoteReminder
from models.sessions import Session
from models.tickets import Ticket
from schema.scalars import format_moment
from services import jobs
from tests.support.customers import add_company
from tests.support.customers import create as create_customer
from tests.support.desk import Client, World
from tests.support.notes import add as add_note
from tests.support.notifications import told

SOON = timedelta(minutes=10)
COMPLETE = """
    mutation ($input: ReminderCompleteInput!) {
      reminderComplete(input: $input) {
        __typename
        ... on ReminderCompleteSuccess { note { id version doneAt } }
        ... on ValidationFailed { fields { path code } }
        ... on UserError { code }
      }
    }
"""
EDIT = """
    mutation ($input: NoteUpdateInput!) {
      noteUpdate(input: $input) { __typename ... on UserError { code } }
    }
"""
DELETE = """
    mutation ($input: NoteDeleteInput!) {
      noteDelete(input: $input) { __typename ... on UserError { code } }
    }
"""
VERSION = "query ($id: ID!) { node(id: $id) { ... on Note { version } } }"
MINE = """
    query ($done: Boolean! = false) {
      reminders(done: $done) { totalCount nodes { id body remindAt } }
    }
"""


class HandClock:
    """The time, for tests that cannot wait."""

    def __init__(self) -> None:
        self.now = clock.now()

    def advance(self, by: timedelta) -> None:
        self.now += by

    async def sleep(self, world: World, days: int = 1) -> None:
        """Let days pass, and everybody sign in again, whose sessions are over by then."""
        self.advance(timedelta(days=days))
        async with world.desk.database.transaction() as session:
            await session.execute(
                update(Session).values(created_at=self.now, last_used_at=self.now)
            )


def in_time(by: timedelta = SOON) -> str:
    """Return a moment from now, as clients send it."""
    return format_moment(clock.now() + by)


async def owner_of(world: World, kind: str) -> tuple[dict[str, str], str]:
    """Make what a note of this kind belongs to; return it as an input names it, and its topic."""
    if kind == "COMPANY":
        company = await add_company(world, "Nokta")
        return {"companyId": company}, topic_named(Company, decode_global_id(company)[1])
    if kind == "CUSTOMER":
        customer = (await create_customer(world, "Elif Şahin"))["id"]
        return {"customerId": customer}, topic_named(Customer, decode_global_id(customer)[1])
    _message, ticket = await world.receive()
    return {"ticketId": ticket}, topic_named(Ticket, decode_global_id(ticket)[1])


async def remind(client: Client, kind: str = "TICKET", **given: Any) -> str:
    """Write a note that is a reminder, due soon unless said otherwise; return its id."""
    result = await add_note(client, kind, **{"remindAt": in_time(), **given})
    assert result["__typename"] == "NoteAddSuccess", result
    return str(result["note"]["id"])


async def complete(client: Client, note: str, **given: Any) -> dict[str, Any]:
    return await client.act(COMPLETE, input={"noteId": note, **given})


async def edit(client: Client, note: str, **given: Any) -> None:
    """Edit a note as it is loaded now."""
    version = (await client.ask(VERSION, id=note))["node"]["version"]
    result = await client.act(EDIT, input={"noteId": note, "expectedVersion": version, **given})
    assert result == {"__typename": "NoteUpdateSuccess"}


async def delete(client: Client, note: str) -> None:
    result = await client.act(DELETE, input={"noteId": note})
    assert result == {"__typename": "NoteDeleteSuccess"}


async def mine(client: Client, *, done: bool = False) -> list[str]:
    """Return the notes that remind somebody, in the order of the list."""
    found = (await client.ask(MINE, done=done))["reminders"]
    assert found["totalCount"] == len(found["nodes"])
    return [node["id"] for node in found["nodes"]]


async def work_off(world: World) -> list[str]:
    """Do the jobs that are due, as a worker does; return how each ended."""
    handlers = job_handlers(world.desk)
    database = world.desk.database
    due = await jobs.claim(database, handlers.keys(), 100)
    return [await jobs.run(database, job, handlers[job.kind]) for job in due]


async def reminded(client: Client) -> list[str | None]:
    """Return the texts of the notes of which somebody was told that they are due, newest first."""
    return [
        one["note"] and one["note"]["body"]
        for one in await told(client)
        if one["kind"] == "REMINDER_DUE"
    ]


async def events_for(world: World, name: str) -> list[str]:
    """Return what stands in the log of what an agent is told, oldest first."""
    topic = notifications_topic(world.agents[name].id)
    async with world.desk.database.reading() as connection:
        return [event.type for event in await read_events(connection, topic, 0, 1_000)]


async def told_at(world: World, note: str) -> datetime | None:
    async with world.desk.database.reading() as connection:
        statement = select(NoteReminder.told_at).where(
            NoteReminder.note_id == decode_global_id(note)[1]
        )
        moment: datetime | None = (await connection.execute(statement)).scalar_one()
        return moment
