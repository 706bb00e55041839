"""uvicorn's WebSocket, with a door for those who have many messages to send at once."""

import asyncio
from functools import lru_cache
from typing import Any, Protocol, cast

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from app.metrics import CLOSES

_EXTENSION = "starling.frames"
# RFC 6455 section 5.2: a whole text message in one frame, and the lengths that fit into a header.
_TEXT = 0x81
_ONE_BYTE_LENGTH = 125
_TWO_BYTE_LENGTH = 65_535

# What the client graphql-ws takes for a broken connection: it connects again. It would take the
# 1011 that uvicorn sends for the end, and a laptop that was asleep would stay silent for ever.
NO_ANSWER_TO_PINGS = 4499
KEPT_HEADERS = 4_096  # of frames: one event has the same length for nearly all
FAREWELL_SECONDS = 20.0  # a client that reads again by then learns why it was let go


class FrameWriter(Protocol):
    """Writes text messages to a socket at once, and knows what the client has not taken yet."""

    @property
    def waiting_bytes(self) -> int:
        """What waits in this process; the kernel has as much again, and is not asked."""

    @property
    def has_room(self) -> bool:
        """Whether little enough waits to go on writing."""

    async def wait_for_room(self) -> None:
        """Wait until the client has taken most of what waits, or is gone."""

    def write_text(self, head: bytes, body: bytes = b"", tail: bytes = b"") -> None:
        """Send a text message in UTF-8, in parts. One for a client that is gone is dropped."""

    def close(self, code: int, reason: str) -> None:
        """Say goodbye at once, whatever waits; be gone when the client has answered, or soon."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """A connection; the ASGI scope of its application holds its FrameWriter.

    ASGI's `send` costs a coroutine, several checks and a copy for each message. One event for a
    thousand subscribers is a thousand messages.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.queue: Any = _Inbox()
        self.writable: Any = _Gate()
        self.writer: _Frames

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve a client."""
        super().connection_made(transport)
        self.writer = _Frames(self)

    def handle_connect(self, event: Request) -> None:
        """Serve a client who asks for a WebSocket."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions = cast("dict[str, object]", self.scope["extensions"])
            extensions[_EXTENSION] = self.writer

    def pause_writing(self) -> None:
        """Note that more than the transport's limit (64 KiB) waits."""
        self.writer.has_room = False
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that no more than a quarter of that waits."""
        self.writer.has_room = True
        super().resume_writing()

    def say_goodbye(self, code: int, reason: str) -> None:
        """Send the close frame, and be gone when the client has answered, or soon.

        ASGI's `send` would wait for a client that does not read, and the goodbye with it.
        """
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.writer.is_closed = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # uvicorn stops this timer when the client has answered. One that does not read never will.
        self.close_timer = self.loop.call_later(FAREWELL_SECONDS, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """End a connection whose client answers no pings, in a way after which it comes again."""
        self.pong_timer = None
        self.pending_ping_payload = None
        if self.close_sent or self.transport.is_closing():
            return
        CLOSES.labels(NO_ANSWER_TO_PINGS).inc()
        self.say_goodbye(NO_ANSWER_TO_PINGS, "No answer to pings")
        # Who does not answer has gone: what they held is given back at once.
        self.queue.put_nowait({"type": "websocket.disconnect", "code": NO_ANSWER_TO_PINGS})


class _Frames:
    """The FrameWriter of a connection: what each of a thousand messages touches, and no more."""

    __slots__ = ("_protocol", "_transport", "has_room", "is_closed")

    def __init__(self, protocol: SocketProtocol) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self.has_room = True
        self.is_closed = False

    @property
    def waiting_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    async def wait_for_room(self) -> None:
        await self._protocol.writable.wait()

    def write_text(self, head: bytes, body: bytes = b"", tail: bytes = b"") -> None:
        if self.is_closed or self._transport.is_closing():
            return
        length = len(head) + len(body) + len(tail)
        self._transport.write(b"".join((_header(length), head, body, tail)))

    def close(self, code: int, reason: str) -> None:
        self._protocol.say_goodbye(code, reason)


class _Gate:
    """Does what uvicorn does with an asyncio.Event, and takes no memory for those who wait."""

    __slots__ = ("_is_open", "_waiting")

    def __init__(self) -> None:
        self._is_open = True
        self._waiting: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Let everybody pass."""
        self._is_open = True
        if self._waiting is not None:
            self._waiting.set_result(None)
            self._waiting = None

    def clear(self) -> None:
        """Hold up who comes."""
        self._is_open = False

    async def wait(self) -> None:
        """Wait until it is open."""
        while not self._is_open:
            if self._waiting is None:
                self._waiting = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._waiting])


class _Inbox:
    """Does what uvicorn does with an asyncio.Queue, for one reader and in a tenth of the memory."""

    __slots__ = ("_events", "_reader")

    def __init__(self) -> None:
        self._events: list[Any] = []
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, event: Any) -> None:
        """Add what has come from the client."""
        self._events.append(event)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def empty(self) -> bool:
        """Tell whether there is nothing to get."""
        return not self._events

    async def get(self) -> Any:
        """Return what came first."""
        while not self._events:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        return self._events.pop(0)


@lru_cache(KEPT_HEADERS)
def _header(length: int) -> bytes:
    """Return what stands before a text message of so many bytes."""
    if length <= _ONE_BYTE_LENGTH:
        return bytes((_TEXT, length))
    if length <= _TWO_BYTE_LENGTH:
        return b"\x81\x7e" + length.to_bytes(2)
    return b"\x81\x7f" + length.to_bytes(8)


def frame_writer_of(scope: Scope) -> FrameWriter:
    """Return what writes to the socket of this scope; it is served by a SocketProtocol."""
    return cast("FrameWriter", scope["extensions"][_EXTENSION])
