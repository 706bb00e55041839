"""The dashboard, live: the numbers as they are, then again when they have changed."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy import Row

from core.database import Database
from core.errors import Unauthenticated
from models.event_records import EventRecord
from models.event_topics import inbox_topic
from models.viewers import Viewer
from services import dashboard
from services.dashboard import Dashboard
from services.ticket_filters import TicketFilter, state_is_visible_to
from subscriptions.log.stream import Reset, Stream, StreamEnded
from subscriptions.patience import patiently
from subscriptions.presence.online_agents import OnlineAgents
from subscriptions.source import Item, Judge, Source, State, Verdict
from subscriptions.stopping import stop
from subscriptions.streams import Streams

PUSH_SECONDS = 1.0  # the contract: at most one a second
# A brand that is added later is counted, and its inbox listened to, after this time at most.
LISTEN_ANEW_SECONDS = 60.0


class DashboardSource(Source):
    """The numbers of the tickets that a viewer sees and a filter finds, for all who see the same.

    The inboxes of the viewer's brands only say when to count: the numbers come from `database`,
    one that many may wait for without holding up the events of others.
    """

    def __init__(
        self,
        streams: Streams,
        database: Database,
        online: OnlineAgents,
        viewer: Viewer,
        wanted: TicketFilter,
    ) -> None:
        if viewer.actor is None:
            raise Unauthenticated
        self.rights = viewer.rights
        self.key = (DashboardSource, viewer.rights, wanted)
        self._streams = streams
        self._database = database
        self._online = online
        self._viewer = viewer
        self._wanted = wanted

    async def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        """Yield the State now, then each one that differs; their values are `Dashboard`s.

        The first change after a while is told at once, and the last one of many for certain.
        """
        del after  # a state stands for all that came before it
        states = 0
        shown: Dashboard | None = None
        while True:
            until = time.monotonic() + LISTEN_ANEW_SECONDS
            async with self._listening() as bell:
                while time.monotonic() < until:
                    counted = await patiently(self._count)
                    if counted != shown:
                        states, shown = states + 1, counted
                        yield State(str(states), shown)
                    await asyncio.sleep(PUSH_SECONDS)
                    await bell.rings(until)

    def greeting(self, last: Item) -> Item:
        """Return the last state: it stands for whoever comes later, too."""
        return last

    async def judge(self, item: Item) -> Judge:
        """Let everybody hear it who was given this source: they all have its rights."""
        return lambda _viewer: Verdict.HEARS

    async def _count(self) -> Dashboard:
        async with self._database.reading() as connection:

            async def fetch(statement: Any) -> Sequence[Row[Any]]:
                return (await connection.execute(statement)).all()

            return await dashboard.read(fetch, self._viewer, self._wanted, self._online.now)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator["_Bell"]:
        """Give a bell that rings when something may have changed that is counted."""
        brands = await self._streams.access.inbox_brands(self._viewer)
        topics = {inbox_topic(row_id): None for row_id in brands}
        bell = _Bell()
        async with self._streams.open_stream(topics) as stream:
            with self._online.watched(bell.rung):
                listening = asyncio.create_task(self._listen(stream, bell))
                try:
                    yield bell
                finally:
                    await stop(listening)

    async def _listen(self, stream: Stream, bell: "_Bell") -> None:
        """Take in what happens as fast as it comes, so that slow counts never fall behind."""
        try:
            async for item in stream:
                if isinstance(item, Reset) or self._is_counted(item):
                    bell.rung.set()
        except StreamEnded as end:
            bell.fail(end)

    def _is_counted(self, record: EventRecord) -> bool:
        states = (record.payload.get("before"), record.payload.get("after"))
        return any(
            state and state_is_visible_to(self._viewer, state) and self._wanted.matches(state)
            for state in states
        )


class _Bell:
    """Rings when it is time to count again."""

    def __init__(self) -> None:
        self.rung = asyncio.Event()
        self._failure: Exception | None = None

    def fail(self, failure: Exception) -> None:
        """Let whoever waits for it know that it will not ring again."""
        self._failure = failure
        self.rung.set()

    async def rings(self, until: float) -> None:
        """Wait until it rings, or until a moment. Raises what has silenced it for good."""
        with suppress(TimeoutError):
            async with asyncio.timeout(until - time.monotonic()):
                await self.rung.wait()
        self.rung.clear()
        if self._failure is not None:
            raise self._failure
