"""Callbacks as agents and admins see them, what admins do with them, and running them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from core.errors import FieldErrorCode, FieldProblem, NotAllowed, NotFound, ValidationFailed
from core.ids import NodeKind
from models import brands
from models.base import Columns, project
from models.brands import Brand
from models.callbacks import Callback, CallbackBrand, visible_to
from resolvers.access import require_signed_in
from resolvers.batches import rows_by_id
from resolvers.global_ids import optional_row_id, row_id_of
from resolvers.links import rows_by_link
from resolvers.scope import Scope
from services import callbacks
from services.callbacks import NewCallback
from services.changes import Edit
from services.lookups.requests import GivenParameter
from services.lookups.runs import CallbackRun, Target
from services.lookups.secrets import readable_definition

by_id = rows_by_id(Callback, visible_to)
brands_of = rows_by_link(
    Brand, brands.visible_to, CallbackBrand.callback_id, CallbackBrand.brand_id
)


async def of_brand(scope: Scope, brand_id: str | None, columns: Columns) -> Sequence[Row[Any]]:
    """Return the callbacks of a brand, or of all the viewer's brands, by name."""
    require_signed_in(scope.viewer)
    row_id = optional_row_id(brand_id, NodeKind.BRAND, "brandId")
    statement = select(*project(Callback, columns)).where(visible_to(scope.viewer))
    if row_id is not None:
        of_it = select(CallbackBrand.callback_id).where(CallbackBrand.brand_id == row_id)
        statement = statement.where(Callback.id.in_(of_it))
    return await scope.fetch(statement.order_by(Callback.name_key, Callback.id))


async def create(scope: Scope, new: NewCallback, idempotency_key: str | None) -> Callback:
    """Add a callback."""
    require_signed_in(scope.viewer)
    box = scope.resources.secrets
    async with scope.unit_of_work() as work:
        return await callbacks.create(work, scope.viewer, box, new, idempotency_key=idempotency_key)


async def update(
    scope: Scope, callback_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Callback, Edit]:
    """Edit a callback; return it and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(callback_id, NodeKind.CALLBACK, "input", "callbackId")
    box = scope.resources.secrets
    async with scope.unit_of_work() as work:
        return await callbacks.update(work, scope.viewer, box, row_id, expected_version, wanted)


async def delete(scope: Scope, callback_id: str) -> None:
    """Delete a callback."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(callback_id, NodeKind.CALLBACK, "input", "callbackId")
    async with scope.unit_of_work() as work:
        await callbacks.remove(work, scope.viewer, row_id)


async def run(
    scope: Scope,
    callback_id: str | None,
    draft: Mapping[str, Any] | None,
    parameters: Sequence[GivenParameter],
) -> CallbackRun:
    """Run a callback, or what an admin would make of it; no connection is kept meanwhile."""
    require_signed_in(scope.viewer)
    row_id = optional_row_id(callback_id, NodeKind.CALLBACK, "input", "callbackId")
    agent_id = scope.viewer.agent_id
    if agent_id is None or (draft is not None and not scope.viewer.is_admin):
        raise NotAllowed
    stored = None if row_id is None else await _stored(scope, row_id)
    box = scope.resources.secrets
    if draft is not None:
        definition = callbacks.draft_of(box, stored, draft)
    elif stored is not None:
        definition = readable_definition(box, stored)
    else:
        raise ValidationFailed(FieldProblem(("input", "callbackId"), FieldErrorCode.REQUIRED))
    await scope.let_go()
    target = Target(definition, agent_id, row_id, is_draft=draft is not None)
    return await scope.resources.callbacks.run(target, parameters)


async def _stored(scope: Scope, row_id: UUID) -> Row[Any]:
    """Return a callback with its sealed secrets. Raises NotFound where the viewer sees none."""
    table = Callback.__table__
    rows = await scope.fetch(select(table).where(visible_to(scope.viewer), Callback.id == row_id))
    if not rows:
        raise NotFound
    return rows[0]
