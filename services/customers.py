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
from models.claims import seen_as
from models.companies import Company
from models.customers import Customer, visible_to
from models.viewers import ApiScope, Viewer
from services import customer_lists, unique_keys
from services.changes import Edit, FieldChange, apply_edit
from services.company_people import company_at, heed_companies
from services.customer_tickets import tell_of_customers
from services.directory import once_of, record_changes, record_created
from services.idempotency import create_once
from services.merging.old_ids import is_of_old_one, refuse_old_form
from services.search import forget_customer, index_customer, index_new_customer
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

LANGUAGES = frozenset({"en", "tr", "el"})
_SHOWN_IN_INBOXES = {"name", "company"}
_PUBLIC_NAMES = {"company_id": "company"}


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
    made = await create_once(work, once, Customer, partial(_create, work, viewer, new))
    if made.merged_into_id is not None:  # since it was sent for the first time
        return await work.session.get_one(Customer, made.merged_into_id)
    return made


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    customer_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Customer, Edit]:
    """Edit fields of a customer; absent fields stay as they are.

    Raises EditConflict where somebody else changed the same field since `expected_version`, or
    where it was loaded of who had the id before; and AlreadyExists with the customer who has the
    e-mail address. Who has no company joins that of the domain of a new address, unless `wanted`
    says for whom they work.
    """
    await heed_companies(work)
    customer = await hold_known(work, viewer, customer_id)
    if not viewer.may(ApiScope.CUSTOMERS_WRITE):
        raise NotAllowed
    cleaned = await _clean(work, viewer, wanted, language=customer.language)
    company_before = customer.company_id
    before = await customer_lists.state_of(work, customer)
    edit = await _edit(work, customer, customer_id, expected_version, cleaned)
    if edit.changes:
        await _join_company(work, customer, edit, cleaned)
        customer.name_key = fold(customer.name)
        customer.updated_at = work.now
        if any(change.field == "email" for change in edit.changes):
            await unique_keys.change(
                work,
                customer,
                Customer.email_key,
                _email_key(customer.email),
                visible=[visible_to(viewer)],
            )
        await show(work, customer, before, edit.changes)
    record_changes(work, customer, edit)
    if _SHOWN_IN_INBOXES & {change.field for change in edit.changes}:
        await tell_of_customers(work, [customer], company_before)
    return customer, edit


async def lock(work: UnitOfWork, customer: Customer) -> None:
    """Lock a customer whose version the act raises, before their tickets and the log's counters.

    Everybody does so in this order: else two acts on one customer could wait for each other. Rows
    that refer to the customer are written meanwhile: who does that may hold a ticket already.
    """
    await work.session.refresh(customer, with_for_update={"key_share": True})


async def hold_known(work: UnitOfWork, viewer: Viewer, customer_id: UUID) -> Customer:
    """Lock the customer whom an id leads to now. Raises NotFound where the viewer sees none.

    Who is merged while the act waits for them is found where they are then.
    """
    statement = (
        select(Customer)
        .where(seen_as(viewer, customer_id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    customer = await work.session.scalar(statement) or await work.session.scalar(statement)
    if customer is None:
        raise NotFound
    return customer


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

    Call `show` once the customer's profiles stand. Raises AlreadyExists with the customer who has
    the e-mail address, where they are `visible`.
    """
    await heed_companies(work)
    company_id = new.company_id
    if company_id is None and (company := await company_at(work, new.email)):
        company_id = company.id
    customer = Customer(
        id=row_id or new_id(),
        name=new.name,
        name_key=fold(new.name),
        email=new.email,
        email_key=_email_key(new.email),
        phone=new.phone,
        language=new.language,
        company_id=company_id,
        created_at=work.now,
        updated_at=work.now,
        version=0,
    )
    await unique_keys.insert(work, customer, Customer.email_key, visible=visible)
    record_created(work, customer)
    return customer


async def insert_typed(
    work: UnitOfWork, viewer: Viewer, new: NewCustomer, *, row_id: UUID | None = None
) -> Customer:
    """Write a new customer whose values somebody has typed who may do so; else as `insert`."""
    cleaned = NewCustomer(**await _clean(work, viewer, asdict(new)))
    return await insert(work, cleaned, row_id=row_id, visible=[visible_to(viewer)])


async def show(
    work: UnitOfWork,
    customer: Customer,
    before: customer_lists.State | None,
    changes: Sequence[FieldChange] = (),
) -> None:
    """Make a customer findable as they are now, and tell the lists in which they stand.

    `before` is the state that the lists show; None for who is new.
    """
    after = await customer_lists.state_of(work, customer)
    texts, company_name = customer_lists.searchable_texts(after), after["company"]
    if before is None:
        await index_new_customer(work.session, customer.id, texts, company_name)
    elif customer_lists.is_found_otherwise(before, after):
        await index_customer(work.session, customer.id, texts, company_name)
    customer_lists.tell(work, customer, before, after, changes)


async def hide(work: UnitOfWork, customer: Customer, before: customer_lists.State) -> None:
    """Make a customer who was merged findable no more, and take them out of all lists."""
    await forget_customer(work.session, customer.id)
    customer_lists.tell(work, customer, before, None)


async def _create(work: UnitOfWork, viewer: Viewer, new: NewCustomer, row_id: UUID) -> Customer:
    customer = await insert_typed(work, viewer, new, row_id=row_id)
    await show(work, customer, None)
    return customer


async def _edit(
    work: UnitOfWork, customer: Customer, given_id: UUID, version: int, wanted: Mapping[str, Any]
) -> Edit:
    """Set what is wanted of a customer, who was asked for by an id that may be an old one."""
    if given_id == customer.id:
        old, company_before = None, None
    else:
        old = await work.session.get_one(Customer, given_id)
        company_before = old.company_id
    labels = await _company_names(
        work, customer.company_id, company_before, wanted.get("company_id")
    )
    if old is not None and is_of_old_one(old, version):
        await refuse_old_form(work, old, customer, wanted, _PUBLIC_NAMES, labels)
        return Edit([], [])
    return await apply_edit(
        work, customer, version, wanted, field_names=_PUBLIC_NAMES, labels=labels
    )


def _email_key(email: str | None) -> str | None:
    return address_key(email) if email else None


async def _clean(
    work: UnitOfWork, viewer: Viewer, wanted: Mapping[str, Any], *, language: str | None = None
) -> dict[str, Any]:
    """Return what was typed as it is kept; `language` is that of a customer who is known."""
    check = InputCheck()
    cleaned = dict(wanted)
    language = cleaned.get("language") or language
    if "name" in cleaned:
        cleaned["name"] = check.line("name", cleaned["name"], NAME_CHARACTERS)
    if "email" in cleaned:
        cleaned["email"] = check.optional_email("email", cleaned["email"])
    if "phone" in cleaned:
        cleaned["phone"] = check.optional_phone("phone", cleaned["phone"], language)
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


async def _join_company(
    work: UnitOfWork, customer: Customer, edit: Edit, cleaned: Mapping[str, Any]
) -> None:
    """Let a customer without a company join that of their new address; people's word goes first."""
    said = {"company"} & {*edit.merged_fields, *(change.field for change in edit.changes)}
    has_moved = any(change.field == "email" for change in edit.changes)
    if said or "company_id" in cleaned or not has_moved or customer.company_id is not None:
        return
    company = await company_at(work, customer.email)
    if company is not None:
        names = {company.id: company.name}
        edit.changes.append(FieldChange.between("company", None, company.id, names))
        customer.company_id = company.id


async def _company_names(work: UnitOfWork, *company_ids: UUID | None) -> dict[UUID, str]:
    known = [company_id for company_id in company_ids if company_id is not None]
    if not known:
        return {}
    rows = await work.session.execute(select(Company.id, Company.name).where(Company.id.in_(known)))
    return {row.id: row.name for row in rows}
