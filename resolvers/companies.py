"""Companies, as the viewer may see them, and what agents do with them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from core.ids import NodeKind
from core.pages import Page, by_moment
from models import customers, notes, tickets
from models.base import Columns, project
from models.companies import Company, CompanyDomain, visible_to
from models.customers import Customer
from models.notes import Note
from models.tickets import Ticket
from resolvers.access import require_row, require_signed_in
from resolvers.audiences import personal, same_for_audience
from resolvers.batches import (
    Family,
    PageArguments,
    grouped,
    load_pages,
    pages_by_parent,
    rows_by_id,
)
from resolvers.customers import BY_NAME
from resolvers.global_ids import row_id_of
from resolvers.name_lists import page_by_name
from resolvers.scope import Scope
from resolvers.tickets import NEWEST_FIRST
from services import companies
from services.changes import Edit
from services.companies import NewCompany

by_id = rows_by_id(Company, visible_to)

customers_of = same_for_audience(
    pages_by_parent(
        Customer,
        Customer.company_id,
        BY_NAME,
        limits=lambda viewer, _only: [customers.visible_to(viewer)],
    )
)
notes_of = same_for_audience(
    pages_by_parent(
        Note,
        Note.company_id,
        by_moment("created_at", Note.created_at, Note.id, descending=True),
        limits=lambda viewer, _only: [notes.visible_to(viewer)],
    )
)


@personal
async def tickets_of(
    scope: Scope, company_ids: Sequence[UUID], arguments: PageArguments, columns: Columns
) -> Mapping[UUID, Page]:
    """Return one page of the tickets of each company's customers, newest first."""
    wanted = None if columns is None else columns | NEWEST_FIRST.columns
    tickets_of_customers = (
        select(*project(Ticket, wanted))
        .select_from(Ticket)
        .join(Customer, Customer.id == Ticket.customer_id)
        .where(Customer.company_id.in_(company_ids), tickets.visible_to(scope.viewer))
    )
    family = Family(company_ids, Customer.company_id, NEWEST_FIRST)
    return await load_pages(scope, tickets_of_customers, family, arguments)


@same_for_audience
async def domains_of(
    scope: Scope, company_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, Sequence[str]]:
    """Return the e-mail domains of companies that the viewer has come to see, in order."""
    rows = await scope.fetch(
        select(CompanyDomain.company_id, CompanyDomain.domain)
        .where(CompanyDomain.company_id.in_(company_ids))
        .order_by(CompanyDomain.domain)
    )
    return {
        key: [row.domain for row in of_one] for key, of_one in grouped(rows, "company_id").items()
    }


async def one(scope: Scope, company_id: str, columns: Columns) -> Row[Any] | None:
    """Return the company with this id, or None where the viewer sees none."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(company_id, NodeKind.COMPANY, "id")
    found: Row[Any] | None = await scope.load(by_id, row_id, None, columns)
    return found


async def require(scope: Scope, company_id: str) -> UUID:
    """Return the row of a company. Raises NotFound where the viewer sees none."""
    return await require_row(scope, by_id, NodeKind.COMPANY, company_id, "companyId")


async def page(
    scope: Scope, search: str | None, arguments: PageArguments, columns: Columns
) -> Page:
    """Return one page of the companies, by name."""
    searched = [Company.name_key]
    return await page_by_name(scope, Company, visible_to, search, searched, arguments, columns)


async def create(scope: Scope, new: NewCompany, idempotency_key: str | None) -> Company:
    """Add a company."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await companies.create(work, scope.viewer, new, idempotency_key=idempotency_key)


async def update(
    scope: Scope, company_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Company, Edit]:
    """Edit a company; return it and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(company_id, NodeKind.COMPANY, "input", "companyId")
    async with scope.unit_of_work() as work:
        return await companies.update(work, scope.viewer, row_id, expected_version, wanted)
