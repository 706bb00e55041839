"""For whom an agent opens a ticket: a customer who is known, or one whom the form introduces."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select

from core.errors import AlreadyExists, FieldErrorCode, FieldProblem, ValidationFailed
from models.base import NAME_CHARACTERS
from models.channels import Channel
from models.claims import seen_as
from models.customers import Customer
from models.viewers import Viewer
from services import customers
from services.channel_profiles import Sender, mail_address, owner_of, take_handle
from services.company_people import heed_companies
from services.customers import LANGUAGES, NewCustomer
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

_EMAIL = ("input", "customer", "email")


@dataclass(frozen=True, slots=True)
class TicketCustomer:
    """A customer by their id, or what was typed of them."""

    id: UUID | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    language: str | None = None


def clean(check: InputCheck, wanted: TicketCustomer) -> TicketCustomer:
    """Return what was typed as it is kept; refuse what is wrong, and what comes with an id."""
    if wanted.id is not None:
        for name in ("name", "email", "phone", "language"):
            if getattr(wanted, name) is not None:
                check.refuse(f"customer.{name}", FieldErrorCode.NOT_ALLOWED_VALUE)
        return wanted
    language = wanted.language or None
    if language is not None:
        check.choice("customer.language", language, LANGUAGES)
    return replace(
        wanted,
        name=check.line("customer.name", wanted.name, NAME_CHARACTERS),
        email=check.email("customer.email", wanted.email),
        phone=check.optional_phone("customer.phone", wanted.phone, language),
        language=language,
    )


async def take_address(work: UnitOfWork, wanted: TicketCustomer) -> None:
    """Take the turns that introducing a customer with this address needs, before any row is locked.

    Others who would introduce them wait until the act ends.
    """
    if wanted.email:
        await take_handle(work, Sender(Channel.EMAIL, wanted.email))
        await heed_companies(work)


async def find_or_add(work: UnitOfWork, viewer: Viewer, wanted: TicketCustomer) -> Customer:
    """Return the customer, whom mails reach; the act has taken the address.

    Whoever has the address already stays as they are: what was typed of them may be a guess.
    Raises ValidationFailed for an id that the viewer does not see, and for a customer without any
    address.
    """
    if wanted.id is None:
        return await _with_address(work, wanted)
    # Locked as the ticket will be: who only shared them could wait for another who does.
    statement = select(Customer).where(seen_as(viewer, wanted.id)).with_for_update(key_share=True)
    customer = await work.session.scalar(statement) or await work.session.scalar(statement)
    if customer is None:
        path = ("input", "customer", "id")
        raise ValidationFailed(FieldProblem(path, FieldErrorCode.UNKNOWN_REFERENCE))
    if await mail_address(work, customer, Channel.INTERNAL) is None:
        raise ValidationFailed(FieldProblem(_EMAIL, FieldErrorCode.REQUIRED))
    return customer


async def _with_address(work: UnitOfWork, wanted: TicketCustomer) -> Customer:
    address = wanted.email or ""
    known = await owner_of(work, Channel.EMAIL, address)
    if known is not None:
        return known
    new = NewCustomer(wanted.name or "", address, wanted.phone, wanted.language)
    try:
        customer = await customers.insert(work, new)
    except AlreadyExists:
        # Whoever fills in a customer's form does not take the address, and was quicker.
        known = await customers.by_email(work, address)
        if known is None:
            raise
        return known
    await customers.show(work, customer, None)
    return customer
