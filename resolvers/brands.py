"""Brands, as the viewer may see them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from models.base import Columns, project
from models.brands import Brand, visible_to
from resolvers.batches import rows_by_id
from resolvers.scope import Scope

by_id = rows_by_id(Brand, visible_to)


async def all_brands(scope: Scope, columns: Columns) -> Sequence[Row[Any]]:
    """Return the brands the viewer works for, by name."""
    return await scope.fetch(
        select(*project(Brand, columns)).where(visible_to(scope.viewer)).order_by(Brand.name_key)
    )
