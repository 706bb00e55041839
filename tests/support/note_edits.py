"""Notes in tests: written on whatever they belong to, saved as one types, and deleted."""

from typing import Any

from sqlalchemy import func, select

from tests.support.customers import add_company, customer_of
from tests.support.desk import Client, World
from tests.support.notes import add as add_note

UPDATE = """
    mutation ($input: NoteUpdateInput!) {
      noteUpdate(input: $input) {
        __typename
        ... on NoteUpdateSuccess {
          mergedFields
          note {
            version body remindAt remindWhom { name } mentions { name }
            ticket { id version } customer { id version } company { id version }
            revisions { nodes { body author { ... on Agent { name } } } }
          }
        }
        ... on EditConflict {
          currentVersion changedBy { ... on Agent { name } } fields { field base theirs yours }
          current { ... on Note { body remindAt } }
        }
        ... on ValidationFailed { fields { path code } }
        ... on UserError { code message }
      }
    }
"""
DELETE = """
    mutation ($input: NoteDeleteInput!) {
      noteDelete(input: $input) {
        __typename
        ... on NoteDeleteSuccess {
          noteId
          owner {
            ... on Ticket { id notes { totalCount } }
            ... on Customer { id notes { totalCount } }
            ... on Company { id notes { totalCount } }
          }
        }
        ... on EditConflict {
          currentVersion changedBy { ... on Agent { name } } fields { field base theirs yours }
          current { ... on Note { body } }
        }
        ... on ValidationFailed { fields { path code } }
        ... on UserError { code message }
      }
    }
"""
EDITABLE = ("TICKET", "CUSTOMER", "COMPANY")
SUMMER, AUTUMN = "2031-07-01T09:00:00Z", "2031-10-01T09:00:00Z"


async def owner_of(world: World, kind: str) -> dict[str, str]:
    """Make what a note of a kind belongs to, and return it as an input names it."""
    if kind == "COMPANY":
        return {"companyId": await add_company(world, "Nokta")}
    _message, ticket = await world.receive()
    if kind == "CUSTOMER":
        return {"customerId": await customer_of(world, ticket)}
    return {"ticketId": ticket}


async def write(world: World, kind: str = "TICKET", **more: Any) -> dict[str, Any]:
    """Let Ayşe write a note on something new."""
    owner = {} if "ticketId" in more else await owner_of(world, kind)
    note: dict[str, Any] = (await add_note(world.ayse, kind, **owner, **more))["note"]
    return note


def owner_id(note: dict[str, Any], kind: str) -> str:
    """Return the id of what a note of a kind belongs to."""
    found: str = note[kind.lower()]["id"]
    return found


async def save(client: Client, note: dict[str, Any], **edits: Any) -> dict[str, Any]:
    """Save a note over the version that is loaded."""
    given = {"noteId": note["id"], "expectedVersion": note["version"], **edits}
    return await client.act(UPDATE, input=given)


async def saved(client: Client, note: dict[str, Any], **edits: Any) -> dict[str, Any]:
    """Save a note and return it as it is then, with its id."""
    result = await save(client, note, **edits)
    assert result["__typename"] == "NoteUpdateSuccess", result
    return {**result["note"], "id": note["id"]}


async def remove(client: Client, note: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Delete a note."""
    return await client.act(DELETE, input={"noteId": note["id"], **more})


async def rows(world: World, model: Any, *conditions: Any) -> int:
    """Count rows."""
    statement = select(func.count()).select_from(model).where(*conditions)
    async with world.desk.database.reading() as connection:
        return (await connection.execute(statement)).scalar_one()
