"""Tags, and those that stand on tickets."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from models.base import Columns, project
from models.tags import Tag, TicketTag, visible_to
from resolvers.batches import rows_by_id
from resolvers.scope import Scope

by_id = rows_by_id(Tag, visible_to)


async def by_ticket(
    scope: Scope, ticket_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Return the tags of tickets that the viewer has come to see, by name."""
    rows = await scope.fetch(
        select(TicketTag.ticket_id, *project(Tag, columns))
        .join(Tag, Tag.id == TicketTag.tag_id)
        .where(TicketTag.ticket_id.in_(ticket_ids), visible_to(scope.viewer))
        .order_by(Tag.name_key)
    )
    grouped: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        grouped[row.ticket_id].append(row)
    return grouped
