"""Messages of the tickets that the viewer sees."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, select

from core.pages import by_moment
from models import tickets
from models.base import Columns, project
from models.messages import Message
from models.tickets import Ticket
from resolvers.batches import pages_by_parent
from resolvers.scope import Scope

OLDEST_FIRST = by_moment("created_at", Message.created_at, Message.id)

# The parents of these pages are tickets that the viewer has come to see already.
by_ticket = pages_by_parent(
    Message, Message.ticket_id, OLDEST_FIRST, limits=lambda _viewer, _only: ()
)


async def by_id(
    scope: Scope, ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Row[Any]]:
    """Return messages by their ids."""
    of_visible_ticket = exists(
        select(Ticket.id).where(Ticket.id == Message.ticket_id, tickets.visible_to(scope.viewer))
    )
    rows = await scope.fetch(
        select(*project(Message, columns)).where(Message.id.in_(ids), of_visible_ticket)
    )
    return {row.id: row for row in rows}
