"""Editing what somebody else has open, and watching for edits."""

from datetime import timedelta

from sqlalchemy import update as update_rows

from core import clock
from core.ids import decode_global_id
from models.event_topics import topic_of
from models.events import Event
from models.notes import Note
from models.tickets import Ticket
from tests.support.desk import Client, World
from tests.support.live import WHO, Watcher
from tests.support.notes import add as add_note

EDIT_WARNINGS = (
    """
    subscription ($ids: [ID!]!, $versions: [Int!], $after: EventCursor) {
      editWarnings(resourceIds: $ids, versions: $versions, after: $after) {
        cursor
        version
        reset
        changedBy { ...Who }
        changes { field before after }
        resource {
          id
          ... on Ticket { title status }
          ... on Customer { name }
          ... on Company { name }
          ... on Note { body }
        }
      }
    }
    """
    + WHO
)
VERSIONS = """
    query ($ids: [ID!]!) {
      nodes(ids: $ids) {
        ... on Ticket { version }
        ... on Customer { version }
        ... on Company { version }
        ... on Note { version }
      }
    }
"""
UPDATE = """
    mutation ($id: ID!, $version: Int!, $title: String, $status: TicketStatus) {
      ticketUpdate(
        input: {ticketId: $id, expectedVersion: $version, title: $title, status: $status}
      ) { __typename }
    }
"""
RENAME_CUSTOMER = """
    mutation ($id: ID!, $version: Int!, $name: String!) {
      customerUpdate(input: {customerId: $id, expectedVersion: $version, name: $name}) {
        __typename
      }
    }
"""
RENAME_COMPANY = """
    mutation ($id: ID!, $version: Int!, $name: String!) {
      companyUpdate(input: {companyId: $id, expectedVersion: $version, name: $name}) { __typename }
    }
"""


async def versions_of(client: Client, *ids: str) -> list[int]:
    return [node["version"] for node in (await client.ask(VERSIONS, ids=ids))["nodes"]]


async def edit(client: Client, ticket: str, **fields: str) -> None:
    """Change fields of a ticket as it is now."""
    (version,) = await versions_of(client, ticket)
    result = await client.act(UPDATE, id=ticket, version=version, **fields)
    assert result == {"__typename": "TicketUpdateSuccess"}


async def rename(client: Client, document: str, row_id: str, name: str) -> None:
    """Change the name of a customer or a company as it is now."""
    (version,) = await versions_of(client, row_id)
    result = await client.act(document, id=row_id, version=version, name=name)
    assert result["__typename"].endswith("Success")


async def note_on(world: World, ticket: str, body: str) -> str:
    """Write a note that can be changed later, and return its id."""
    added = await add_note(world.ayse, kind="TICKET", ticketId=ticket, body=body)
    note_id: str = added["note"]["id"]
    return note_id


async def write_into_note(world: World, note_id: str, body: str) -> None:
    """Change a ticket note as noteUpdate is to do, and record that in the ticket's topic."""
    async with world.work("ayse") as work:
        note = await work.session.get_one(Note, decode_global_id(note_id)[1])
        ticket = await work.session.get_one(Ticket, note.ticket_id)
        change = {"field": "body", "before": note.body, "after": body}
        note.body = body
        work.record(
            "NoteChanged",
            {"note_id": note.id.hex, "changes": [change]},
            topic=topic_of(ticket),
            versions=[ticket, note],
        )


async def let_a_week_pass(world: World) -> None:
    """Make all that has happened too old to be told again."""
    async with world.desk.database.transaction() as session:
        long_ago = clock.now() - timedelta(days=8)
        await session.execute(update_rows(Event).values(created_at=long_ago))


async def titles_told(watcher: Watcher, count: int) -> list[str]:
    """Return the titles that so many warnings tell of."""
    return [(await watcher.next())["changes"][0]["after"] for _ in range(count)]


def change(field: str, before: str | None, after: str | None) -> dict[str, str | None]:
    return {"field": field, "before": before, "after": after}
