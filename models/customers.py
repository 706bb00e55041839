"""Customers: the people who ask."""

from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Index,
    String,
    and_,
    column,
    exists,
    false,
    func,
    select,
    table,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models.base import (
    EMAIL_CHARACTERS,
    Base,
    FoldedKey,
    FoldedText,
    Key,
    Moment,
    Name,
    Versioned,
    limited,
    reference,
)
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer

PHONE_CHARACTERS = 16  # E.164: a plus sign and at most 15 digits

# models/channel_profiles.py, which imports this module.
_profiles = table("channel_profile", column("id"), column("link_state"))
# Whoever merely says to be a customer shows nobody, by the ticket, who that customer is.
CAME_BY_CLAIM = exists().where(
    _profiles.c.id == Ticket.profile_id, _profiles.c.link_state == "CLAIMED"
)


class Customer(Versioned, Base):
    """A person who asks for help. Never signs in to the desk."""

    __tablename__ = "customer"
    __table_args__ = (
        limited("name", 200),
        Index(None, "name_key", "id"),
        Index(None, "company_id", "id"),
    )

    id: Mapped[Key]
    name: Mapped[Name]
    name_key: Mapped[FoldedKey]
    email: Mapped[str | None] = mapped_column(String(EMAIL_CHARACTERS))
    email_key: Mapped[str | None] = mapped_column(unique=True)
    phone: Mapped[str | None] = mapped_column(String(PHONE_CHARACTERS), index=True)
    language: Mapped[str | None] = mapped_column(String(2))
    company_id: Mapped[UUID | None] = reference("company.id", index=False)
    # As whom they are known since they were merged, by one step always: their id leads there.
    merged_into_id: Mapped[UUID | None] = reference("customer.id")
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]


class CustomerTerm(Base):
    """A folded word by which a customer is found.

    The words of their company's name stand here as well, so that a search reads one table only.
    """

    __tablename__ = "customer_term"
    # Tells of one customer what they are found by, without reading the table itself.
    __table_args__ = (Index(None, "customer_id", "term"),)

    term: Mapped[str] = mapped_column(FoldedText, primary_key=True)
    customer_id: Mapped[UUID] = reference("customer.id", primary_key=True, index=False)
    # The default is for processes of the release before, which write no such words.
    of_company: Mapped[bool] = mapped_column(primary_key=True, server_default=false())


class SpellingVariant(Base):
    """A word of a name, under a key that it has in common with its mistypings."""

    __tablename__ = "spelling_variant"

    variant: Mapped[str] = mapped_column(FoldedText, primary_key=True)
    word: Mapped[str] = mapped_column(FoldedText, primary_key=True)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Agents may help everybody; an integration sees whom its scopes or its tickets show.

    Who was merged into somebody is nobody by themselves any more: see `is_known_as`.
    """
    if viewer.may(ApiScope.CUSTOMERS_READ):
        return Customer.merged_into_id.is_(None)
    if viewer.may(ApiScope.TICKETS_READ):
        of_brands = exists(
            select(Ticket.id).where(
                Ticket.customer_id == Customer.id,
                Ticket.brand_id.in_(viewer.brand_ids),
                ~CAME_BY_CLAIM,
            )
        )
        return and_(Customer.merged_into_id.is_(None), of_brands)
    return false()


def leads_to_visible(viewer: Viewer) -> ColumnElement[bool]:
    """Limit to customers whose id leads to one that the viewer sees, merged or not."""
    seen = select(Customer.id).where(visible_to(viewer)).correlate(None)
    return func.coalesce(Customer.merged_into_id, Customer.id).in_(seen)


def is_known_as(customer_id: UUID | None) -> ColumnElement[bool]:
    """Limit to the customer whom an id leads to now: it may have been given to one merged since."""
    given = aliased(Customer)
    leads_to = select(func.coalesce(given.merged_into_id, given.id)).where(given.id == customer_id)
    return Customer.id == leads_to.scalar_subquery()
