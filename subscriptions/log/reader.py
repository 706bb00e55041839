"""How the hub reads the event log: with few statements, and patient while the log is away."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from core.gathering import Gathering
from models.event_records import EventRecord, TopicHead
from subscriptions.patience import patiently

READS_AT_ONCE = 4  # those who come back together must leave connections for everybody else


class EventLog(Protocol):
    """The log, as it is stored. Each call sees all that was committed before it."""

    async def heads(self, topics: Collection[str]) -> dict[str, TopicHead]:
        """Return where each of `topics` stands; one without events stands at 0."""
        ...

    async def read(self, topic: str, after: int, limit: int) -> list[EventRecord]:
        """Return the first `limit` events of `topic` after that position, ascending."""
        ...


class LogReader:
    """Reads `log` for many at once. An error of the log is tried again until it is gone."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._heads = Gathering(self._ask_heads)

    async def read(self, topic: str, after: int, limit: int) -> list[EventRecord]:
        """Return the first `limit` events of `topic` after that position, ascending."""
        async with self._reads:
            return await patiently(lambda: self._log.read(topic, after, limit))

    async def heads(self, topics: Iterable[str]) -> Mapping[str, TopicHead]:
        """Return where at least `topics` stand, by a statement that began after this call."""
        return await self._heads.get(topics)

    async def _ask_heads(self, topics: set[str]) -> Mapping[str, TopicHead]:
        return await patiently(lambda: self._log.heads(topics))
