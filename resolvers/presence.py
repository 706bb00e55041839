"""Who is at a resource, and saying what one is doing there."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from core.errors import NotFound
from core.ids import NodeKind, encode_global_id
from models.actors import ActorKind
from models.base import Columns
from models.presence import PresenceState, Present
from resolvers import companies, customers, interactions, notes, ticket_templates, tickets
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.global_ids import parse_id
from resolvers.scope import Batch, Scope
from services.presence import checked_field

_RESOURCES: Mapping[NodeKind, Batch] = {
    NodeKind.TICKET: tickets.by_id,
    NodeKind.CUSTOMER: customers.by_id,
    NodeKind.COMPANY: companies.by_id,
    NodeKind.INTERACTION: interactions.by_id,
    NodeKind.NOTE: notes.by_id,
    NodeKind.TICKET_TEMPLATE: ticket_templates.by_id,
}


def resource_of(resource_id: str, *path: str) -> tuple[NodeKind, UUID]:
    """Return what an id names. Raises ValidationFailed where nobody can be present."""
    return parse_id(resource_id, *_RESOURCES, path=path)


async def say(scope: Scope, resource_id: str, state: PresenceState, field: str | None) -> Any:
    """Say what the viewer is doing at a resource; return who is there then.

    Raises NotFound where the viewer does not see the resource.
    """
    require_signed_in(scope.viewer)
    kind, row_id = resource_of(resource_id, "input", "resourceId")
    found = await scope.load(_RESOURCES[kind], row_id, None, frozenset({"id"}))
    if found is None:
        raise NotFound
    cleaned = checked_field(scope.viewer, state, field)
    presence = scope.resources.streams.presence
    return await presence.say(encode_global_id(kind, found.id), scope.viewer, state, cleaned)


@same_for_audience
async def viewers(
    scope: Scope, ticket_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, Sequence[Present]]:
    """Return which agents are at tickets that the viewer has come to see, and not away."""
    resources = {key: encode_global_id(NodeKind.TICKET, key) for key in ticket_ids}
    found = await scope.resources.streams.presence.present(resources.values())
    return {
        key: [
            present.as_seen_by(scope.viewer)
            for present in found[resource]
            if present.actor_kind is ActorKind.AGENT and present.state is not PresenceState.AWAY
        ]
        for key, resource in resources.items()
    }
