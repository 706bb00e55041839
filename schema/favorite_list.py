"""The favourites of a ticket, live."""

from collections.abc import AsyncIterable
from operator import attrgetter
from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.ids import NodeKind
from resolvers import favorites, tickets
from resolvers.audiences import same_for_audience
from resolvers.global_ids import row_id_of
from schema.favorites import Favorite
from schema.fields import Info
from schema.live import Live
from schema.pages import Connection, paged
from schema.scalars import EventCursor
from schema.ticket_events import FavoriteAdded, FavoriteRemoved, favorite_event
from subscriptions.favorites import FavoriteSource
from subscriptions.log.following import Happened

FavoriteChange = Annotated[
    FavoriteAdded | FavoriteRemoved,
    strawberry.union("FavoriteChange", description="What changed in a list of favourites."),
]


@strawberry.type(description="The favourites of a ticket at one moment.")
class FavoriteList:
    """The favourites of a ticket at one moment."""

    row_id: strawberry.Private[UUID]
    ticket_id: strawberry.ID = strawberry.field(description="The ticket.")
    cursor: EventCursor = strawberry.field(
        description="The place of this list in the ticket's events, for `ticketEvents(after:)`."
    )
    change: FavoriteChange | None = strawberry.field(
        description="What changed since the list before; null at first and after a gap."
    )

    @strawberry.field(description="How many favourites there are.")
    @same_for_audience
    async def favorite_count(self, info: Info) -> int:
        """Return how many the viewer may see."""
        columns = frozenset({"favorite_count"})
        ticket = await info.context.load(tickets.by_id, self.row_id, None, columns)
        if ticket is None:
            return 0
        key = (self.row_id, ticket.favorite_count)
        return int(await info.context.load(favorites.counts, key))

    favorites: Connection[Favorite] = paged(
        "The favourites, in the order of the conversation.",
        favorites.by_ticket,
        parent=attrgetter("row_id"),
    )


@strawberry.type
class FavoriteSubscription:
    """Favourites, live."""

    @strawberry.subscription(
        name="favorites",
        description="The favourites of a ticket: the list as it is, then again at each change.",
    )
    async def favorite_list(
        self,
        info: Info,
        ticket_id: Annotated[strawberry.ID, strawberry.argument(description="The ticket.")],
    ) -> AsyncIterable[FavoriteList]:
        """Follow the favourites of a ticket."""
        row_id = row_id_of(ticket_id, NodeKind.TICKET, "ticketId")
        streams = info.context.resources.streams
        await streams.access.require(info.context.viewer, NodeKind.TICKET, row_id)

        def show(item: Any) -> FavoriteList:
            change = favorite_event(item, row_id) if isinstance(item, Happened) else None
            return FavoriteList(
                row_id=row_id, ticket_id=ticket_id, cursor=item.cursor, change=change
            )

        return Live(FavoriteSource(streams, row_id), show)
