"""The SQL statements that acts send."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event

from tests.support.desk import World


@asynccontextmanager
async def counted_writes(world: World) -> AsyncIterator[list[str]]:
    """Collect the SQL statements that acts send meanwhile."""
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    engine = world.desk.database._writer.sync_engine  # to count, not to write
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
