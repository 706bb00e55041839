"""Brands, as the viewer may see them, and what admins do with them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from core.ids import NodeKind
from models.base import Columns
from models.brands import Brand, BrandMember, visible_to
from models.teams import TeamBrand
from resolvers.access import require_signed_in
from resolvers.batches import rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.links import rows_by_link
from resolvers.name_lists import all_by_name
from resolvers.scope import Scope
from services import brand_deletions, brands
from services.brands import NewBrand
from services.changes import Edit

by_id = rows_by_id(Brand, visible_to)
by_agent = rows_by_link(Brand, visible_to, BrandMember.agent_id, BrandMember.brand_id)
by_team = rows_by_link(Brand, visible_to, TeamBrand.team_id, TeamBrand.brand_id)


async def all_brands(scope: Scope, columns: Columns) -> Sequence[Row[Any]]:
    """Return the brands the viewer works for, by name."""
    return await all_by_name(scope, Brand, visible_to, columns)


async def create(scope: Scope, new: NewBrand, idempotency_key: str | None) -> Brand:
    """Add a brand."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await brands.create(work, scope.viewer, new, idempotency_key=idempotency_key)


async def update(
    scope: Scope, brand_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Brand, Edit]:
    """Edit a brand; return it and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(brand_id, NodeKind.BRAND, "input", "brandId")
    async with scope.unit_of_work() as work:
        return await brands.update(work, scope.viewer, row_id, expected_version, wanted)


async def delete(scope: Scope, brand_id: str) -> None:
    """Delete a brand that has no tickets."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(brand_id, NodeKind.BRAND, "input", "brandId")
    async with scope.unit_of_work() as work:
        await brand_deletions.delete(work, scope.viewer, row_id)
