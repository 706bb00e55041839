"""Fixtures that every test may ask for. A server starts when the first test asks for it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from tests.databases import (
    create_database,
    database_template,
    drop_database,
    empty_database,
)
from tests.desk import World, migrate, open_world
from tests.servers import PostgresServer, RedisServer, start_own_redis, start_postgres, start_redis


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with start_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with start_redis() as server:
        yield server


@pytest.fixture
def own_redis_server() -> Iterator[RedisServer]:
    """A Redis that the test may kill."""
    with start_own_redis() as server:
        yield server


@pytest.fixture(scope="session")
def fill_template() -> Callable[[str], None]:
    """What is done, once, to the database of which `postgres_database` is a copy."""
    return lambda database_url: asyncio.run(migrate(as_asyncpg(database_url)))


@pytest.fixture(scope="session")
def postgres_template(
    postgres_server: PostgresServer, fill_template: Callable[[str], None]
) -> Iterator[str]:
    with database_template(postgres_server.url, fill_template) as template_url:
        yield template_url


@pytest.fixture(scope="session")
def reused_postgres_database(
    postgres_server: PostgresServer, postgres_template: str
) -> Iterator[str]:
    """The one database that the tests use, each after it was emptied."""
    url = asyncio.run(create_database(postgres_server.url, template_url=postgres_template))
    yield url
    asyncio.run(drop_database(postgres_server.url, url))


@pytest.fixture
async def postgres_database(reused_postgres_database: str) -> str:
    """The URL of a migrated, empty PostgreSQL database that is this test's alone."""
    await empty_database(reused_postgres_database)
    return reused_postgres_database


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, of which every test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated, empty database; the test runs on each kind."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_database")
        return as_asyncpg(url)
    path = tmp_path / "starling.sqlite3"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A desk with two brands and their people, see `World`."""
    settings = Settings(database_url=database_url, storage_path=tmp_path / "files", _env_file=None)
    async with open_world(settings) as opened:
        yield opened


def as_asyncpg(database_url: str) -> str:
    """Name the driver that the desk uses."""
    return database_url.replace("postgresql://", "postgresql+asyncpg://", 1)
