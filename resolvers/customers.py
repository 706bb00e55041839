"""Customers, as the viewer may see them: lists, single ones, creating and editing."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select

from core.ids import NodeKind
from core.pages import Page, by_moment, by_text, select_page, to_page
from models import notes
from models.base import Columns, project
from models.customers import Customer, visible_to
from models.notes import Note
from resolvers.access import require_row, require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import PageArguments, pages_by_parent, rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from services import customers
from services.changes import Edit
from services.customer_filters import CustomerFilter
from services.customers import NewCustomer
from services.search import check_search, customers_matching
from services.spelling import words_near

BY_NAME = by_text("name_key", Customer.name_key, Customer.id)

by_id = rows_by_id(Customer, visible_to)

notes_of = same_for_audience(
    pages_by_parent(
        Note,
        Note.customer_id,
        by_moment("created_at", Note.created_at, Note.id, descending=True),
        limits=lambda viewer, _only: [notes.visible_to(viewer)],
    )
)


async def one(scope: Scope, customer_id: str, columns: Columns) -> Row[Any] | None:
    """Return the customer with this id, or None where the viewer sees none."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(customer_id, NodeKind.CUSTOMER, "id")
    found: Row[Any] | None = await scope.load(by_id, row_id, columns=columns)
    return found


async def require(scope: Scope, customer_id: str) -> UUID:
    """Return the row of a customer. Raises NotFound where the viewer sees none."""
    return await require_row(scope, by_id, NodeKind.CUSTOMER, customer_id, "customerId")


async def page(
    scope: Scope,
    search: str | None,
    wanted: CustomerFilter,
    arguments: PageArguments,
    columns: Columns,
) -> Page:
    """Return one page of the customers that the viewer sees, by name.

    A search that finds nobody is taken for mistyped. What is guessed thus never stands among what
    is right, and all pages of a search agree on whether they guess.
    """
    require_signed_in(scope.viewer)
    limits = [visible_to(scope.viewer), *wanted.clauses()]
    looked_for = check_search(search)
    if looked_for is None:
        return await _page(scope, limits, arguments, columns)
    exact = [*limits, customers_matching(looked_for)]
    found = await _page(scope, exact, arguments, columns)
    if found.rows or await scope.fetch(select(Customer.id).where(*exact).limit(1)):
        return found
    near = await words_near(scope.fetch, looked_for)
    if not near:
        return found
    return await _page(scope, [*limits, customers_matching(looked_for, near)], arguments, columns)


async def _page(
    scope: Scope,
    clauses: Sequence[ColumnElement[bool]],
    arguments: PageArguments,
    columns: Columns,
) -> Page:
    needed = None if columns is None else columns | BY_NAME.columns
    rows = await scope.fetch(
        select_page(select(*project(Customer, needed)).where(*clauses), BY_NAME, arguments.request)
    )
    total = None
    if arguments.with_total:
        total = (await scope.fetch(select(func.count(Customer.id)).where(*clauses)))[0][0]
    return to_page(rows, BY_NAME, arguments.request, total=total)


async def create(scope: Scope, new: NewCustomer, idempotency_key: str | None) -> Customer:
    """Create a customer."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await customers.create(work, scope.viewer, new, idempotency_key=idempotency_key)


async def update(
    scope: Scope, customer_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Customer, Edit]:
    """Edit a customer; return the row and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(customer_id, NodeKind.CUSTOMER, "input", "customerId")
    async with scope.unit_of_work() as work:
        return await customers.update(work, scope.viewer, row_id, expected_version, wanted)
