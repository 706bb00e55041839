"""Connections, transactions and reads. This is the only place that commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import structlog
from sqlalchemy import event, func, make_url, select, text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from core.errors import Unavailable

# A writer of another process may hold SQLite's only write lock for the length of one transaction.
SQLITE_BUSY_TIMEOUT_SECONDS = 10
POOL_TIMEOUT_SECONDS = 10
# A page takes milliseconds; who waits longer has gone away, and the connection is needed.
READ_TIMEOUT_SECONDS = 30
# PostgreSQL's codes for acts that it breaks off so that others can go on (its manual, appendix A):
# serialization failure, and deadlock.
_BROKEN_OFF = frozenset({"40001", "40P01"})
# Any number that no other program uses on the same PostgreSQL database.
SCHEMA_LOCK = 0x5354_4152
# An option of connections to SQLite: statements of their own, without a transaction around them.
_NO_TRANSACTION = "starling_no_transaction"

_log = structlog.get_logger(__name__)


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def is_passing(error: BaseException) -> bool:
    """Tell whether trying again may help: the database is away, restarts, or is too busy."""
    if isinstance(error, DBAPIError):
        return not isinstance(
            error, ProgrammingError | IntegrityError | DataError | NotSupportedError
        )
    return isinstance(error, OSError | TimeoutError | PoolTimeout | Unavailable)


def _is_broken_off(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _BROKEN_OFF


class Database:
    """One database: short write transactions, and reads that open no transaction at all.

    A transaction around each read costs a sixth of a page's CPU, so reads run in autocommit; a
    reader who needs all its statements to see one moment asks for a snapshot.
    """

    def __init__(
        self, url: str, *, read_connections: int = 10, write_connections: int = 10
    ) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            # One writer at a time is SQLite's rule: waiting for the one connection is fair,
            # polling for the lock is not.
            self._writer = self._create_sqlite_engine(pool_size=1, begin="BEGIN IMMEDIATE")
            self._reader = self._create_sqlite_engine(pool_size=read_connections, begin="BEGIN")
        else:
            self._writer = self._create_postgresql_engine(write_connections)
            self._reader = self._create_postgresql_engine(
                read_connections, statement_timeout=f"{READ_TIMEOUT_SECONDS}s"
            )

    def _create_sqlite_engine(self, *, pool_size: int, begin: str) -> AsyncEngine:
        if self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_SECONDS,
            hide_parameters=True,  # what people wrote does not belong into a log
            json_serializer=_to_json,
            json_deserializer=orjson.loads,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "isolation_level": None},
        )

        @event.listens_for(engine.sync_engine, "connect")
        def configure(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def open_transaction(connection: Any) -> None:
            if not connection.get_execution_options().get(_NO_TRANSACTION):
                connection.exec_driver_sql(begin)

        return engine

    def _create_postgresql_engine(self, pool_size: int, **server_settings: str) -> AsyncEngine:
        return create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_SECONDS,
            hide_parameters=True,  # what people wrote does not belong into a log
            json_serializer=_to_json,
            json_deserializer=orjson.loads,
            # Pages are small: compiling them costs more than running them.
            connect_args={"server_settings": {"jit": "off", "timezone": "UTC", **server_settings}},
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Give a session whose changes are committed together, or not at all after an error.

        Raises Unavailable where nothing was written as the database has no connection free, or has
        broken the act off for another one: to repeat it is safe, and will do.
        """
        try:
            async with (
                AsyncSession(self._writer, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session
        except PoolTimeout as error:
            raise Unavailable(retry_after_seconds=1) from error
        except DBAPIError as error:
            if not _is_broken_off(error):
                raise
            _log.warning("the database broke an act off", error=str(error))
            raise Unavailable(retry_after_seconds=1) from error

    @asynccontextmanager
    async def reading(self, *, snapshot: bool = False) -> AsyncIterator[AsyncConnection]:
        """Give a connection to read with; with `snapshot`, all reads see one moment."""
        async with self._connected_reader() as connection:
            if self.is_sqlite:
                # The driver begins nothing by itself. SQLAlchemy's AUTOCOMMIT would come to the
                # same by five more turns of the connection's thread, as many as a read takes.
                yield await connection.execution_options(**{_NO_TRANSACTION: not snapshot})
            elif not snapshot:
                yield await connection.execution_options(isolation_level="AUTOCOMMIT")
            else:
                yield await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )

    @asynccontextmanager
    async def _connected_reader(self) -> AsyncIterator[AsyncConnection]:
        try:
            connection = await self._reader.connect()
        except PoolTimeout as error:
            raise Unavailable(retry_after_seconds=1) from error
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def schema_change(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection to change the schema with; processes that start at once queue here."""
        async with self._writer.begin() as connection:
            if not self.is_sqlite:
                await connection.execute(select(func.pg_advisory_xact_lock(SCHEMA_LOCK)))
            yield connection

    async def is_reachable(self) -> bool:
        """Tell whether the database answers."""
        try:
            async with self.reading() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001  # whatever the driver says, the answer is no
            return False
        return True

    async def close(self) -> None:
        """Close all connections."""
        await self._writer.dispose()
        await self._reader.dispose()
