"""Tags on tickets: putting them on and taking them off."""

from uuid import UUID

from core.ids import NodeKind
from models.tags import Tag
from models.tickets import Ticket
from resolvers.access import require_signed_in
from resolvers.global_ids import optional_row_id, row_id_of
from resolvers.scope import Scope
from services import ticket_tags
from services.ticket_tags import WantedTag


async def add(
    scope: Scope, ticket_id: str, tag_id: str | None, name: str | None
) -> tuple[Ticket, Tag]:
    """Put a tag on a ticket; return both."""
    row_id, wanted = _parse(scope, ticket_id, tag_id, name)
    async with scope.unit_of_work() as work:
        return await ticket_tags.add(work, scope.viewer, row_id, wanted)


async def remove(
    scope: Scope, ticket_id: str, tag_id: str | None, name: str | None
) -> tuple[Ticket, Tag]:
    """Take a tag off a ticket; return both."""
    row_id, wanted = _parse(scope, ticket_id, tag_id, name)
    async with scope.unit_of_work() as work:
        return await ticket_tags.remove(work, scope.viewer, row_id, wanted)


def _parse(
    scope: Scope, ticket_id: str, tag_id: str | None, name: str | None
) -> tuple[UUID, WantedTag]:
    require_signed_in(scope.viewer)
    row_id = row_id_of(ticket_id, NodeKind.TICKET, "input", "ticketId")
    return row_id, WantedTag(optional_row_id(tag_id, NodeKind.TAG, "input", "tagId"), name)
