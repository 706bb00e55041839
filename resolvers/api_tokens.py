"""API tokens: integrations as agents see them, and the tokens that admins keep."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, false, func, select, true

from core import clock
from core.ids import NodeKind
from models import brands
from models.api_tokens import ApiToken, ApiTokenBrand, ApiTokenSecret, is_live
from models.base import Columns, project
from models.brands import Brand
from models.viewers import Viewer
from resolvers.access import require_admin, require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import grouped, rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.links import rows_by_link
from resolvers.scope import Scope
from services import api_tokens
from services.api_tokens import IssuedToken, NewApiToken, Rotation
from services.changes import Edit


def _visible_to(viewer: Viewer) -> ColumnElement[bool]:
    return false() if viewer.actor is None or viewer.is_customer else true()


def _secrets_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    return true() if viewer.is_admin else false()


by_id = rows_by_id(ApiToken, _visible_to)
brands_of = rows_by_link(
    Brand, brands.visible_to, ApiTokenBrand.api_token_id, ApiTokenBrand.brand_id
)


@same_for_audience
async def secrets_of(
    scope: Scope, api_token_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Load what opens the desk for each token now, the newest first."""
    rows = await scope.fetch(
        select(ApiTokenSecret.api_token_id.label("owner_id"), *project(ApiTokenSecret, columns))
        .join(ApiToken, ApiToken.id == ApiTokenSecret.api_token_id)
        .where(
            ApiTokenSecret.api_token_id.in_(api_token_ids),
            _secrets_visible_to(scope.viewer),
            is_live(clock.now()),
        )
        .order_by(ApiTokenSecret.created_at.desc(), ApiTokenSecret.id.desc())
    )
    return grouped(rows, "owner_id")


@same_for_audience
async def last_used_at(
    scope: Scope, api_token_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, datetime]:
    """Load when each token was used last, by whichever of its secrets."""
    rows = await scope.fetch(
        select(ApiTokenSecret.api_token_id, func.max(ApiTokenSecret.last_used_at).label("moment"))
        .where(ApiTokenSecret.api_token_id.in_(api_token_ids), _secrets_visible_to(scope.viewer))
        .group_by(ApiTokenSecret.api_token_id)
    )
    return {row.api_token_id: row.moment for row in rows}


async def all_tokens(scope: Scope, columns: Columns) -> Sequence[Row[Any]]:
    """Return all tokens, those revoked too, newest first. Raises NotAllowed for all but admins."""
    require_admin(scope.viewer)
    return await scope.fetch(
        select(*project(ApiToken, columns)).order_by(ApiToken.created_at.desc(), ApiToken.id.desc())
    )


async def create(scope: Scope, new: NewApiToken, idempotency_key: str | None) -> IssuedToken:
    """Make a token."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await api_tokens.create(work, scope.viewer, new, idempotency_key=idempotency_key)


async def rotate(
    scope: Scope, api_token_id: str, overlap_seconds: int, idempotency_key: str | None
) -> IssuedToken:
    """Exchange the secret of a token."""
    require_signed_in(scope.viewer)
    rotation = Rotation(_row_id(api_token_id), overlap_seconds)
    async with scope.unit_of_work() as work:
        return await api_tokens.rotate(
            work, scope.viewer, rotation, idempotency_key=idempotency_key
        )


async def edit(
    scope: Scope, api_token_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[ApiToken, Edit]:
    """Edit a token; return it and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = _row_id(api_token_id)
    async with scope.unit_of_work() as work:
        return await api_tokens.edit(work, scope.viewer, row_id, expected_version, wanted)


async def revoke(scope: Scope, api_token_id: str) -> ApiToken:
    """Take a token back."""
    require_signed_in(scope.viewer)
    row_id = _row_id(api_token_id)
    async with scope.unit_of_work() as work:
        return await api_tokens.revoke(work, scope.viewer, row_id)


def _row_id(api_token_id: str) -> UUID:
    return row_id_of(api_token_id, NodeKind.API_TOKEN, "input", "apiTokenId")
