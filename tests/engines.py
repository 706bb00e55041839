"""Engines for tests: what one has made of a statement, those of later tests need not make again.

A desk makes its statements once and lives for weeks. Here it lives for one test, and a quarter of
its time was spent on making them.
"""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import LRUCache

_STATEMENTS: LRUCache[Any, Any] = LRUCache(2_000)  # about as many as the suite has
_DIALECTS: dict[str, Dialect] = {}


def create_engine_with_known_statements(url: str, **options: Any) -> AsyncEngine:
    """Return what `create_async_engine` returns, which knows the statements of earlier engines.

    Statements are made for a dialect, so engines share that of the first one that has connected,
    and so got to know its server.
    """
    engine = create_async_engine(url, execution_options={"compiled_cache": _STATEMENTS}, **options)
    name = engine.dialect.name
    if name in _DIALECTS:
        engine.sync_engine.dialect = _DIALECTS[name]
    else:
        event.listen(
            engine.sync_engine, "connect", lambda *_: _DIALECTS.setdefault(name, engine.dialect)
        )
    return engine
