"""Since when customers wait for an answer.

A customer waits where their ticket is NEW or OPEN and no agent has written since the customer's
message, or at all. They wait since the first message that nobody has answered, not the last: who
asks again does not start to wait anew. Who was never answered waits since the ticket was opened.
What automation sends is no answer.

It stands on the ticket's row, `waiting_since`, and is kept by whatever writes a message or another
status.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.actors import ActorKind
from models.messages import Message, MessageDirection
from models.tickets import Ticket, TicketStatus

OPEN_STATUSES = (TicketStatus.NEW, TicketStatus.OPEN)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket whose customer waits, and since when."""

    ticket_id: UUID
    since: datetime


def select_longest(limits: Sequence[ColumnElement[bool]]) -> Select[UUID, datetime | None]:
    """Select (ticket_id, since) of the ticket, of those in `limits`, that waits longest, if any."""
    return (
        select(Ticket.id.label("ticket_id"), Ticket.waiting_since.label("since"))
        .where(*limits, Ticket.waiting_since.is_not(None))
        .order_by(Ticket.waiting_since, Ticket.id)
        .limit(1)
    )


def is_answer(message: Message) -> bool:
    """Tell whether the customer has got with it what they waited for."""
    return message.direction is MessageDirection.OUTGOING and message.author_kind is ActorKind.AGENT


def heed_newest(ticket: Ticket, message: Message) -> None:
    """Keep since when the customer waits, after a message that is later than all before."""
    if is_answer(message):
        ticket.waiting_since = None
    elif message.direction is MessageDirection.INCOMING and ticket.status in OPEN_STATUSES:
        ticket.waiting_since = ticket.waiting_since or message.created_at


async def look_up(session: AsyncSession, ticket: Ticket) -> None:
    """Find out from the messages since when the customer waits; `first_response_at` must be right.

    For what is less simple than a newest message: mail of the past, and tickets opened again.
    """
    if ticket.status not in OPEN_STATUSES:
        ticket.waiting_since = None
    elif ticket.first_response_at is None:
        ticket.waiting_since = ticket.created_at
    else:
        # The ticket's row is written once, with its version: nothing here reads what changed on it.
        with session.no_autoflush:
            ticket.waiting_since = await session.scalar(_first_unanswered(ticket.id))


def _first_unanswered(ticket_id: UUID) -> Select[datetime | None]:
    is_an_answer = and_(
        Message.direction == MessageDirection.OUTGOING, Message.author_kind == ActorKind.AGENT
    )
    last_answer = (
        select(func.max(Message.created_at))
        .where(Message.ticket_id == ticket_id, is_an_answer)
        .scalar_subquery()
    )
    return select(func.min(Message.created_at)).where(
        Message.ticket_id == ticket_id,
        Message.direction == MessageDirection.INCOMING,
        Message.created_at > last_answer,
    )
