"""What agents do in the conversation of a ticket: read, answer, note, star, hand over."""

from typing import Any

from tests.stories import words
from tests.stories.person import WHO, Person, Screen

HEAD = "query ($ticket: ID!) { ticket(id: $ticket) { version favoriteCount eventCursor } }"
FAVORITES = """
    query ($ticket: ID!) {
      ticket(id: $ticket) {
        favorites(first: 100) {
          nodes { item { ... on Message { id body } ... on Note { id body } } }
        }
      }
    }
"""
AROUND = """
    query ($ticket: ID!, $item: ID!) {
      ticket(id: $ticket) {
        timeline(around: $item, first: 5) {
          nodes { ... on Message { body } ... on Note { body } ... on TicketChange { action } }
        }
      }
    }
"""
MESSAGES = """
    query ($ticket: ID!, $after: String) {
      ticket(id: $ticket) {
        messages(first: 100, after: $after) {
          nodes { id body } pageInfo { hasNextPage endCursor }
        }
      }
    }
"""
MESSAGES_AROUND = """
    query ($ticket: ID!, $item: ID!) {
      ticket(id: $ticket) { messages(around: $item) { nodes { body } } }
    }
"""
SEARCH = "query ($search: String!) { tickets(search: $search) { nodes { id } } }"
HISTORY = (
    """
    query ($ticket: ID!) {
      ticket(id: $ticket) {
        changes(last: 25) {
          nodes {
            action actor { ...Who } changes { field before after }
            item { ... on Message { body } ... on Note { body } }
          }
        }
      }
    }
    """
    + WHO
)


class InConversations(Person):
    """An agent with tickets."""

    async def opens_ticket(self, ticket: str, *, after: str | None = None) -> Screen:
        """Look at a ticket live from now on, or from a place of its events on."""
        screen = await self.opens(
            words.TICKET_EVENTS, words.ticket_event, ticket=ticket, after=after
        )
        if after is None:
            await screen.shows("ready")
        return screen

    async def opens_favorites(self, ticket: str) -> Screen:
        """Look at the list of favourites live."""
        return await self.opens(words.FAVORITES, words.favorite_list, ticket=ticket)

    async def answers(self, ticket: str, *bodies: str) -> list[str]:
        """Write to the customer, a message or more; return their ids."""
        messages = [{"ticketId": ticket, "body": body} for body in bodies]
        sent = await self.does_all("messageSend", "message { id }", messages)
        return [_id(result["message"]) for result in sent]

    async def stars(self, item: str) -> None:
        """Put a message or a note on the list of favourites."""
        await self.does("favoriteAdd", itemId=item)

    async def takes_the_star_from(self, item: str) -> None:
        """Take a message or a note off the list of favourites."""
        await self.does("favoriteRemove", itemId=item)

    async def transfers(self, ticket: str, *, comment: str | None = None, **to: str) -> None:
        """Hand a ticket over."""
        await self.does("ticketTransfer", ticketId=ticket, comment=comment, **to)

    async def favorite_items(self, ticket: str) -> dict[str, str]:
        """Return the ids of the favourites by what they say, in their order."""
        return words.ids_of_starred((await self._ticket(FAVORITES, ticket))["favorites"])

    async def favorite_count(self, ticket: str) -> int:
        """Return the number in the icon."""
        count: int = (await self._ticket(HEAD, ticket))["favoriteCount"]
        return count

    async def jumps_to(self, ticket: str, item: str) -> list[str]:
        """Return what the page around an item of the conversation says."""
        nodes = (await self._ticket(AROUND, ticket, item=item))["timeline"]["nodes"]
        return [node.get("body") or node["action"] for node in nodes]

    async def finds_ticket(self, search: str) -> str:
        """Return the only ticket that a search finds."""
        (node,) = (await self.asks(SEARCH, search=search))["tickets"]["nodes"]
        return _id(node)

    async def reads_all(self, ticket: str) -> dict[str, str]:
        """Return the ids of all messages by what they say, in their order, page by page."""
        messages: dict[str, str] = {}
        after, is_more = None, True
        while is_more:
            page = (await self._ticket(MESSAGES, ticket, after=after))["messages"]
            messages |= {node["body"]: node["id"] for node in page["nodes"]}
            after, is_more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        return messages

    async def reads_around(self, ticket: str, message: str) -> list[str]:
        """Return what the messages of the page around one of them say."""
        nodes = (await self._ticket(MESSAGES_AROUND, ticket, item=message))["messages"]["nodes"]
        return [node["body"] for node in nodes]

    async def reads_history(self, ticket: str) -> list[str]:
        """Return what was done with the ticket, as sentences."""
        nodes = (await self._ticket(HISTORY, ticket))["changes"]["nodes"]
        return [done(node) for node in nodes]

    async def sees(self, node: str) -> bool:
        """Tell whether there is anything behind an id for them."""
        found = await self.asks("query ($id: ID!) { node(id: $id) { id } }", id=node)
        return found["node"] is not None

    async def _ticket(self, document: str, ticket: str, **variables: Any) -> dict[str, Any]:
        found: dict[str, Any] = (await self.asks(document, ticket=ticket, **variables))["ticket"]
        return found


def _id(row: dict[str, Any]) -> str:
    row_id: str = row["id"]
    return row_id


_ACTIONS = {
    "CREATED": "opens it",
    "FIELDS_CHANGED": "changes",
    "FAVORITE_ADDED": "stars:",
    "FAVORITE_REMOVED": "takes the star from:",
    "NOTE_DELETED": "deletes a note",
}


def done(change: dict[str, Any]) -> str:
    """Say what somebody did to a ticket, as its history has it."""
    who, action = change["actor"].get("name", "the desk"), _ACTIONS[change["action"]]
    of = change["item"]["body"] if change["item"] else words.changes(change["changes"])
    return f"{who} {action} {of}".rstrip()
