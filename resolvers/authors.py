"""Who wrote messages, as the viewer may know them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from models.actors import ActorKind
from models.base import Columns
from models.claims import claimed_homes
from models.customers import Customer
from models.profile_links import ProfileLink
from models.tickets import Ticket
from models.viewers import ApiScope
from resolvers import actors
from resolvers.actors import ActorKey
from resolvers.audiences import same_for_audience
from resolvers.scope import Scope

AuthorKey = tuple[ActorKind | None, UUID | None, UUID]


@same_for_audience
async def by_message(
    scope: Scope, keys: Sequence[AuthorKey], _arguments: None, _columns: Columns
) -> Mapping[AuthorKey, tuple[ActorKind, Any]]:
    """Return who wrote messages, each by the kind and the id of its author, and its ticket.

    To those who read no customers but those of their tickets, whoever merely says to be a known
    customer stays the one that their profile came with.
    """
    shown = {key: (key[0], key[1]) for key in keys}
    if not (scope.viewer.is_customer or scope.viewer.may(ApiScope.CUSTOMERS_READ)):
        shown |= await _as_they_came(scope, keys)
    found = await actors.by_key(scope, list(set(shown.values())), None, None)
    return {key: found[actor] for key, actor in shown.items() if actor in found}


async def _as_they_came(scope: Scope, keys: Sequence[AuthorKey]) -> Mapping[AuthorKey, ActorKey]:
    """Return the authors who are somebody else by a claim alone, as whom they came."""
    tickets = await scope.fetch(
        claimed_homes()
        .join(Ticket, Ticket.profile_id == ProfileLink.profile_id)
        .where(Ticket.id.in_({ticket_id for _kind, _author_id, ticket_id in keys}))
        .add_columns(Ticket.id.label("ticket_id"), Ticket.customer_id.label("holder_id"))
    )
    if not tickets:
        return {}
    claimed: dict[UUID, Row[Any]] = {row.ticket_id: row for row in tickets}
    known_as = await scope.fetch(
        select(Customer.id, func.coalesce(Customer.merged_into_id, Customer.id).label("now")).where(
            Customer.id.in_({author_id for _kind, author_id, _ticket_id in keys if author_id})
        )
    )
    now = {row.id: row.now for row in known_as}
    return {
        key: (ActorKind.CUSTOMER, claimed[key[2]].customer_id)
        for key in keys
        if key[0] is ActorKind.CUSTOMER
        and key[2] in claimed
        and now.get(key[1]) == claimed[key[2]].holder_id
    }
