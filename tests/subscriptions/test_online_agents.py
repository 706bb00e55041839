"""Who is online: here, and on the other processes as Redis tells it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from redis.asyncio import Redis

from core.ids import new_id
from subscriptions.presence import roll_call
from subscriptions.presence.online_agents import OnlineAgents
from subscriptions.presence.roll_call import RollCall
from tests.subscriptions.bells import until
from tests.support.processes import free_port
from tests.support.servers import RedisServer

AYSE, NIKOS = new_id(), new_id()


@pytest.fixture(autouse=True)
def short_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll_call, "CALL_SECONDS", 0.05)


@asynccontextmanager
async def a_process(
    url: str, namespace: str = "test", *agents: UUID
) -> AsyncIterator[OnlineAgents]:
    online = OnlineAgents()
    for agent_id in agents:
        online.came(agent_id)
    async with RollCall(url, online, namespace):
        yield online


@pytest.fixture
def namespace() -> str:
    return f"test:{new_id().hex}"


def test_several_tabs_are_one_agent_who_leaves_with_the_last() -> None:
    online, changed = OnlineAgents(), asyncio.Event()
    with online.watched(changed):
        online.came(AYSE)
        assert online.now == {AYSE}
        assert changed.is_set()
        changed.clear()

        online.came(AYSE)
        online.went(AYSE)
        assert online.now == {AYSE}
        assert not changed.is_set()

        online.went(AYSE)
        assert online.now == set()
        assert changed.is_set()


def test_who_watches_no_longer_is_told_nothing() -> None:
    online, changed = OnlineAgents(), asyncio.Event()
    with online.watched(changed):
        pass

    online.came(AYSE)

    assert not changed.is_set()


async def test_processes_know_who_is_online_on_each_other(
    redis_server: RedisServer, namespace: str
) -> None:
    async with (
        a_process(redis_server.url, namespace) as here,
        a_process(redis_server.url, namespace) as there,
    ):
        here.came(AYSE)
        there.came(AYSE)
        there.came(NIKOS)
        await until(lambda: here.now == there.now == {AYSE, NIKOS})

        there.went(NIKOS)
        await until(lambda: here.now == {AYSE})
        here.went(AYSE)
        assert here.now == {AYSE}, "another process still has a connection of hers"


async def test_who_is_told_of_others_is_told_once(
    redis_server: RedisServer, namespace: str
) -> None:
    changed = asyncio.Event()
    async with (
        a_process(redis_server.url, namespace) as here,
        a_process(redis_server.url, namespace, AYSE),
    ):
        await until(lambda: here.now == {AYSE})
        with here.watched(changed):
            await asyncio.sleep(0.2)
    assert not changed.is_set()


async def test_a_process_that_ends_takes_its_agents_with_it_at_once(
    redis_server: RedisServer, namespace: str
) -> None:
    async with a_process(redis_server.url, namespace) as here:
        async with a_process(redis_server.url, namespace, AYSE):
            await until(lambda: here.now == {AYSE})
        await until(lambda: here.now == set())


async def test_a_process_that_falls_silent_is_forgotten(
    redis_server: RedisServer, namespace: str
) -> None:
    async with a_process(redis_server.url, namespace) as here, connected(redis_server) as redis:
        ghost = f"{namespace}:online:ghost"
        await redis.sadd(f"{namespace}:online", ghost)
        await redis.set(ghost, AYSE.hex, px=300)
        await until(lambda: here.now == {AYSE})
        await until(lambda: here.now == set())
        assert ghost.encode() not in await redis.smembers(f"{namespace}:online")


async def test_what_a_process_says_is_kept_for_thirty_seconds(
    redis_server: RedisServer, namespace: str
) -> None:
    async with (
        a_process(redis_server.url, namespace, AYSE),
        a_process(redis_server.url, namespace) as other,
        connected(redis_server) as redis,
    ):
        await until(lambda: other.now == {AYSE})
        keys = [key async for key in redis.scan_iter(f"{namespace}:online:*")]
        assert len(keys) == 2
        assert {await redis.ttl(key) for key in keys} <= {29, 30}


async def test_installations_that_share_a_server_do_not_mix(
    redis_server: RedisServer, namespace: str
) -> None:
    async with (
        a_process(redis_server.url, namespace, AYSE),
        a_process(redis_server.url, namespace) as same,
        a_process(redis_server.url, f"{namespace}:other") as other,
    ):
        await until(lambda: same.now == {AYSE})
        assert other.now == set()


async def test_without_redis_the_agents_of_this_process_are_known(namespace: str) -> None:
    async with (
        asyncio.timeout(2),
        a_process(f"redis://127.0.0.1:{free_port()}", namespace, AYSE) as online,
    ):
        await asyncio.sleep(0.2)
        assert online.now == {AYSE}


async def test_while_redis_is_away_the_others_stand_as_long_as_it_remembers(
    own_redis_server: RedisServer, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        a_process(own_redis_server.url, namespace) as here,
        a_process(own_redis_server.url, namespace, AYSE),
    ):
        await until(lambda: here.now == {AYSE})
        await asyncio.to_thread(own_redis_server.kill)
        await asyncio.sleep(0.3)
        assert here.now == {AYSE}

        monkeypatch.setattr(roll_call, "FORGET_SECONDS", 0)
        await until(lambda: here.now == set())

        monkeypatch.setattr(roll_call, "FORGET_SECONDS", 30)
        await asyncio.to_thread(own_redis_server.restart)
        await until(lambda: here.now == {AYSE})


@asynccontextmanager
async def connected(server: RedisServer) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.url) as redis:
        yield redis
