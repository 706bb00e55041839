"""Two web processes on one PostgreSQL and one Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from core.settings import Settings
from tests.conftest import as_asyncpg
from tests.support.commands import Served, served
from tests.support.desk import Client, World, open_world
from tests.support.favorites import ADD, REMOVE
from tests.support.live import TICKET_EVENTS, watching
from tests.support.servers import RedisServer

STARS = 24


@pytest.fixture
async def people(postgres_database: str, tmp_path: Path) -> AsyncIterator[World]:
    """The people of the desk, in the database that both processes serve."""
    settings = Settings(
        database_url=as_asyncpg(postgres_database), storage_path=tmp_path, _env_file=None
    )
    async with open_world(settings) as world:
        yield world


@pytest.fixture
def two_servers(
    people: World, postgres_database: str, own_redis_server: RedisServer
) -> Iterator[tuple[Served, Served]]:
    environment = {"DATABASE_URL": postgres_database, "REDIS_URL": own_redis_server.url}
    with served(**environment) as first, served(**environment) as second:
        yield first, second


def port_of(server: Served) -> int:
    port = httpx2.URL(server.url).port
    assert port is not None
    return port


async def test_every_star_reaches_the_other_server_once_though_redis_is_killed_meanwhile(
    people: World, two_servers: tuple[Served, Served], own_redis_server: RedisServer
) -> None:
    message, ticket = await people.receive()
    first, second = two_servers
    async with (
        httpx2.AsyncClient(base_url=first.url) as http,
        watching(port_of(second), people.tokens["nikos"], TICKET_EVENTS, ticket=ticket) as watcher,
    ):
        ayse = Client(http, people.tokens["ayse"])
        assert await watcher.next() == {"__typename": "StreamReady"}
        for number in range(STARS):
            if number == STARS // 3:
                await asyncio.to_thread(own_redis_server.kill)
            if number == 2 * STARS // 3:
                await asyncio.to_thread(own_redis_server.restart)
            await ayse.act(ADD if number % 2 == 0 else REMOVE, item=message)

        types = [(await watcher.next())["__typename"] for _ in range(STARS)]

        assert types == ["FavoriteAdded", "FavoriteRemoved"] * (STARS // 2)
        async with asyncio.timeout(5):
            # Nothing comes twice: what follows is the next act, at once.
            await ayse.act(ADD, item=message)
            assert (await watcher.next())["__typename"] == "FavoriteAdded"
