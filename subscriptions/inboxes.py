"""A filtered list of tickets, live: what enters it, changes in it, and leaves it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from uuid import UUID

from models.event_topics import inbox_topic
from models.viewers import Viewer
from services.ticket_filters import TicketFilter, state_is_visible_to
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


def inbox_moves(
    streams: Streams,
    viewer: Viewer,
    brand_ids: Sequence[UUID],
    wanted: TicketFilter,
    after: str | None,
) -> AsyncGenerator[Ready | Gap | Moved, None]:
    """Return what happens to the view that `wanted` gives of the tickets of these brands.

    The stream ends when the viewer is signed out.
    """
    items = streams.follow([inbox_topic(brand_id) for brand_id in brand_ids], after)
    return _moves(streams, viewer, wanted, items)


async def _moves(
    streams: Streams, viewer: Viewer, wanted: TicketFilter, items: AsyncGenerator[Item, None]
) -> AsyncGenerator[Ready | Gap | Moved, None]:
    async with aclosing(items):
        async for item in items:
            if not isinstance(item, Happened):
                yield item
                continue
            current = await streams.access.viewer_now(viewer)
            if current is None:
                return
            moved = _moved(item, viewer, current, wanted)
            if moved is not None:
                yield moved


def _moved(
    item: Happened, viewer_then: Viewer, viewer_now: Viewer, wanted: TicketFilter
) -> Moved | None:
    payload = item.record.payload
    was_in = _in_view(payload["before"], viewer_then, wanted)
    is_in = _in_view(payload["after"], viewer_now, wanted)
    move = _MOVES[was_in, is_in]
    return move and Moved(item.cursor, move, UUID(payload["ticket_id"]), item)


def _in_view(state: dict[str, Any] | None, viewer: Viewer, wanted: TicketFilter) -> bool:
    return state is not None and state_is_visible_to(viewer, state) and wanted.matches(state)
