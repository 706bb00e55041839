"""Who may be given tickets."""

from typing import Annotated

import strawberry

from resolvers import assignees
from schema.agents import Agent
from schema.fields import Info
from schema.teams import Team

Assignee = Annotated[
    Agent | Team, strawberry.union("Assignee", description="Who may be given a ticket.")
]


@strawberry.type
class AssigneeQuery:
    """Reading who may be given tickets."""

    @strawberry.field(
        description="Who may be given tickets of a brand: the teams that take them, then the "
        "active agents who work for it or are admins, both by name."
    )
    async def assignees(
        self,
        info: Info,
        brand_id: Annotated[
            strawberry.ID,
            strawberry.argument(description="The brand; nobody is listed for one of others."),
        ],
        search: Annotated[
            str | None,
            strawberry.argument(
                description="Beginnings of words in name or e-mail address; all must be found."
            ),
        ] = None,
    ) -> list[Assignee]:
        """Load the teams and agents."""
        teams, agents = await assignees.of_brand(info.context, brand_id, search)
        return [*map(Team.from_row, teams), *map(Agent.from_row, agents)]
