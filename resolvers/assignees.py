"""Who may be given the tickets of a brand."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, exists, select

from core.ids import NodeKind
from models import agents, brands, teams
from models.agents import Agent
from models.base import project
from models.brands import Brand
from models.teams import Team
from resolvers.access import require_signed_in
from resolvers.agents import searched_by
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from services.assignees import agent_is_assignable, team_is_assignable
from services.name_search import words_begin


async def of_brand(
    scope: Scope, brand_id: str, search: str | None
) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]]]:
    """Return the teams and the agents, both by name; nobody for a brand the viewer does not see."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(brand_id, NodeKind.BRAND, "brandId")
    brand_is_visible = exists(
        select(Brand.id).where(Brand.id == row_id, brands.visible_to(scope.viewer))
    )
    found_teams = await scope.fetch(
        select(*project(Team, None))
        .where(
            brand_is_visible,
            teams.visible_to(scope.viewer),
            team_is_assignable(row_id),
            words_begin(search, Team.name_key),
        )
        .order_by(Team.name_key, Team.id)
    )
    found_agents = await scope.fetch(
        select(*project(Agent, None))
        .where(
            brand_is_visible,
            agents.visible_to(scope.viewer),
            agent_is_assignable(row_id),
            words_begin(search, *searched_by(scope.viewer)),
        )
        .order_by(Agent.name_key, Agent.id)
    )
    return found_teams, found_agents
