"""A filtered list of tickets, live: what enters it, changes in it, and leaves it."""

from collections.abc import AsyncGenerator, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from uuid import UUID

from models.event_topics import inbox_topics
from models.viewers import ApiScope, Viewer
from services.ticket_filters import TicketFilter, state_is_visible_to
from subscriptions.log.cursors import ResetReason
from subscriptions.log.following import Happened
from subscriptions.log_source import LogSource
from subscriptions.source import Item, Judge, Verdict
from subscriptions.streams import Streams


class Move(Enum):
    """What an event means for a view."""

    ENTERED = auto()
    CHANGED = auto()
    LEFT = auto()


# By whether the ticket was in the view before the event, and whether it is now.
_MOVES = {
    (False, False): None,
    (False, True): Move.ENTERED,
    (True, True): Move.CHANGED,
    (True, False): Move.LEFT,
}


@dataclass(frozen=True, slots=True)
class Moved:
    """A ticket moved into, within, or out of the view; `move` is None for what it never showed."""

    happened: Happened
    move: Move | None

    @property
    def cursor(self) -> str:
        """The place just after this item."""
        return self.happened.cursor

    @property
    def identity(self) -> Hashable:
        """What tells this item apart from all others of its source."""
        return self.happened.identity

    @property
    def ticket_id(self) -> UUID:
        """The ticket."""
        return UUID(self.happened.record.payload["ticket_id"])


class InboxSource(LogSource):
    """What happens to the view that `wanted` gives of the tickets that `viewer` sees."""

    def __init__(
        self, streams: Streams, topics: Sequence[str], viewer: Viewer, wanted: TicketFilter
    ) -> None:
        super().__init__(streams, topics, viewer.rights, wanted)
        self.rights = viewer.rights
        self._viewer = viewer
        self._wanted = wanted

    def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        """Return Ready, Gap and Moved."""
        return self._moves(super().open(after))

    def open_anew(self, reason: ResetReason) -> AsyncGenerator[Item, None]:
        """Return Moved from now on, after a Gap."""
        return self._moves(super().open_anew(reason))

    async def judge(self, item: Item) -> Judge:
        """Skip what the view does not show; who else has these rights is asked elsewhere."""
        verdict = Verdict.SKIPS if isinstance(item, Moved) and item.move is None else Verdict.HEARS
        return lambda _viewer: verdict

    async def _moves(self, items: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
        async with aclosing(items):
            async for item in items:
                yield Moved(item, self._move(item)) if isinstance(item, Happened) else item

    def _move(self, happened: Happened) -> Move | None:
        if happened.record.type != "InboxChanged":  # a process of a newer version may write others
            return None
        payload = happened.record.payload
        if payload["acts"] == ["NoteAdded"] and not self._viewer.may(ApiScope.NOTES_READ):
            return None
        return _MOVES[self._shows(payload["before"]), self._shows(payload["after"])]

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
