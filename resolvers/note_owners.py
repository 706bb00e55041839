"""What notes belong to, whatever it is."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from core.ids import NodeKind
from models.base import Columns
from resolvers import companies, customers, tickets
from resolvers.audiences import same_for_audience
from resolvers.scope import Batch, Scope

# The ids of a ticket, a customer and a company, of which one is given.
OwnerKey = tuple[UUID | None, UUID | None, UUID | None]

_BATCHES: Sequence[tuple[NodeKind, Batch]] = (
    (NodeKind.TICKET, tickets.by_id),
    (NodeKind.CUSTOMER, customers.by_id),
    (NodeKind.COMPANY, companies.by_id),
)


@same_for_audience
async def by_key(
    scope: Scope, keys: Sequence[OwnerKey], _arguments: None, _columns: Columns
) -> Mapping[OwnerKey, tuple[NodeKind, Row[Any]]]:
    """Return the owners with their kinds, one statement for each kind among them."""
    found: dict[OwnerKey, tuple[NodeKind, Row[Any]]] = {}
    for place, (kind, batch) in enumerate(_BATCHES):
        of_kind = {key[place]: key for key in keys if key[place] is not None}
        if of_kind:
            rows = await batch(scope, list(of_kind), None, None)
            found.update({of_kind[row_id]: (kind, row) for row_id, row in rows.items()})
    return found
