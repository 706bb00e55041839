"""Who did something: an agent, a customer, an integration, or Starling itself."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from models import chats
from models.actors import ActorKind
from models.base import Columns
from models.customers import Customer
from resolvers import agents, api_tokens
from resolvers.audiences import same_for_audience
from resolvers.batches import rows_by_id
from resolvers.scope import Batch, Scope

ActorKey = tuple[ActorKind | None, UUID | None]

_BATCHES: dict[ActorKind, Batch] = {
    ActorKind.AGENT: agents.at_work,
    ActorKind.CUSTOMER: rows_by_id(Customer, chats.shows_customer),
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
