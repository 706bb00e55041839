"""Engines for tests: what one has made of a statement, those of later tests need not make again.

A desk makes its statements once and lives for weeks. Here it lives for one test, and a quarter of
its time was spent on making them. A third of what was left, on SQLite, was spent on handing small
things to a connection's thread and back.
"""

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy import event, make_url
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import LRUCache

_STATEMENTS: LRUCache[Any, Any] = LRUCache(2_000)  # about as many as the suite has
_DIALECTS: dict[str, Dialect] = {}
# What SQLite does at once: it waits for no lock, and the tables of tests are small. What rolls back
# or closes waits for what the thread still does for somebody who was cancelled.
_AT_ONCE = frozenset({"cursor", "fetchall"})


class _QuickConnection(aiosqlite.Connection):
    """A connection whose thread does only what may have to wait: everybody else goes on then."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if self._connection is not None and fn.__name__ in _AT_ONCE:
            return fn(*args, **options)
        return await super()._execute(fn, *args, **options)  # type: ignore[no-untyped-call]


def _connect(path: str, **options: Any) -> _QuickConnection:
    connection = _QuickConnection(partial(sqlite3.connect, path, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy sees to where it connects itself
    return connection


def create_engine_with_known_statements(url: str, **options: Any) -> AsyncEngine:
    """Return what `create_async_engine` returns, which knows the statements of earlier engines.

    Statements are made for a dialect, so engines share that of the first one that has connected,
    and so got to know its server.
    """
    if make_url(url).get_backend_name() == "sqlite":
        options["connect_args"] = {**options.get("connect_args", {}), "async_creator_fn": _connect}
    engine = create_async_engine(url, execution_options={"compiled_cache": _STATEMENTS}, **options)
    name = engine.dialect.name
    if name in _DIALECTS:
        engine.sync_engine.dialect = _DIALECTS[name]
    else:
        event.listen(
            engine.sync_engine, "connect", lambda *_: _DIALECTS.setdefault(name, engine.dialect)
        )
    return engine
