"""What only an operator sees: the database under the desk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from tests.support.profiles import MOVING_ON, NOT_RESTORED

WAITS_SECONDS = 20

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"  # no class takes it at run time
Dump = dict[str, list[str]]

WAITERS = """
    SELECT count(*) FROM pg_locks
    WHERE NOT granted AND relation = $1::text::regclass
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
ROWS = 'SELECT (to_jsonb(row) - $1::text[])::text AS content FROM "{}" AS row ORDER BY 1'


class HeldUp:
    """A table into which nobody can write for the time being."""

    def __init__(self, database_url: str, connection: Connection, table: str) -> None:
        self._database_url = database_url
        self._connection = connection
        self._table = table

    async def comes_to_hold_up(self, count: int) -> None:
        """Wait until so many are about to write into it."""
        async with asyncio.timeout(WAITS_SECONDS), _connected(self._database_url) as other:
            while await other.fetchval(WAITERS, self._table) < count:
                await asyncio.sleep(0.02)

    async def let_go(self) -> None:
        """Let everybody go on."""
        await self._connection.execute("ROLLBACK")


@asynccontextmanager
async def held_up_at(database_url: str, table: str) -> AsyncIterator[HeldUp]:
    """Let everybody who is about to write into a table wait there."""
    async with _connected(database_url) as connection:
        await connection.execute(f'BEGIN; LOCK TABLE "{table}" IN EXCLUSIVE MODE')
        yield HeldUp(database_url, connection, table)


async def leases_run_out(database_url: str) -> None:
    """Let the minute pass for which others leave the jobs of a dead worker alone."""
    async with _connected(database_url) as connection:
        await connection.execute("UPDATE job SET leased_until = now() WHERE leased_until > now()")


async def dump(database_url: str) -> Dump:
    """Return all rows of all tables, but for what tells of the acts themselves."""
    async with _connected(database_url) as connection:
        names = [row["tablename"] for row in await connection.fetch(TABLES)]
        return {
            name: [row["content"] for row in await connection.fetch(ROWS.format(name), MOVING_ON)]
            for name in names
            if name not in NOT_RESTORED
        }


def changed_tables(before: Dump, after: Dump) -> set[str]:
    """Return the tables of which any row is not the same."""
    return {name for name in before if before[name] != after[name]}


@asynccontextmanager
async def _connected(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()
