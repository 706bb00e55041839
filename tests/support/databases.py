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


async def create_database(server_url: str, *, template_url: str | None = None) -> str:
    """Create a database, a copy of the template if there is one, and return its URL."""
    name = f"starling_test_{secrets.token_hex(6)}"
    template = _database_name(template_url) if template_url else "template0"
    await _execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


async def drop_database(server_url: str, database_url: str) -> None:
    """Drop a database, ending connections that a test left open."""
    await _execute(server_url, f'DROP DATABASE "{_database_name(database_url)}" WITH (FORCE)')


class ReusedDatabase:
    """A migrated database that is made as good as new for each test.

    One connection does so for all: to get to know all tables takes it longer than to empty them,
    and another copy of a template would take ten times as long.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._loop = asyncio.new_event_loop()  # a connection outlives the loops of tests
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    def empty(self) -> None:
        """Empty all tables, ending connections that a test left open. No event loop may run."""
        try:
            self._loop.run_until_complete(self._empty())
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
            self._connection = None  # a test has broken all connections
            self._loop.run_until_complete(self._empty())

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._loop.run_until_complete(self._connection.close())
        self._loop.close()

    async def _empty(self) -> None:
        if self._connection is None:
            self._connection = await asyncpg.connect(self.url)
            # No trigger fires then: neither those that keep rows, nor the checks of references.
            await self._connection.execute("SET session_replication_role = replica")
        await self._connection.execute(END_CONNECTIONS)
        await self._connection.execute(_emptying())


def _emptying() -> str:
    emptied = (
        table for table in Base.metadata.sorted_tables if table is not Installation.__table__
    )
    deletes = [f"DELETE FROM {table.name}" for table in emptied]
    return ";".join([*deletes, f"SELECT setval('{TICKET_NUMBERS.name}', 1, false)"])


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
