"""Whether a viewer may still hear of a ticket. Asked when an event goes out, not only at first.

While the database is away nobody is answered, and no stream ends for that.
"""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import or_, select

from core.database import Database
from core.errors import NotFound, Unauthenticated
from models import brands
from models.brands import Brand
from models.tickets import Ticket, is_visible_to
from models.viewers import Viewer
from services.live_viewers import LiveViewers
from subscriptions.patience import patiently


class TicketAccess:
    """The present rights of viewers to tickets."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._live_viewers = LiveViewers(database)

    async def viewer_now(self, viewer: Viewer) -> Viewer | None:
        """Return the viewer with their present rights; None when they are signed out."""
        return await patiently(lambda: self._live_viewers.current(viewer))

    async def viewer_of(self, ticket_id: UUID, viewer: Viewer) -> Viewer | None:
        """Return the viewer with their present rights; None when they do not see the ticket."""
        current = await self.viewer_now(viewer)
        if current is None:
            return None
        return current if await patiently(lambda: self._sees(current, ticket_id)) else None

    async def require(self, viewer: Viewer, ticket_id: UUID) -> None:
        """Raise NotFound where the viewer does not see the ticket."""
        if viewer.actor is None:
            raise Unauthenticated
        if await self.viewer_of(ticket_id, viewer) is None:
            raise NotFound

    async def inbox_brands(self, viewer: Viewer) -> list[UUID]:
        """Return the brands the viewer works for, and those of tickets assigned to them.

        Raises Unauthenticated for strangers.
        """
        if viewer.actor is None:
            raise Unauthenticated
        return await patiently(lambda: self._inbox_brands(viewer))

    async def _sees(self, viewer: Viewer, ticket_id: UUID) -> bool:
        async with self._database.reading() as connection:
            return await is_visible_to(connection, viewer, ticket_id)

    async def _inbox_brands(self, viewer: Viewer) -> list[UUID]:
        assigned = select(Ticket.brand_id).where(Ticket.assignee_id == viewer.agent_id)
        statement = (
            select(Brand.id)
            .where(or_(brands.visible_to(viewer), Brand.id.in_(assigned)))
            .order_by(Brand.id)
        )
        async with self._database.reading() as connection:
            return list((await connection.execute(statement)).scalars())


def have_same_rights(one: Viewer, other: Viewer) -> bool:
    """Tell whether a viewer sees now what they saw then, whatever language they read."""
    return replace(one, language=other.language) == other
