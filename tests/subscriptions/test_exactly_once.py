"""Every stream gets every event once and in order, whatever happens to the bell."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Sequence
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.event_records import EventRecord
from subscriptions.log import redis_backend
from subscriptions.log.bell import Bell, Hint
from subscriptions.log.feed import Feed
from subscriptions.log.hub import Hub
from subscriptions.log.redis_backend import RedisBackend
from subscriptions.log.stream import Reset, Stream
from tests.subscriptions.bells import until
from tests.subscriptions.event_logs import PATIENCE_SECONDS, MemoryLog
from tests.support.processes import free_port
from tests.support.servers import RedisServer

TOPICS = ("ticket:1", "inbox:1")
LOOK_SECONDS = 0.02


class Fate(Enum):
    """What an unreliable bell does with an event."""

    TELL = "tell"
    TELL_TWICE = "tell twice"
    TELL_LATE = "tell late"
    HINT = "hint"
    DROP = "drop"
    DROP_AND_SAY_SO = "drop and say so"


Turn = tuple[str, Fate]


class UnreliableBell:
    """A bell that no hub should have to rely on."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._late: list[EventRecord] = []

    def ring(self, record: EventRecord, fate: Fate) -> None:
        match fate:
            case Fate.TELL:
                self._hub.hear([record])
            case Fate.TELL_TWICE:
                self._hub.hear([record, record])
            case Fate.TELL_LATE:
                self._late.append(record)
            case Fate.HINT:
                self._hub.hear_hints([Hint(record.topic, record.sequence)])
            case Fate.DROP_AND_SAY_SO:
                self._hub.hear_gap()

    def ring_late(self) -> None:
        """Tell what is late, the newest first."""
        self._hub.hear(self._late[::-1])
        self._late.clear()


class Reader:
    """Reads a stream for ever, and knows from where it should have come."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._first = dict(stream.positions)
        self._received: list[EventRecord | Reset] = []

    async def read_for_ever(self) -> None:
        async for item in self._stream:
            self._received.append(item)

    async def check_that_nothing_is_missing_or_doubled(
        self, log: MemoryLog, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        """The oracle: of each topic the positions are 1, 2, 3 … up to the head of the log."""
        expected = {topic: log.events[topic][first:] for topic, first in self._first.items()}
        total = sum(len(records) for records in expected.values())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                while len(self._received) < total:
                    await asyncio.sleep(0.001)
        await asyncio.sleep(0.001)  # in which a doubled event would come
        assert {
            topic: [item for item in self._received if item.topic == topic] for topic in expected
        } == expected


@contextlib.asynccontextmanager
async def reading(hub: Hub, after: int | None = None) -> AsyncIterator[Reader]:
    """A reader of all topics, at work."""
    async with hub.open(dict.fromkeys(TOPICS, after)) as stream:
        reader = Reader(stream)
        task = asyncio.create_task(reader.read_for_ever())
        try:
            yield reader
        finally:
            task.cancel()
            await asyncio.wait([task])


async def run_unreliable_bell(
    turns: Sequence[Turn],
    look_seconds: float = LOOK_SECONDS,
    patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Write what `turns` say, while readers come and resume; ask the oracle at the end."""
    log = MemoryLog()
    async with Hub(log, look_seconds=look_seconds) as hub, contextlib.AsyncExitStack() as stack:
        bell = UnreliableBell(hub)
        readers = [await stack.enter_async_context(reading(hub, after=0))]
        for number, (topic, fate) in enumerate(turns):
            bell.ring(log.append(topic)[0], fate)
            if number % 3 == 0:
                await asyncio.sleep(0)
            if number % 5 == 2:
                bell.ring_late()
            if number % 7 == 3:
                middle = min(log.head(topic) for topic in TOPICS) // 2
                readers.append(await stack.enter_async_context(reading(hub, after=middle)))
            if number % 7 == 5:
                readers.append(await stack.enter_async_context(reading(hub)))
        bell.ring_late()
        for reader in readers:
            await reader.check_that_nothing_is_missing_or_doubled(log, patience_seconds)


@given(st.lists(st.tuples(st.sampled_from(TOPICS), st.sampled_from(Fate)), max_size=60))
@settings(max_examples=50, deadline=None)
def test_bell_may_drop_double_and_reorder(turns: list[Turn]) -> None:
    asyncio.run(run_unreliable_bell(turns))


async def test_oracle_notices_a_hub_that_does_not_check_for_gaps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def get_what_is_at_hand(feed: Feed, sequence: int) -> EventRecord | None:
        held = [number for number in feed._records if number >= sequence]
        return feed._records[min(held)] if held else None

    turns = [("ticket:1", Fate.TELL), ("ticket:1", Fate.DROP), ("ticket:1", Fate.TELL)]
    await run_unreliable_bell(turns)
    monkeypatch.setattr(Feed, "get", get_what_is_at_hand)
    with pytest.raises(AssertionError):
        await run_unreliable_bell(turns, patience_seconds=0.2)


async def test_oracle_notices_a_hub_that_trusts_the_bell() -> None:
    turns = [("ticket:1", Fate.TELL), ("ticket:1", Fate.DROP)]
    await run_unreliable_bell(turns)
    with pytest.raises(AssertionError):
        await run_unreliable_bell(turns, look_seconds=3_600, patience_seconds=0.2)


class Process:
    """What a web process holds: a hub on the common log, and a bell on the common server."""

    def __init__(self, log: MemoryLog, url: str, look_seconds: float) -> None:
        self.hub = Hub(log, look_seconds=look_seconds)
        self.bell = Bell(RedisBackend(url), self.hub)


@contextlib.asynccontextmanager
async def two_processes(
    log: MemoryLog, url: str, look_seconds: float
) -> AsyncIterator[tuple[Process, Process]]:
    one, other = (Process(log, url, look_seconds) for _ in range(2))
    async with one.hub, one.bell, other.hub, other.bell:
        yield one, other


async def test_events_of_each_process_reach_the_other_through_the_bell_alone(
    redis_server: RedisServer,
) -> None:
    log = MemoryLog()
    async with two_processes(log, redis_server.url, look_seconds=3_600) as (one, other):
        await until(lambda: one.bell.connected and other.bell.connected)
        async with reading(one.hub) as here, reading(other.hub) as there:
            bells = itertools.cycle([one.bell, other.bell])
            for topic in TOPICS * 50:
                next(bells).ring(log.append(topic))
                await asyncio.sleep(0)
            await here.check_that_nothing_is_missing_or_doubled(log)
            await there.check_that_nothing_is_missing_or_doubled(log)


async def test_redis_is_killed_and_restarted_and_every_event_arrives_once(
    own_redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_backend, "LONGEST_PAUSE_SECONDS", 0.2)
    log = MemoryLog()

    async def write_during(disaster: Awaitable[None]) -> None:
        task = asyncio.ensure_future(disaster)
        while not task.done():
            one.bell.ring(log.append("ticket:1"))
            other.bell.ring([*log.append("inbox:1"), *log.append("ticket:1")])
            await asyncio.sleep(0.002)

    async with (
        two_processes(log, own_redis_server.url, LOOK_SECONDS) as (one, other),
        reading(one.hub) as here,
        reading(other.hub) as there,
    ):
        await until(lambda: one.bell.connected and other.bell.connected)
        for _ in range(2):
            await write_during(asyncio.to_thread(own_redis_server.kill))
            await write_during(asyncio.sleep(0.1))
            await write_during(asyncio.to_thread(own_redis_server.restart))
            await write_during(asyncio.sleep(0.1))
        await until(lambda: one.bell.connected and other.bell.connected)
        await here.check_that_nothing_is_missing_or_doubled(log)
        await there.check_that_nothing_is_missing_or_doubled(log)
    assert log.head("ticket:1") > 100


async def test_without_redis_from_the_start_every_event_arrives_once() -> None:
    log = MemoryLog()
    url = f"redis://127.0.0.1:{free_port()}"
    async with (
        two_processes(log, url, LOOK_SECONDS) as (one, other),
        reading(other.hub) as there,
    ):
        for topic in TOPICS * 50:
            one.bell.ring(log.append(topic))
            await asyncio.sleep(0.001)
        await there.check_that_nothing_is_missing_or_doubled(log)
