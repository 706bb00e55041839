"""What is written to customers and what comes from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import and_, select

from core.errors import NotAllowed, NotFound
from core.ids import new_id
from core.localization import translate
from core.text import fold, normalise, single_line
from models import brands
from models.actors import Actor, ActorKind
from models.base import FREE_TEXT_CHARACTERS, NAME_CHARACTERS
from models.brands import Brand
from models.channel_profiles import HANDLE_CHARACTERS
from models.channels import Channel
from models.customers import Customer
from models.event_topics import chat_topic, topic_of
from models.messages import (
    EXTERNAL_ID_CHARACTERS,
    MESSAGE_CHARACTERS,
    DeliveryState,
    Message,
    MessageDirection,
)
from models.tickets import Ticket, TicketPriority, TicketStatus, next_number, visible_to
from models.viewers import ApiScope, Viewer
from services import attachments, customers, waiting
from services.changes import FieldChange
from services.channel_profiles import Sender, hold_customer, mail_address
from services.directory import once_of
from services.idempotency import create_once
from services.mail.subjects import without_reply_prefixes
from services.new_activity import refuse_unseen
from services.search import index_ticket, index_title
from services.tickets import TicketInHand, take
from services.turns import take_turn
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

_MAIL_CHANNELS = (Channel.EMAIL, Channel.WEB, Channel.INTERNAL)
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


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """What somebody writes to the customer of a ticket, of which they had seen so much."""

    ticket_id: UUID
    body: str
    attachment_ids: Sequence[UUID] = field(default_factory=tuple)
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket to be opened. `created_at` is given for mail of the past."""

    brand: Brand
    customer: Customer
    channel: Channel
    title: str
    email_subject: str | None = None
    status: TicketStatus = TicketStatus.NEW
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be added, by the ticket's channel. `recipient` is who it is delivered to.

    `created_at` is given for mail of the past, which may stand before the last message, and before
    the first: then the ticket is older than it was.
    """

    author: Actor
    direction: MessageDirection
    body: str
    body_html: str | None = None
    external_id: str | None = None
    recipient: str | None = None
    created_at: datetime | None = None


async def send(
    work: UnitOfWork,
    viewer: Viewer,
    outgoing: OutgoingMessage,
    *,
    idempotency_key: str | None = None,
) -> Message:
    """Write to the customer of a ticket.

    The recipient is fixed now: a later change of the customer never redirects the message.
    Raises NewActivity when somebody else wrote a message or a note since the expected version.
    """
    once = once_of("messageSend", idempotency_key, outgoing)
    shown = Message.ticket_id.in_(select(Ticket.id).where(visible_to(viewer)))
    send_now = partial(_send, work, viewer, outgoing)
    return await create_once(work, once, Message, send_now, shown=[shown])


async def _send(
    work: UnitOfWork, viewer: Viewer, outgoing: OutgoingMessage, row_id: UUID
) -> Message:
    hand = await take(work, viewer, outgoing.ticket_id, scope=ApiScope.MESSAGES_WRITE)
    check = InputCheck()
    body = check.text("body", outgoing.body, MESSAGE_CHARACTERS)
    check.raise_problems()
    if outgoing.expected_version is not None:
        await refuse_unseen(work, viewer, hand.ticket, outgoing.expected_version)
    message = await append(
        work,
        hand,
        NewMessage(
            author=work.actor,
            direction=MessageDirection.OUTGOING,
            body=body,
            recipient=await _recipient(work, hand.ticket),
        ),
        row_id=row_id,
    )
    await attachments.attach(work, outgoing.attachment_ids, message_id=message.id)
    set_open(hand, instead_of=(TicketStatus.NEW,))
    await hand.finish()
    return message


async def _recipient(work: UnitOfWork, ticket: Ticket) -> str | None:
    if ticket.channel not in _MAIL_CHANNELS:
        return None
    customer = await work.session.get_one(Customer, ticket.customer_id)
    return await mail_address(work, customer, ticket.channel)


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
    known = await _by_external_id(work, incoming)
    if known is not None:
        return known
    customer = await hold_customer(
        work,
        Sender(incoming.channel, incoming.handle, incoming.name, incoming.email, incoming.phone),
    )
    hand = await _hand_over(work, customer, brand, incoming)
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
    await attachments.attach(work, incoming.attachment_ids, message_id=message.id)
    set_open(hand, instead_of=AWAKENED)
    await hand.finish()
    return message


async def open_ticket(work: UnitOfWork, new: NewTicket) -> TicketInHand:
    """Open a ticket of a customer; messages follow in the same act."""
    await customers.lock(work, new.customer)
    moment = new.created_at or work.now
    subject = new.email_subject or default_email_subject(new.brand)
    ticket = Ticket(
        id=new_id(),
        number=await next_number(work.session),
        title=new.title[:FREE_TEXT_CHARACTERS],
        status=new.status,
        priority=TicketPriority.MEDIUM,
        channel=new.channel,
        brand_id=new.brand.id,
        customer_id=new.customer.id,
        email_subject=subject[:FREE_TEXT_CHARACTERS],
        created_at=moment,
        updated_at=moment,
        waiting_since=moment if new.status in waiting.OPEN_STATUSES else None,
        message_count=0,
        favorite_count=0,
        version=0,
    )
    work.session.add(ticket)
    await work.session.flush()
    await index_title(work.session, ticket.id, ticket.title)
    await index_ticket(work.session, ticket.id, str(ticket.number))
    hand = TicketInHand(work, ticket, is_new=True, moment=moment)
    hand.record("TicketCreated", {})
    work.record(
        "CustomerTicketOpened",
        {"ticket_id": ticket.id.hex},
        topic=topic_of(new.customer),
        versions=[new.customer],
    )
    return hand


async def append(
    work: UnitOfWork, hand: TicketInHand, new: NewMessage, *, row_id: UUID | None = None
) -> Message:
    """Add a message to a ticket: its row, what the ticket says of it, its words, and the event."""
    ticket = hand.ticket
    message = Message(
        id=row_id or new_id(),
        ticket_id=ticket.id,
        brand_id=ticket.brand_id,
        author_kind=new.author.kind,
        author_id=new.author.id,
        channel=ticket.channel,
        direction=new.direction,
        body=new.body,
        body_html=new.body_html,
        external_id=new.external_id,
        recipient=new.recipient,
        delivery_state=DeliveryState.QUEUED if new.recipient else None,
        created_at=new.created_at or work.now,
    )
    work.session.add(message)
    await work.session.flush()
    await index_ticket(work.session, ticket.id, new.body)
    is_last = new.created_at is None or await _is_last(work, ticket, message)
    _count(ticket, message, is_last=is_last)
    if new.created_at is None:
        waiting.heed_newest(ticket, message)
    else:
        ticket.created_at = min(ticket.created_at, new.created_at)
        await waiting.look_up(work.session, ticket)
    hand.record("MessageAdded", {"message_id": message.id.hex})
    if ticket.channel is Channel.LIVE_CHAT:
        told = {"message_id": message.id.hex}
        work.record("ChatMessageAdded", told, topic=chat_topic(ticket.id))
    if new.recipient is not None:
        work.enqueue("deliver_message", {"message_id": message.id.hex})
    return message


def default_email_subject(brand: Brand) -> str:
    """Return the subject of mails whose ticket has none, in the brand's language."""
    return brand.default_email_subject or translate(brand.language, "default-email-subject")


def set_open(hand: TicketInHand, *, instead_of: Sequence[TicketStatus]) -> None:
    """Open a ticket that has one of these states; with any other it stays as it is."""
    before = hand.ticket.status
    if before in instead_of:
        hand.ticket.status = TicketStatus.OPEN
        hand.ticket.closed_at = None
        hand.record_changes([FieldChange("status", before, TicketStatus.OPEN)])


async def _is_last(work: UnitOfWork, ticket: Ticket, message: Message) -> bool:
    if ticket.last_message_id is None:
        return True
    last_moment = await work.session.scalar(
        select(Message.created_at).where(Message.id == ticket.last_message_id)
    )
    return last_moment is None or (message.created_at, message.id) > (
        last_moment,
        ticket.last_message_id,
    )


def _count(ticket: Ticket, message: Message, *, is_last: bool) -> None:
    ticket.message_count += 1
    if is_last:
        ticket.last_message_id = message.id
    if waiting.is_answer(message):
        earlier = ticket.first_response_at or message.created_at
        ticket.first_response_at = min(earlier, message.created_at)


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


async def _by_external_id(work: UnitOfWork, incoming: IncomingMessage) -> Message | None:
    """Return the message if it is known; a second act with its id waits here for the first one."""
    if incoming.external_id is None:
        return None
    await take_turn(
        work, f"message:{incoming.brand_id.hex}:{incoming.channel}:{incoming.external_id}"
    )
    return await work.session.scalar(
        select(Message).where(
            Message.brand_id == incoming.brand_id,
            Message.channel == incoming.channel,
            Message.external_id == incoming.external_id,
        )
    )


async def _hand_over(
    work: UnitOfWork, customer: Customer, brand: Brand, incoming: IncomingMessage
) -> TicketInHand:
    ticket = await _ongoing_ticket(work, customer, brand, incoming)
    if ticket is not None:
        return TicketInHand(work, ticket)
    title = incoming.subject or single_line(normalise(incoming.body))[:_TITLE_OF_CHAT_CHARACTERS]
    return await open_ticket(
        work,
        NewTicket(brand, customer, incoming.channel, title, email_subject=incoming.subject),
    )


async def _ongoing_ticket(
    work: UnitOfWork, customer: Customer, brand: Brand, incoming: IncomingMessage
) -> Ticket | None:
    """Find and lock the conversation that goes on: on the channel; for mail, of the subject."""
    newest_first = (Ticket.created_at.desc(), Ticket.id.desc())
    goes_on = and_(
        Ticket.customer_id == customer.id,
        Ticket.brand_id == brand.id,
        Ticket.channel == incoming.channel,
        Ticket.status != TicketStatus.CLOSED,
    )
    if incoming.channel is Channel.EMAIL:
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


def _thread_key(subject: str) -> str:
    return fold(without_reply_prefixes(subject))
