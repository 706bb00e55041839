"""Messages on their way to one client."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

MAX_QUEUED_BYTES = 256 * 1024
MAX_QUEUED_MESSAGES = 1_000


class NoRoom(Exception):
    """The client does not read what it asked for."""


class Outbox:
    """A bounded queue with one writer: nothing else sends on the socket.

    Who has something to say waits for room, so that a long replay goes as fast as the client
    reads. A client that makes no room within `patience_seconds` has fallen behind.
    """

    def __init__(
        self, send_text: Callable[[str], Awaitable[None]], *, patience_seconds: float
    ) -> None:
        self._send_text = send_text
        self._patience_seconds = patience_seconds
        self._messages: asyncio.Queue[bytes] = asyncio.Queue(MAX_QUEUED_MESSAGES)
        self._queued_bytes = 0
        self._sent = asyncio.Event()

    async def put(self, message: bytes, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Queue a message, at once if there is room; raise NoRoom if there never is.

        Nothing is queued that is not wanted by the time there is room.
        """
        if not self._has_room(message):
            await self._wait_for_room(message)
        if not is_wanted():
            return
        self._queued_bytes += len(message)
        self._messages.put_nowait(message)

    async def write(self) -> NoReturn:
        """Send what is queued, one after the other, until cancelled."""
        while True:
            message = await self._messages.get()
            await self._send_text(message.decode())
            self._queued_bytes -= len(message)
            self._sent.set()

    def _has_room(self, message: bytes) -> bool:
        if self._messages.full():
            return False
        # One message alone may be larger than the limit: the page that a query asked for.
        return not self._queued_bytes or self._queued_bytes + len(message) <= MAX_QUEUED_BYTES

    async def _wait_for_room(self, message: bytes) -> None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                while not self._has_room(message):
                    self._sent.clear()
                    await self._sent.wait()
        except TimeoutError:
            raise NoRoom from None
