"""Everything that happens to one ticket, for those who may see it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from models.event_topics import topic_named
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from subscriptions.following import Happened, Item
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
            if not isinstance(item, Happened):
                yield item
            elif not await streams.access.holds(viewer, ticket_id):
                yield AccessLost(item.cursor)
                return
            elif _may_hear(viewer, item):
                yield item


def _may_hear(viewer: Viewer, item: Happened) -> bool:
    """Keep what tells of notes from those who may not read notes."""
    return not item.record.payload.get("note_id") or viewer.may(ApiScope.NOTES_READ)
