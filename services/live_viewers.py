"""What the viewers of open streams may see now, asked once for all streams of a viewer."""

import asyncio
import time
from functools import partial
from uuid import UUID

from core.database import Database
from core.errors import Unauthenticated
from models.viewers import Viewer
from services.sessions import refresh

# Who loses access hears nothing more within 5 seconds (product.md); half of that is left to spare.
FRESH_SECONDS = 2.0


class LiveViewers:
    """Knows the present rights of the viewers of this process, at most two seconds old.

    A failure is known to those who asked, and to nobody after them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[UUID, tuple[float, asyncio.Task[Viewer | None]]] = {}

    async def current(self, viewer: Viewer) -> Viewer | None:
        """Return the viewer with their present rights; None when their token opens nothing now."""
        if viewer.session_id is None:
            return viewer
        asked_at, answer = self._known.get(viewer.session_id, (0.0, None))
        now = time.monotonic()
        if answer is None or now - asked_at > FRESH_SECONDS:
            self._forget_stale(now)
            answer = asyncio.create_task(self._ask(viewer))
            answer.add_done_callback(partial(self._forget_failure, viewer.session_id))
            self._known[viewer.session_id] = (now, answer)
        # Unlike `await answer`, this does not cancel what others wait for, too.
        await asyncio.wait([answer])
        return answer.result()

    async def _ask(self, viewer: Viewer) -> Viewer | None:
        try:
            return await refresh(self._database, viewer)
        except Unauthenticated:
            return None

    def _forget_failure(self, session_id: UUID, answer: asyncio.Task[Viewer | None]) -> None:
        failed = answer.cancelled() or answer.exception() is not None
        _asked_at, known = self._known.get(session_id, (0.0, None))
        if failed and answer is known:
            del self._known[session_id]

    def _forget_stale(self, now: float) -> None:
        stale = [key for key, (asked, _) in self._known.items() if now - asked > FRESH_SECONDS]
        for key in stale:
            del self._known[key]
