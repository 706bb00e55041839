"""Agents, as their colleagues see them, and what admins do with them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import true
from sqlalchemy.orm import InstrumentedAttribute

from core.ids import NodeKind
from core.pages import Page, by_text
from models.agents import Agent, present_to, visible_to
from models.base import Columns
from models.teams import TeamMember
from models.viewers import Viewer
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import PageArguments, pages_by_parent, rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.name_lists import page_by_name
from resolvers.scope import Scope
from services import agents
from services.agents import NewAgent
from services.changes import Edit

by_id = rows_by_id(Agent, visible_to)

# Who sees a ticket sees who has it and who wrote in it, also where that is no colleague.
at_work = rows_by_id(Agent, lambda _viewer: true())

members_of = same_for_audience(
    pages_by_parent(
        Agent,
        TeamMember.team_id,
        by_text("name_key", Agent.name_key, Agent.id),
        limits=lambda viewer, _only: [TeamMember.agent_id == Agent.id, present_to(viewer)],
    )
)


def searched_by(viewer: Viewer) -> Sequence[InstrumentedAttribute[str]]:
    """Return the columns in which the viewer finds agents: those that the viewer sees."""
    return (Agent.name_key, Agent.email_key) if viewer.is_agent else (Agent.name_key,)


async def page(
    scope: Scope, search: str | None, arguments: PageArguments, columns: Columns
) -> Page:
    """Return one page of the agents, by name, found by what the viewer sees of them."""
    searched = searched_by(scope.viewer)
    return await page_by_name(scope, Agent, present_to, search, searched, arguments, columns)


async def create(scope: Scope, new: NewAgent, idempotency_key: str | None) -> Agent:
    """Add an agent."""
    require_signed_in(scope.viewer)
    database = scope.resources.database
    chosen = await agents.prepare_password(database, scope.viewer, new.password)
    async with scope.unit_of_work() as work:
        return await agents.create(
            work, scope.viewer, new, chosen=chosen, idempotency_key=idempotency_key
        )


async def update(
    scope: Scope, agent_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Agent, Edit]:
    """Edit an agent; return the agent and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(agent_id, NodeKind.AGENT, "input", "agentId")
    chosen = await agents.prepare_password(
        scope.resources.database, scope.viewer, wanted.get("password"), row_id
    )
    async with scope.unit_of_work() as work:
        return await agents.update(
            work, scope.viewer, row_id, expected_version, wanted, chosen=chosen
        )


async def delete(scope: Scope, agent_id: str) -> None:
    """Delete an agent."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(agent_id, NodeKind.AGENT, "input", "agentId")
    async with scope.unit_of_work() as work:
        await agents.delete(work, scope.viewer, row_id)
