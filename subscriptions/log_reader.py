"""How the hub reads the event log: with few statements, and patient while the log is away."""

import asyncio
from collections.abc import Collection, Iterable
from typing import Protocol

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
        self._asking = asyncio.Lock()
        self._next_question = _Question()

    async def read(self, topic: str, after: int, limit: int) -> list[EventRecord]:
        """Return the first `limit` events of `topic` after that position, ascending."""
        async with self._reads:
            return await patiently(lambda: self._log.read(topic, after, limit))

    async def heads(self, topics: Iterable[str]) -> dict[str, TopicHead]:
        """Return where at least `topics` stand, by a statement that began after this call.

        Who asks while a statement runs shares the next one with all who do the same.
        """
        question = self._next_question
        question.topics.update(topics)
        async with self._asking:
            if question is self._next_question:
                self._next_question = _Question()
            if question.answer is None:
                question.answer = await patiently(lambda: self._log.heads(question.topics))
            return question.answer


class _Question:
    """Where topics stand, asked by one or many."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.answer: dict[str, TopicHead] | None = None
