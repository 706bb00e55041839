"""Notes: how they are written and listed."""

from typing import Any

from tests.support.desk import Client

ADD = """
    mutation ($input: NoteAddInput!) {
      noteAdd(input: $input) {
        __typename
        ... on NoteAddSuccess { note {
          id kind version body author { ... on Agent { name } }
          ticket { id } customer { id } company { id }
          attachments { filename } mentions { name }
          remindAt remindWhom { name } doneAt todos { text doneAt }
          revisions { totalCount nodes { body author { ... on Agent { name } } } }
        } }
        ... on ValidationFailed { fields { path code } }
        ... on LimitReached { limit }
        ... on UserError { code }
      }
    }
"""
OF_TICKET = """
    query ($id: ID!, $kind: NoteKind) {
      ticket(id: $id) {
        version customer { id }
        notes(kind: $kind) { totalCount nodes { kind body } }
      }
    }
"""
REMINDERS = """
    query ($done: Boolean! = false) {
      reminders(done: $done) { totalCount nodes { body remindAt } edges { cursor } }
    }
"""


async def add(client: Client, kind: str = "INLINE", **more: Any) -> dict[str, Any]:
    return await client.act(ADD, input={"kind": kind, "body": "She called.", **more})


async def of_ticket(client: Client, ticket: str, kind: str | None = None) -> dict[str, Any]:
    found = (await client.ask(OF_TICKET, id=ticket, kind=kind))["ticket"]
    assert isinstance(found, dict)
    return found
