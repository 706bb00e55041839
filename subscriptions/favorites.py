"""The favourites of one ticket: the list as it is, then each change of it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

from models.viewers import Viewer
from subscriptions.following import Gap, Happened, Item, Ready
from subscriptions.streams import Streams
from subscriptions.tickets import AccessLost, ticket_events

_CHANGES = ("FavoriteAdded", "FavoriteRemoved")


async def favorite_changes(
    streams: Streams, viewer: Viewer, ticket_id: UUID
) -> AsyncGenerator[Ready | Gap | Happened, None]:
    """Return Ready, at which the list is to be read, and then each star put or taken away.

    At a Gap the list is to be read again. The stream ends when the viewer loses the ticket.
    """
    events = await ticket_events(streams, viewer, ticket_id, after=None)
    return _changes(events)


async def _changes(
    events: AsyncGenerator[Item | AccessLost, None],
) -> AsyncGenerator[Ready | Gap | Happened, None]:
    async with aclosing(events):
        async for item in events:
            if isinstance(item, AccessLost):
                return
            if not isinstance(item, Happened) or item.record.type in _CHANGES:
                yield item
