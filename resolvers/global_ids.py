"""Ids that clients send: what they name, or a clear refusal."""

from collections.abc import Sequence
from uuid import UUID

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from core.ids import InvalidGlobalId, NodeKind, decode_global_id


def parse_id(text: str, *kinds: NodeKind, path: Sequence[str]) -> tuple[NodeKind, UUID]:
    """Return what an id names. Raises ValidationFailed for another kind of id, or none at all."""
    refusal = ValidationFailed(FieldProblem(tuple(path), FieldErrorCode.INVALID_ID))
    try:
        kind, row_id = decode_global_id(text)
    except InvalidGlobalId:
        raise refusal from None
    if kinds and kind not in kinds:
        raise refusal
    return kind, row_id


def row_id_of(text: str, kind: NodeKind, *path: str) -> UUID:
    """Return the row that an id of this kind names. Raises ValidationFailed as `parse_id`."""
    return parse_id(text, kind, path=path)[1]


def optional_row_id(text: str | None, kind: NodeKind, *path: str) -> UUID | None:
    """Return the row that an id names, or None where there is no id."""
    return None if text is None else row_id_of(text, kind, *path)
