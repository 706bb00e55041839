"""A filtered list of tickets, live: what enters it, changes in it, and leaves it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.event_topics import inbox_topics
from models.viewers import ApiScope, Viewer
from services.ticket_filters import TicketFilter, state_is_visible_to
from subscriptions.log.following import Happened
from subscriptions.source import Item, Judge, Verdict
from subscriptions.streams import Streams
from subscriptions.views import MOVES, Move, Seen, ViewSource

_OF_NOTES = frozenset({"NoteAdded", "NoteChanged", "NoteDeleted"})


@dataclass(frozen=True, slots=True)
class Moved(Seen):
    """A ticket moved into, within, or out of the view; `move` is None for what it never showed."""

    move: Move | None

    @property
    def ticket_id(self) -> UUID:
        """The ticket."""
        return UUID(self.happened.record.payload["ticket_id"])


def tells_of_notes_alone(acts: Collection[str]) -> bool:
    """Tell whether nothing but notes was touched, with the star that goes with a deleted one."""
    return not _OF_NOTES.isdisjoint(acts) and {*acts} <= _OF_NOTES | {"FavoriteRemoved"}


class InboxSource(ViewSource):
    """What happens to the view that `wanted` gives of the tickets that `viewer` sees."""

    def __init__(
        self, streams: Streams, topics: Sequence[str], viewer: Viewer, wanted: TicketFilter
    ) -> None:
        super().__init__(streams, topics, viewer.rights, wanted)
        self.rights = viewer.rights
        self._viewer = viewer
        self._wanted = wanted

    def see(self, happened: Happened) -> Item:
        """Return Moved."""
        return Moved(happened, self._move(happened))

    async def judge(self, item: Item) -> Judge:
        """Skip what the view does not show; who else has these rights is asked elsewhere."""
        verdict = Verdict.SKIPS if isinstance(item, Moved) and item.move is None else Verdict.HEARS
        return lambda _viewer: verdict

    def _move(self, happened: Happened) -> Move | None:
        if happened.record.type != "InboxChanged":  # a process of a newer version may write others
            return None
        payload = happened.record.payload
        if tells_of_notes_alone(payload["acts"]) and not self._viewer.may(ApiScope.NOTES_READ):
            return None
        return MOVES[self._shows(payload["before"]), self._shows(payload["after"])]

    def _shows(self, state: dict[str, Any] | None) -> bool:
        return (
            state is not None
            and state_is_visible_to(self._viewer, state)
            and self._wanted.matches(state)
        )


async def inbox_source(streams: Streams, viewer: Viewer, wanted: TicketFilter) -> InboxSource:
    """Return what happens to a view. Raises Unauthenticated for strangers."""
    brands = await streams.access.inbox_brands(viewer)
    return InboxSource(streams, inbox_topics(viewer, brands), viewer, wanted)
