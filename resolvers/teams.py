"""Teams, as the viewer may see them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from models.base import Columns, project
from models.teams import Team, visible_to
from resolvers.batches import rows_by_id
from resolvers.scope import Scope

by_id = rows_by_id(Team, visible_to)


async def all_teams(scope: Scope, columns: Columns) -> Sequence[Row[Any]]:
    """Return the teams, by name."""
    return await scope.fetch(
        select(*project(Team, columns)).where(visible_to(scope.viewer)).order_by(Team.name_key)
    )
