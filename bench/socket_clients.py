"""Subscribers that cost next to nothing: a thousand of them leave the machine to the server.

Each is a bare asyncio protocol that speaks just enough WebSocket and graphql-transport-ws: it
connects, says who it is, subscribes to one ticket, and notes the moment at which it reads each act.
"""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import orjson
from websockets.frames import Close, Frame, Opcode

TIMEOUT_SECONDS = 120
POLL_SECONDS = 0.005
OPERATION_ID = "1"

SUBSCRIPTION = """
subscription Agent($ticket: ID!, $after: EventCursor) {
  ticketEvents(ticketId: $ticket, after: $after) {
    __typename
    ... on Event { cursor }
    ... on StreamReset { reason }
    ... on MessageAdded {
      actor { ...Who } occurredAt
      message { id body createdAt direction author { ...Who } favorite { id } }
    }
    ... on NoteAdded {
      actor { ...Who } occurredAt
      note { id kind body createdAt author { ...Who } favorite { id } }
    }
    ... on FavoriteAdded {
      actor { ...Who } favoriteCount
      favorite { id item { ... on Message { id } ... on Note { id } } addedBy { ...Who } }
    }
    ... on FavoriteRemoved { actor { ...Who } favoriteCount itemId }
    ... on TicketChanged {
      actor { ...Who } changes { field before after }
      ticket { id version title status priority updatedAt assignee { id name } tags { id name } }
    }
  }
}
fragment Who on Actor { ... on Agent { id name } ... on Customer { id name } }
"""

# The key is that of the example in RFC 6455: the server needs one, and nobody checks the answer.
_HANDSHAKE = b"\r\n".join(
    [
        b"GET /graphql HTTP/1.1",
        b"Host: desk",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Protocol: graphql-transport-ws",
        b"\r\n",
    ]
)
_NUMBER = re.compile(rb'"body":"No\. (\d+)')
_SHORT_LENGTH = 126  # lengths below stand in the second byte of a frame (RFC 6455 section 5.2)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who subscribes to which ticket, and the cursor from which they go on."""

    token: str
    ticket: str
    after: str | None = None


class SocketClient(asyncio.Protocol):
    """One socket with one subscription; `subscribed` is done when the server tells the first item.

    What is heard of is noted in `heard`: for each act, when it was read, in ns of the monotonic
    clock. `last_told` is the newest message of the subscription.
    """

    def __init__(self, subscriber: Subscriber, heard: defaultdict[int, list[int]]) -> None:
        self.last_told = b""
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._subscriber = subscriber
        self._heard = heard
        self._transport: asyncio.Transport
        self._received = b""
        self._is_upgraded = False
        self._farewell = "the connection was lost"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(_HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        """Take in what the server sends."""
        now = time.monotonic_ns()
        self._received += data
        if not self._is_upgraded:
            self._upgrade()
        while self._is_upgraded and (frame := self._take_frame()) is not None:
            self._handle(*frame, now)

    def connection_lost(self, _error: Exception | None) -> None:
        """Note that the connection has ended."""
        self.ended.set_result(None)
        if not self.subscribed.done():
            self.subscribed.set_exception(ConnectionError(self._farewell))

    def close(self) -> None:
        """End the connection as a browser does that is killed: without a word."""
        self._transport.abort()

    def resuming(self) -> Subscriber:
        """Return who goes on after the newest message."""
        (item,) = orjson.loads(self.last_told)["payload"]["data"].values()
        return replace(self._subscriber, after=item["cursor"])

    def _upgrade(self) -> None:
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        assert head.startswith(b"HTTP/1.1 101"), head
        self._received = rest
        self._is_upgraded = True
        authorization = f"Bearer {self._subscriber.token}"
        self._say({"type": "connection_init", "payload": {"authorization": authorization}})

    def _take_frame(self) -> tuple[int, bytes] | None:
        received = self._received
        if len(received) < 2:
            return None
        start, length = 2, received[1]
        if length >= _SHORT_LENGTH:
            start += 2 if length == _SHORT_LENGTH else 8
            length = int.from_bytes(received[2:start])
        if len(received) < start + length:
            return None
        self._received = received[start + length :]
        return received[0] & 0x0F, received[start : start + length]

    def _handle(self, opcode: int, payload: bytes, now: int) -> None:
        if opcode == Opcode.PING:
            self._transport.write(Frame(Opcode.PONG, payload).serialize(mask=True))
        elif opcode == Opcode.TEXT and not self._is_subscribing(payload):
            self._hear(payload, now)
        elif opcode == Opcode.CLOSE:
            self._farewell = str(Close.parse(payload))

    def _is_subscribing(self, message: bytes) -> bool:
        if self.last_told or b'"connection_ack"' not in message:
            return False
        variables = {"ticket": self._subscriber.ticket, "after": self._subscriber.after}
        payload = {"query": SUBSCRIPTION, "variables": variables}
        self._say({"id": OPERATION_ID, "type": "subscribe", "payload": payload})
        return True

    def _hear(self, message: bytes, now: int) -> None:
        assert b'"errors"' not in message, message
        self.last_told = message
        if not self.subscribed.done():
            self.subscribed.set_result(None)
        found = _NUMBER.search(message)
        if found is not None:
            self._heard[int(found[1])].append(now)

    def _say(self, message: object) -> None:
        self._transport.write(Frame(Opcode.TEXT, orjson.dumps(message)).serialize(mask=True))


class Crowd:
    """Many subscribers of one server; `heard` is what all of them noted."""

    def __init__(self, port: int) -> None:
        self.clients: list[SocketClient] = []
        self.heard: defaultdict[int, list[int]] = defaultdict(list)
        self._port = port

    async def join(self, subscribers: Sequence[Subscriber], *, at_once: int = 50) -> None:
        """Connect and subscribe, a number `at_once`; return when each was told something."""
        places = asyncio.Semaphore(at_once)

        async def come(subscriber: Subscriber) -> None:
            async with places:
                client = SocketClient(subscriber, self.heard)
                loop = asyncio.get_running_loop()
                await loop.create_connection(lambda: client, "127.0.0.1", self._port)
                await client.subscribed
                self.clients.append(client)

        async with asyncio.timeout(TIMEOUT_SECONDS), asyncio.TaskGroup() as coming:
            for subscriber in subscribers:
                coming.create_task(come(subscriber))

    async def hears(self, number: int, times: int) -> None:
        """Wait until the act of this number was read so many times."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while len(self.heard[number]) < times:  # noqa: ASYNC110  # an event per frame costs more
                await asyncio.sleep(POLL_SECONDS)

    async def leave(self) -> None:
        """End all connections."""
        for client in self.clients:
            client.close()
        await self.lost()

    async def lost(self) -> None:
        """Wait until all connections have ended."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await asyncio.gather(*(client.ended for client in self.clients))
