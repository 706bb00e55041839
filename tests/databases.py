"""Fresh PostgreSQL databases: a template is filled once, and every test gets a copy of it."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import asyncpg


async def create_database(server_url: str, *, template_url: str | None = None) -> str:
    """Create a database, a copy of the template if there is one, and return its URL."""
    name = f"starling_test_{secrets.token_hex(6)}"
    template = _database_name(template_url) if template_url else "template0"
    await _execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


async def drop_database(server_url: str, database_url: str) -> None:
    """Drop a database, ending connections that a test left open."""
    await _execute(server_url, f'DROP DATABASE "{_database_name(database_url)}" WITH (FORCE)')


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


async def _execute(server_url: str, statement: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
