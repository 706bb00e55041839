"""The servers that the tests run on, from each place that may have them."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.support import servers
from tests.support.processes import ServerProcess, ServerUnavailableError, free_port
from tests.support.servers import PostgresServer, RedisServer

ROOT = Path(__file__).parents[2]
Find = Callable[[], Path | None]


def _found(find: Find) -> Path:
    binary = find()
    if binary is None:
        pytest.skip(f"{find.__name__} finds nothing on this machine")
    return binary


async def _answers_to_sql(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        return bool(await connection.fetchval("SELECT 'İstanbul' = 'İstanbul'"))
    finally:
        await connection.close()


async def _answers_to_ping(url: str) -> bool:
    async with Redis.from_url(url, retry=None) as client:
        try:
            return bool(await client.ping())
        except RedisConnectionError:
            return False


@pytest.mark.parametrize("find", [servers.system_postgres, servers.packaged_postgres])
async def test_postgres_runs_from_each_source(find: Find) -> None:
    with servers.run_postgres(_found(find)) as server:
        assert await _answers_to_sql(server.url)

    with pytest.raises(ConnectionRefusedError):
        await asyncpg.connect(server.url)


@pytest.mark.parametrize("find", [servers.system_redis, servers.packaged_redis])
async def test_redis_runs_from_each_source(find: Find) -> None:
    with servers.run_redis(_found(find)) as server:
        assert await _answers_to_ping(server.url)

    assert not await _answers_to_ping(server.url)


async def test_postgres_lets_nobody_in_without_its_password(
    postgres_server: PostgresServer,
) -> None:
    address = urlsplit(postgres_server.url)
    if not address.password:
        pytest.skip("the given server asks for no password")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(
            host=address.hostname, port=address.port, user=address.username, password="wrong"
        )


async def test_postgres_restarts_at_its_address_with_what_was_committed() -> None:
    with servers.start_own_postgres(synchronous_commit="on") as server:
        connection = await asyncpg.connect(server.url)
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS number")

        server.restart()

        with pytest.raises(asyncpg.PostgresConnectionError):
            await connection.execute("SELECT")
        connection = await asyncpg.connect(server.url)
        assert await connection.fetchval("SELECT number FROM kept") == 1
        await connection.close()


async def test_paused_redis_answers_when_it_goes_on(own_redis_server: RedisServer) -> None:
    async with Redis.from_url(own_redis_server.url) as client:
        with own_redis_server.paused():
            answer = asyncio.ensure_future(client.ping())
            await asyncio.sleep(0.2)
            assert not answer.done()

        assert await answer


async def test_killed_redis_comes_back_empty_at_its_address(own_redis_server: RedisServer) -> None:
    async with Redis.from_url(own_redis_server.url) as client:
        await client.set("key", "value")

    own_redis_server.kill()
    assert not await _answers_to_ping(own_redis_server.url)

    own_redis_server.restart()
    async with Redis.from_url(own_redis_server.url) as client:
        assert await client.get("key") is None


async def test_running_redis_restarts_at_its_address(own_redis_server: RedisServer) -> None:
    own_redis_server.restart()

    assert await _answers_to_ping(own_redis_server.url)


async def test_stopping_twice_is_stopping_once(own_redis_server: RedisServer) -> None:
    own_redis_server.stop()
    own_redis_server.stop()

    assert not await _answers_to_ping(own_redis_server.url)


def test_given_urls_come_before_any_server_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://given.example/desk")
    monkeypatch.setenv("TEST_REDIS_URL", "redis://given.example/1")

    with servers.start_postgres() as postgres_server, servers.start_redis() as redis_server:
        assert postgres_server.url == "postgresql://given.example/desk"
        assert redis_server.url == "redis://given.example/1"


def test_given_redis_is_not_ours_to_kill_or_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_REDIS_URL", "redis://given.example/1")

    with servers.start_redis() as server:
        with pytest.raises(ServerUnavailableError, match="not ours to kill"):
            server.kill()
        with pytest.raises(ServerUnavailableError, match="not ours to restart"):
            server.restart()
        with pytest.raises(ServerUnavailableError, match="not ours to pause"), server.paused():
            pass


def test_system_binaries_come_before_the_wheels(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    system_server = tmp_path / "redis-server"
    system_server.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert servers.system_redis() == system_server


def test_message_says_what_to_install_where_no_server_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    monkeypatch.delenv("TEST_REDIS_URL", raising=False)
    for find in ("system_postgres", "packaged_postgres", "system_redis", "packaged_redis"):
        monkeypatch.setattr(servers, find, lambda: None)

    with (
        pytest.raises(ServerUnavailableError, match="apt install postgresql"),
        servers.start_postgres(),
    ):
        pass
    with (
        pytest.raises(ServerUnavailableError, match="apt install redis-server"),
        servers.start_redis(),
    ):
        pass


def test_failing_server_is_reported_with_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(ServerUnavailableError, match="the disk is full"):
        ServerProcess(
            ["/bin/sh", "-c", "echo the disk is full; exit 1"],
            tmp_path,
            is_ready=lambda: False,
            stop_signal=signal.SIGTERM,
        )


def test_free_port_is_no_port_that_a_client_could_be_given() -> None:
    assert 20_000 <= free_port() < 32_000


@pytest.mark.parametrize(
    "ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda ending: ending.name
)
async def test_servers_end_with_the_process_that_started_them(ending: signal.Signals) -> None:
    script = (
        "import signal, time\n"
        # A job in the background of a script begins with this signal ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tests.support.servers import start_own_redis\n"
        "with start_own_redis() as server:\n"
        "    print(server.url, flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert parent.stdout is not None
    url = (await parent.stdout.readline()).decode().strip()
    assert await _answers_to_ping(url)

    parent.send_signal(ending)
    await parent.wait()

    async with asyncio.timeout(5):
        while await _answers_to_ping(url):
            await asyncio.sleep(0.02)
