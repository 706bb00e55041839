"""A filtered list of tickets, live: what enters it, changes in it, and leaves it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from uuid import UUID

from models.event_topics import inbox_topic
from models.viewers import Viewer
from services.ticket_filters import TicketFilter, state_is_visible_to
from subscriptions.access import have_same_rights
from subscriptions.cursors import ResetReason
from subscriptions.following import Gap, Happened, Item, Ready
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
    """A ticket moved into, within, or out of the view."""

    cursor: str
    move: Move
    ticket_id: UUID
    happened: Happened


async def inbox_moves(
    streams: Streams, viewer: Viewer, wanted: TicketFilter, after: str | None
) -> AsyncGenerator[Ready | Gap | Moved, None]:
    """Return what happens to the view that `wanted` gives of the tickets the viewer sees.

    When the viewer's rights change there is a Gap, after which the stream goes on with what they
    see now. It ends when they are signed out.
    """
    items = streams.follow(await _topics(streams, viewer), after)
    return _moves(streams, viewer, wanted, items)


async def _topics(streams: Streams, viewer: Viewer) -> list[str]:
    return [inbox_topic(brand_id) for brand_id in await streams.access.inbox_brands(viewer)]


async def _moves(
    streams: Streams, viewer: Viewer, wanted: TicketFilter, items: AsyncGenerator[Item, None]
) -> AsyncGenerator[Ready | Gap | Moved, None]:
    current: Viewer | None = viewer
    while current is not None:
        moves = _moves_while_same(streams, current, wanted, items)
        async with aclosing(moves):
            async for move in moves:
                yield move
        current = await streams.access.viewer_now(viewer)
        if current is not None:
            items = streams.follow_anew(await _topics(streams, current), ResetReason.RIGHTS)


async def _moves_while_same(
    streams: Streams, viewer: Viewer, wanted: TicketFilter, items: AsyncGenerator[Item, None]
) -> AsyncGenerator[Ready | Gap | Moved, None]:
    """Yield until the viewer's rights are others; what comes then is not judged by the old ones."""
    async with aclosing(items):
        async for item in items:
            current = await streams.access.viewer_now(viewer)
            if current is None or not have_same_rights(viewer, current):
                return
            shown = _moved(item, viewer, wanted) if isinstance(item, Happened) else item
            if shown is not None:
                yield shown


def _moved(item: Happened, viewer: Viewer, wanted: TicketFilter) -> Moved | None:
    if item.record.type != "InboxChanged":  # a process of a newer version may write others
        return None
    payload = item.record.payload
    was_in = _in_view(payload["before"], viewer, wanted)
    is_in = _in_view(payload["after"], viewer, wanted)
    move = _MOVES[was_in, is_in]
    return move and Moved(item.cursor, move, UUID(payload["ticket_id"]), item)


def _in_view(state: dict[str, Any] | None, viewer: Viewer, wanted: TicketFilter) -> bool:
    return state is not None and state_is_visible_to(viewer, state) and wanted.matches(state)
