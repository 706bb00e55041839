"""A source of all that happens to one row."""

from uuid import UUID

from core.ids import NodeKind
from models.base import Base
from models.event_topics import topic_named
from models.viewers import ApiScope, Viewer
from subscriptions.log.following import Happened
from subscriptions.log_source import LogSource
from subscriptions.sight import Sees
from subscriptions.source import Item, Judge, Verdict
from subscriptions.streams import Streams
from subscriptions.tickets import AccessLost


class RowSource(LogSource):
    """What happens to a row; it ends with AccessLost for whoever sees the row no more."""

    admits_who_may_hear = True

    def __init__(self, streams: Streams, model: type[Base], kind: NodeKind, row_id: UUID) -> None:
        super().__init__(streams, [topic_named(model, row_id)])
        self._kind = kind
        self._row_id = row_id

    async def judge(self, item: Item) -> Judge:
        """Keep notes from those who read none, and tickets from those who do not see them.

        What a claim did to a known customer is for those who read customers (models/claims.py).
        """
        sees_row = await self.access.sight.of(self._kind, self._row_id)
        sees_item = await self._sees(item)
        is_claimed = isinstance(item, Happened) and item.record.payload.get("is_claimed")

        def judge(viewer: Viewer) -> Verdict:
            if not sees_row(viewer):
                return Verdict.LOST
            if is_claimed and not viewer.may(ApiScope.CUSTOMERS_READ):
                return Verdict.SKIPS
            return Verdict.HEARS if sees_item(viewer) else Verdict.SKIPS

        return judge

    def farewell(self, last: Item) -> Item | None:
        """Say that there is no more to hear."""
        return AccessLost(last.cursor)

    async def _sees(self, item: Item) -> Sees:
        if not isinstance(item, Happened):
            return lambda _viewer: True
        if item.record.type == "NoteDeleted":
            return _may_read_notes  # who sees the row and reads notes has read it until now
        named = item.record.payload
        if named.get("ticket_id"):
            return await self.access.sight.of_ticket(UUID(named["ticket_id"]))
        if named.get("interaction_id"):
            return await self.access.sight.of(NodeKind.INTERACTION, UUID(named["interaction_id"]))
        if named.get("note_id"):
            return await self.access.sight.of_note(UUID(named["note_id"]))
        return lambda _viewer: True


def _may_read_notes(viewer: Viewer) -> bool:
    return viewer.may(ApiScope.NOTES_READ) and viewer.may(ApiScope.CUSTOMERS_READ)
