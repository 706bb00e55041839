"""Topics, as the viewer may see them, and what admins do with them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from core.ids import NodeKind
from models.base import Columns, project
from models.topics import Topic, visible_to
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import grouped, rows_by_id
from resolvers.global_ids import optional_row_id, row_id_of
from resolvers.scope import Scope
from services import deletions, topics
from services.changes import Edit
from services.topics import NewTopic

by_id = rows_by_id(Topic, visible_to)


@same_for_audience
async def by_brand(
    scope: Scope, brand_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Return the topics of brands, by name."""
    wanted = None if columns is None else columns | {"brand_id"}
    rows = await scope.fetch(
        select(*project(Topic, wanted))
        .where(Topic.brand_id.in_(brand_ids), visible_to(scope.viewer))
        .order_by(Topic.name_key, Topic.id)
    )
    return grouped(rows, "brand_id")


async def of_brand(scope: Scope, brand_id: str | None, columns: Columns) -> Sequence[Row[Any]]:
    """Return the topics of a brand, or of all the viewer's brands, by name."""
    require_signed_in(scope.viewer)
    row_id = optional_row_id(brand_id, NodeKind.BRAND, "brandId")
    statement = select(*project(Topic, columns)).where(visible_to(scope.viewer))
    if row_id is not None:
        statement = statement.where(Topic.brand_id == row_id)
    return await scope.fetch(statement.order_by(Topic.name_key, Topic.id))


async def create(scope: Scope, brand_id: str, name: str, idempotency_key: str | None) -> Topic:
    """Add a topic to a brand."""
    require_signed_in(scope.viewer)
    new = NewTopic(row_id_of(brand_id, NodeKind.BRAND, "input", "brandId"), name)
    async with scope.unit_of_work() as work:
        return await topics.create(work, scope.viewer, new, idempotency_key=idempotency_key)


async def update(
    scope: Scope, topic_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Topic, Edit]:
    """Rename a topic; return it and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(topic_id, NodeKind.TOPIC, "input", "topicId")
    async with scope.unit_of_work() as work:
        return await topics.update(work, scope.viewer, row_id, expected_version, wanted)


async def delete(scope: Scope, topic_id: str) -> None:
    """Delete a topic."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(topic_id, NodeKind.TOPIC, "input", "topicId")
    async with scope.unit_of_work() as work:
        await deletions.delete_topic(work, scope.viewer, row_id)
