"""What customers write: into the conversation that goes on, or into a new one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select

from core.errors import NotAllowed, NotFound
from core.text import fold, stored_line
from models import brands
from models.actors import Actor, ActorKind
from models.base import FREE_TEXT_CHARACTERS, NAME_CHARACTERS
from models.brands import Brand
from models.channel_profiles import HANDLE_CHARACTERS
from models.channels import Channel
from models.customers import Customer
from models.messages import (
    EXTERNAL_ID_CHARACTERS,
    MESSAGE_CHARACTERS,
    DeliveryState,
    Message,
    MessageDirection,
)
from models.tickets import Ticket, TicketStatus
from models.viewers import ApiScope, Viewer
from services import attachments
from services.channel_profiles import Sender, hold_customer
from services.directory import once_of
from services.idempotency import create_once
from services.mail.subjects import without_reply_prefixes
from services.messages import (
    NewMessage,
    NewTicket,
    append,
    default_email_subject,
    open_ticket,
    set_open,
)
from services.tickets import TicketInHand
from services.turns import take_turn
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

# A customer who writes wants an answer: these states end with the message.
AWAKENED = (TicketStatus.PENDING, TicketStatus.ON_HOLD, TicketStatus.RESOLVED)
_TITLE_OF_CHAT_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """What a channel delivers. `external_id` is the channel's own id of the message."""

    channel: Channel
    handle: str
    body: str
    brand_id: UUID
    external_id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    subject: str | None = None
    attachment_ids: Sequence[UUID] = field(default_factory=tuple)


async def receive(
    work: UnitOfWork,
    viewer: Viewer,
    incoming: IncomingMessage,
    *,
    idempotency_key: str | None = None,
) -> Message:
    """Take in a customer's message: into their open ticket on this channel, or a new one.

    The same `external_id` of a channel is the same message: it is answered, not stored again.
    Two messages of one handle that arrive at once are taken in one after the other.
    """
    if not viewer.may(ApiScope.MESSAGES_WRITE):
        raise NotAllowed
    once = once_of("messageReceive", idempotency_key, incoming)
    shown = Message.brand_id.in_(select(Brand.id).where(brands.visible_to(viewer)))
    receive_now = partial(_receive, work, viewer, incoming)
    return await create_once(work, once, Message, receive_now, shown=[shown])


async def _receive(
    work: UnitOfWork, viewer: Viewer, incoming: IncomingMessage, row_id: UUID
) -> Message:
    incoming = _clean(incoming)
    brand = await work.session.scalar(
        select(Brand).where(brands.visible_to(viewer), Brand.id == incoming.brand_id)
    )
    if brand is None:
        raise NotFound
    known = await known_message(work, brand.id, incoming.channel, incoming.external_id)
    if known is not None:
        return known
    customer = await hold_customer(
        work,
        Sender(incoming.channel, incoming.handle, incoming.name, incoming.email, incoming.phone),
    )
    hand = await hand_over(work, customer, brand, incoming)
    message = await append(
        work,
        hand,
        NewMessage(
            author=Actor(ActorKind.CUSTOMER, customer.id),
            direction=MessageDirection.INCOMING,
            body=incoming.body,
            external_id=incoming.external_id,
        ),
        row_id=row_id,
    )
    await attachments.attach(work, incoming.attachment_ids, message)
    set_open(hand, instead_of=AWAKENED)
    await hand.finish()
    return message


async def known_message(
    work: UnitOfWork, brand_id: UUID, channel: Channel, external_id: str | None
) -> Message | None:
    """Return the message if it is known; a second act with its id waits here for the first one."""
    if external_id is None:
        return None
    await take_turn(work, f"message:{brand_id.hex}:{channel}:{external_id}")
    return await work.session.scalar(
        select(Message).where(
            Message.brand_id == brand_id,
            Message.channel == channel,
            Message.external_id == external_id,
        )
    )


async def hand_over(
    work: UnitOfWork, customer: Customer, brand: Brand, incoming: IncomingMessage
) -> TicketInHand:
    """Lock the conversation that goes on with a message, or open a ticket for it."""
    ticket = await _ongoing_ticket(work, customer, brand, incoming)
    if ticket is not None:
        return TicketInHand(work, ticket)
    title = incoming.subject or stored_line(incoming.body, _TITLE_OF_CHAT_CHARACTERS)
    title = title or default_email_subject(brand)  # a mail may be empty
    return await open_ticket(
        work,
        NewTicket(brand, customer, incoming.channel, title, email_subject=incoming.subject),
    )


async def _ongoing_ticket(
    work: UnitOfWork, customer: Customer, brand: Brand, incoming: IncomingMessage
) -> Ticket | None:
    """Find and lock the conversation that goes on: on the channel; for mail, by subject."""
    newest_first = (Ticket.created_at.desc(), Ticket.id.desc())
    is_mail = incoming.channel is Channel.EMAIL
    is_on_channel = Ticket.channel == incoming.channel
    goes_on = and_(
        Ticket.customer_id == customer.id,
        Ticket.brand_id == brand.id,
        Ticket.status != TicketStatus.CLOSED,
        or_(is_on_channel, _was_mailed()) if is_mail else is_on_channel,
    )
    if is_mail:
        wanted = _thread_key(incoming.subject or default_email_subject(brand))
        candidates = await work.session.execute(
            select(Ticket.id, Ticket.email_subject).where(goes_on).order_by(*newest_first)
        )
        same = [row.id for row in candidates if _thread_key(row.email_subject) == wanted]
        if not same:
            return None
        goes_on = and_(goes_on, Ticket.id == same[0])
    return await work.session.scalar(
        select(Ticket).where(goes_on).order_by(*newest_first).limit(1).with_for_update()
    )


def _was_mailed() -> ColumnElement[bool]:
    """Limit tickets to those out of which mail was sent, whichever way they came in."""
    return exists().where(
        Message.ticket_id == Ticket.id,
        Message.channel == Channel.EMAIL,
        Message.direction == MessageDirection.OUTGOING,
        Message.delivery_state != DeliveryState.UNDONE,
    )


def _clean(incoming: IncomingMessage) -> IncomingMessage:
    check = InputCheck()
    cleaned = IncomingMessage(
        channel=incoming.channel,
        handle=(
            check.email("handle", incoming.handle)
            if incoming.channel is Channel.EMAIL
            else check.line("handle", incoming.handle, HANDLE_CHARACTERS)
        ),
        body=check.text("body", incoming.body, MESSAGE_CHARACTERS),
        brand_id=incoming.brand_id,
        external_id=check.optional_line("externalId", incoming.external_id, EXTERNAL_ID_CHARACTERS),
        name=check.optional_line("name", incoming.name, NAME_CHARACTERS),
        email=check.optional_email("email", incoming.email),
        phone=check.optional_phone("phone", incoming.phone),
        subject=check.optional_line("subject", incoming.subject, FREE_TEXT_CHARACTERS),
        attachment_ids=incoming.attachment_ids,
    )
    check.raise_problems()
    return cleaned


def _thread_key(subject: str) -> str:
    return fold(without_reply_prefixes(subject))
