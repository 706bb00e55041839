"""Agents: the people of the desk."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import agents as rows
from models.agents import AgentRole
from resolvers import agents, brands, teams
from resolvers.audiences import same_for_audience
from schema.fields import Info, column, connection_columns, derived_in_scope, relation
from schema.nodes import FromRow, Node, node_id
from schema.pages import (
    After,
    Before,
    Connection,
    First,
    Last,
    connection_of,
    page_arguments,
)
from schema.registry import register

if TYPE_CHECKING:
    from schema.brands import Brand
    from schema.teams import Team

# Most have a few, some have all; a page of 100 agents with both stays within 10,000 points.
MEMBERSHIPS_ASSUMED = 40


@strawberry.type(description="A person of the desk.")
class Agent(FromRow, Node):
    """A person of the desk."""

    id: strawberry.ID = node_id(NodeKind.AGENT)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("The agent's name.")
    email: str | None = derived_in_scope(
        "The address the agent signs in with. Null for integrations, and of who was deleted.",
        same_for_audience(
            lambda row, scope: (row.email or None) if scope.viewer.is_agent else None
        ),
        needs=("email",),
    )
    role: AgentRole = column("What the agent may do.")
    language: str = column("The language of the agent's screen: `en`, `tr` or `el`.")
    active: bool = column("Whether the agent can sign in and be assigned.")
    brands: list[Annotated["Brand", strawberry.lazy("schema.brands")]] = relation(
        "The brands the agent works for, as far as the viewer does, too; by name.",
        brands.by_agent,
        key="id",
        assumed_size=MEMBERSHIPS_ASSUMED,
    )
    teams: list[Annotated["Team", strawberry.lazy("schema.teams")]] = relation(
        "The teams the agent belongs to, by name.",
        teams.by_agent,
        key="id",
        assumed_size=MEMBERSHIPS_ASSUMED,
    )
    created_at: datetime = column("When the agent was added.")
    deleted_at: datetime | None = column(
        "When the agent was deleted; null for who is there. Who was deleted is in no list, and "
        "stands wherever they acted."
    )


@strawberry.type
class AgentQuery:
    """Reading agents."""

    @strawberry.field(description="The people of the desk, by name.")
    async def agents(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="Beginnings of words in name or e-mail address; all must be found."
            ),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Agent]:
        """Load a page of agents."""
        page = await agents.page(
            info.context,
            search,
            page_arguments(info, first, after, last, before),
            connection_columns(info._raw_info),  # noqa: SLF001  # not public otherwise
        )
        return connection_of(page, Agent.from_row)


register(NodeKind.AGENT, Agent, rows.Agent, agents.by_id)
