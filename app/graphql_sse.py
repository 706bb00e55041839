"""GraphQL over server-sent events, in distinct connections mode: a response for each operation.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

import asyncio
from collections import deque
from collections.abc import Collection
from contextlib import suppress

from starlette.types import ASGIApp, Receive, Scope, Send

from app.engine import Operation, Variables
from app.graphql_connection import Edge
from app.graphql_errors import format_failure
from app.graphql_json import encode_errors
from app.graphql_media_types import EVENT_STREAM
from app.graphql_outbox import MAX_QUEUED_BYTES, NoRoom
from app.graphql_subscription import ClientSubscription, SubscriptionRequest
from models.viewers import Viewer
from services.live_viewers import LiveViewer
from subscriptions.log.stream import StreamEnded

CLOSE_SECONDS = 1.0
KEEPALIVE_SECONDS = 15.0  # below the minute after which proxies drop silent connections

_KEEPALIVE = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"

_HEADERS = [
    (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep events until its buffer is full
]


class EventStreams:
    """Serves operations as streams of events, and knows which are open."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._open: set[_EventStream] = set()
        edge.responder.viewers.on_change.append(self._end_ended)

    def response(self, operation: Operation, variables: Variables, viewer: Viewer) -> ASGIApp:
        """Return what serves a subscription until it is complete, or left by client or server.

        Raises LimitReached for one connection of an agent too many.
        """
        edge = self._edge
        edge.agents.check(viewer)

        async def respond(_scope: Scope, receive: Receive, send: Send) -> None:
            with (
                edge.agents.connected(viewer),
                edge.responder.viewers.connected(viewer) as live,
            ):
                turns = asyncio.Semaphore()
                request = SubscriptionRequest(edge.responder, operation, variables, live, turns)
                stream = _EventStream(request, edge.patience.room_seconds)
                self._open.add(stream)
                try:
                    await stream.serve(receive, send)
                finally:
                    self._open.remove(stream)

        return respond

    def end_all(self) -> None:
        """End all streams; their clients connect again, and resume by cursor."""
        for stream in self._open:
            stream.tear()

    def _end_ended(self, viewers: Collection[LiveViewer]) -> None:
        for stream in self._open:
            if stream.viewer.has_ended and stream.viewer in viewers:
                stream.tear()


class _EventStream(ClientSubscription):
    """One operation on its way to one client.

    A stream that ends without `complete` was torn: clients connect again after it.
    """

    __slots__ = ("_filled", "_messages", "_patience_seconds", "_room", "_torn", "_waiting_bytes")

    def __init__(self, request: SubscriptionRequest, patience_seconds: float) -> None:
        super().__init__(request)
        self._patience_seconds = patience_seconds
        self._messages: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._torn = asyncio.Event()

    async def serve(self, receive: Receive, send: Send) -> None:
        """Send what the subscription says until it is complete, torn, or left by its client."""
        await _start(send)
        self.begin()
        ways_out = [
            asyncio.create_task(self._write_all(send)),
            asyncio.create_task(self._torn.wait()),
            asyncio.create_task(_client_leaves(receive)),
        ]
        try:
            await asyncio.wait(ways_out, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop()
            for task in ways_out:
                task.cancel()
            await asyncio.wait(ways_out)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await _write(send, b"", is_last=True)

    def tear(self) -> None:
        """End the stream without a word; its client resumes on another."""
        self._torn.set()

    def tell(self, content: bytes) -> None:
        """Send at once. A stream whose client has no room for it is torn."""
        if self._has_room(content):
            self._queue(_event(content))
        else:
            self.tear()

    async def tell_patiently(self, content: bytes) -> None:
        """Send when there is room. Raises NoRoom if there never is."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                while not self._has_room(content):
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            raise NoRoom from None
        self._queue(_event(content))

    def finish(self, error: Exception | None) -> None:
        """End the subscription: nothing more will come."""
        if isinstance(error, StreamEnded | NoRoom):
            self.tear()
            return
        if error is not None:
            self._queue(_event(encode_errors(format_failure(error))))
        self._queue(_COMPLETE)

    def _has_room(self, content: bytes) -> bool:
        waiting = self._waiting_bytes
        return not waiting or waiting + len(content) <= MAX_QUEUED_BYTES

    def _queue(self, message: bytes) -> None:
        self._messages.append(message)
        self._waiting_bytes += len(message)
        self._filled.set()

    async def _write_all(self, send: Send) -> None:
        message = b""
        while message is not _COMPLETE:
            message = await self._next_message()
            await _write(send, message)
            self._room.set()

    async def _next_message(self) -> bytes:
        try:
            async with asyncio.timeout(KEEPALIVE_SECONDS):
                while not self._messages:
                    self._filled.clear()
                    await self._filled.wait()
        except TimeoutError:
            return _KEEPALIVE
        message = self._messages.popleft()
        self._waiting_bytes -= len(message)
        return message


async def _start(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})


async def _write(send: Send, body: bytes, *, is_last: bool = False) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": not is_last})


async def _client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(content: bytes) -> bytes:
    return b"event: next\ndata: %b\n\n" % content


def whole_stream(content: bytes) -> bytes:
    """Return the stream of an operation that has one result."""
    return _event(content) + _COMPLETE
