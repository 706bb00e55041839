"""Reading ahead: while one item of a list is told, the next ones are being worked out.

Alone, an item waits for its judgement, its statements and its turn of the event loop, and the next
one begins after it: where many rows change at once, a list falls behind while the process has
nothing to do. The order in which items are told stays as it is.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import aclosing

from subscriptions.source import Item


class Ahead:
    """Reads items and yields them in their order; those that wait for their turn are begun.

    `most` says how many may be in hand at a time, with the one whose turn it is: at least one, and
    then nothing is read ahead. `row_of` tells which row an item shows. Of two that show the same
    row the later one is not begun before its turn: it must not show it older than the one before.
    """

    def __init__(
        self,
        items: AsyncGenerator[Item, None],
        row_of: Callable[[Item], Hashable],
        begin: Callable[[Item], None],
        most: Callable[[], int],
    ) -> None:
        self._items = items
        self._row_of = row_of
        self._begin = begin
        self._most = most
        self._in_hand: deque[Item] = deque()
        self._changed = asyncio.Event()

    async def in_order(self) -> AsyncGenerator[Item, None]:
        """Yield all items. An error of the source is raised after those that were read before."""
        reading = asyncio.create_task(self._read())
        reading.add_done_callback(lambda _reading: self._changed.set())
        try:
            while not reading.done() or self._in_hand:
                if self._in_hand:
                    yield self._in_hand[0]
                    self._in_hand.popleft()
                    self._changed.set()
                else:
                    await self._change()
            reading.result()
        finally:
            reading.cancel()
            await asyncio.wait([reading])

    async def _read(self) -> None:
        async with aclosing(self._items) as items:
            async for item in items:
                row = self._row_of(item)
                if self._in_hand and all(self._row_of(other) != row for other in self._in_hand):
                    self._begin(item)
                self._in_hand.append(item)
                self._changed.set()
                while len(self._in_hand) >= self._most():
                    await self._change()

    async def _change(self) -> None:
        """Wait until something was read or is told. Never do both sides wait at the same time."""
        self._changed.clear()
        await self._changed.wait()
