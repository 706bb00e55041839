"""Acts of which a process does a few at a time, since anybody may ask for any number of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.errors import Unavailable

# Longer than any act holds up the others; a browser that waits for this long still has its person.
PATIENCE_SECONDS = 3.0


class FewAtOnce:
    """So many of them go on at once, and the others wait: in memory, with no connection in hand."""

    def __init__(self, places: int, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.patience_seconds = patience_seconds
        self._places = asyncio.Semaphore(places)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Be one of them. Raises Unavailable where no place becomes free in time."""
        try:
            async with asyncio.timeout(self.patience_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise Unavailable(retry_after_seconds=1) from None
        try:
            yield
        finally:
            self._places.release()
