"""API tokens: integrations as agents see them, and the tokens that admins keep."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, false, select, true

from core.errors import NotAllowed
from core.ids import NodeKind
from models import brands
from models.api_tokens import ApiToken, ApiTokenBrand
from models.base import Columns, project
from models.brands import Brand
from models.viewers import Viewer
from resolvers.access import require_signed_in
from resolvers.batches import rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.links import rows_by_link
from resolvers.scope import Scope
from services import api_tokens
from services.api_tokens import CreatedApiToken, NewApiToken


def _visible_to(viewer: Viewer) -> ColumnElement[bool]:
    return false() if viewer.actor is None or viewer.is_customer else true()


by_id = rows_by_id(ApiToken, _visible_to)
brands_of = rows_by_link(
    Brand, brands.visible_to, ApiTokenBrand.api_token_id, ApiTokenBrand.brand_id
)


async def all_tokens(scope: Scope, columns: Columns) -> Sequence[Row[Any]]:
    """Return all tokens, those revoked too, newest first. Raises NotAllowed for all but admins."""
    require_signed_in(scope.viewer)
    if not scope.viewer.is_admin:
        raise NotAllowed
    return await scope.fetch(
        select(*project(ApiToken, columns)).order_by(ApiToken.created_at.desc(), ApiToken.id.desc())
    )


async def create(scope: Scope, new: NewApiToken, idempotency_key: str | None) -> CreatedApiToken:
    """Make a token."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await api_tokens.create(work, scope.viewer, new, idempotency_key=idempotency_key)


async def revoke(scope: Scope, api_token_id: str) -> ApiToken:
    """Take a token back."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(api_token_id, NodeKind.API_TOKEN, "input", "apiTokenId")
    async with scope.unit_of_work() as work:
        return await api_tokens.revoke(work, scope.viewer, row_id)
