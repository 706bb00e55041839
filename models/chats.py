"""Chats: the conversations of customers who write on a web page, and what lets them in."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Index, LargeBinary, and_
from sqlalchemy.orm import Mapped, mapped_column

from models import tickets
from models.base import SECRET, Base, Key, Moment, Name, UtcDateTime, enum_column, reference
from models.tickets import Ticket
from models.viewers import Viewer

# Counted from the last request: conversations go on for a month (product.md, part 1).
SESSION_LIFETIME = timedelta(days=30)
SESSIONS_PER_CHAT = 10  # a start that is retried opens one more


class ChatSide(StrEnum):
    """One of the two who talk in a chat."""

    CUSTOMER = "CUSTOMER"
    DESK = "DESK"


class Chat(Base):
    """A conversation that a customer has started: all of it stands in one ticket.

    `customer_id` and `customer_name` are who started it, whomever the ticket counts as a customer
    of later, and whatever they are called then: what is found out about them is nothing that the
    holder of the token may see.

    It goes on while `ended_at` is null. `revoked_at` is when its tokens were taken away: no other
    is ever given out for it. The hashes are those of the key and the input that it was started
    with, so that a start that is retried finds it.
    """

    __tablename__ = "chat"
    __table_args__ = (
        Index(None, "started_at"),
        Index(None, "brand_id", "started_at"),
        Index(None, "brand_id", "transcript_asked_at"),
    )

    ticket_id: Mapped[UUID] = reference("ticket.id", primary_key=True, index=False)
    customer_id: Mapped[UUID] = reference("customer.id")
    customer_name: Mapped[Name] = mapped_column(server_default="")
    brand_id: Mapped[UUID] = reference("brand.id", index=False)
    started_at: Mapped[Moment]
    start_key_hash: Mapped[bytes | None] = mapped_column(
        LargeBinary(32), unique=True, info={SECRET: True}
    )
    start_input_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), info={SECRET: True})
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[ChatSide | None] = mapped_column(enum_column(ChatSide))
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When somebody last had the conversation sent to an address.
    transcript_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ChatSession(Base):
    """A token that opens one chat. Only its SHA-256 is kept: a stolen database opens nothing."""

    __tablename__ = "chat_session"

    id: Mapped[Key]
    ticket_id: Mapped[UUID] = reference("chat.ticket_id")
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, info={SECRET: True})
    created_at: Mapped[Moment]
    last_used_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def is_live(now: datetime) -> ColumnElement[bool]:
    """Limit sessions to those that open something."""
    return and_(ChatSession.ended_at.is_(None), ChatSession.last_used_at > now - SESSION_LIFETIME)


def shows_ticket(viewer: Viewer) -> ColumnElement[bool]:
    """Limit tickets to those a viewer may look into: of a chat customer, the one of their chat.

    `visible_to`, here as of every other model, shows a chat customer nothing. So whatever is built
    on it is closed to them, and what is open to them says so by asking this.
    """
    if viewer.conversation_id is not None:
        return Ticket.id == viewer.conversation_id
    return tickets.visible_to(viewer)
