"""Following topics of the log: from now on, or from where a cursor stands."""

from collections.abc import AsyncGenerator, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from models.event_records import EventRecord
from subscriptions.log.cursors import ResetReason, decode_cursor, encode_cursor
from subscriptions.log.stream import Reset

OpenStream = Callable[[Mapping[str, int | None]], AbstractAsyncContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Ready:
    """The stream has begun: what happens after `cursor` will come."""

    cursor: str

    @property
    def identity(self) -> Hashable:
        """What tells this item apart from all others of its source."""
        return (Ready, self.cursor)


@dataclass(frozen=True, slots=True)
class Gap:
    """What happened before `cursor` and after the last event cannot be had: fetch anew.

    `topic` is the one that it was missed of; None for all.
    """

    cursor: str
    reason: ResetReason
    topic: str | None = None

    @property
    def identity(self) -> Hashable:
        """What tells this item apart from all others of its source."""
        return (Gap, self.cursor, self.reason)


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, and the place just after it."""

    cursor: str
    record: EventRecord

    @property
    def identity(self) -> Hashable:
        """What tells this item apart from all others of its source.

        Two streams may come to one place of several topics by different events.
        """
        return (self.cursor, self.record.topic)


Item = Ready | Gap | Happened


@dataclass(frozen=True, slots=True)
class Start:
    """Where to begin: a position for each topic (None: from now on), and a Gap to tell of first."""

    positions: Mapping[str, int | None]
    is_resumed: bool
    gap: ResetReason | None = None


def start_anew(topics: Sequence[str], gap: ResetReason) -> Start:
    """Return a start from now on that first tells of a gap."""
    return Start(dict.fromkeys(topics), is_resumed=True, gap=gap)


def start_at(topics: Sequence[str], after: str | None, epoch: str) -> Start:
    """Return where a stream of `topics` begins that goes on after the cursor `after`, if any.

    A cursor of other topics cannot be gone on from. Raises InvalidCursor for what is no cursor.
    """
    if after is None:
        return Start(dict.fromkeys(topics), is_resumed=False)
    resumed = decode_cursor(after, epoch)
    if isinstance(resumed, ResetReason):
        return start_anew(topics, resumed)
    if resumed.keys() != set(topics):
        return start_anew(topics, ResetReason.TOPICS)
    return Start(dict(resumed), is_resumed=True)


async def follow(open_stream: OpenStream, epoch: str, start: Start) -> AsyncGenerator[Item, None]:
    """Yield Ready and then what happens, or what has happened since the start and so on."""
    async with open_stream(start.positions) as stream:
        if start.gap is not None:
            yield Gap(encode_cursor(epoch, stream.positions), start.gap)
        elif not start.is_resumed:
            yield Ready(encode_cursor(epoch, stream.positions))
        async for item in stream:
            cursor = encode_cursor(epoch, stream.positions)
            if isinstance(item, Reset):
                yield Gap(cursor, item.reason, item.topic)
            else:
                yield Happened(cursor, item)
