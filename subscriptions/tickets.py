"""Everything that happens to one ticket, for those who may see it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from models.event_topics import topic_named
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from subscriptions.following import Gap, Happened, Item, Ready
from subscriptions.streams import Streams


@dataclass(frozen=True, slots=True)
class AccessLost:
    """The viewer does not see the ticket any more; `cursor` is the place of what they missed."""

    cursor: str


async def ticket_events(
    streams: Streams, viewer: Viewer, ticket_id: UUID, after: str | None
) -> AsyncGenerator[Item | AccessLost, None]:
    """Return what happens to the ticket, until the viewer loses sight of it.

    Raises NotFound where the viewer does not see it from the start.
    """
    await streams.access.require(viewer, ticket_id)
    items = streams.follow([topic_named(Ticket, ticket_id)], after)
    return _while_visible(streams, viewer, ticket_id, items)


async def _while_visible(
    streams: Streams, viewer: Viewer, ticket_id: UUID, items: AsyncGenerator[Item, None]
) -> AsyncGenerator[Item | AccessLost, None]:
    async with aclosing(items):
        async for item in items:
            if isinstance(item, Ready):  # the first item of all: access was just required
                yield item
                continue
            current = await streams.access.viewer_of(ticket_id, viewer)
            if current is None:
                yield AccessLost(item.cursor)
                return
            if _may_hear(current, item):
                yield item


def _may_hear(viewer: Viewer, item: Gap | Happened) -> bool:
    """Keep what tells of notes from those who may not read notes."""
    tells_of_note = isinstance(item, Happened) and item.record.payload.get("note_id")
    return not tells_of_note or viewer.may(ApiScope.NOTES_READ)
