"""Connections to a database, of which there are so many."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import database
from core.database import Database
from core.errors import Unavailable


async def test_who_gets_no_connection_to_write_with_is_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "POOL_TIMEOUT_SECONDS", 0.05)
    desk = Database(f"sqlite+aiosqlite:///{tmp_path}/desk.sqlite3")
    async with desk.transaction() as first:
        await first.execute(text("SELECT 1"))
        with pytest.raises(Unavailable) as refused:
            async with desk.transaction() as second:
                await second.execute(text("SELECT 1"))
    await desk.close()

    assert refused.value.retry_after_seconds == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_is_broken_off_for_another_is_to_come_again(database_url: str) -> None:
    desk = Database(database_url)
    both_have_one = asyncio.Barrier(2)

    async def lock(*keys: int) -> str:
        try:
            async with desk.transaction() as session:
                await session.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
                for key in keys:
                    await session.execute(text(f"SELECT pg_advisory_xact_lock({key})"))
                    if key == keys[0]:
                        await both_have_one.wait()
        except Unavailable as unavailable:
            return f"come again in {unavailable.retry_after_seconds} s"
        return "done"

    outcomes = await asyncio.gather(lock(1, 2), lock(2, 1))
    with pytest.raises(DBAPIError):
        async with desk.transaction() as session:
            await session.execute(text("SELECT wrong"))
    await desk.close()

    assert sorted(outcomes) == ["come again in 1 s", "done"]
