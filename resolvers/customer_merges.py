"""Merges of customers: their history, foreseeing one, doing it, and undoing it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import or_, select

from core.ids import NodeKind
from core.pages import Page, by_moment
from models.base import Columns, project
from models.customer_moves import CustomerMove, merges_visible_to
from models.customers import Customer
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import Family, PageArguments, load_pages, rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from services import customer_merges
from services.customer_merges import MergePreview, MergeWish, Unmerged

NEWEST_FIRST = by_moment("moved_at", CustomerMove.moved_at, CustomerMove.id, descending=True)

by_id = rows_by_id(CustomerMove, merges_visible_to)


@same_for_audience
async def by_customer(
    scope: Scope, customer_ids: Sequence[UUID], arguments: PageArguments, columns: Columns
) -> Mapping[UUID, Page]:
    """Return one page of the merges of each customer, whichever side they were on."""
    wanted = None if columns is None else columns | NEWEST_FIRST.columns
    merges = (
        select(*project(CustomerMove, wanted))
        .join(
            Customer,
            or_(Customer.id == CustomerMove.source_id, Customer.id == CustomerMove.target_id),
        )
        .where(Customer.id.in_(customer_ids), merges_visible_to(scope.viewer))
    )
    return await load_pages(
        scope, merges, Family(customer_ids, Customer.id, NEWEST_FIRST), arguments
    )


async def preview(scope: Scope, wish: MergeWish) -> tuple[MergePreview, Customer]:
    """Foresee a merge; return what it would do, and into whom."""
    require_signed_in(scope.viewer)
    async with scope.rehearsal() as work:
        foreseen = await customer_merges.preview(work, scope.viewer, wish)
        return foreseen, await work.session.get_one(Customer, foreseen.target_id)


async def merge(
    scope: Scope, wish: MergeWish, idempotency_key: str | None
) -> tuple[CustomerMove, Customer]:
    """Merge two customers; return the merge, and who they are together now."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        made = await customer_merges.merge(
            work, scope.viewer, wish, idempotency_key=idempotency_key
        )
        target = await work.session.get_one(Customer, made.target_id)
        # A retry is answered later, when the target may be somebody else, too.
        now_id = target.merged_into_id or target.id
        return made, await work.session.get_one(Customer, now_id)


async def unmerge(scope: Scope, merge_id: str) -> Unmerged:
    """Undo a merge."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(merge_id, NodeKind.CUSTOMER_MERGE, "input", "mergeId")
    async with scope.unit_of_work() as work:
        return await customer_merges.unmerge(work, scope.viewer, row_id)
