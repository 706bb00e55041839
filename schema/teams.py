"""Teams: who may be given tickets together."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from models import teams as rows
from resolvers import agents, brands, teams
from resolvers.links import linked_ids
from schema.agents import MEMBERSHIPS_ASSUMED, Agent
from schema.brands import Brand
from schema.errors import (
    AlreadyExists,
    EditConflict,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info, column, relation, requested_columns
from schema.inputs import EXPECTED_VERSION, IDEMPOTENCY_KEY, MERGED_FIELDS, present
from schema.nodes import FromRow, Node, node_id
from schema.pages import Connection, paged
from schema.registry import register
from services.teams import NewTeam


@strawberry.type(description="A group of agents that tickets can be assigned to.")
class Team(FromRow, Node):
    """A group of agents that tickets can be assigned to."""

    id: strawberry.ID = node_id(NodeKind.TEAM)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("The team's name, unique.")
    brands: list[Brand] = relation(
        "The brands whose tickets it takes, as far as the viewer works for them, by name.",
        brands.by_team,
        key="id",
        assumed_size=MEMBERSHIPS_ASSUMED,
    )
    created_at: datetime = column("When the team was added.")

    members: Connection[Agent] = paged("Who belongs to it, by name.", agents.members_of)


@strawberry.type
class TeamQuery:
    """Reading teams."""

    @strawberry.field(
        description="All teams, by name: tickets go to teams of others, too.",
        metadata={"assumed_size": MEMBERSHIPS_ASSUMED},
    )
    async def teams(self, info: Info) -> list[Team]:
        """Load the teams."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        return [Team.from_row(row) for row in await teams.all_teams(info.context, columns)]


@strawberry.input(description="What a team is to be.")
class TeamCreateInput:
    """What a team is to be."""

    name: str = strawberry.field(description="Its name, at most 200 characters, unique.")
    brand_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The brands whose tickets it takes, at most 1,000."
    )
    member_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The agents who belong to it, at most 1,000."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def parsed(self) -> NewTeam:
        """Return what the team is to be. Raises ValidationFailed for wrong ids."""
        return NewTeam(
            name=self.name,
            brand_ids=linked_ids(self.brand_ids, NodeKind.BRAND, "brandIds"),
            member_ids=linked_ids(self.member_ids, NodeKind.AGENT, "memberIds"),
        )


@strawberry.type(description="The team was added.")
class TeamCreateSuccess:
    """The team was added."""

    team: Team = strawberry.field(description="The new team.")


TeamCreateResult = Annotated[
    TeamCreateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | AlreadyExists
    | LimitReached
    | IdempotencyKeyReused,
    strawberry.union("TeamCreateResult", description="The new team, or why there is none."),
]


@strawberry.input(description="What to change of a team. Absent fields stay as they are.")
class TeamUpdateInput:
    """What to change of a team."""

    team_id: strawberry.ID = strawberry.field(description="The team.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Its name, at most 200 characters, unique."
    )
    brand_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All brands whose tickets it takes from now on."
    )
    member_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All agents who belong to it from now on."
    )

    def changes(self) -> dict[str, Any]:
        """Return the fields that are present. Raises ValidationFailed for wrong ids."""
        wanted = present(self, "name", "brand_ids", "member_ids")
        if wanted.get("brand_ids") is not None:
            wanted["brand_ids"] = linked_ids(wanted["brand_ids"], NodeKind.BRAND, "brandIds")
        if wanted.get("member_ids") is not None:
            wanted["member_ids"] = linked_ids(wanted["member_ids"], NodeKind.AGENT, "memberIds")
        return wanted


@strawberry.type(description="The team is as wanted.")
class TeamUpdateSuccess:
    """The team is as wanted."""

    team: Team = strawberry.field(description="The team as it is now.")
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


TeamUpdateResult = Annotated[
    TeamUpdateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | AlreadyExists
    | LimitReached
    | EditConflict,
    strawberry.union("TeamUpdateResult", description="The team, or why nothing was changed."),
]


@strawberry.input(description="Which team to delete.")
class TeamDeleteInput:
    """Which team to delete."""

    team_id: strawberry.ID = strawberry.field(description="The team.")


@strawberry.type(description="The team is gone.")
class TeamDeleteSuccess:
    """The team is gone."""

    team_id: strawberry.ID = strawberry.field(description="The team that was deleted.")


TeamDeleteResult = Annotated[
    TeamDeleteSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("TeamDeleteResult", description="That it is gone, or why it stays."),
]


@strawberry.type
class TeamMutation:
    """Adding, editing and deleting teams."""

    @strawberry.mutation(description="Add a team. For admins.")
    async def team_create(self, info: Info, input: TeamCreateInput) -> TeamCreateResult:
        """Add a team."""
        team = await teams.create(info.context, input.parsed(), input.idempotency_key)
        return TeamCreateSuccess(team=Team.from_row(team))

    @strawberry.mutation(description="Edit a team. For admins.")
    async def team_update(self, info: Info, input: TeamUpdateInput) -> TeamUpdateResult:
        """Edit a team."""
        team, edit = await teams.update(
            info.context, input.team_id, input.expected_version, input.changes()
        )
        return TeamUpdateSuccess(team=Team.from_row(team), merged_fields=edit.merged_fields)

    @strawberry.mutation(
        description="Delete a team. It is gone at once and its name is free. Right after, its "
        "tickets have no team any more: all who work for their brand see them. For admins."
    )
    async def team_delete(self, info: Info, input: TeamDeleteInput) -> TeamDeleteResult:
        """Delete a team."""
        await teams.delete(info.context, input.team_id)
        return TeamDeleteSuccess(team_id=input.team_id)


register(NodeKind.TEAM, Team, rows.Team, teams.by_id)
