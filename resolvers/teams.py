"""Teams, as the viewer may see them, and what admins do with them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from core.ids import NodeKind
from models.base import Columns
from models.teams import Team, TeamMember, visible_to
from resolvers.access import require_signed_in
from resolvers.batches import rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.links import rows_by_link
from resolvers.name_lists import all_by_name
from resolvers.scope import Scope
from services import deletions, teams
from services.changes import Edit
from services.teams import NewTeam

by_id = rows_by_id(Team, visible_to)
by_agent = rows_by_link(Team, visible_to, TeamMember.agent_id, TeamMember.team_id)


async def all_teams(scope: Scope, columns: Columns) -> Sequence[Row[Any]]:
    """Return the teams, by name."""
    return await all_by_name(scope, Team, visible_to, columns)


async def create(scope: Scope, new: NewTeam, idempotency_key: str | None) -> Team:
    """Add a team."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await teams.create(work, scope.viewer, new, idempotency_key=idempotency_key)


async def update(
    scope: Scope, team_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Team, Edit]:
    """Edit a team; return it and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(team_id, NodeKind.TEAM, "input", "teamId")
    async with scope.unit_of_work() as work:
        return await teams.update(work, scope.viewer, row_id, expected_version, wanted)


async def delete(scope: Scope, team_id: str) -> None:
    """Delete a team."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(team_id, NodeKind.TEAM, "input", "teamId")
    async with scope.unit_of_work() as work:
        await deletions.delete_team(work, scope.viewer, row_id)
