"""Who did something: an agent, a customer, an integration, or Starling itself."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from models.actors import ActorKind
from models.base import Columns
from models.chats import Chat
from resolvers import agents, api_tokens, customers
from resolvers.audiences import same_for_audience
from resolvers.scope import Batch, Scope

ActorKey = tuple[ActorKind | None, UUID | None]


async def _customers(
    scope: Scope, ids: Sequence[UUID], arguments: None, columns: Columns
) -> Mapping[UUID, Any]:
    if not scope.viewer.is_customer:
        return await customers.by_id(scope, ids, arguments, columns)
    # Whom a chat customer may know: themselves, as they came, whoever they turned out to be.
    themselves = select(Chat.customer_id.label("id"), Chat.customer_name.label("name")).where(
        Chat.ticket_id == scope.viewer.conversation_id, Chat.customer_id.in_(ids)
    )
    return {row.id: row for row in await scope.fetch(themselves)}


_BATCHES: dict[ActorKind, Batch] = {
    ActorKind.AGENT: agents.at_work,
    ActorKind.CUSTOMER: _customers,
    ActorKind.INTEGRATION: api_tokens.by_id,
}


@same_for_audience
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
        rows = await _BATCHES[kind](scope, list(row_ids), None, None)
        found.update({(kind, row_id): (kind, row) for row_id, row in rows.items()})
    return found
