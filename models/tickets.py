"""Tickets: a customer's request and everything that belongs to it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Index,
    Select,
    Sequence,
    String,
    and_,
    false,
    func,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import brands
from models.base import (
    FREE_TEXT_CHARACTERS,
    Base,
    FoldedText,
    Key,
    LongText,
    Moment,
    UtcDateTime,
    Versioned,
    enum_column,
    limited,
    reference,
)
from models.brands import Brand
from models.channels import Channel
from models.viewers import ApiScope, Viewer

TICKET_NUMBERS = Sequence("ticket_number", metadata=Base.metadata)
MAIL_ID_CHARACTERS = 512


class TicketStatus(StrEnum):
    """Where a ticket stands."""

    NEW = "NEW"
    OPEN = "OPEN"
    PENDING = "PENDING"
    ON_HOLD = "ON_HOLD"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"


FINISHED_STATUSES = (TicketStatus.RESOLVED, TicketStatus.CLOSED)


class TicketPriority(StrEnum):
    """How soon a ticket wants an answer."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    URGENT = "URGENT"


class Ticket(Versioned, Base):
    """A request. Counts and the last message stand on the row, so a list costs no counting."""

    __tablename__ = "ticket"
    __table_args__ = (
        limited("title", FREE_TEXT_CHARACTERS),
        limited("description", FREE_TEXT_CHARACTERS),
        limited("email_subject", FREE_TEXT_CHARACTERS),
        Index(None, "created_at", "id"),
        Index(None, "updated_at", "id"),
        Index(None, "customer_id", "created_at", "id"),
        Index(None, "brand_id", "updated_at", "id"),
        Index(None, "team_id", "updated_at", "id"),
        Index(None, "assignee_id", "updated_at", "id"),
        Index(None, "topic_id"),
        Index(None, "status", "brand_id", "team_id", "assignee_id"),
        Index(
            None,
            "waiting_since",
            "id",
            postgresql_where=text("waiting_since IS NOT NULL"),
            sqlite_where=text("waiting_since IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    number: Mapped[int] = mapped_column(unique=True)
    title: Mapped[LongText]
    description: Mapped[str | None]
    status: Mapped[TicketStatus] = mapped_column(enum_column(TicketStatus))
    priority: Mapped[TicketPriority] = mapped_column(enum_column(TicketPriority))
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))
    brand_id: Mapped[UUID] = reference("brand.id", index=False)
    topic_id: Mapped[UUID | None] = reference("topic.id", index=False)
    team_id: Mapped[UUID | None] = reference("team.id", index=False)
    assignee_id: Mapped[UUID | None] = reference("agent.id", index=False)
    customer_id: Mapped[UUID] = reference("customer.id", index=False)
    # The handle by which the customer wrote; null where agents opened the ticket.
    profile_id: Mapped[UUID | None] = reference("channel_profile.id")
    email_subject: Mapped[LongText]
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_response_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Since when the customer waits for an answer, as `services.waiting` says; null if they do not.
    waiting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    message_count: Mapped[int] = mapped_column(default=0)
    favorite_count: Mapped[int] = mapped_column(default=0)
    last_message_id: Mapped[UUID | None]
    # The position in the ticket's topic after which rules are still to be tried; null: none is.
    rules_after: Mapped[int | None]


class TicketTerm(Base):
    """A folded word that stands in a ticket's title, number or messages, by which it is found.

    The title's words go with the title; what was once written in messages stays.
    """

    __tablename__ = "ticket_term"

    term: Mapped[str] = mapped_column(FoldedText, primary_key=True)
    ticket_id: Mapped[UUID] = reference("ticket.id", primary_key=True)
    of_title: Mapped[bool] = mapped_column(primary_key=True)


class TicketReference(Base):
    """A Message-ID that stands in a ticket's mails: how an answer finds its ticket."""

    __tablename__ = "ticket_reference"

    brand_id: Mapped[UUID] = reference("brand.id", primary_key=True, index=False)
    mail_id: Mapped[str] = mapped_column(String(MAIL_ID_CHARACTERS), primary_key=True)
    ticket_id: Mapped[UUID] = reference("ticket.id")


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit tickets to those the viewer may see.

    An agent sees a ticket as an admin, as its assignee, or as a member of its brand if the ticket
    has no team or one of the agent's teams. An integration sees the tickets of its brands.
    """
    if viewer.is_admin:
        return true()
    of_brands = Ticket.brand_id.in_(viewer.brand_ids)
    if viewer.is_agent:
        of_teams = or_(Ticket.team_id.is_(None), Ticket.team_id.in_(viewer.team_ids))
        return or_(Ticket.assignee_id == viewer.agent_id, and_(of_brands, of_teams))
    return of_brands if viewer.may(ApiScope.TICKETS_READ) else false()


def inbox_brands(viewer: Viewer) -> Select[UUID]:
    """Return the brands that the viewer works for, and those of tickets assigned to them."""
    assigned = select(Ticket.brand_id).where(Ticket.assignee_id == viewer.agent_id)
    return (
        select(Brand.id)
        .where(or_(brands.visible_to(viewer), Brand.id.in_(assigned)))
        .order_by(Brand.id)
    )


async def next_number(session: AsyncSession) -> int:
    """Return the next ticket number. PostgreSQL's sequence may leave gaps after a rollback."""
    if session.get_bind().dialect.supports_sequences:
        return int((await session.execute(select(TICKET_NUMBERS.next_value()))).scalar_one())
    highest = await session.scalar(select(func.max(Ticket.number)))
    return (highest or 0) + 1
