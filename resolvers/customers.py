"""Customers, as the viewer may see them: lists, single ones, creating and editing."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select

from core.errors import NotAllowed, NotFound
from core.ids import NodeKind
from core.pages import Page, by_moment, by_text, select_page, to_page
from models import notes
from models.base import Columns, project
from models.claims import claimed_homes, is_home_of_seen, leads_on
from models.customers import Customer, visible_to
from models.notes import Note
from models.profile_links import ProfileLink
from models.viewers import ApiScope
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import IDS, PageArguments, pages_by_parent, rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from services import customers
from services.changes import Edit
from services.customer_filters import CustomerFilter
from services.customers import NewCustomer
from services.search import check_search, customers_matching
from services.spelling import words_near

_MERGED = select(Customer.id, Customer.merged_into_id).where(
    Customer.id.in_(IDS), Customer.merged_into_id.is_not(None)
)
BY_NAME = by_text("name_key", Customer.name_key, Customer.id)

_themselves = rows_by_id(Customer, visible_to)
_homes = rows_by_id(Customer, is_home_of_seen)


@same_for_audience
async def by_id(
    scope: Scope, ids: Sequence[UUID], arguments: None, columns: Columns
) -> Mapping[UUID, Row[Any]]:
    """Load customers by their ids, as far as the viewer sees them.

    The id of somebody who was merged leads to whom they are known as now. Few are asked for by such
    an id, so it costs the others nothing. A claim leads those who read no customers but those of
    their tickets nowhere: to them the writer stays the customer that the profile came with.
    """
    found = dict(await _themselves(scope, ids, arguments, columns))
    if len(found) < len(ids) and not scope.viewer.may(ApiScope.CUSTOMERS_READ):
        found |= await _homes(scope, ids, arguments, columns)
    missing = [customer_id for customer_id in ids if customer_id not in found]
    merged = (
        await scope.fetch(_MERGED.where(leads_on(scope.viewer)), {"ids": missing})
        if missing
        else ()
    )
    if merged:
        targets = await _themselves(
            scope, list({row.merged_into_id for row in merged}), arguments, columns
        )
        found |= {
            row.id: targets[row.merged_into_id] for row in merged if row.merged_into_id in targets
        }
    return found


@same_for_audience
async def of_tickets(
    scope: Scope,
    keys: Sequence[tuple[UUID, UUID | None]],
    _arguments: None,
    columns: Columns,
) -> Mapping[tuple[UUID, UUID | None], Row[Any]]:
    """Return the customers of tickets, each by its customer and the profile that it came by.

    Where the profile is linked on somebody's word alone, those who read no customers but those of
    their tickets are shown the customer that it came with: a claim opens nothing to them either.
    """
    if scope.viewer.may(ApiScope.CUSTOMERS_READ):
        customer_ids = list({customer_id for customer_id, _profile_id in keys})
        rows = await by_id(scope, customer_ids, None, columns)
        return {key: rows[key[0]] for key in keys if key[0] in rows}
    profile_ids = {profile_id for _customer_id, profile_id in keys}
    linked = await scope.fetch(claimed_homes().where(ProfileLink.profile_id.in_(profile_ids)))
    homes = {row.profile_id: row.customer_id for row in linked}
    shown = {key: homes.get(key[1], key[0]) for key in keys}
    rows = await by_id(scope, list(set(shown.values())), None, columns)
    return {key: rows[customer_id] for key, customer_id in shown.items() if customer_id in rows}


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
    """Return the row to which a customer's id leads. Raises NotFound where the viewer sees none."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(customer_id, NodeKind.CUSTOMER, "customerId")
    found = await scope.load(by_id, row_id, columns=frozenset({"id"}))
    if found is None:
        raise NotFound
    customer_id_now: UUID = found.id
    return customer_id_now


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

    Who reads no customers but those of their tickets may not ask by what channels know them: a
    handle may be that of somebody who merely says to be the customer. Raises NotAllowed then.
    """
    require_signed_in(scope.viewer)
    asks_for_handles = search is not None or wanted.channel is not None
    if asks_for_handles and not scope.viewer.may(ApiScope.CUSTOMERS_READ):
        raise NotAllowed
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
