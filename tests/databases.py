"""PostgreSQL databases for tests: copies of a template, which the migrations fill once."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import asyncpg

from models.base import Base
from models.installation import Installation
from models.tickets import TICKET_NUMBERS

END_CONNECTIONS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
GUARDED_TABLES = ("attachment", "note")


async def create_database(server_url: str, *, template_url: str | None = None) -> str:
    """Create a database, a copy of the template if there is one, and return its URL."""
    name = f"starling_test_{secrets.token_hex(6)}"
    template = _database_name(template_url) if template_url else "template0"
    await _execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


async def drop_database(server_url: str, database_url: str) -> None:
    """Drop a database, ending connections that a test left open."""
    await _execute(server_url, f'DROP DATABASE "{_database_name(database_url)}" WITH (FORCE)')


async def empty_database(database_url: str) -> None:
    """Make a migrated database as good as new, ending connections that a test left open.

    Deleting the few rows of a test takes a tenth of the time that another copy would.
    """
    await _execute(database_url, END_CONNECTIONS, ";".join(_emptying()))


def _emptying() -> Iterator[str]:
    for table in GUARDED_TABLES:
        yield f"ALTER TABLE {table} DISABLE TRIGGER USER"
    for model in reversed(Base.metadata.sorted_tables):
        if model is not Installation.__table__:
            yield f"DELETE FROM {model.name}"
    for table in GUARDED_TABLES:
        yield f"ALTER TABLE {table} ENABLE TRIGGER USER"
    yield f"ALTER SEQUENCE {TICKET_NUMBERS.name} RESTART"


@contextlib.contextmanager
def database_template(server_url: str, fill: Callable[[str], None]) -> Iterator[str]:
    """Give the URL of a new database on which `fill` was called. No event loop may run.

    `fill` must close its connections: PostgreSQL copies only databases that nobody is connected to.
    """
    template_url = asyncio.run(create_database(server_url))
    try:
        fill(template_url)
        yield template_url
    finally:
        asyncio.run(drop_database(server_url, template_url))


def _database_name(database_url: str) -> str:
    return urlsplit(database_url).path.removeprefix("/")


async def _execute(database_url: str, *statements: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
