"""Asking for notifications, and acts that cause some, which several tests need."""

from typing import Any

from tests.support.desk import Client, World
from tests.support.notes import add as add_note

LIST = """
    query ($unreadOnly: Boolean! = false, $first: Int, $after: String) {
      notifications(unreadOnly: $unreadOnly, first: $first, after: $after) {
        totalCount
        nodes {
          id kind readAt
          ticket { id } note { body } customer { id } company { id }
          actor { ... on Agent { name } ... on Integration { name } }
        }
        pageInfo { hasNextPage endCursor }
      }
    }
"""
STATE = "query { notificationState { unreadCount eventCursor } }"
MARK_READ = """
    mutation ($input: NotificationsMarkReadInput!) {
      notificationsMarkRead(input: $input) {
        __typename
        ... on NotificationsMarkReadSuccess { unreadCount }
        ... on ValidationFailed { fields { path code } }
        ... on LimitReached { limit }
        ... on UserError { code }
      }
    }
"""
EVENTS = """
    subscription ($after: EventCursor) {
      notificationEvents(after: $after) {
        __typename
        ... on Event { cursor }
        ... on StreamReset { reason }
        ... on NotificationAdded {
          actor { ... on Agent { name } } notification { id kind } unreadCount
        }
        ... on NotificationsRead {
          actor { ... on Agent { name } } notificationIds unreadCount
        }
      }
    }
"""


async def mention(world: World, body: str = "@Nikos please", times: int = 1) -> str:
    """Let ayse write inline notes on a new ticket."""
    _message, ticket = await world.receive()
    for _ in range(times):
        await add_note(world.ayse, ticketId=ticket, body=body)
    return ticket


async def told(client: Client, **variables: Any) -> list[dict[str, Any]]:
    """Return what an agent was told, newest first."""
    nodes: list[dict[str, Any]] = (await client.ask(LIST, **variables))["notifications"]["nodes"]
    return nodes


async def unread(client: Client) -> int:
    count: int = (await client.ask(STATE))["notificationState"]["unreadCount"]
    return count


async def mark_read(client: Client, **chosen: Any) -> dict[str, Any]:
    return await client.act(MARK_READ, input=chosen)
