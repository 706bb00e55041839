"""Lists of rows by their names, found by how the words of the names begin."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import InstrumentedAttribute

from core.pages import Page, by_text, select_page, to_page
from models.base import Columns, project
from resolvers.access import require_signed_in
from resolvers.batches import PageArguments, Visibility
from resolvers.scope import Scope
from services.name_search import words_begin


async def all_by_name(
    scope: Scope, model: Any, visible_to: Visibility, columns: Columns
) -> Sequence[Row[Any]]:
    """Return all rows that the viewer sees, by name."""
    require_signed_in(scope.viewer)
    return await scope.fetch(
        select(*project(model, columns))
        .where(visible_to(scope.viewer))
        .order_by(model.name_key, model.id)
    )


async def page_by_name(
    scope: Scope,
    model: Any,
    visible_to: Visibility,
    search: str | None,
    searched: Sequence[InstrumentedAttribute[str]],
    arguments: PageArguments,
    columns: Columns,
) -> Page:
    """Return one page of the rows that the viewer sees, by name; `searched` has folded text."""
    require_signed_in(scope.viewer)
    order = by_text("name_key", model.name_key, model.id)
    clauses = [visible_to(scope.viewer), words_begin(search, *searched)]
    needed = None if columns is None else columns | order.columns
    rows = await scope.fetch(
        select_page(select(*project(model, needed)).where(*clauses), order, arguments.request)
    )
    total = None
    if arguments.with_total:
        total = (await scope.fetch(select(func.count(model.id)).where(*clauses)))[0][0]
    return to_page(rows, order, arguments.request, total=total)
