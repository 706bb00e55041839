"""Who does things."""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.ids import NodeKind
from models.actors import ActorKind
from models.api_tokens import ApiToken
from resolvers import actors, api_tokens
from resolvers.scope import Scope
from schema.agents import Agent
from schema.customers import Customer
from schema.fields import column
from schema.nodes import FromRow, Node, node_id
from schema.registry import register


@strawberry.type(description="A service account: another system that works through the API.")
class Integration(FromRow, Node):
    """Another system that works through the API."""

    id: strawberry.ID = node_id(NodeKind.API_TOKEN)
    name: str = column("What its API token is called.")


@strawberry.type(description="Starling itself: rules, reminders, imports.")
class Automation:
    """Starling itself."""

    name: str = strawberry.field(default="Starling", description="Its name.")


Actor = Annotated[
    Agent | Customer | Integration | Automation,
    strawberry.union("Actor", description="Who did something."),
]

_TYPES: dict[ActorKind, Any] = {
    ActorKind.AGENT: Agent,
    ActorKind.CUSTOMER: Customer,
    ActorKind.INTEGRATION: Integration,
}


def wrap_actor(found: tuple[ActorKind, Any] | None) -> Any:
    """Return the object that shows an actor; None for nobody."""
    if found is None:
        return None
    kind, row = found
    return Automation() if row is None else _TYPES[kind].from_row(row)


async def actor_of(scope: Scope, key: tuple[str, UUID | None]) -> Any:
    """Return the object that shows the actor with this kind and id."""
    return await scope.load(actors.by_key, (ActorKind(key[0]), key[1]), wrap=wrap_actor)


register(NodeKind.API_TOKEN, Integration, ApiToken, api_tokens.by_id)
