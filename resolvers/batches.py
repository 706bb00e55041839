"""Batch functions that many nouns share: rows by id, pages of children by parent."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Row, Select, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from core.pages import Order, Page, PageRequest, Sortable, select_page, select_pages, to_page
from models.base import Base, Columns, project
from models.viewers import Viewer
from resolvers.audiences import same_for_audience
from resolvers.scope import Batch, Scope

# To make a statement costs about as much CPU as to run it. A key is who asks and for what columns.
KEPT_STATEMENTS = 128
IDS: BindParameter[Sequence[UUID]] = bindparam("ids", expanding=True)

Visibility = Callable[[Viewer], ColumnElement[bool]]


def rows_by_id(model: type[Base], visible_to: Visibility) -> Batch:
    """Return the batch function that loads rows by their ids, as far as the viewer sees them.

    It answers an audience alike, where all of them see the object that leads there. A ticket that
    is not the object's own may be assigned to one of them: then say that it is `personal`.
    """

    def make(viewer: Viewer, columns: Columns) -> Select[Any]:
        row_id: Any = getattr(model, "id")  # noqa: B009  # not on Base itself
        return select(*project(model, columns)).where(visible_to(viewer), row_id.in_(IDS))

    kept = lru_cache(KEPT_STATEMENTS)(make)

    @same_for_audience
    async def by_id(
        scope: Scope, ids: Sequence[UUID], _arguments: None, columns: Columns
    ) -> Mapping[UUID, Row[Any]]:
        viewer = scope.viewer
        # Thousands of customers, who ask little, would push out the statements of the team.
        statement = (make if viewer.is_customer else kept)(viewer.person, columns)
        rows = await scope.fetch(statement, {"ids": ids})
        return {row.id: row for row in rows}

    return by_id


@dataclass(frozen=True, slots=True)
class PageArguments:
    """The page asked for, further limits, and whether the total is asked for.

    `around` asks for the page with the row of this id in its middle.
    """

    request: PageRequest
    with_total: bool
    only: Any = None
    around: UUID | None = None


def grouped(rows: Iterable[Row[Any]], owner: str) -> dict[Any, list[Row[Any]]]:
    """Return the rows by the value of their attribute `owner`; any other key has none."""
    groups: dict[Any, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, owner)].append(row)
    return groups


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
        children = select(*project(model, wanted)).where(
            parent.in_(parents), *limits(scope.viewer, arguments.only)
        )
        return await load_pages(scope, children, Family(parents, parent, order), arguments)

    return by_parent


@dataclass(frozen=True, slots=True)
class Family:
    """The parents whose children are asked for, where children name theirs, and their order."""

    parents: Sequence[Any]
    parent: Sortable
    order: Order


async def load_pages(
    scope: Scope, children: Select[Any], family: Family, arguments: PageArguments
) -> Mapping[Any, Page]:
    """Load one page of the children of each parent, in one statement, and one for the totals.

    `children` are those of these parents only. With `around` there can be one parent only; raises
    ValidationFailed where the item in the middle is no child of its.
    """
    if arguments.around is not None:
        load = _page_around
    else:
        load = _only_page if len(family.parents) == 1 else _ranked_pages
    pages = await load(scope, children, family, arguments)
    if not arguments.with_total:
        return pages
    totals = await _totals(scope, children, family)
    return {key: replace(page, total=totals.get(key, 0)) for key, page in pages.items()}


async def _only_page(
    scope: Scope, children: Select[Any], family: Family, arguments: PageArguments
) -> Mapping[Any, Page]:
    """Load the page of one parent: its index ends there, while ranking reads all the children."""
    order, request = family.order, arguments.request
    rows = await scope.fetch(select_page(children, order, request))
    return {family.parents[0]: to_page(rows, order, request)}


async def _ranked_pages(
    scope: Scope, children: Select[Any], family: Family, arguments: PageArguments
) -> Mapping[Any, Page]:
    order, request = family.order, arguments.request
    rows = await scope.fetch(select_pages(children, order, request, family.parent))
    groups = grouped(rows, "page_parent")
    return {key: to_page(groups[key], order, request) for key in family.parents}


async def _totals(scope: Scope, children: Select[Any], family: Family) -> Mapping[Any, int]:
    counted = children.with_only_columns(family.parent.label("page_parent")).subquery()
    rows = await scope.fetch(
        select(counted.c.page_parent, func.count().label("total")).group_by(counted.c.page_parent)
    )
    return {row.page_parent: row.total for row in rows}


async def _page_around(
    scope: Scope, children: Select[Any], family: Family, arguments: PageArguments
) -> Mapping[Any, Page]:
    """Load what precedes the item, the item, and what follows it."""
    order, size = family.order, arguments.request.size
    row_id = order.keys[-1].expression
    found = await scope.fetch(
        children.add_columns(family.parent.label("page_parent")).where(row_id == arguments.around)
    )
    if not found or set(family.parents) != {found[0].page_parent}:
        raise ValidationFailed(FieldProblem(("around",), FieldErrorCode.UNKNOWN_REFERENCE))
    cursor = order.cursor(found[0])
    before = PageRequest(size=size // 2, before=cursor, backwards=True)
    after = PageRequest(size=size - size // 2 - 1, after=cursor)
    earlier = to_page(await scope.fetch(select_page(children, order, before)), order, before)
    later = to_page(await scope.fetch(select_page(children, order, after)), order, after)
    rows = [*earlier.rows, found[0], *later.rows]
    return {found[0].page_parent: Page(rows, order, later.has_next, earlier.has_previous)}
