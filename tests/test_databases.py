"""The databases that tests are given."""

import asyncio

import asyncpg
import pytest

from core.settings import Settings
from models.base import Base
from tests.conftest import as_asyncpg
from tests.support.databases import ReusedDatabase, create_database, drop_database
from tests.support.desk import open_world
from tests.support.servers import PostgresServer

INSERT_INLINE_NOTE = """
    INSERT INTO note (id, version, kind, ticket_id, body, created_at, updated_at, author_kind)
    SELECT gen_random_uuid(), 0, 'INLINE', id, 'Evidence', now(), now(), 'AUTOMATION' FROM ticket
"""


async def test_copies_of_a_template_are_apart_and_can_be_dropped_while_somebody_is_connected(
    postgres_server: PostgresServer,
) -> None:
    template_url = await create_database(postgres_server.url)
    connection = await asyncpg.connect(template_url)
    await connection.execute("CREATE TABLE star (id integer)")
    await connection.close()
    first_url = await create_database(postgres_server.url, template_url=template_url)
    second_url = await create_database(postgres_server.url, template_url=template_url)

    first, second = await asyncpg.connect(first_url), await asyncpg.connect(second_url)
    await first.execute("INSERT INTO star VALUES (1)")

    assert await first.fetchval("SELECT count(*) FROM star") == 1
    assert await second.fetchval("SELECT count(*) FROM star") == 0
    await second.close()
    for database_url in (first_url, second_url, template_url):
        await drop_database(postgres_server.url, database_url)
    assert first.is_closed()


async def test_a_used_database_is_as_good_as_new_once_it_was_emptied(
    postgres_database: str, reused_postgres_database: ReusedDatabase
) -> None:
    settings = Settings(database_url=as_asyncpg(postgres_database), _env_file=None)
    async with open_world(settings) as world:
        await world.receive()
    forgotten = await asyncpg.connect(postgres_database)
    await forgotten.execute(INSERT_INLINE_NOTE)
    with pytest.raises(asyncpg.RestrictViolationError):
        await forgotten.execute("DELETE FROM note")

    await asyncio.to_thread(reused_postgres_database.empty)

    assert forgotten.is_closed()
    async with open_world(settings) as world:
        await world.receive()
        answer = await world.admin.ask("{ tickets { nodes { number } } }")
    assert answer == {"tickets": {"nodes": [{"number": 1}]}}
    await asyncio.to_thread(reused_postgres_database.empty)
    connection = await asyncpg.connect(postgres_database)
    try:
        left = {
            table.name
            for table in Base.metadata.sorted_tables
            if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table.name})")
        }
        guards = await connection.fetch(
            "SELECT tgenabled FROM pg_trigger WHERE NOT tgisinternal GROUP BY tgenabled"
        )
    finally:
        await connection.close()
    assert left == {"installation"}
    assert [guard["tgenabled"] for guard in guards] == [b"O"]
