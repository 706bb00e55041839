"""A feed: what this process knows of one topic while somebody watches it."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection

from models.event_records import EventRecord, TopicHead
from subscriptions.log.reader import LogReader
from subscriptions.metrics import LOG_READS

PAGE_EVENTS = 500  # read from the log at a time: four reads replay all that may be replayed


class Feed:
    """How far `topic` reaches, and the events of it that were heard or read lately.

    `head` is the newest position heard of, `oldest` the first one the log keeps. At most `capacity`
    events are held; any other is read from the log when a stream comes to it.
    """

    def __init__(self, topic: str, log: LogReader, capacity: int) -> None:
        self.topic = topic
        self.head = 0
        self.oldest = 1
        self.watchers: set[asyncio.Event] = set()
        self._log = log
        self._capacity = capacity
        self._records: OrderedDict[int, EventRecord] = OrderedDict()
        self._reading = asyncio.Lock()

    def get(self, sequence: int) -> EventRecord | None:
        """Return the event at `sequence` if it is held."""
        return self._records.get(sequence)

    async def fetch(self, sequence: int) -> EventRecord | None:
        """Return the event at `sequence`, read if it is not held; None if the log has it not.

        Streams that come while the log is being read find there what was read for another.
        """
        async with self._reading:
            if sequence not in self._records:
                await self._read_page_with(sequence)
            if sequence not in self._records:
                await look([self], self._log)
            return self._records.get(sequence)

    def hear(self, record: EventRecord) -> None:
        """Take in an event of the topic, in whatever order they come."""
        self._keep(record)
        self.hear_of(record.sequence)

    def hear_of(self, sequence: int) -> None:
        """Take in that the topic reaches `sequence` at least."""
        if sequence > self.head:
            self.head = sequence
            self._wake()

    def learn(self, head: TopicHead, known: int) -> None:
        """Take in where the topic stands; `known` is the `head` from before the log was asked."""
        self.oldest = head.oldest
        if head.sequence < known:
            self._rewind(head.sequence)
        else:
            self.hear_of(head.sequence)

    async def _read_page_with(self, sequence: int) -> None:
        """Read the page that holds `sequence`, or what follows the event before, if that is held.

        Pages begin at fixed places, so that streams which resume from everywhere share them.
        """
        before = sequence - 1
        after = before if before in self._records else before - before % PAGE_EVENTS
        LOG_READS.inc()
        for record in await self._log.read(self.topic, after, PAGE_EVENTS):
            self._keep(record)

    def _keep(self, record: EventRecord) -> None:
        self._records[record.sequence] = record
        if len(self._records) > self._capacity:
            self._records.popitem(last=False)

    def _rewind(self, head: int) -> None:
        """Forget what the log has not: it was restored from a copy, or the bell was wrong."""
        self.head = head
        for sequence in [held for held in self._records if held > head]:
            del self._records[sequence]
        self._wake()

    def _wake(self) -> None:
        for watcher in self.watchers:
            watcher.set()


async def look(feeds: Collection[Feed], log: LogReader) -> None:
    """Find out by one statement where the topics of `feeds` stand."""
    if not feeds:
        return
    known = [(feed, feed.head) for feed in feeds]
    heads = await log.heads(feed.topic for feed in feeds)
    for feed, head in known:
        feed.learn(heads[feed.topic], head)
