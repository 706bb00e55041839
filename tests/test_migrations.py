"""The way up to the newest schema and back, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Inspector, TextClause, inspect, select, text

from app import migrations
from core.database import Database
from models.base import Base
from models.installation import Installation
from tests.conftest import as_asyncpg
from tests.support.commands import Finished, starling
from tests.support.databases import create_database, drop_database

# Alembic keeps the name of the applied migration there, and leaves the table when none is left.
OF_ALEMBIC = {"alembic_version", "alembic_version_pkc"}

OBJECTS_IN_SQLITE = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
OBJECTS_IN_POSTGRESQL = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
"""
TRIGGERS_IN_SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
TRIGGERS_IN_POSTGRESQL = """
    SELECT tgname, pg_get_triggerdef(oid), pg_get_functiondef(tgfoid)
    FROM pg_trigger WHERE NOT tgisinternal
"""


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database in which nothing was ever made."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/starling.sqlite3"
        return
    server_url = request.getfixturevalue("postgres_server").url
    url = await create_database(server_url)
    yield as_asyncpg(url)
    await drop_database(server_url, url)


@pytest.fixture
async def database(empty_url: str) -> AsyncIterator[Database]:
    opened = Database(empty_url)
    yield opened
    await opened.close()


async def objects(database: Database) -> set[str]:
    """Return the names of all that there is: tables, indexes, sequences, functions, triggers."""
    statement = OBJECTS_IN_SQLITE if database.is_sqlite else OBJECTS_IN_POSTGRESQL
    async with database.reading() as connection:
        return set((await connection.execute(text(statement))).scalars())


async def tables(database: Database) -> dict[str, Any]:
    """Return what the database says of its tables, whatever the order of columns."""
    async with database.reading() as connection:
        return await connection.run_sync(lambda sync: _describe(inspect(sync)))


def _describe(inspector: Inspector) -> dict[str, Any]:
    of_kind: dict[str, Any] = {
        "column": inspector.get_multi_columns(),
        "primary key": inspector.get_multi_pk_constraint(),
        "foreign key": inspector.get_multi_foreign_keys(),
        "unique": inspector.get_multi_unique_constraints(),
        "check": inspector.get_multi_check_constraints(),
        "index": inspector.get_multi_indexes(),
    }
    return {
        f"{kind} of {table}": sorted(repr(_plain(found)) for found in _listed(details))
        for kind, of_table in of_kind.items()
        for (_schema, table), details in of_table.items()
        if table not in OF_ALEMBIC
    }


def _listed(details: Any) -> list[Any]:
    return details if isinstance(details, list) else [details]


def _plain(found: Any) -> Any:
    """Return what was found with its SQL as text: each look makes another object of that.

    SQLite does not tell the name of a foreign key that stands with its column.
    """
    if isinstance(found, dict):
        is_key = "referred_table" in found
        return {
            name: _plain(value) for name, value in found.items() if not (is_key and name == "name")
        }
    return str(found) if isinstance(found, TextClause) else found


async def triggers(database: Database) -> set[tuple[str, ...]]:
    """Return the triggers, each with what it does."""
    statement = TRIGGERS_IN_SQLITE if database.is_sqlite else TRIGGERS_IN_POSTGRESQL
    async with database.reading() as connection:
        return {tuple(row) for row in await connection.execute(text(statement))}


async def installations(database: Database) -> list[tuple[Any, ...]]:
    statement = select(Installation.id, Installation.epoch, Installation.secret)
    async with database.reading() as connection:
        return [tuple(row) for row in await connection.execute(statement)]


async def test_the_way_up_makes_what_the_models_say(database: Database) -> None:
    await migrations.upgrade(database)
    migrated = await tables(database)
    await migrations.downgrade(database)
    async with database.schema_change() as connection:
        await connection.run_sync(Base.metadata.create_all)

    assert migrated == await tables(database)
    assert migrated["unique of tag"] != []


async def test_a_migration_made_of_the_models_now_would_be_empty(database: Database) -> None:
    await migrations.upgrade(database)

    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

    async with database.reading() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_way_down_leaves_nothing(database: Database) -> None:
    await migrations.upgrade(database)
    assert {"ticket", "ix_ticket_topic_id"} < await objects(database)

    await migrations.downgrade(database)

    assert await objects(database) - OF_ALEMBIC == set()


async def test_up_after_down_is_as_good_as_the_first_time(database: Database) -> None:
    await migrations.upgrade(database)
    first = (await objects(database), await tables(database), await triggers(database))
    (before,) = await installations(database)

    await migrations.downgrade(database)
    await migrations.upgrade(database)

    assert (await objects(database), await tables(database), await triggers(database)) == first
    (after,) = await installations(database)
    # Its log begins anew: cursors and links of the one before open nothing.
    assert (after[0], after[1] != before[1], after[2] != before[2]) == (1, True, True)


async def test_migrating_twice_is_migrating_once(database: Database) -> None:
    await migrations.upgrade(database)
    first = (await objects(database), await tables(database), await installations(database))

    await migrations.upgrade(database)

    assert (
        await objects(database),
        await tables(database),
        await installations(database),
    ) == first
    assert not await migrations.is_behind(database)


async def test_two_processes_that_migrate_at_once_both_succeed(
    database: Database, empty_url: str
) -> None:
    finished = await asyncio.gather(
        *(asyncio.to_thread(starling, "migrate", DATABASE_URL=empty_url) for _ in range(2))
    )

    assert finished == [Finished(0, "The database has the newest schema.\n", "")] * 2
    assert not await migrations.is_behind(database)
    assert len(await installations(database)) == 1
