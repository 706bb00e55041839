"""Customers: creating, editing and finding them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from core.errors import FieldErrorCode, NotAllowed, NotFound
from core.ids import new_id
from core.text import address_key, fold
from models import companies
from models.base import NAME_CHARACTERS
from models.channel_profiles import ChannelProfile
from models.companies import Company, CompanyDomain
from models.customers import Customer, visible_to
from models.viewers import ApiScope, Viewer
from services import unique_keys
from services.changes import Edit, apply_edit
from services.directory import once_of, record_changes, record_created
from services.idempotency import create_once
from services.search import index_customer
from services.tickets import tell_of_customer
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

LANGUAGES = frozenset({"en", "tr", "el"})
_SHOWN_IN_INBOXES = {"name", "company"}


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """What is known of a customer."""

    name: str
    email: str | None = None
    phone: str | None = None
    language: str | None = None
    company_id: UUID | None = None


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewCustomer, *, idempotency_key: str | None = None
) -> Customer:
    """Create a customer. Raises AlreadyExists with the customer who has the e-mail address."""
    if not viewer.may(ApiScope.CUSTOMERS_WRITE):
        raise NotAllowed
    once = once_of("customerCreate", idempotency_key, new)
    return await create_once(work, once, Customer, partial(_create, work, viewer, new))


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    customer_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Customer, Edit]:
    """Edit fields of a customer; absent fields stay as they are.

    Raises EditConflict where somebody else changed the same field since `expected_version`, and
    AlreadyExists with the customer who has the e-mail address.
    """
    customer = await work.session.scalar(
        select(Customer).where(visible_to(viewer), Customer.id == customer_id).with_for_update()
    )
    if customer is None:
        raise NotFound
    if not viewer.may(ApiScope.CUSTOMERS_WRITE):
        raise NotAllowed
    cleaned = await _clean(work, viewer, wanted)
    company_before = customer.company_id
    edit = await apply_edit(
        work,
        customer,
        expected_version,
        cleaned,
        field_names={"company_id": "company"},
        labels=await _company_names(work, customer.company_id, cleaned.get("company_id")),
    )
    if edit.changes:
        customer.name_key = fold(customer.name)
        customer.updated_at = work.now
        await unique_keys.change(
            work,
            customer,
            Customer.email_key,
            _email_key(customer.email),
            visible=[visible_to(viewer)],
        )
        await index(work, customer)
    record_changes(work, customer, edit)
    if _SHOWN_IN_INBOXES & {change.field for change in edit.changes}:
        await tell_of_customer(work, customer, company_before)
    return customer, edit


async def by_email(work: UnitOfWork, email: str) -> Customer | None:
    """Return the customer with this e-mail address, whatever its case."""
    return await work.session.scalar(
        select(Customer).where(Customer.email_key == address_key(email))
    )


async def insert(
    work: UnitOfWork,
    new: NewCustomer,
    *,
    row_id: UUID | None = None,
    visible: Sequence[ColumnElement[bool]] = (),
) -> Customer:
    """Write a new customer whose values are clean; the e-mail's domain finds the company.

    Call `index` once the customer's profiles stand. Raises AlreadyExists with the customer who has
    the e-mail address, where they are `visible`.
    """
    customer = Customer(
        id=row_id or new_id(),
        name=new.name,
        name_key=fold(new.name),
        email=new.email,
        email_key=_email_key(new.email),
        phone=new.phone,
        language=new.language,
        company_id=new.company_id or await _company_of(work, new.email),
        created_at=work.now,
        updated_at=work.now,
        version=0,
    )
    await unique_keys.insert(work, customer, Customer.email_key, visible=visible)
    record_created(work, customer)
    return customer


async def index(work: UnitOfWork, customer: Customer) -> None:
    """Make a customer findable by the name, address, number and handles they have now."""
    handles = await work.session.scalars(
        select(ChannelProfile.handle).where(ChannelProfile.customer_id == customer.id)
    )
    await index_customer(
        work.session, customer.id, customer.name, customer.email, customer.phone, *handles
    )


async def _create(work: UnitOfWork, viewer: Viewer, new: NewCustomer, row_id: UUID) -> Customer:
    cleaned = NewCustomer(**await _clean(work, viewer, asdict(new)))
    customer = await insert(work, cleaned, row_id=row_id, visible=[visible_to(viewer)])
    await index(work, customer)
    return customer


def _email_key(email: str | None) -> str | None:
    return address_key(email) if email else None


async def _clean(work: UnitOfWork, viewer: Viewer, wanted: Mapping[str, Any]) -> dict[str, Any]:
    check = InputCheck()
    cleaned = dict(wanted)
    if "name" in cleaned:
        cleaned["name"] = check.line("name", cleaned["name"], NAME_CHARACTERS)
    if "email" in cleaned:
        cleaned["email"] = check.optional_email("email", cleaned["email"])
    if "phone" in cleaned:
        cleaned["phone"] = check.optional_phone("phone", cleaned["phone"])
    if cleaned.get("language") is not None:
        check.choice("language", cleaned["language"], LANGUAGES)
    company_id = cleaned.get("company_id")
    if company_id is not None and not await _is_company_visible(work, viewer, company_id):
        check.refuse("companyId", FieldErrorCode.UNKNOWN_REFERENCE)
    check.raise_problems()
    return cleaned


async def _is_company_visible(work: UnitOfWork, viewer: Viewer, company_id: UUID) -> bool:
    found = await work.session.scalar(
        select(Company.id).where(companies.visible_to(viewer), Company.id == company_id)
    )
    return found is not None


async def _company_of(work: UnitOfWork, email: str | None) -> UUID | None:
    if email is None:
        return None
    domain = email.rpartition("@")[2].lower()
    return await work.session.scalar(
        select(CompanyDomain.company_id).where(CompanyDomain.domain == domain)
    )


async def _company_names(work: UnitOfWork, *company_ids: UUID | None) -> dict[UUID, str]:
    rows = await work.session.execute(
        select(Company.id, Company.name).where(Company.id.in_(filter(None, company_ids)))
    )
    return {row.id: row.name for row in rows}
