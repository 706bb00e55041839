"""Ids of any kind, as `node` and `nodes` are given them."""

from collections.abc import Sequence
from uuid import UUID

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from core.ids import InvalidGlobalId, NodeKind, decode_global_id
from core.pages import MAX_PAGE_SIZE
from resolvers.access import require_signed_in
from resolvers.global_ids import parse_id
from resolvers.scope import Scope

NodeKey = tuple[NodeKind, UUID]


def key_of(scope: Scope, node_id: str) -> NodeKey:
    """Return what an id names. Raises ValidationFailed for a text that is no id."""
    require_signed_in(scope.viewer)
    return parse_id(node_id, path=("id",))


def keys_of(scope: Scope, node_ids: Sequence[str]) -> list[NodeKey | None]:
    """Return what each id names; None for a text that is no id.

    Raises ValidationFailed for over 100 ids.
    """
    require_signed_in(scope.viewer)
    if len(node_ids) > MAX_PAGE_SIZE:
        raise ValidationFailed(
            FieldProblem(
                ("ids",), FieldErrorCode.PAGE_TOO_LARGE, MAX_PAGE_SIZE, actual=len(node_ids)
            )
        )
    return [_key_of(node_id) for node_id in node_ids]


def _key_of(node_id: str) -> NodeKey | None:
    try:
        return decode_global_id(node_id)
    except InvalidGlobalId:
        return None
