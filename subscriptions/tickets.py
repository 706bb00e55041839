"""Everything that happens to one ticket, for those who may see it."""

import time
from collections.abc import Hashable
from dataclasses import dataclass
from uuid import UUID

from models.event_topics import topic_named
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from services.changes import changes_told_by
from subscriptions.log.following import Happened
from subscriptions.log_source import LogSource
from subscriptions.sight import Sees
from subscriptions.source import Item, Judge, Verdict
from subscriptions.streams import Streams

# So old may be what is known of a ticket's place. It saves a statement for each message of a chat.
PLACEMENT_SECONDS = 1.0

# Events that show nothing of the note or message that they tell of.
_TELLS_WHAT_IS_GONE = frozenset({"NoteDeleted", "FavoriteRemoved"})


@dataclass(frozen=True, slots=True)
class AccessLost:
    """The viewer does not see the ticket any more; `cursor` is the place of what they missed."""

    cursor: str

    @property
    def identity(self) -> Hashable:
        """What tells this item apart from all others of its source."""
        return (AccessLost, self.cursor)


class TicketSource(LogSource):
    """What happens to a ticket; it ends with AccessLost for whoever sees it no more."""

    admits_who_may_hear = True

    def __init__(self, streams: Streams, ticket_id: UUID) -> None:
        super().__init__(streams, [topic_named(Ticket, ticket_id)])
        self._ticket_id = ticket_id
        self._sees: Sees | None = None
        self._read_at = 0.0

    async def judge(self, item: Item) -> Judge:
        """Keep all from those who do not see the ticket, and notes from those who read none."""
        sees = await self._who_sees(item)
        reads = await self._who_reads(item)

        def judge(viewer: Viewer) -> Verdict:
            if not sees(viewer):
                return Verdict.LOST
            return Verdict.HEARS if reads(viewer) else Verdict.SKIPS

        return judge

    async def _who_reads(self, item: Item) -> Sees:
        """Return who may be told of a note. What shows a deleted one is told to nobody any more."""
        note_id = item.record.payload.get("note_id") if isinstance(item, Happened) else None
        if note_id is None:
            return lambda _viewer: True
        if isinstance(item, Happened) and item.record.type in _TELLS_WHAT_IS_GONE:
            return lambda viewer: viewer.may(ApiScope.NOTES_READ)
        return await self.access.sight.of_note(UUID(note_id))

    async def _who_sees(self, item: Item) -> Sees:
        """Read where the ticket is placed. What moves it is an event of this very source."""
        leaves_it = isinstance(item, Happened) and not changes_told_by(item.record)
        now = time.monotonic()
        if self._sees is None or not leaves_it or now - self._read_at > PLACEMENT_SECONDS:
            self._sees = await self.access.sight.of_ticket(self._ticket_id)
            self._read_at = now
        return self._sees

    def farewell(self, last: Item) -> Item | None:
        """Say that there is no more to hear."""
        return AccessLost(last.cursor)
