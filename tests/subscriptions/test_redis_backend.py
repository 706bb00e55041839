"""What only a real server can do: be absent, go away, come back, and fall silent."""

import asyncio

import pytest
from redis.asyncio import Redis

from subscriptions.log import redis_backend
from subscriptions.log.bell import Bell
from subscriptions.log.redis_backend import RedisBackend
from tests.subscriptions.bells import Ear, until
from tests.subscriptions.event_logs import MemoryLog
from tests.support.processes import free_port
from tests.support.servers import RedisServer


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_backend, "LONGEST_PAUSE_SECONDS", 0.2)


async def until_told_of(gaps: int, ear: Ear) -> None:
    await until(lambda: ear.gaps == gaps)


async def test_absent_redis_hinders_neither_the_start_nor_the_ringing_nor_the_stop() -> None:
    ear, records = Ear(), MemoryLog().append("ticket:1")
    async with asyncio.timeout(1):
        async with Bell(RedisBackend(f"redis://127.0.0.1:{free_port()}"), ear) as bell:
            bell.ring(records)
            await asyncio.sleep(0.2)
            assert not bell.connected
    assert ear.records == records


async def test_redis_that_starts_later_is_found(own_redis_server: RedisServer) -> None:
    own_redis_server.kill()
    here, there, records = Ear(), Ear(), MemoryLog().append("ticket:1")
    async with (
        Bell(RedisBackend(own_redis_server.url), here) as bell,
        Bell(RedisBackend(own_redis_server.url), there) as other,
    ):
        await asyncio.sleep(0.1)
        await asyncio.to_thread(own_redis_server.restart)
        await until(lambda: bell.connected and other.connected)
        bell.ring(records)
        await until(lambda: there.records)
        assert there.records == records


async def test_restart_of_redis_is_a_gap_and_the_bell_hears_again(
    own_redis_server: RedisServer,
) -> None:
    here, there, records = Ear(), Ear(), MemoryLog().append("ticket:1")
    async with (
        Bell(RedisBackend(own_redis_server.url), here) as bell,
        Bell(RedisBackend(own_redis_server.url), there) as other,
    ):
        for gaps in range(1, 4):
            await until_told_of(gaps, here)
            await until_told_of(gaps, there)
            await asyncio.to_thread(own_redis_server.kill)
            await until(lambda: not bell.connected and not other.connected)
            await asyncio.to_thread(own_redis_server.restart)
            await until(lambda: bell.connected and other.connected)
        bell.ring(records)
        await until(lambda: there.records)
        assert there.records == records


async def test_connection_that_redis_closes_is_replaced_and_the_gap_told(
    own_redis_server: RedisServer,
) -> None:
    ear, records = Ear(), MemoryLog().append("ticket:1")
    async with (
        Redis.from_url(own_redis_server.url) as redis,
        Bell(RedisBackend(own_redis_server.url), Ear()) as bell,
        Bell(RedisBackend(own_redis_server.url), ear),
    ):
        for gaps in range(1, 4):
            await until_told_of(gaps, ear)
            await redis.client_kill_filter(_type="pubsub")
        await until_told_of(4, ear)
        await until(lambda: bell.connected)
        bell.ring(records)
        await until(lambda: ear.records)
        assert ear.records == records


async def test_connection_that_died_silently_is_noticed_and_replaced(
    own_redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_backend, "PING_SECONDS", 0.1)
    ear = Ear()
    async with (
        Redis.from_url(own_redis_server.url) as redis,
        Bell(RedisBackend(own_redis_server.url), ear) as bell,
    ):
        await until(lambda: bell.connected)
        await redis.client_pause(timeout=600, all=True)
        await until(lambda: not bell.connected)
        await until(lambda: bell.connected)
        await until(lambda: ear.gaps == 2)


async def test_quiet_connection_is_kept(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_backend, "PING_SECONDS", 0.5)
    ear = Ear()
    async with Bell(RedisBackend(redis_server.url), ear) as bell:
        await until(lambda: bell.connected)
        await asyncio.sleep(2.0)
        assert bell.connected
        assert ear.gaps == 1
