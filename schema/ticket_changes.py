"""The history of a ticket."""

from datetime import datetime

import strawberry

from core.ids import NodeKind
from resolvers import actors, favorites
from resolvers.audiences import same_for_audience
from resolvers.ticket_changes import TicketAction
from schema.actors import Actor, wrap_actor
from schema.favorite_items import FavoriteItem, favorite_item
from schema.field_changes import FieldChange, shown_changes
from schema.fields import column, derived_in_scope, relation
from schema.nodes import FromRow, node_id

strawberry.enum(TicketAction, description="What was done to a ticket.")


@strawberry.type(description="Something that was done to a ticket, other than writing.")
class TicketChange(FromRow):
    """Something that was done to a ticket."""

    id: strawberry.ID = node_id(NodeKind.TICKET_CHANGE)
    action: TicketAction = column("What was done.")
    actor: Actor = relation(
        "Who did it.", actors.by_key, key=("actor_kind", "actor_id"), wrap=wrap_actor
    )
    occurred_at: datetime = column("When it was done.")
    changes: list[FieldChange] = derived_in_scope(
        "The fields that were changed; none where something else was done.",
        same_for_audience(lambda row, scope: shown_changes(row.changes, scope)),
        needs=("changes",),
    )
    item: FavoriteItem | None = relation(
        "What the star was put on or taken from; null where there was none, and for a note that is "
        "deleted.",
        favorites.item,
        key=("message_id", "note_id"),
        wrap=favorite_item,
    )
