"""Agents, as their colleagues see them, and what admins do with them."""

from collections.abc import Mapping
from typing import Any

from core.ids import NodeKind
from core.pages import Page
from models.agents import Agent, visible_to
from models.base import Columns
from models.teams import TeamMember
from resolvers.access import require_signed_in
from resolvers.batches import PageArguments, rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.links import rows_by_link
from resolvers.name_lists import page_by_name
from resolvers.scope import Scope
from services import agents
from services.agents import NewAgent
from services.changes import Edit

by_id = rows_by_id(Agent, visible_to)
by_team = rows_by_link(Agent, visible_to, TeamMember.team_id, TeamMember.agent_id)

_SEARCHED = (Agent.name_key, Agent.email_key)


async def page(
    scope: Scope, search: str | None, arguments: PageArguments, columns: Columns
) -> Page:
    """Return one page of the agents, by name, found by name or e-mail address."""
    return await page_by_name(scope, Agent, visible_to, search, _SEARCHED, arguments, columns)


async def create(scope: Scope, new: NewAgent, idempotency_key: str | None) -> Agent:
    """Add an agent."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await agents.create(work, scope.viewer, new, idempotency_key=idempotency_key)


async def update(
    scope: Scope, agent_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Agent, Edit]:
    """Edit an agent; return the agent and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(agent_id, NodeKind.AGENT, "input", "agentId")
    async with scope.unit_of_work() as work:
        return await agents.update(work, scope.viewer, row_id, expected_version, wanted)
