"""What is written to customers and what comes from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.errors import (
    FieldErrorCode,
    FieldProblem,
    NewActivity,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
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
from models.event_topics import topic_of
from models.events import Event
from models.messages import (
    EXTERNAL_ID_CHARACTERS,
    MESSAGE_CHARACTERS,
    DeliveryState,
    Message,
    MessageDirection,
)
from models.notes import Note
from models.tickets import Ticket, TicketPriority, TicketStatus, next_number
from models.viewers import ApiScope, Viewer
from services import attachments
from services.changes import FieldChange
from services.channel_profiles import Sender, hold_customer
from services.search import index_ticket
from services.tickets import TicketInHand, take
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

_MAIL_CHANNELS = (Channel.EMAIL, Channel.WEB, Channel.INTERNAL)
# A customer who writes wants an answer: these states end with the message.
_AWAKENED = (TicketStatus.PENDING, TicketStatus.ON_HOLD, TicketStatus.RESOLVED)
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


async def send(
    work: UnitOfWork,
    viewer: Viewer,
    ticket_id: UUID,
    body: str,
    *,
    row_id: UUID | None = None,
    attachment_ids: Sequence[UUID] = (),
    expected_version: int | None = None,
) -> Message:
    """Write to the customer of a ticket.

    The recipient is fixed now: a later change of the customer never redirects the message.
    Raises NewActivity when somebody else wrote a message or a note since `expected_version`.
    """
    hand = await take(work, viewer, ticket_id, scope=ApiScope.MESSAGES_WRITE)
    check = InputCheck()
    cleaned = check.text("body", body, MESSAGE_CHARACTERS)
    check.raise_problems()
    if expected_version is not None:
        await _refuse_unseen_activity(work, viewer, hand.ticket, expected_version)
    customer = await work.session.get_one(Customer, hand.ticket.customer_id)
    message = await append(
        work,
        hand,
        author=work.actor,
        direction=MessageDirection.OUTGOING,
        body=cleaned,
        row_id=row_id,
        recipient=customer.email if hand.ticket.channel in _MAIL_CHANNELS else None,
    )
    await attachments.attach(work, attachment_ids, message_id=message.id)
    changes = []
    if hand.ticket.status is TicketStatus.NEW:
        hand.ticket.status = TicketStatus.OPEN
        changes.append(FieldChange("status", TicketStatus.NEW, TicketStatus.OPEN))
    hand.record_changes(changes)
    await hand.finish()
    return message


async def receive(
    work: UnitOfWork, viewer: Viewer, incoming: IncomingMessage, *, row_id: UUID | None = None
) -> Message:
    """Take in a customer's message: into their open ticket on this channel, or a new one.

    The same `external_id` of a channel is the same message: it is answered, not stored again.
    Two messages of one handle that arrive at once are taken in one after the other.
    """
    if not viewer.may(ApiScope.MESSAGES_WRITE):
        raise NotAllowed
    incoming = _clean(incoming)
    brand = await work.session.scalar(
        select(Brand).where(brands.visible_to(viewer), Brand.id == incoming.brand_id)
    )
    if brand is None:
        raise NotFound
    customer = await hold_customer(
        work,
        Sender(
            incoming.channel, incoming.handle, incoming.name, incoming.email, incoming.phone
        ),
    )
    known = await _by_external_id(work, incoming)
    if known is not None:
        return known
    hand = await _open_ticket_of(work, customer, brand, incoming)
    message = await append(
        work,
        hand,
        author=Actor(ActorKind.CUSTOMER, customer.id),
        direction=MessageDirection.INCOMING,
        body=incoming.body,
        row_id=row_id,
        channel=incoming.channel,
        external_id=incoming.external_id,
    )
    await attachments.attach(work, incoming.attachment_ids, message_id=message.id)
    if hand.ticket.status in _AWAKENED:
        change = FieldChange("status", hand.ticket.status, TicketStatus.OPEN)
        hand.ticket.status = TicketStatus.OPEN
        hand.record_changes([change])
    await hand.finish()
    return message


async def open_ticket(
    work: UnitOfWork,
    *,
    brand: Brand,
    customer: Customer,
    channel: Channel,
    title: str,
    created_at: datetime | None = None,
    status: TicketStatus = TicketStatus.NEW,
    email_subject: str | None = None,
) -> TicketInHand:
    """Open a ticket of a customer; messages follow in the same act."""
    moment = created_at or work.now
    ticket = Ticket(
        id=new_id(),
        number=await next_number(work.session),
        title=title[:FREE_TEXT_CHARACTERS],
        status=status,
        priority=TicketPriority.MEDIUM,
        channel=channel,
        brand_id=brand.id,
        customer_id=customer.id,
        email_subject=(email_subject or default_email_subject(brand))[:FREE_TEXT_CHARACTERS],
        created_at=moment,
        updated_at=moment,
        message_count=0,
        favorite_count=0,
        version=0,
    )
    work.session.add(ticket)
    await work.session.flush()
    await index_ticket(
        work.session,
        ticket.id,
        ticket.title,
        str(ticket.number),
        customer.name,
        customer.email,
        customer.phone,
    )
    hand = TicketInHand(work, ticket, is_new=True)
    hand.record("TicketCreated", {})
    return hand


async def append(
    work: UnitOfWork,
    hand: TicketInHand,
    *,
    author: Actor,
    direction: MessageDirection,
    body: str,
    row_id: UUID | None = None,
    channel: Channel | None = None,
    body_html: str | None = None,
    external_id: str | None = None,
    recipient: str | None = None,
    created_at: datetime | None = None,
) -> Message:
    """Add a message to a ticket: its row, the counts on the ticket, its words, and the event.

    `created_at` is given for mail of the past, which may stand before the last message.
    """
    ticket = hand.ticket
    message = Message(
        id=row_id or new_id(),
        ticket_id=ticket.id,
        brand_id=ticket.brand_id,
        author_kind=author.kind,
        author_id=author.id,
        channel=channel or ticket.channel,
        direction=direction,
        body=body,
        body_html=body_html,
        external_id=external_id,
        recipient=recipient,
        delivery_state=DeliveryState.QUEUED if recipient else None,
        created_at=created_at or work.now,
    )
    work.session.add(message)
    await work.session.flush()
    is_last = created_at is None or await _is_last(work, ticket, message)
    _count(ticket, message, is_last=is_last)
    await index_ticket(work.session, ticket.id, body)
    hand.record("MessageAdded", {"message_id": message.id.hex})
    if recipient is not None:
        work.enqueue("deliver_message", {"message_id": message.id.hex})
    return message


def default_email_subject(brand: Brand) -> str:
    """Return the subject of mails whose ticket has none, in the brand's language."""
    return brand.default_email_subject or translate(brand.language, "default-email-subject")


async def _is_last(work: UnitOfWork, ticket: Ticket, message: Message) -> bool:
    if ticket.last_message_id is None:
        return True
    last = await work.session.get_one(Message, ticket.last_message_id)
    return (message.created_at, message.id) > (last.created_at, last.id)


def _count(ticket: Ticket, message: Message, *, is_last: bool) -> None:
    ticket.message_count += 1
    if is_last:
        ticket.last_message_id = message.id
    answered_by_agent = (
        message.direction is MessageDirection.OUTGOING and message.author_kind is ActorKind.AGENT
    )
    if answered_by_agent and ticket.first_response_at is None:
        ticket.first_response_at = message.created_at


async def _refuse_unseen_activity(
    work: UnitOfWork, viewer: Viewer, ticket: Ticket, expected_version: int
) -> None:
    if expected_version > ticket.version:
        raise ValidationFailed(
            FieldProblem(
                ("input", "expectedVersion"),
                FieldErrorCode.VERSION_IN_FUTURE,
                limit=ticket.version,
                actual=expected_version,
            )
        )
    if expected_version == ticket.version:
        return
    items: list[Message | Note] = [
        *await _written_since(work, ticket, expected_version, Message, "MessageAdded")
    ]
    if viewer.may(ApiScope.NOTES_READ):
        items += await _written_since(work, ticket, expected_version, Note, "NoteAdded")
    if items:
        # A rollback empties the rows of its session; the error shows these.
        for item in items:
            work.session.expunge(item)
        raise NewActivity(sorted(items, key=lambda item: (item.created_at, item.id))[:SHOWN_ITEMS])


async def _written_since(
    work: UnitOfWork,
    ticket: Ticket,
    version: int,
    model: type[WrittenT],
    event_type: str,
) -> Sequence[WrittenT]:
    """Return the first of what others wrote: whom an event names may only have delivered it."""
    payloads = await work.session.scalars(
        select(Event.payload).where(
            Event.topic == topic_of(ticket), Event.seq > version, Event.type == event_type
        ).order_by(Event.seq)
    )
    return (
        await work.session.scalars(
            select(model).where(
                model.id.in_(written),
                or_(model.author_id.is_(None), model.author_id != work.actor.id),
            )
        )
    ).all()


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
    if incoming.external_id is None:
        return None
    return await work.session.scalar(
        select(Message).where(
            Message.channel == incoming.channel, Message.external_id == incoming.external_id
        )
    )


async def _open_ticket_of(
    work: UnitOfWork, customer: Customer, brand: Brand, incoming: IncomingMessage
) -> TicketInHand:
    """Find the conversation that goes on: on the same channel; for mail, of the same subject."""
    statement = (
        select(Ticket)
        .where(
            Ticket.customer_id == customer.id,
            Ticket.brand_id == brand.id,
            Ticket.channel == incoming.channel,
            Ticket.status != TicketStatus.CLOSED,
        )
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .with_for_update()
    )
    subject = incoming.subject or default_email_subject(brand)
    for ticket in await work.session.scalars(statement):
        if incoming.channel is not Channel.EMAIL or fold(ticket.email_subject) == fold(subject):
            return TicketInHand(work, ticket, await ticket_state(work, ticket))
    title = incoming.subject or single_line(normalise(incoming.body))[:_TITLE_OF_CHAT_CHARACTERS]
    return await open_ticket(
        work,
        brand=brand,
        customer=customer,
        channel=incoming.channel,
        title=title,
        email_subject=incoming.subject,
    )
