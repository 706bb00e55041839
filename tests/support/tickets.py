"""Tickets: how agents read, edit and close them."""

from typing import Any

from tests.support.desk import Client

READ = """
    query ($id: ID, $number: Int) {
      ticket(id: $id, number: $number) {
        id number version eventCursor title description status priority channel emailSubject
        closedAt firstResponseAt messageCount favoriteCount
        brand { name } topic { name } team { name } assignee { name } customer { name email }
        tags { name } lastMessage { body }
        changes { totalCount nodes {
          action actor { ... on Agent { name } ... on Customer { name } }
          changes { field before after }
        } }
      }
    }
"""
UPDATE = """
    mutation ($input: TicketUpdateInput!) {
      ticketUpdate(input: $input) {
        __typename
        ... on TicketUpdateSuccess {
          mergedFields ticket { version title description status priority topic { name } }
        }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on EditConflict {
          currentVersion changedBy { ... on Agent { name } }
          fields { field base theirs yours }
          current { ... on Ticket { version title } }
        }
        ... on UserError { code }
      }
    }
"""
CLOSE = """
    mutation ($ticket: ID!) {
      ticketClose(input: {ticketId: $ticket}) {
        __typename
        ... on TicketCloseSuccess { ticket { status closedAt version } }
        ... on UserError { code }
      }
    }
"""


async def update(client: Client, ticket: str, version: int = 2, **fields: Any) -> dict[str, Any]:
    return await client.act(
        UPDATE, input={"ticketId": ticket, "expectedVersion": version, **fields}
    )
