"""Customers: creating and editing them, and finding out who writes on a channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.errors import AlreadyExists, FieldErrorCode, NotAllowed, NotFound
from core.ids import new_id
from core.text import fold
from models.base import NAME_CHARACTERS
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.companies import Company, CompanyDomain
from models.customers import Customer, visible_to
from models.event_topics import topic_of
from models.viewers import ApiScope, Viewer
from services.changes import Edit, FieldChange, apply_edit, readable
from services.search import index_customer
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

LANGUAGES = frozenset({"en", "tr", "el"})


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """What is known of a customer."""

    name: str
    email: str | None = None
    phone: str | None = None
    language: str | None = None
    company_id: UUID | None = None


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewCustomer, *, row_id: UUID | None = None
) -> Customer:
    """Create a customer. Raises AlreadyExists with the customer who has the e-mail address."""
    if not viewer.may(ApiScope.CUSTOMERS_WRITE):
        raise NotAllowed
    cleaned = await _clean(
        work,
        {
            "name": new.name,
            "email": new.email,
            "phone": new.phone,
            "language": new.language,
            "company_id": new.company_id,
        },
    )
    await _refuse_taken_email(work, viewer, cleaned["email"], owner_id=None)
    return await insert(work, row_id=row_id, **cleaned)


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    customer_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Customer, Edit]:
    """Edit fields of a customer; absent fields stay as they are.

    Raises EditConflict where somebody else changed the same field since `expected_version`.
    """
    customer = await work.session.scalar(
        select(Customer).where(visible_to(viewer), Customer.id == customer_id).with_for_update()
    )
    if customer is None:
        raise NotFound
    if not viewer.may(ApiScope.CUSTOMERS_WRITE):
        raise NotAllowed
    cleaned = await _clean(work, wanted)
    if cleaned.get("email"):
        await _refuse_taken_email(work, viewer, cleaned["email"], owner_id=customer.id)
    company_before = customer.company_id
    edit = await apply_edit(
        work, customer, expected_version, cleaned, field_names={"company_id": "company"}
    )
    changes = [
        await _named_company(work, change, company_before, customer.company_id)
        if change.field == "company"
        else change
        for change in edit.changes
    ]
    if changes:
        customer.name_key = fold(customer.name)
        customer.email_key = _email_key(customer.email)
        customer.updated_at = work.now
        await index_customer(work.session, customer.id, *_words(customer))
        work.record(
            "CustomerChanged",
            {"changes": [change.as_payload() for change in changes]},
            topic=topic_of(customer),
            versions=[customer],
        )
    return customer, Edit(changes, edit.merged_fields)


async def profile_for(
    work: UnitOfWork,
    channel: Channel,
    handle: str,
    *,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> ChannelProfile:
    """Find or make the profile of a handle, and its customer.

    A mail's sender is the customer with this address. On other channels an address is a claim and
    no proof, so a new handle is a new customer.
    """
    known = await work.session.scalar(
        select(ChannelProfile).where(
            ChannelProfile.channel == channel, ChannelProfile.handle_key == fold(handle)
        )
    )
    if known is not None:
        return known
    customer = None
    if channel is Channel.EMAIL:
        email = handle
        customer = await by_email(work, handle)
    if customer is None:
        claimed = email is not None and await by_email(work, email) is not None
        customer = await insert(
            work,
            name=name or handle,
            email=None if claimed else email,
            phone=phone,
            language=None,
            company_id=None,
        )
    profile = ChannelProfile(
        id=new_id(),
        customer_id=customer.id,
        channel=channel,
        handle=handle,
        handle_key=fold(handle),
        verified=False,
        linked_at=work.now,
    )
    work.session.add(profile)
    await work.session.flush()
    return profile


async def by_email(work: UnitOfWork, email: str) -> Customer | None:
    """Return the customer with this e-mail address, whatever its case."""
    return await work.session.scalar(select(Customer).where(Customer.email_key == fold(email)))


async def insert(
    work: UnitOfWork,
    *,
    name: str,
    email: str | None,
    phone: str | None,
    language: str | None,
    company_id: UUID | None,
    row_id: UUID | None = None,
) -> Customer:
    """Write a new customer whose values are clean; the e-mail's domain finds the company."""
    customer = Customer(
        id=row_id or new_id(),
        name=name,
        name_key=fold(name),
        email=email,
        email_key=_email_key(email),
        phone=phone,
        language=language,
        company_id=company_id or await _company_of(work, email),
        created_at=work.now,
        updated_at=work.now,
        version=0,
    )
    work.session.add(customer)
    await work.session.flush()
    await index_customer(work.session, customer.id, *_words(customer))
    work.record("CustomerCreated", {}, topic=topic_of(customer), versions=[customer])
    return customer


def _email_key(email: str | None) -> str | None:
    return fold(email) if email else None


def _words(customer: Customer) -> tuple[str | None, ...]:
    return customer.name, customer.email, customer.phone


async def _clean(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
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
    if cleaned.get("company_id") is not None:
        company = await work.session.get(Company, cleaned["company_id"])
        if company is None:
            check.refuse("companyId", FieldErrorCode.UNKNOWN_REFERENCE)
    check.raise_problems()
    return cleaned


async def _refuse_taken_email(
    work: UnitOfWork, viewer: Viewer, email: str | None, *, owner_id: UUID | None
) -> None:
    taken = await by_email(work, email) if email else None
    if taken is not None and taken.id != owner_id:
        seen = await work.session.scalar(
            select(Customer.id).where(visible_to(viewer), Customer.id == taken.id)
        )
        raise AlreadyExists(taken if seen else None)


async def _company_of(work: UnitOfWork, email: str | None) -> UUID | None:
    if email is None:
        return None
    domain = email.rpartition("@")[2].lower()
    return await work.session.scalar(
        select(CompanyDomain.company_id).where(CompanyDomain.domain == domain)
    )


async def _named_company(
    work: UnitOfWork, change: FieldChange, before_id: UUID | None, after_id: UUID | None
) -> FieldChange:
    before = await work.session.get(Company, before_id) if before_id else None
    after = await work.session.get(Company, after_id) if after_id else None
    return FieldChange(
        change.field,
        readable(before.name if before else None),
        readable(after.name if after else None),
        before_id,
        after_id,
    )
