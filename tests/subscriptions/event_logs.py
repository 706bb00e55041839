"""An event log in memory, and how to read streams of it."""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID, uuid4

from core import clock
from models.event_records import EventRecord, TopicHead
from subscriptions.log.stream import Reset, Stream

AGENT = UUID("0190d2f4-7c1e-7a55-8d0e-2f6f0c9b1a11")
PATIENCE_SECONDS = 10  # for what takes milliseconds, on a machine that does much else


class MemoryLog:
    """Keeps events as the database does, counts the statements, and can be down."""

    def __init__(self) -> None:
        self.events: defaultdict[str, list[EventRecord]] = defaultdict(list)
        self.oldest: defaultdict[str, int] = defaultdict(lambda: 1)
        self.head_statements = 0
        self.read_statements = 0
        self.is_down = False

    def append(
        self, topic: str, count: int = 1, occurred_at: datetime | None = None
    ) -> list[EventRecord]:
        """Commit `count` events, and return them."""
        first = self.head(topic) + 1
        records = [
            EventRecord(
                topic=topic,
                sequence=sequence,
                id=uuid4(),
                type="MessageAdded",
                actor_kind="agent",
                actor_id=AGENT,
                payload={"body": "Το δέμα έφτασε; Hâlâ bekliyorum 📦", "position": sequence},
                occurred_at=occurred_at or clock.now(),
            )
            for sequence in range(first, first + count)
        ]
        self.events[topic] += records
        return records

    def head(self, topic: str) -> int:
        return len(self.events[topic])

    async def heads(self, topics: Collection[str]) -> dict[str, TopicHead]:
        self.head_statements += 1
        heads = {topic: TopicHead(topic, self.head(topic), self.oldest[topic]) for topic in topics}
        await self._answer()
        return heads

    async def read(self, topic: str, after: int, limit: int) -> list[EventRecord]:
        self.read_statements += 1
        kept_from = max(after, self.oldest[topic] - 1)
        records = self.events[topic][kept_from : kept_from + limit]
        await self._answer()
        return records

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.is_down:
            raise ConnectionRefusedError


async def take(stream: Stream, count: int) -> list[EventRecord | Reset]:
    """Return the next `count` items of `stream`."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [await anext(stream) for _ in range(count)]


async def take_sequences(stream: Stream, count: int) -> list[int]:
    """Return the positions of the next `count` items of `stream`, which must be events."""
    items = await take(stream, count)
    assert all(isinstance(item, EventRecord) for item in items), items
    return [item.sequence for item in items if isinstance(item, EventRecord)]


async def has_nothing(stream: Stream) -> bool:
    """Whether `stream` has no item now, and the log holds none for it either."""
    try:
        async with asyncio.timeout(0.05):
            await anext(stream)
    except TimeoutError:
        return True
    return False
