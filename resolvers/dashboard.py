"""The dashboard: the work of the desk in numbers, as the viewer sees it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from models.base import Columns
from resolvers import agents
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.scope import Scope
from services import dashboard
from services.dashboard import Dashboard
from services.ticket_filters import TicketFilter


async def read(scope: Scope, wanted: TicketFilter, online: Collection[UUID]) -> Dashboard:
    """Return the numbers now; `online` are the agents who are there."""
    require_signed_in(scope.viewer)
    return await dashboard.read(scope.fetch, scope.viewer, wanted, online)


@same_for_audience
async def agents_online(
    scope: Scope, keys: Sequence[frozenset[UUID]], _arguments: None, columns: Columns
) -> Mapping[frozenset[UUID], Sequence[Row[Any]]]:
    """Return the agents of each set of ids, by name."""
    wanted = None if columns is None else columns | {"name_key"}
    rows = await agents.by_id(scope, list(frozenset().union(*keys)), None, wanted)
    by_name = sorted(rows.values(), key=lambda row: (row.name_key, row.id))
    return {key: [row for row in by_name if row.id in key] for key in keys}
