"""A file on its way in: counted and inspected piece by piece, never held as a whole."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from core.errors import FileRefusal
from services.files.verdicts import Accepted, Refused
from services.uploads import AwaitedFile

STALL_SECONDS = 30.0  # a train goes through a tunnel
UPLOAD_SECONDS = 900.0  # 20 MiB at 190 kbit/s
LINGER_SECONDS = 1.0
LINGER_BYTES = 4 * 1024 * 1024


class _BodyProblem(Exception):
    """The body is not what was announced; `received` are its bytes so far."""

    def __init__(self, received: int) -> None:
        super().__init__(f"after {received} bytes")
        self.received = received


class BodyTooLong(_BodyProblem):
    """There are more bytes than were announced."""


class BodyIncomplete(_BodyProblem):
    """The body ended before all announced bytes were there."""


class BodyStalled(_BodyProblem):
    """Nothing came for too long, or all of it takes too long."""


class ContentRefused(Exception):
    """The desk does not take a file with such content."""

    def __init__(self, reason: FileRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class ArrivingFile:
    """The body of one request. `accepted` is what it was found to be, once all of it is here."""

    def __init__(
        self,
        receive: Receive,
        *,
        stall_seconds: float = STALL_SECONDS,
        upload_seconds: float = UPLOAD_SECONDS,
    ) -> None:
        self.accepted: Accepted | None = None
        self._receive = receive
        self._stall_seconds = stall_seconds
        self._ends_at = asyncio.get_running_loop().time() + upload_seconds
        self._received = 0
        self._is_complete = False

    async def pieces(self, awaited: AwaitedFile) -> AsyncIterator[bytes]:
        """Yield the bytes; raise one of the errors above as soon as it is known."""
        while not self._is_complete:
            piece = await self._next()
            if self._received > awaited.size:
                raise BodyTooLong(self._received)
            awaited.inspection.feed(piece)
            if awaited.inspection.refusal is not None:
                raise ContentRefused(awaited.inspection.refusal)
            if piece:
                yield piece
        if self._received < awaited.size:
            raise BodyIncomplete(self._received)
        verdict = awaited.inspection.finish()
        if isinstance(verdict, Refused):
            raise ContentRefused(verdict.reason)
        self.accepted = verdict

    async def linger(self) -> None:
        """Read on for a moment, and forget it.

        Where a connection is closed while bytes are on their way, the client's system throws away
        the answer that it has not read yet.
        """
        limit = self._received + LINGER_BYTES
        with suppress(TimeoutError, ClientDisconnect):
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._is_complete and self._received < limit:
                    self._take_in(await self._receive())

    async def _next(self) -> bytes:
        remaining = self._ends_at - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(self._stall_seconds, remaining)):
                message = await self._receive()
        except TimeoutError:
            raise BodyStalled(self._received) from None
        return self._take_in(message)

    def _take_in(self, message: Message) -> bytes:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece: bytes = message.get("body", b"")
        self._received += len(piece)
        self._is_complete = not message.get("more_body", False)
        return piece
