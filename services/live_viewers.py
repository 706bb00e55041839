"""What those who are connected may see now: asked for all of them together, every two seconds."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache, partial
from typing import Self
from uuid import UUID

import structlog

from core.database import Database
from core.errors import Unauthenticated, Unavailable
from models.viewers import Viewer
from services.sessions import persons_now

# Who loses access hears nothing more within 5 seconds (product.md).
REFRESH_SECONDS = 2.0
STALE_SECONDS = 2 * REFRESH_SECONDS  # beyond this, nobody is told anything before the next refresh
LAST_REFRESH_SECONDS = 1.0  # what leaving waits for a refresh that is under way
STATEMENT_SECONDS = 10  # a database that hangs for longer is asked again
KEPT_VIEWERS = 10_000

_log = structlog.get_logger(__name__)


class LiveViewer:
    """A viewer while they are connected. `now` is who they are, with the rights they have now."""

    __slots__ = ("audience", "connections", "has_ended", "now", "person")

    def __init__(self, viewer: Viewer) -> None:
        self.has_ended = False
        self.connections = 0
        self.become(viewer)

    def become(self, viewer: Viewer) -> None:
        """Take in the rights that the viewer has now."""
        self.now = viewer
        # Kept, since each event asks for them for each of its listeners; and equal ones are one.
        self.audience = _only_one(viewer.audience)
        self.person = _only_one(viewer.person)


@lru_cache(KEPT_VIEWERS)
def _only_one(viewer: Viewer) -> Viewer:
    """Return the object that stands for all viewers equal to this one."""
    return viewer


# Is told at once of the viewers whose rights are others now, or whose session has ended.
OnChange = Callable[[Collection[LiveViewer]], None]


class LiveViewers:
    """The viewers of all open connections of this process.

    Use it as a context manager: only inside are they kept up to date. `on_refresh` is called each
    time that has been done.
    """

    def __init__(self, database: Database, refresh_seconds: float = REFRESH_SECONDS) -> None:
        self.on_change: list[OnChange] = []
        self.on_refresh: list[Callable[[], None]] = []
        self._database = database
        self._refresh_seconds = refresh_seconds
        # By session and language: the pages of one API token may ask for several languages.
        self._by_session: dict[tuple[UUID, str], LiveViewer] = {}
        self._fresh_until = 0.0
        self._refreshed = asyncio.Event()
        self._is_left = asyncio.Event()
        self._task: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._refresh_until_left())
        return self

    async def __aexit__(self, *_: object) -> None:
        # A statement torn in the middle would cost its connection.
        self._is_left.set()
        await asyncio.wait([self._task], timeout=LAST_REFRESH_SECONDS)
        self._task.cancel()
        await asyncio.wait([self._task])

    @contextmanager
    def connected(self, viewer: Viewer) -> Iterator[LiveViewer]:
        """Keep a viewer up to date for a connection. Those of one session share the object."""
        if viewer.session_id is None:
            yield LiveViewer(viewer)
            return
        if not self._by_session:
            self._fresh_until = time.monotonic() + STALE_SECONDS  # as fresh as `viewer`
        key = (viewer.session_id, viewer.language)
        live = self._by_session.setdefault(key, LiveViewer(viewer))
        live.connections += 1
        try:
            yield live
        finally:
            live.connections -= 1
            if not live.connections:
                del self._by_session[key]

    @property
    def are_fresh(self) -> bool:
        """Whether what is known of the viewers is young enough to tell them anything."""
        return not self._by_session or time.monotonic() < self._fresh_until

    async def fresh(self) -> None:
        """Wait until what is known of the viewers is fresh, as when the database is back."""
        while not self.are_fresh:
            self._refreshed.clear()
            await self._refreshed.wait()

    async def current(self, live: LiveViewer, *, patience_seconds: float | None = None) -> Viewer:
        """Return who a connected viewer is, and what they may do now.

        Raises Unauthenticated when their session has ended, and Unavailable when that cannot be
        found out within `patience_seconds`; None waits until it can.
        """
        try:
            async with asyncio.timeout(patience_seconds):
                await self.fresh()
        except TimeoutError:
            raise Unavailable from None
        if live.has_ended:
            raise Unauthenticated
        return live.now

    async def refresh(self) -> None:
        """Find out what all viewers may see now, and tell `on_change` of those with other rights.

        Raises what the database raises.
        """
        asked_at = time.monotonic()
        asked = dict(self._by_session)
        async with asyncio.timeout(STATEMENT_SECONDS):
            found = await persons_now(self._database, [live.now for live in asked.values()])
        changed = [live for key, live in asked.items() if _take_in(live, found.get(key[0]))]
        self._fresh_until = asked_at + STALE_SECONDS
        self._refreshed.set()
        if changed:
            for tell in self.on_change:
                _tell_safely(partial(tell, changed))
        for look in self.on_refresh:
            _tell_safely(look)

    async def _refresh_until_left(self) -> None:
        while not await self._is_left_within(self._refresh_seconds):
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001  # a database that is away comes back
                _log.warning("sessions could not be checked", error=repr(error))

    async def _is_left_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_left.wait()
        return self._is_left.is_set()


def _tell_safely(tell: Callable[[], None]) -> None:
    try:
        tell()
    except Exception:  # noqa: BLE001  # the others must be told all the same, and only this once
        _log.exception("a change of rights was not heard")


def _take_in(live: LiveViewer, person: Viewer | None) -> bool:
    """Take in what a viewer may see now; tell whether that is something else than before."""
    if person is None:
        was_live = not live.has_ended
        live.has_ended = True
        return was_live
    if not person.is_agent:  # agents have a language, all others that of their request
        person = replace(person, language=live.now.language)
    if person == live.person:
        return False
    live.become(replace(person, session_id=live.now.session_id))
    return True
