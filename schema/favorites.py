"""Favourites: the few messages and notes of a ticket that matter."""

from datetime import datetime
from typing import Annotated

import strawberry

from core.ids import NodeKind
from models import favorites as rows
from resolvers import actors, favorites
from resolvers import tickets as ticket_batches
from schema.actors import Actor, wrap_actor
from schema.errors import LimitReached, NotAllowed, NotFound, ValidationFailed
from schema.favorite_items import FavoriteItem, favorite_item
from schema.fields import Info, column, relation
from schema.nodes import FromRow, Node, node_id
from schema.registry import register
from schema.tickets import Ticket


@strawberry.type(description="A starred message or note. It belongs to the ticket.")
class Favorite(FromRow, Node):
    """A starred message or note."""

    id: strawberry.ID = node_id(NodeKind.FAVORITE)
    ticket: Ticket = relation("The ticket it belongs to.", ticket_batches.by_id, key="ticket_id")
    item: FavoriteItem = relation(
        "What is starred.",
        favorites.starred_item,
        key=("message_id", "note_id"),
        wrap=favorite_item,
    )
    added_by: Actor = relation(
        "Who starred it.", actors.by_key, key=("added_by_kind", "added_by_id"), wrap=wrap_actor
    )
    added_at: datetime = column("When it was starred.")


@strawberry.input(description="What to star.")
class FavoriteAddInput:
    """What to star."""

    item_id: strawberry.ID = strawberry.field(
        description="The message, the inline note or the ticket note."
    )


@strawberry.type(description="The item is starred now, and was perhaps before.")
class FavoriteAddSuccess:
    """The item is starred now."""

    favorite: Favorite = strawberry.field(description="The star.")
    ticket: Ticket = strawberry.field(description="The ticket it belongs to.")


FavoriteAddResult = Annotated[
    FavoriteAddSuccess | ValidationFailed | NotFound | NotAllowed | LimitReached,
    strawberry.union("FavoriteAddResult", description="The star, or why there is none."),
]


@strawberry.input(description="What to take the star from.")
class FavoriteRemoveInput:
    """What to take the star from."""

    item_id: strawberry.ID = strawberry.field(description="The message or note.")


@strawberry.type(description="The item has no star now, and had perhaps none before.")
class FavoriteRemoveSuccess:
    """The item has no star now."""

    item_id: strawberry.ID = strawberry.field(description="The message or note.")
    ticket: Ticket = strawberry.field(description="The ticket it belongs to.")


FavoriteRemoveResult = Annotated[
    FavoriteRemoveSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("FavoriteRemoveResult", description="The ticket, or why nothing was done."),
]


@strawberry.type
class FavoriteMutation:
    """Starring and taking stars away."""

    @strawberry.mutation(description="Star a message or note of a ticket, for everybody.")
    async def favorite_add(self, info: Info, input: FavoriteAddInput) -> FavoriteAddResult:
        """Star an item."""
        favorite, ticket = await favorites.add(info.context, input.item_id)
        return FavoriteAddSuccess(
            favorite=Favorite.from_row(favorite), ticket=Ticket.from_row(ticket)
        )

    @strawberry.mutation(description="Take a star away, whoever put it there.")
    async def favorite_remove(self, info: Info, input: FavoriteRemoveInput) -> FavoriteRemoveResult:
        """Take a star away."""
        ticket = await favorites.remove(info.context, input.item_id)
        return FavoriteRemoveSuccess(item_id=input.item_id, ticket=Ticket.from_row(ticket))


register(NodeKind.FAVORITE, Favorite, rows.Favorite, favorites.by_id)
