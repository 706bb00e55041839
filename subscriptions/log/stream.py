"""A stream: the events of some topics, each once and in order, for one reader."""

import asyncio
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from core import clock
from models.event_records import EventRecord
from subscriptions.log.cursors import ResetReason
from subscriptions.log.feed import Feed


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How far a stream may lag; who lags further fetches the present state, which is smaller.

    `resume_events` and `resume_age` limit what is replayed of a topic when a stream opens,
    `waiting_events` what may arrive afterwards before the reader takes it.
    """

    resume_events: int = 2_000
    resume_age: timedelta = timedelta(days=7)
    waiting_events: int = 1_000  # fewer than `resume_events`, so that who fell behind can resume


@dataclass(frozen=True, slots=True)
class Reset:
    """What was missed of `topic` cannot be had. The stream goes on from the head."""

    topic: str
    reason: ResetReason


class StreamEnded(Exception):
    """The stream ended through no wish of its reader, who may resume from its positions."""


class FellBehind(StreamEnded):
    """Events came faster than the reader took them."""


class HubStopped(StreamEnded):
    """The process is going down."""


class Stream:
    """Iterates over EventRecord and Reset, for a single reader.

    A stream is nothing but its `positions`: how far each topic has been read, up to and including
    the item that came last. It asks each feed for the very next event and for no other, which is
    why nothing is lost, doubled or out of order, whatever the bell does.
    """

    def __init__(
        self,
        feeds: Collection[Feed],
        after: Mapping[str, int | None],
        changed: asyncio.Event,
        limits: StreamLimits,
    ) -> None:
        self.positions: dict[str, int] = {}
        for feed in feeds:
            position = after[feed.topic]
            self.positions[feed.topic] = feed.head if position is None else position
        self._opened_at = {feed.topic: feed.head for feed in feeds}
        self._feeds = deque(feeds)
        self._changed = changed
        self._limits = limits
        self._ended = False

    def end(self) -> None:
        """Make the reader's next step raise HubStopped."""
        self._ended = True
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> EventRecord | Reset:
        """Return the next event or signal. Raises FellBehind and HubStopped."""
        while not self._ended:
            self._changed.clear()
            item = await self._next_item()
            if item is not None:
                return item
            await self._changed.wait()
        raise HubStopped

    async def _next_item(self) -> EventRecord | Reset | None:
        """Return what one of the topics has, if any; they take turns."""
        for _ in range(len(self._feeds)):
            feed = self._feeds[0]
            self._feeds.rotate(-1)
            item = await self._next_of(feed)
            if item is not None:
                return item
        return None

    async def _next_of(self, feed: Feed) -> EventRecord | Reset | None:
        position = self.positions[feed.topic]
        if position == feed.head:
            return None
        if position > feed.head:
            return self._reset(feed, ResetReason.FUTURE)
        if self._is_out_of_reach(feed, position):
            return self._reset(feed, ResetReason.RETENTION)
        if feed.head - max(position, self._opened_at[feed.topic]) > self._limits.waiting_events:
            raise FellBehind
        record = feed.get(position + 1) or await feed.fetch(position + 1)
        if record is None:
            # Either the feed was mistaken about its head, or the log no longer has this event.
            return self._reset(feed, ResetReason.RETENTION) if position < feed.head else None
        if self._is_too_old(record):
            return self._reset(feed, ResetReason.RETENTION)
        self.positions[feed.topic] = record.sequence
        return record

    def _is_out_of_reach(self, feed: Feed, position: int) -> bool:
        missed = self._opened_at[feed.topic] - position
        return missed > self._limits.resume_events or position + 1 < feed.oldest

    def _is_too_old(self, record: EventRecord) -> bool:
        is_replayed = record.sequence <= self._opened_at[record.topic]
        return is_replayed and clock.now() - record.occurred_at > self._limits.resume_age

    def _reset(self, feed: Feed, reason: ResetReason) -> Reset:
        self.positions[feed.topic] = feed.head
        return Reset(feed.topic, reason)
