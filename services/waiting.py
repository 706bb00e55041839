"""Since when customers wait for an answer.

A customer waits where their ticket is NEW or OPEN and no agent has written since the customer's
message, or at all. They wait since the first message that nobody has answered, not the last: who
asks again does not start to wait anew. Who was never answered waits since the ticket was opened;
where a machine's mail opened it, since the first message of a person.
What automation sends is no answer, nor is a mail that was taken back before it went out; and what a
machine has sent waits for none.

It stands on the ticket's row, `waiting_since`, and is kept by whatever writes a message or another
status.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.actors import ActorKind
from models.messages import DeliveryState, Message, MessageDirection
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
    return (
        message.direction is MessageDirection.OUTGOING
        and message.author_kind is ActorKind.AGENT
        and message.delivery_state is not DeliveryState.UNDONE
    )


def heed_newest(ticket: Ticket, message: Message) -> None:
    """Keep since when the customer waits, after a message that is later than all before."""
    if is_answer(message):
        ticket.waiting_since = None
    elif _wants_answer(message) and ticket.status in OPEN_STATUSES:
        ticket.waiting_since = ticket.waiting_since or message.created_at


def _wants_answer(message: Message) -> bool:
    return message.direction is MessageDirection.INCOMING and not message.is_automatic


async def forget_answer(session: AsyncSession, ticket: Ticket) -> None:
    """Find out anew when the customer was answered first, and since when they wait.

    For a message that has ceased to be an answer; it is written already, and the ticket locked.
    """
    first = select(func.min(Message.created_at)).where(
        Message.ticket_id == ticket.id, _IS_AN_ANSWER
    )
    ticket.first_response_at = await session.scalar(first)
    await look_up(session, ticket)


async def look_up(session: AsyncSession, ticket: Ticket) -> None:
    """Find out from the messages since when the customer waits; `first_response_at` must be right.

    For what is less simple than a newest message: mail of the past, and tickets opened again.
    """
    if ticket.status not in OPEN_STATUSES:
        ticket.waiting_since = None
        return
    # The ticket's row is written once, with its version: nothing here reads what changed on it.
    with session.no_autoflush:
        if ticket.first_response_at is not None:
            ticket.waiting_since = await session.scalar(_first_unanswered(ticket.id))
        elif await session.scalar(_opened_by_machine(ticket)):
            ticket.waiting_since = await session.scalar(_first_question(ticket.id))
        else:
            ticket.waiting_since = ticket.created_at


_IS_AN_ANSWER = and_(
    Message.direction == MessageDirection.OUTGOING,
    Message.author_kind == ActorKind.AGENT,
    Message.delivery_state.is_distinct_from(DeliveryState.UNDONE),
)


def _first_unanswered(ticket_id: UUID) -> Select[datetime | None]:
    last_answer = (
        select(func.max(Message.created_at))
        .where(Message.ticket_id == ticket_id, _IS_AN_ANSWER)
        .scalar_subquery()
    )
    return _first_question(ticket_id).where(Message.created_at > last_answer)


def _first_question(ticket_id: UUID) -> Select[datetime | None]:
    return select(func.min(Message.created_at)).where(
        Message.ticket_id == ticket_id,
        Message.direction == MessageDirection.INCOMING,
        Message.is_automatic.is_(False),
    )


def _opened_by_machine(ticket: Ticket) -> Select[bool]:
    return select(
        exists().where(
            Message.ticket_id == ticket.id,
            Message.direction == MessageDirection.INCOMING,
            Message.is_automatic,
            Message.created_at <= ticket.created_at,
        )
    )
