"""Watching a desk live, as a client does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.edge.graphql_socket import GraphQLSocket, open_socket
from tests.edge.live_server import serve
from tests.support.desk import World

WHO = "fragment Who on Actor { ... on Agent { name } ... on Customer { name } }"
TICKET_EVENTS = (
    """
    subscription ($ticket: ID!, $after: EventCursor) {
      ticketEvents(ticketId: $ticket, after: $after) {
        __typename
        ... on Event { cursor }
        ... on StreamReset { reason }
        ... on MessageAdded { actor { ...Who } message { id body } }
        ... on NoteAdded { actor { ...Who } note { body } }
        ... on FavoriteAdded {
          actor { ...Who } favoriteCount
          favorite { item { ... on Message { id } } addedBy { ...Who } }
        }
        ... on FavoriteRemoved { actor { ...Who } favoriteCount itemId }
        ... on TicketChanged { changes { field before after } ticket { status } }
      }
    }
    """
    + WHO
)
FAVORITES = """
    subscription ($ticket: ID!) {
      favorites(ticketId: $ticket) {
        favoriteCount
        favorites(first: 10) { nodes { item { ... on Message { id } } } }
        change { __typename }
      }
    }
"""
INBOX_EVENTS = """
    subscription ($filter: TicketFilter, $after: EventCursor) {
      inboxEvents(filter: $filter, after: $after) {
        __typename
        ... on Event { cursor }
        ... on StreamReset { reason }
        ... on TicketEntered { ticket { id title } }
        ... on TicketUpdated { ticket { id } changes { field after } }
        ... on TicketLeft { ticketId }
      }
    }
"""
CUSTOMER_EVENTS = (
    """
    subscription ($customer: ID!, $after: EventCursor) {
      customerEvents(customerId: $customer, after: $after) {
        __typename
        ... on Event { cursor }
        ... on StreamReset { reason }
        ... on CustomerChanged {
          actor { ...Who } changes { field before after } customer { name version }
        }
        ... on NoteAdded { actor { ...Who } note { body customer { id } } }
        ... on ProfileLinked { profile { channel handle } }
        ... on CustomerTicketOpened { ticket { title } }
      }
    }
    """
    + WHO
)


class Watcher:
    """One subscription on a socket of its own."""

    def __init__(self, socket: GraphQLSocket) -> None:
        self.socket = socket
        self.cursor: str | None = None

    async def next(self) -> dict[str, Any]:
        """Return the next event without its cursor, which `cursor` keeps."""
        message = await self.socket.receive()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        (event,) = message["payload"]["data"].values()
        self.cursor = event.pop("cursor", None)
        assert isinstance(event, dict)
        return event

    async def refusal(self) -> dict[str, Any]:
        """Return the only error with which the subscription was refused."""
        message = await self.socket.receive()
        assert message["type"] == "error", message
        (error,) = message["payload"]
        assert isinstance(error, dict)
        return error

    async def hears_nothing(self, seconds: float = 0.1) -> None:
        """Check that for a while nothing is told."""
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                raise AssertionError(await self.socket.connection.recv())

    async def ended(self) -> None:
        """Wait for the end that the server sets."""
        assert (await self.socket.receive())["type"] == "complete"


@asynccontextmanager
async def watching(
    port: int, token: str | None, document: str, **variables: Any
) -> AsyncIterator[Watcher]:
    """Subscribe on a new socket."""
    async with open_socket(port) as socket:
        await socket.initialise(token)
        await socket.subscribe("1", document, variables=variables)
        yield Watcher(socket)


class LiveWorld:
    """A world that is served on a port."""

    def __init__(self, world: World, port: int) -> None:
        self.world = world
        self.port = port

    @asynccontextmanager
    async def watch(self, name: str, document: str, **variables: Any) -> AsyncIterator[Watcher]:
        """Subscribe as an agent."""
        token = self.world.tokens[name]
        async with watching(self.port, token, document, **variables) as watcher:
            yield watcher


@asynccontextmanager
async def served(world: World) -> AsyncIterator[LiveWorld]:
    """Serve a world on a free port."""
    async with serve(world.application) as port:
        yield LiveWorld(world, port)
