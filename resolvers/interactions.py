"""Interactions: each time an agent and a customer were in touch."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from core.pages import by_moment
from models import tickets
from models.base import Columns
from models.interactions import Interaction, InteractionTag, visible_to
from models.tickets import Ticket
from resolvers.audiences import personal, same_for_audience
from resolvers.batches import grouped, pages_by_parent, rows_by_id
from resolvers.scope import Scope

NEWEST_FIRST = by_moment("opened_at", Interaction.opened_at, Interaction.id, descending=True)

by_id = rows_by_id(Interaction, visible_to)

# Whoever sees an interaction does not yet see its ticket, which may be assigned to one of them.
ticket = personal(rows_by_id(Ticket, tickets.visible_to))

by_customer = pages_by_parent(
    Interaction,
    Interaction.customer_id,
    NEWEST_FIRST,
    limits=lambda viewer, _only: [visible_to(viewer)],
)


@same_for_audience
async def tags(
    scope: Scope, interaction_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, Sequence[str]]:
    """Return the tags of interactions that the viewer has come to see, in alphabetical order."""
    rows = await scope.fetch(
        select(InteractionTag.interaction_id, InteractionTag.tag)
        .where(InteractionTag.interaction_id.in_(interaction_ids))
        .order_by(InteractionTag.tag_key)
    )
    groups = grouped(rows, "interaction_id")
    return {interaction_id: [row.tag for row in of] for interaction_id, of in groups.items()}
