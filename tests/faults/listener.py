"""A client as apps are: one socket, some subscriptions, and it comes back whatever happens."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain, cycle
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from core import clock
from core.ids import decode_global_id
from models.event_topics import topic_named
from models.tickets import Ticket
from subscriptions.log.cursors import decode_cursor, encode_cursor
from tests.edge.graphql_socket import SUBPROTOCOL
from tests.faults.journal import Journal, Told

DOCUMENT = """
    subscription ($ticket: ID!, $after: EventCursor) {
      ticketEvents(ticketId: $ticket, after: $after) {
        __typename
        ... on Event { cursor }
        ... on StreamReset { reason }
        ... on NoteAdded { note { id } }
      }
    }
"""
OPEN_SECONDS = 15  # a handshake that takes longer is tried elsewhere
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0


class UnexpectedMessage(AssertionError):
    """The server ended a subscription, or refused it."""


class Listener:
    """Follows tickets at any of `urls`, and keeps a journal of each.

    On a closed socket it connects to the next address and goes on after the cursor that came last.
    One with `patience_seconds` leaves a server that is silent for so long; others wait for ever.
    """

    def __init__(
        self,
        urls: Sequence[str],
        token: str,
        tickets: Sequence[str],
        *,
        epoch: str,
        patience_seconds: float | None = None,
    ) -> None:
        self.journals = {ticket: Journal(_topic_of(ticket)) for ticket in tickets}
        self.began = asyncio.Event()
        self.connections = 0
        self.closes: Counter[int | None] = Counter()
        self._urls = urls
        self._token = token
        self._epoch = epoch
        self._patience_seconds = patience_seconds
        self._connection: ClientConnection | None = None
        self._cursors: dict[str, str] = {}
        self._pauses = _pauses()

    @property
    def heard(self) -> int:
        """How many events came."""
        return sum(len(journal.heard) for journal in self.journals.values())

    async def listen_for_ever(self) -> None:
        """Connect, listen, and come back. Raises UnexpectedMessage."""
        for url in cycle(self._urls):
            with suppress(OSError, WebSocketException, TimeoutError):
                await self._listen(url)
            await asyncio.sleep(next(self._pauses))

    def drop(self) -> None:
        """Lose the connection, and come back at once."""
        if self._connection is not None:
            self._pauses = chain([0.0], _pauses())
            self._connection.transport.abort()

    def resume_from(self, cursor: str) -> str:
        """Return the cursor to go on from, where `cursor` came last."""
        return cursor

    async def _listen(self, url: str) -> None:
        async with connect(
            f"{url.replace('http', 'ws', 1)}/graphql",
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            open_timeout=OPEN_SECONDS,
            ping_interval=self._patience_seconds,
            ping_timeout=self._patience_seconds,
            close_timeout=0.1,
        ) as connection:
            await self._begin(connection)
            self._connection = connection
            self.connections += 1
            self._pauses = _pauses()
            try:
                async for frame in connection:
                    self._take(orjson.loads(frame))
            finally:
                self._connection = None
                self.closes[connection.close_code] += 1

    async def _begin(self, connection: ClientConnection) -> None:
        credentials = {"authorization": f"Bearer {self._token}"}
        await _send(connection, type="connection_init", payload=credentials)
        await asyncio.wait_for(connection.recv(), OPEN_SECONDS)
        for ticket in self.journals:
            last = self._cursors.get(ticket)
            after = None if last is None else self.resume_from(last)
            payload = {"query": DOCUMENT, "variables": {"ticket": ticket, "after": after}}
            await _send(connection, id=ticket, type="subscribe", payload=payload)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] != "next" or "errors" in message["payload"]:
            raise UnexpectedMessage(message)
        event = message["payload"]["data"]["ticketEvents"]
        ticket = message["id"]
        journal = self.journals[ticket]
        self._cursors[ticket] = event["cursor"]
        position = self._position_in(journal.topic, event["cursor"])
        match event["__typename"]:
            case "StreamReady" if journal.began is None:
                journal.began = position
                if all(each.began is not None for each in self.journals.values()):
                    self.began.set()
            case "StreamReset":
                journal.resets.append(event["reason"])
            case name:
                note = event.get("note")
                told = Told(position, name, note and note["id"])
                journal.heard.append((told, clock.now()))

    def _position_in(self, topic: str, cursor: str) -> int:
        positions = decode_cursor(cursor, self._epoch)
        assert isinstance(positions, dict)
        assert positions.keys() == {topic}
        return positions[topic]


class SkippingListener(Listener):
    """One whose cursor is wrong: it goes on one event too late."""

    def resume_from(self, cursor: str) -> str:
        positions = decode_cursor(cursor, self._epoch)
        assert isinstance(positions, dict)
        return encode_cursor(self._epoch, {topic: at + 1 for topic, at in positions.items()})


def _topic_of(ticket: str) -> str:
    return topic_named(Ticket, decode_global_id(ticket)[1])


def _pauses() -> Iterator[float]:
    longest = FIRST_PAUSE_SECONDS
    while True:
        yield random.uniform(0, longest)
        longest = min(2 * longest, LONGEST_PAUSE_SECONDS)


async def _send(connection: ClientConnection, **message: Any) -> None:
    await connection.send(orjson.dumps(message).decode())
