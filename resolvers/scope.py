"""What one operation, or one event of a subscription, has at hand. Never kept for a socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.dataloader import DataLoader

from core.database import Database
from core.errors import Unauthenticated
from core.secrets import SecretBox
from models.base import Columns
from models.viewers import Viewer
from services.few_at_once import FewAtOnce
from services.file_links import FileLinks
from services.lookups.runs import CallbackRuns
from services.outgoing_events.calls import WebhookCalls
from services.unit_of_work import Announce, UnitOfWork, rehearsal, unit_of_work

# (scope, keys, arguments, columns) → what belongs to each key; absent keys have nothing.
Batch = Callable[["Scope", Sequence[Any], Any, Columns], Awaitable[Mapping[Any, Any]]]


@dataclass(frozen=True, slots=True)
class Resources:
    """What all operations of a process share.

    `file_links` makes the links by which files come and go. `streams` is what subscriptions live
    on; the schema hands it to them. Strangers start chats: `chat_starts` keeps them from taking the
    connections that everybody else writes with, and `transcripts` the processor, for theirs.
    `secrets` encrypts what the database must not know.
    """

    database: Database
    announce: Announce
    epoch: str
    file_links: FileLinks
    streams: Any
    chat_starts: FewAtOnce
    transcripts: FewAtOnce
    secrets: SecretBox
    callbacks: CallbackRuns
    webhooks: WebhookCalls


class Scope:
    """Reads of one operation: one connection, and each key of a relation loaded once."""

    def __init__(self, resources: Resources, viewer: Viewer, *, snapshot: bool = False) -> None:
        self.resources = resources
        self.viewer = viewer
        # Which columns each selection of the document needs, found out once.
        self.columns: dict[tuple[int, ...], Columns] = {}
        self._snapshot = snapshot
        self._connection: AsyncConnection | None = None
        self._closed = False
        self._one_at_a_time = asyncio.Lock()
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}
        self._cleanup = AsyncExitStack()

    async def fetch(
        self, statement: Select[Any] | Any, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[Row[Any]]:
        """Run a read. A connection carries one statement at a time, so reads queue here."""
        async with self._one_at_a_time:
            connection = await self._open()
            return (await connection.execute(statement, parameters)).all()

    async def connection(self) -> AsyncConnection:
        """Return the connection of this scope, for a query of `models` that runs by itself."""
        async with self._one_at_a_time:
            return await self._open()

    def load(
        self,
        batch: Batch,
        key: Any,
        arguments: Hashable = None,
        columns: Columns = None,
        wrap: Callable[[Any], Any] | None = None,
    ) -> Awaitable[Any]:
        """Return what belongs to `key`, loaded together with all keys asked for meanwhile."""
        name = (batch, arguments, columns, wrap)
        loader = self._loaders.get(name)
        if loader is None:
            loader = self._loaders[name] = DataLoader(
                load_fn=self._load_function(batch, arguments, columns, wrap)
            )
        return loader.load(key)

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """Run one act of the viewer in one transaction. Raises Unauthenticated for strangers."""
        if self.viewer.actor is None:
            raise Unauthenticated
        async with unit_of_work(
            self.resources.database, self.resources.announce, self.viewer.actor
        ) as work:
            yield work
        # What was loaded before the act may not be true any more.
        self._loaders.clear()

    @asynccontextmanager
    async def rehearsal(self) -> AsyncIterator[UnitOfWork]:
        """Look at what an act of the viewer would do, without its turns, locks and writes."""
        if self.viewer.actor is None:
            raise Unauthenticated
        async with rehearsal(self.resources.database, self.viewer.actor) as work:
            yield work

    async def let_go(self) -> None:
        """Give the connection back for now: the operation is about to wait for another system."""
        async with self._one_at_a_time:
            await self._cleanup.aclose()
            self._connection = None

    async def close(self) -> None:
        """Give the connection back. A read that is still asked for afterwards is refused."""
        async with self._one_at_a_time:
            self._closed = True
            await self._cleanup.aclose()

    async def _open(self) -> AsyncConnection:
        if self._closed:
            raise RuntimeError("the operation of this scope has ended")
        if self._connection is None:
            self._connection = await self._cleanup.enter_async_context(
                self.resources.database.reading(snapshot=self._snapshot)
            )
        return self._connection

    def _load_function(
        self,
        batch: Batch,
        arguments: Hashable,
        columns: Columns,
        wrap: Callable[[Any], Any] | None,
    ) -> Callable[[list[Any]], Awaitable[list[Any]]]:
        async def load(keys: list[Any]) -> list[Any]:
            found = await batch(self, keys, arguments, columns)
            if wrap is None:
                return [found.get(key) for key in keys]
            return [wrap(found.get(key)) for key in keys]

        return load


@asynccontextmanager
async def open_scope(
    resources: Resources, viewer: Viewer, *, snapshot: bool = False
) -> AsyncIterator[Scope]:
    """Give a scope for one operation."""
    scope = Scope(resources, viewer, snapshot=snapshot)
    try:
        yield scope
    finally:
        await scope.close()
