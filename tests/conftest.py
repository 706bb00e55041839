"""Fixtures that every test may ask for. A server starts when the first test asks for it."""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import structlog
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from app.lasting_objects import spare_lasting_objects
from core.settings import Settings
from tests.support.databases import (
    ReusedDatabase,
    create_database,
    database_template,
    drop_database,
)
from tests.support.desk import World, migrate, open_world
from tests.support.engines import create_engine_with_known_statements
from tests.support.servers import (
    PostgresServer,
    RedisServer,
    start_own_redis,
    start_postgres,
    start_redis,
)

# A third of what Hypothesis tries by itself, so that the suite stays below ten minutes.
settings.register_profile("suite", max_examples=33)
settings.load_profile("suite")

DATABASES = ("sqlite", "postgresql")
# Whatever runs there shares servers and processes that take seconds to start.
TOGETHER = ("tests/stories/", "tests/faults/", "tests/clients/")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a developer who has changed a database's dialect run all there is."""
    parser.addoption(
        "--every-case-on-both", action="store_true", help="run each case on both databases"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the tests of a module, and their cases, take turns on the databases.

    Neighbours run on different ones, so that each part of the desk is tried on both. What depends
    on how a database locks, sorts or searches is marked with `both_databases`. To run everything
    twice would take minutes.
    """
    if config.getoption("--every-case-on-both"):
        return
    cases: dict[tuple[str, str], dict[str, pytest.Item]] = defaultdict(dict)
    for item in items:
        if database := (parameters := _parameters_of(item)).pop("database_url", None):
            # By what it is given: pytest counts the cases on, from one database to the other.
            cases[item.nodeid.partition("[")[0], repr(parameters)][database] = item
    turns: dict[str, int] = defaultdict(int)
    left_out = set()
    for (name, _), on_each in cases.items():
        is_marked = any(item.get_closest_marker("both_databases") for item in on_each.values())
        if is_marked or len(on_each) < len(DATABASES):
            continue
        module = name.partition("::")[0]
        left_out.add(on_each[DATABASES[turns[module] % len(DATABASES)]])
        turns[module] += 1
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Let one process run all tests of a folder that have a stage in common."""
    return _Scheduling(config, log)


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        folder = next((folder for folder in TOGETHER if nodeid.startswith(folder)), None)
        return folder or str(super()._split_scope(nodeid))


def _parameters_of(item: pytest.Item) -> dict[str, Any]:
    callspec = getattr(item, "callspec", None)
    return dict(callspec.params) if callspec is not None else {}


@pytest.fixture(scope="session", autouse=True)
def known_statements() -> Iterator[None]:
    with patch("core.database.create_async_engine", create_engine_with_known_statements):
        yield


@pytest.fixture(scope="session", autouse=True)
def spared_lasting_objects() -> None:
    """Collect garbage as a server does: a tenth of the time of all tests went there."""
    spare_lasting_objects()


@pytest.fixture(scope="session", autouse=True)
def plain_tracebacks() -> None:
    """Write errors as a server does: to print all variables took seconds for each."""
    *processors, _renderer = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*processors, renderer])


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
) -> Iterator[ReusedDatabase]:
    """The one database that the tests use, each after it was emptied."""
    url = asyncio.run(create_database(postgres_server.url, template_url=postgres_template))
    database = ReusedDatabase(url)
    yield database
    database.close()
    asyncio.run(drop_database(postgres_server.url, url))


@pytest.fixture
def postgres_database(reused_postgres_database: ReusedDatabase) -> str:
    """The URL of a migrated, empty PostgreSQL database that is this test's alone."""
    reused_postgres_database.empty()
    return reused_postgres_database.url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, of which every test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(params=DATABASES)
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
