"""What a viewer must be allowed before a stream begins; who hears an item is judged later.

While the database is away nobody is answered, and nobody is refused for that.
"""

from uuid import UUID

from core.database import Database
from core.errors import NotFound, Unauthenticated
from core.ids import NodeKind
from models.tickets import inbox_brands
from models.viewers import Viewer
from subscriptions.patience import patiently
from subscriptions.sight import Sight


class Access:
    """Lets viewers to what they see."""

    def __init__(self, database: Database) -> None:
        self.sight = Sight(database)
        self._database = database

    async def require(self, viewer: Viewer, kind: NodeKind, row_id: UUID) -> None:
        """Raise NotFound where the viewer does not see the row, Unauthenticated for strangers."""
        if viewer.actor is None:
            raise Unauthenticated
        sees = await self.sight.of(kind, row_id)
        if not sees(viewer):
            raise NotFound

    async def inbox_brands(self, viewer: Viewer) -> list[UUID]:
        """Return the brands the viewer works for, and those of tickets assigned to them.

        Raises Unauthenticated for strangers.
        """
        if viewer.actor is None:
            raise Unauthenticated

        async def read() -> list[UUID]:
            async with self._database.reading() as connection:
                return list((await connection.execute(inbox_brands(viewer))).scalars())

        return await patiently(read)
