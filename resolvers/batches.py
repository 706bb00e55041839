"""Batch functions that many nouns share: rows by id, pages of children by parent."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import InstrumentedAttribute

from core.pages import Order, Page, PageRequest, select_pages, to_page
from models.base import Base, Columns, project
from models.viewers import Viewer
from resolvers.scope import Batch, Scope

Visibility = Callable[[Viewer], ColumnElement[bool]]


def rows_by_id(model: type[Base], visible_to: Visibility) -> Batch:
    """Return the batch function that loads rows by their ids, as far as the viewer sees them."""

    async def by_id(
        scope: Scope, ids: Sequence[UUID], _arguments: None, columns: Columns
    ) -> Mapping[UUID, Row[Any]]:
        row_id: Any = getattr(model, "id")  # noqa: B009  # not on Base itself
        rows = await scope.fetch(
            select(*project(model, columns)).where(visible_to(scope.viewer), row_id.in_(ids))
        )
        return {row.id: row for row in rows}

    return by_id


@dataclass(frozen=True, slots=True)
class PageArguments:
    """The page asked for, further limits, and whether the total is asked for."""

    request: PageRequest
    with_total: bool
    only: Any = None


def pages_by_parent(
    model: type[Base],
    parent: InstrumentedAttribute[Any],
    order: Order,
    limits: Callable[[Viewer, Any], Sequence[ColumnElement[bool]]],
) -> Batch:
    """Return the batch function that loads one page of children for each parent.

    `limits` says which children count, by the viewer and the `only` of the arguments.
    """

    async def by_parent(
        scope: Scope, parents: Sequence[Any], arguments: PageArguments, columns: Columns
    ) -> Mapping[Any, Page]:
        wanted = None if columns is None else columns | order.columns
        clauses = [parent.in_(parents), *limits(scope.viewer, arguments.only)]
        rows = await scope.fetch(
            select_pages(
                select(*project(model, wanted)).where(*clauses),
                order,
                arguments.request,
                parent,
            )
        )
        grouped: dict[Any, list[Row[Any]]] = defaultdict(list)
        for row in rows:
            grouped[row.page_parent].append(row)
        totals: Mapping[Any, int] = {}
        if arguments.with_total:
            counted = await scope.fetch(
                select(parent.label("parent"), func.count().label("total"))
                .where(*clauses)
                .group_by(parent)
            )
            totals = {row.parent: row.total for row in counted}
        return {
            key: to_page(
                grouped[key],
                order,
                arguments.request,
                total=totals.get(key, 0) if arguments.with_total else None,
            )
            for key in parents
        }

    return by_parent
