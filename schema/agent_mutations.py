"""Adding, editing and deleting agents."""

from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from models.agents import AgentRole
from resolvers import agents
from resolvers.links import linked_ids
from schema.agents import Agent
from schema.errors import (
    AlreadyExists,
    EditConflict,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info
from schema.inputs import EXPECTED_VERSION, IDEMPOTENCY_KEY, MERGED_FIELDS, present
from services.agents import NewAgent

_EMAIL = "The address the agent signs in with, unique whatever its case."
_LANGUAGE = "The language of the agent's screen: `en`, `tr` or `el`."


@strawberry.input(description="Who an agent is to be.")
class AgentCreateInput:
    """Who an agent is to be."""

    name: str = strawberry.field(description="The agent's name, at most 200 characters.")
    email: str = strawberry.field(description=_EMAIL)
    password: str = strawberry.field(
        description="10 to 1,000 characters. Never shown, and no part of what tells a repeated "
        "`idempotencyKey` from a reused one."
    )
    role: AgentRole = strawberry.field(
        default=AgentRole.AGENT, description="What the agent may do."
    )
    language: str = strawberry.field(default="en", description=_LANGUAGE)
    active: bool = strawberry.field(
        default=True, description="Whether the agent can sign in and be assigned."
    )
    brand_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The brands the agent works for, at most 1,000."
    )
    team_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The teams the agent belongs to, at most 1,000."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def parsed(self) -> NewAgent:
        """Return who the agent is to be. Raises ValidationFailed for wrong ids."""
        return NewAgent(
            name=self.name,
            email=self.email,
            password=self.password,
            role=self.role,
            language=self.language,
            active=self.active,
            brand_ids=linked_ids(self.brand_ids, NodeKind.BRAND, "brandIds"),
            team_ids=linked_ids(self.team_ids, NodeKind.TEAM, "teamIds"),
        )


@strawberry.type(description="The agent was added.")
class AgentCreateSuccess:
    """The agent was added."""

    agent: Agent = strawberry.field(description="The new agent.")


AgentCreateResult = Annotated[
    AgentCreateSuccess
    | ValidationFailed
    | NotAllowed
    | AlreadyExists
    | LimitReached
    | IdempotencyKeyReused,
    strawberry.union("AgentCreateResult", description="The new agent, or why there is none."),
]


@strawberry.input(description="What to change of an agent. Absent fields stay as they are.")
class AgentUpdateInput:
    """What to change of an agent."""

    agent_id: strawberry.ID = strawberry.field(description="The agent.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="The agent's name, at most 200 characters."
    )
    email: str | None = strawberry.field(default=strawberry.UNSET, description=_EMAIL)
    password: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="10 to 1,000 characters. Another password ends all sessions of the agent.",
    )
    role: AgentRole | None = strawberry.field(
        default=strawberry.UNSET,
        description="What the agent may do. The last active admin stays one.",
    )
    language: str | None = strawberry.field(default=strawberry.UNSET, description=_LANGUAGE)
    active: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether the agent can sign in and be assigned. False ends all sessions.",
    )
    brand_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All brands the agent works for from now on."
    )
    team_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="All teams the agent belongs to from now on."
    )

    def changes(self) -> dict[str, Any]:
        """Return the fields that are present. Raises ValidationFailed for wrong ids."""
        wanted = present(
            self,
            "name",
            "email",
            "password",
            "role",
            "language",
            "active",
            "brand_ids",
            "team_ids",
        )
        if wanted.get("brand_ids") is not None:
            wanted["brand_ids"] = linked_ids(wanted["brand_ids"], NodeKind.BRAND, "brandIds")
        if wanted.get("team_ids") is not None:
            wanted["team_ids"] = linked_ids(wanted["team_ids"], NodeKind.TEAM, "teamIds")
        return wanted


@strawberry.type(description="The agent is as wanted.")
class AgentUpdateSuccess:
    """The agent is as wanted."""

    agent: Agent = strawberry.field(description="The agent as they are now.")
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


AgentUpdateResult = Annotated[
    AgentUpdateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | AlreadyExists
    | LimitReached
    | EditConflict,
    strawberry.union("AgentUpdateResult", description="The agent, or why nothing was changed."),
]


@strawberry.input(description="Which agent to delete.")
class AgentDeleteInput:
    """Which agent to delete."""

    agent_id: strawberry.ID = strawberry.field(description="The agent.")


@strawberry.type(description="The agent is gone.")
class AgentDeleteSuccess:
    """The agent is gone."""

    agent_id: strawberry.ID = strawberry.field(description="The agent who was deleted.")


AgentDeleteResult = Annotated[
    AgentDeleteSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("AgentDeleteResult", description="That they are gone, or why they stay."),
]


@strawberry.type
class AgentMutation:
    """Adding, editing and deleting agents."""

    @strawberry.mutation(description="Add an agent. For admins.")
    async def agent_create(self, info: Info, input: AgentCreateInput) -> AgentCreateResult:
        """Add an agent."""
        agent = await agents.create(info.context, input.parsed(), input.idempotency_key)
        return AgentCreateSuccess(agent=Agent.from_row(agent))

    @strawberry.mutation(
        description="Edit an agent. For admins. `NotAllowed` where no active admin would be left."
    )
    async def agent_update(self, info: Info, input: AgentUpdateInput) -> AgentUpdateResult:
        """Edit an agent."""
        agent, edit = await agents.update(
            info.context, input.agent_id, input.expected_version, input.changes()
        )
        return AgentUpdateSuccess(agent=Agent.from_row(agent), merged_fields=edit.merged_fields)

    @strawberry.mutation(
        description="Delete an agent, who is signed out at once, in no list any more, and stands "
        "wherever they acted. Their e-mail address is free. Right after, their tickets are "
        "nobody's, and their open reminders, open interactions and drafts are yours. For admins. "
        "`NotAllowed` for yourself, and where no active admin would be left."
    )
    async def agent_delete(self, info: Info, input: AgentDeleteInput) -> AgentDeleteResult:
        """Delete an agent."""
        await agents.delete(info.context, input.agent_id)
        return AgentDeleteSuccess(agent_id=input.agent_id)
