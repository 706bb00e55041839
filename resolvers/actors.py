"""Who did something: an agent, a customer, an integration, or Starling itself."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, true

from models import agents, customers
from models.actors import ActorKind
from models.agents import Agent
from models.api_tokens import ApiToken
from models.base import Base, Columns, project
from models.customers import Customer
from resolvers.scope import Scope

ActorKey = tuple[ActorKind | None, UUID | None]

_MODELS: dict[ActorKind, type[Base]] = {
    ActorKind.AGENT: Agent,
    ActorKind.CUSTOMER: Customer,
    ActorKind.INTEGRATION: ApiToken,
}


async def by_key(
    scope: Scope, keys: Sequence[ActorKey], _arguments: None, _columns: Columns
) -> Mapping[ActorKey, tuple[ActorKind, Any]]:
    """Return the rows behind actors, one statement for each kind among them."""
    ids: dict[ActorKind, set[UUID]] = defaultdict(set)
    for kind, row_id in keys:
        if kind is not None and row_id is not None:
            ids[kind].add(row_id)
    # Whom the viewer may not know shows as Starling itself.
    found: dict[ActorKey, tuple[ActorKind, Any]] = {
        key: (ActorKind.AUTOMATION, None) for key in keys if key[0] is not None
    }
    for kind, row_ids in ids.items():
        model = _MODELS[kind]
        row_id_column: Any = model.__table__.c.id
        visible = {
            ActorKind.AGENT: agents.visible_to,
            ActorKind.CUSTOMER: customers.visible_to,
        }.get(kind, lambda _viewer: true())
        rows = await scope.fetch(
            select(*project(model, None)).where(visible(scope.viewer), row_id_column.in_(row_ids))
        )
        found.update({(kind, row.id): (kind, row) for row in rows})
    return found
