"""Presence while Redis is absent, goes away, comes back empty, or hangs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from core.ids import new_id
from models.presence import PresenceState
from subscriptions.log import redis_backend
from subscriptions.presence import steady_store
from subscriptions.presence.presence import PresenceTimes
from subscriptions.presence.redis_store import RedisPresence
from subscriptions.presence.steady_store import SteadyPresence
from subscriptions.presence.store import PresenceStore
from tests.subscriptions.presences import (
    TICKET,
    Installation,
    Person,
    Screen,
    changes,
    looking_on,
    say,
)
from tests.support.processes import free_port
from tests.support.servers import RedisServer

VIEWING, TYPING = PresenceState.VIEWING, PresenceState.TYPING
# Nothing lapses while Redis is started anew, which takes about a second.
PATIENT = PresenceTimes(standing=20, typing=20, renewal=0.2)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_backend, "LONGEST_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(steady_store, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr(steady_store, "EXCHANGE_SECONDS", 0.3)
    monkeypatch.setattr(steady_store, "UNSURE_SECONDS", 1)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


def on(server: RedisServer, stack: AsyncExitStack) -> Installation:
    return Installation(lambda: SteadyPresence(RedisPresence(server.url)), stack)


async def test_absent_redis_hinders_neither_the_start_nor_presence_within_the_process(
    stack: AsyncExitStack,
) -> None:
    def make_store() -> PresenceStore:
        return SteadyPresence(RedisPresence(f"redis://127.0.0.1:{free_port()}"))

    async with asyncio.timeout(2):
        here = await Installation(make_store, stack).process()
        async with looking_on(here) as onlooker:
            screen = Screen(Person("ayse"), here)
            await screen.open()
            await onlooker.until_sees({"ayse": "VIEWING"})
            assert await screen.say(TYPING, "reply") == {"ayse": "TYPING reply"}
            await onlooker.until_sees({"ayse": "TYPING reply"})
            await onlooker.until_sees({"ayse": "VIEWING"})
            await screen.close()
            await onlooker.until_sees({})
        await stack.aclose()


async def test_redis_that_starts_later_joins_the_processes(
    own_redis_server: RedisServer, stack: AsyncExitStack
) -> None:
    own_redis_server.kill()
    installation = on(own_redis_server, stack)
    here, there = await installation.processes(2)
    await installation.opened(Person("ayse"), here)
    async with looking_on(there) as onlooker:
        assert onlooker.present == {}
        await asyncio.to_thread(own_redis_server.restart)
        await onlooker.until_sees({"ayse": "VIEWING"})


async def test_redis_that_comes_back_empty_makes_nobody_leave_nor_arrive(
    own_redis_server: RedisServer, stack: AsyncExitStack
) -> None:
    installation = on(own_redis_server, stack)
    here, there = [await installation.process(PATIENT) for _ in range(2)]
    await installation.opened(Person("ayse"), here)
    screen = await installation.opened(Person("nikos"), there)
    async with looking_on(here) as near, looking_on(there) as far:
        for onlooker in (near, far):
            await onlooker.until_sees({"ayse": "VIEWING", "nikos": "VIEWING"})
        told = len(near.told), len(far.told)
        await asyncio.to_thread(own_redis_server.restart)
        async with Redis.from_url(own_redis_server.url) as redis:
            while await redis.hlen(f"starling:presence:{{{TICKET}}}:marks") < 2:
                await asyncio.sleep(0.01)
        await asyncio.sleep(2 * steady_store.UNSURE_SECONDS)
        assert (len(near.told), len(far.told)) == told

        await screen.close()
        await near.until_sees({"ayse": "VIEWING"})
        assert changes(near.told[-1]) == ["nikos LEFT"]


async def test_a_lost_connection_to_redis_loses_no_news(
    own_redis_server: RedisServer, stack: AsyncExitStack
) -> None:
    installation = on(own_redis_server, stack)
    here, there = await installation.processes(2)
    ayse = Person("ayse")
    async with (
        Redis.from_url(own_redis_server.url) as redis,
        looking_on(there) as onlooker,
    ):
        for number in range(5):
            await redis.client_kill_filter(_type="pubsub")
            await redis.client_kill_filter(_type="normal", skipme=True)
            await say(here, ayse, TYPING, f"field {number}")
            await onlooker.until_sees({"ayse": f"TYPING field {number}"})


async def test_redis_that_hangs_holds_nobody_up_and_is_told_afterwards(
    own_redis_server: RedisServer, stack: AsyncExitStack
) -> None:
    installation = on(own_redis_server, stack)
    here, there = [await installation.process(PATIENT) for _ in range(2)]
    async with Redis.from_url(own_redis_server.url) as redis, looking_on(here) as onlooker:
        await redis.client_pause(timeout=1_500, all=True)
        async with asyncio.timeout(1):
            await say(here, Person("ayse"), VIEWING)
            await onlooker.until_sees({"ayse": "VIEWING"})
        await redis.ping()  # answered when the pause is over
        async with looking_on(there) as other:
            await other.until_sees({"ayse": "VIEWING"})
        assert onlooker.changes == ["ayse ARRIVED"]


async def test_installations_on_one_redis_know_nothing_of_each_other(
    redis_server: RedisServer, stack: AsyncExitStack
) -> None:
    def of(namespace: str) -> Installation:
        return Installation(
            lambda: SteadyPresence(RedisPresence(redis_server.url, namespace)), stack
        )

    one, other = await of(new_id().hex).process(), await of(new_id().hex).process()
    await say(one, Person("ayse"), VIEWING)
    assert (await other.present([TICKET]))[TICKET] == ()


async def test_a_mark_that_another_version_wrote_is_left_out(
    redis_server: RedisServer, stack: AsyncExitStack
) -> None:
    namespace = new_id().hex
    here = await Installation(
        lambda: SteadyPresence(RedisPresence(redis_server.url, namespace)), stack
    ).process()
    key = f"{namespace}:presence:{{{TICKET}}}"
    async with Redis.from_url(redis_server.url) as redis:
        await redis.hset(f"{key}:marks", "strange", '1700000000000{"mood": "GOOD"}')
        await redis.zadd(f"{key}:lapses", {"strange": 4_000_000_000_000})
        assert await say(here, Person("ayse"), VIEWING) == {"ayse": "VIEWING"}
        await redis.delete(f"{key}:marks", f"{key}:lapses")


async def test_nothing_is_left_in_redis_when_everything_has_lapsed(
    redis_server: RedisServer, stack: AsyncExitStack
) -> None:
    namespace = new_id().hex
    here = await Installation(
        lambda: SteadyPresence(RedisPresence(redis_server.url, namespace)), stack
    ).process()
    await say(here, Person("ayse"), TYPING, "reply")
    async with Redis.from_url(redis_server.url) as redis:
        assert len(await redis.keys(f"{namespace}:*")) == 2
        async with asyncio.timeout(5):
            while await redis.keys(f"{namespace}:*"):
                await asyncio.sleep(0.05)
