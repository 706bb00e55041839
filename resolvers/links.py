"""Sets of rows that belong to rows, through a table of pairs."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import InstrumentedAttribute

from core.ids import NodeKind
from models.base import Columns, project
from resolvers.audiences import same_for_audience
from resolvers.batches import Visibility, grouped
from resolvers.global_ids import row_id_of
from resolvers.scope import Batch, Scope


def rows_by_link(
    model: Any,
    visible_to: Visibility,
    owner: InstrumentedAttribute[UUID],
    linked: InstrumentedAttribute[UUID],
) -> Batch:
    """Return the batch function that loads the rows linked to each owner, by name.

    The owners are rows that the viewer has come to see already.
    """

    @same_for_audience
    async def by_owner(
        scope: Scope, owner_ids: Sequence[UUID], _arguments: None, columns: Columns
    ) -> Mapping[UUID, Sequence[Row[Any]]]:
        rows = await scope.fetch(
            select(owner.label("owner_id"), *project(model, columns))
            .join(model, model.id == linked)
            .where(owner.in_(owner_ids), visible_to(scope.viewer))
            .order_by(model.name_key, model.id)
        )
        return grouped(rows, "owner_id")

    return by_owner


def linked_ids(texts: Sequence[str], kind: NodeKind, field: str) -> list[UUID]:
    """Return the rows that a list of ids in an input names.

    Raises ValidationFailed, with the place in the list, for what is no id of this kind.
    """
    return [row_id_of(text, kind, "input", field, str(place)) for place, text in enumerate(texts)]
