"""Presence that goes on within this process while the store of all processes is away."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from subscriptions.presence.memory_store import MemoryPresence
from subscriptions.presence.store import Board, Changes, Hear, PresenceStore, Put

EXCHANGE_SECONDS = 1  # Redis answers within a millisecond, or it is in trouble
SILENT_SECONDS = 2  # how long a store in trouble is spared
# All processes connect again, at the latest, this long after Redis is back, and renew their marks.
UNSURE_SECONDS = 10
# Marks lapse sooner: beyond this, what the store was not told makes no difference to it.
OWED_SECONDS = 60

logger = logging.getLogger(__name__)


class SteadyPresence:
    """Asks `store`; while that does not answer, what it said last is the truth, and changed here.

    What the store could not be told it is told with the next question that it answers. A store that
    comes back may have lost everything: what it does not know then is no proof that anybody has
    left, until all processes had the time to tell it anew.
    """

    def __init__(self, store: PresenceStore) -> None:
        self._store = store
        self._memory = MemoryPresence()
        self._was_connected = False
        self._silent_until = 0.0
        self._unsure_until = 0.0
        self._owed: dict[str, set[str]] = defaultdict(set)  # names of marks, by their resource
        self._owed_since = 0.0

    @property
    def connected(self) -> bool:
        """Whether changes that other processes make are heard at once."""
        return self._store.connected

    @asynccontextmanager
    async def open(self, hear: Hear) -> AsyncIterator[None]:
        """Let `hear` be called by both until the context is left."""

        def hear_store(resource: str | None) -> None:
            if resource is None and self._was_connected:
                self._be_unsure()
            self._was_connected = True
            hear(resource)

        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._memory.open(hear))
            await stack.enter_async_context(self._store.open(hear_store))
            yield

    async def exchange(self, changes: Mapping[str, Changes]) -> Mapping[str, Board]:
        """Change marks, and return all that stand then. Never raises."""
        if time.monotonic() < self._silent_until:
            return await self._exchange_here(changes)
        owed, self._owed = self._owed, defaultdict(set)
        try:
            async with asyncio.timeout(EXCHANGE_SECONDS):
                boards = await self._store.exchange(await self._with_debts(changes, owed))
        except Exception as error:  # noqa: BLE001 - whatever happens, presence goes on
            logger.warning(
                "Presence is known only in this process for now: %s: %s",
                type(error).__name__,
                error,
            )
            self._silent_until = time.monotonic() + SILENT_SECONDS
            self._owe(owed)
            return await self._exchange_here(changes)
        if self._silent_until or (self._was_connected and not self._store.connected):
            # It was away, or it was started anew so quickly that no question went unanswered.
            self._silent_until = 0.0
            self._be_unsure()
        if time.monotonic() < self._unsure_until:
            known = await self._memory.exchange(changes)
            boards = {resource: {**known[resource], **boards[resource]} for resource in changes}
        self._memory.adopt(boards)
        return boards

    async def _exchange_here(self, changes: Mapping[str, Changes]) -> Mapping[str, Board]:
        self._owe(changes)
        return await self._memory.exchange(changes)

    def _owe(self, names: Mapping[str, Changes | set[str]]) -> None:
        if time.monotonic() - self._owed_since > OWED_SECONDS:
            self._owed.clear()
            self._owed_since = time.monotonic()
        for resource, of_resource in names.items():
            self._owed[resource].update(of_resource)

    async def _with_debts(
        self, changes: Mapping[str, Changes], owed: Mapping[str, set[str]]
    ) -> Mapping[str, Changes]:
        """Return the changes, and what has become of the marks that the store was not told of."""
        nothing: Changes = {}
        known = await self._memory.exchange(dict.fromkeys(owed, nothing))
        debts = {
            resource: {name: _put_again(known[resource], name) for name in names}
            for resource, names in owed.items()
        }
        return {
            resource: {**debts.get(resource, {}), **changes.get(resource, {})}
            for resource in (*changes, *(debts.keys() - changes.keys()))
        }

    def _be_unsure(self) -> None:
        self._unsure_until = time.monotonic() + UNSURE_SECONDS


def _put_again(board: Board, name: str) -> Put | None:
    held = board.get(name)
    return None if held is None else Put(held.mark, held.seconds_left)
