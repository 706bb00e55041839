"""What somebody asks to be warned about, and the objects that warnings are about."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from core.ids import NodeKind
from core.pages import MAX_PAGE_SIZE
from models.base import Columns
from models.viewers import Viewer
from resolvers import companies, customers, interactions, notes, rules, ticket_templates, tickets
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.global_ids import parse_id
from resolvers.nodes import NodeKey
from resolvers.scope import Batch, Scope

# The kinds that people edit while others may have them open.
_BATCHES: Mapping[NodeKind, Batch] = {
    NodeKind.TICKET: tickets.by_id,
    NodeKind.CUSTOMER: customers.by_id,
    NodeKind.COMPANY: companies.by_id,
    NodeKind.INTERACTION: interactions.by_id,
    NodeKind.NOTE: notes.by_id,
    NodeKind.TICKET_TEMPLATE: ticket_templates.by_id,
    NodeKind.RULE: rules.by_id,
}


def watched_keys(
    viewer: Viewer, resource_ids: Sequence[str], versions: Sequence[int] | None
) -> list[NodeKey]:
    """Return what the ids name. Raises ValidationFailed for what cannot be watched.

    That is none at all, more than 100, ids of what nobody edits, and versions that are not one
    for each of them.
    """
    require_signed_in(viewer)
    count = len(resource_ids)
    if not count:
        raise ValidationFailed(FieldProblem(("resourceIds",), FieldErrorCode.REQUIRED))
    if count > MAX_PAGE_SIZE:
        raise _out_of_range("resourceIds", limit=MAX_PAGE_SIZE, actual=count)
    if versions is not None:
        if len(versions) != count:
            raise _out_of_range("versions", limit=count, actual=len(versions))
        for place, version in enumerate(versions):
            if version < 0:
                raise _out_of_range("versions", str(place), limit=0, actual=version)
    return [
        parse_id(text, *_BATCHES, path=("resourceIds", str(place)))
        for place, text in enumerate(resource_ids)
    ]


@same_for_audience
async def resources(
    scope: Scope, keys: Sequence[NodeKey], _arguments: None, _columns: Columns
) -> Mapping[NodeKey, tuple[NodeKind, Row[Any]]]:
    """Return the rows that warnings are about, one statement for each kind among them."""
    ids: dict[NodeKind, list[UUID]] = defaultdict(list)
    for kind, row_id in keys:
        ids[kind].append(row_id)
    found: dict[NodeKey, tuple[NodeKind, Row[Any]]] = {}
    for kind, row_ids in ids.items():
        rows = await _BATCHES[kind](scope, row_ids, None, None)
        found.update({(kind, row_id): (kind, row) for row_id, row in rows.items()})
    return found


def _out_of_range(*path: str, limit: int, actual: int) -> ValidationFailed:
    return ValidationFailed(FieldProblem(path, FieldErrorCode.OUT_OF_RANGE, limit, actual))
