"""Messages on their way to one client."""

import asyncio
from collections.abc import Callable

from app.socket_protocol import FrameWriter

MAX_QUEUED_BYTES = 256 * 1024


class NoRoom(Exception):
    """The client does not read what it asked for."""


class Outbox:
    """Bounds what waits for a client.

    Who answers a client waits for room, so that a long replay goes as fast as the client reads; a
    client that makes no room within `patience_seconds` has fallen behind. What happens live is
    sent at once or not at all.
    """

    __slots__ = ("_patience_seconds", "writer")

    def __init__(self, writer: FrameWriter, *, patience_seconds: float) -> None:
        self.writer = writer
        self._patience_seconds = patience_seconds

    def send(self, head: bytes, body: bytes = b"", tail: bytes = b"") -> None:
        """Send a message, in parts, at once; raise NoRoom if too much waits already."""
        writer = self.writer
        if not (writer.has_room or self._fits(head, body, tail)):
            raise NoRoom
        writer.write_text(head, body, tail)

    async def put(self, *parts: bytes, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Send a message, in parts, when there is room; raise NoRoom if there never is.

        Nothing is sent that is not wanted by the time there is room.
        """
        if not (self.writer.has_room or self._fits(*parts)):
            await self._wait_for_room()
        if is_wanted():
            self.writer.write_text(*parts)

    def _fits(self, *parts: bytes) -> bool:
        # Where nothing waits one message may be larger: the page that a query asked for.
        return self.writer.waiting_bytes + sum(map(len, parts)) <= MAX_QUEUED_BYTES

    async def _wait_for_room(self) -> None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self.writer.wait_for_room()
        except TimeoutError:
            raise NoRoom from None
