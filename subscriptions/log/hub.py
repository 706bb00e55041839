"""The hub: brings what stands in the log to the streams of this process."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Self

from models.event_records import EventRecord
from subscriptions.log.bell import Hint
from subscriptions.log.feed import PAGE_EVENTS, Feed, look
from subscriptions.log.reader import EventLog, LogReader
from subscriptions.log.stream import Stream, StreamLimits

LOOK_SECONDS = 2.0  # how late an event is at most when the bell was not heard


class Hub:
    """Listens to the bell, looks into `log`, and feeds the streams opened here.

    Use it as a context manager: leaving it ends all streams. It holds nothing of a topic that
    nobody watches.
    """

    def __init__(
        self,
        log: EventLog,
        limits: StreamLimits | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._log = LogReader(log)
        self._limits = limits or StreamLimits()
        self._look_seconds = look_seconds
        self._feeds: dict[str, Feed] = {}
        self._streams: set[Stream] = set()
        self._gap = asyncio.Event()
        self._looking: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._looking = asyncio.create_task(self._look_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._looking.cancel()
        await asyncio.wait([self._looking])
        for stream in self._streams:
            stream.end()

    @asynccontextmanager
    async def open(self, topics: Mapping[str, int | None]) -> AsyncIterator[Stream]:
        """Open a stream of `topics`, each after the position given; None means from now on.

        Waits for the log. A position that cannot be resumed from makes the stream say Reset for
        that topic, and go on from the head.
        """
        changed = asyncio.Event()
        # First be told of what comes, then ask what there is: so nothing falls between the two.
        feeds = [self._watch(topic, changed) for topic in topics]
        try:
            await look(feeds, self._log)
            stream = Stream(feeds, topics, changed, self._limits)
            self._streams.add(stream)
            try:
                yield stream
            finally:
                self._streams.discard(stream)
        finally:
            for feed in feeds:
                self._unwatch(feed, changed)

    def hear(self, records: Sequence[EventRecord]) -> None:
        """Take in events that have happened."""
        for record in records:
            feed = self._feeds.get(record.topic)
            if feed is not None:
                feed.hear(record)

    def hear_hints(self, hints: Sequence[Hint]) -> None:
        """Take in how far topics reach."""
        for hint in hints:
            feed = self._feeds.get(hint.topic)
            if feed is not None:
                feed.hear_of(hint.sequence)

    def hear_gap(self) -> None:
        """Take in that something may have been missed: look into the log now."""
        self._gap.set()

    def _watch(self, topic: str, changed: asyncio.Event) -> Feed:
        feed = self._feeds.get(topic)
        if feed is None:
            # What any stream may have to replay, so that many who resume read it once.
            capacity = self._limits.resume_events + PAGE_EVENTS
            feed = self._feeds[topic] = Feed(topic, self._log, capacity)
        feed.watchers.add(changed)
        return feed

    def _unwatch(self, feed: Feed, changed: asyncio.Event) -> None:
        feed.watchers.discard(changed)
        if not feed.watchers:
            del self._feeds[feed.topic]

    async def _look_for_ever(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._gap.wait(), self._look_seconds)
            self._gap.clear()
            await look(self._feeds.values(), self._log)
