"""Whether a viewer may still hear of a ticket. Asked when an event goes out, not only at first."""

from uuid import UUID

from core.database import Database
from core.errors import NotFound, Unauthenticated
from models.tickets import is_visible_to
from models.viewers import Viewer
from services.live_viewers import LiveViewers


class TicketAccess:
    """The present rights of viewers to tickets."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._live_viewers = LiveViewers(database)

    async def viewer_now(self, viewer: Viewer) -> Viewer | None:
        """Return the viewer with their present rights; None when they are signed out."""
        return await self._live_viewers.current(viewer)

    async def holds(self, viewer: Viewer, ticket_id: UUID) -> bool:
        """Tell whether the viewer, as of now, sees the ticket."""
        current = await self.viewer_now(viewer)
        if current is None:
            return False
        async with self._database.reading() as connection:
            return await is_visible_to(connection, current, ticket_id)

    async def require(self, viewer: Viewer, ticket_id: UUID) -> None:
        """Raise NotFound where the viewer does not see the ticket."""
        if viewer.actor is None:
            raise Unauthenticated
        if not await self.holds(viewer, ticket_id):
            raise NotFound
