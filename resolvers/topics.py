"""Topics, as the viewer may see them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from models.base import Columns, project
from models.topics import Topic, visible_to
from resolvers.batches import rows_by_id
from resolvers.scope import Scope

by_id = rows_by_id(Topic, visible_to)


async def of_brand(scope: Scope, brand_id: UUID | None, columns: Columns) -> Sequence[Row[Any]]:
    """Return the topics of a brand, or of all the viewer's brands, by name."""
    statement = select(*project(Topic, columns)).where(visible_to(scope.viewer))
    if brand_id is not None:
        statement = statement.where(Topic.brand_id == brand_id)
    return await scope.fetch(statement.order_by(Topic.name_key, Topic.id))
