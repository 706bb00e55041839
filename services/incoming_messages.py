"""What customers write: into the conversation that goes on, or into a new one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select

from core.errors import FieldErrorCode, FieldProblem, NotAllowed, NotFound, ValidationFailed
from core.text import fold, stored_line
from models import brands
from models.actors import Actor, ActorKind
from models.attachments import Attachment
from models.base import FREE_TEXT_CHARACTERS, NAME_CHARACTERS
from models.brands import Brand
from models.channel_profiles import HANDLE_CHARACTERS, ProfileLinkState
from models.channels import Channel
from models.messages import (
    EXTERNAL_ID_CHARACTERS,
    DeliveryState,
    Message,
    MessageDirection,
)
from models.tickets import Ticket, TicketStatus
from models.viewers import ApiScope, Viewer
from services import attachments
from services.arrivals import take_in
from services.channel_profiles import Sender, Writer, hold_customer, mails_may_go_on
from services.directory import once_of
from services.external_ids import is_written_by, known_message
from services.idempotency import create_once
from services.live_chats.ends import resume_chat
from services.mail.subjects import without_reply_prefixes
from services.messages import (
    NewMessage,
    NewTicket,
    clean_body,
    default_email_subject,
    open_ticket,
)
from services.references import refer_to_brand
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

# A customer who writes wants an answer: these states end with the message.
AWAKENED = (TicketStatus.PENDING, TicketStatus.ON_HOLD, TicketStatus.RESOLVED)
_TITLE_OF_CHAT_CHARACTERS = 80
# Of one customer, and not closed. Only a machine has more, and its mails name what they answer.
SUBJECTS_COMPARED = 100
_NEWEST_FIRST = (Ticket.created_at.desc(), Ticket.id.desc())


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """What a channel delivers. `external_id` is the channel's own id of the message.

    `is_automatic` says that no person wrote it.
    """

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
    is_automatic: bool = False


async def receive(
    work: UnitOfWork,
    viewer: Viewer,
    incoming: IncomingMessage,
    *,
    idempotency_key: str | None = None,
) -> Message:
    """Take in a customer's message: into their open ticket on this channel, or a new one.

    A live chat that had ended goes on, unless a machine wrote.

    The same `external_id` of a channel is the same message: it is answered, not stored again,
    whatever it says now. Raises ValidationFailed where that is a message of another handle, or one
    that went out. Two messages of one handle that arrive at once are taken in one after the other.
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
    check = InputCheck()
    incoming = _clean_sender(check, incoming)
    if check.problems:  # nobody can tell whether the message is known: all that is wrong is said
        _clean_content(check, incoming)
        check.raise_problems()
    brand = await refer_to_brand(work, incoming.brand_id, brands.visible_to(viewer))
    if brand is None:
        raise NotFound
    known = await known_message(work, brand.id, incoming.channel, incoming.external_id)
    if known is not None:
        if not await is_written_by(work, known, incoming.channel, incoming.handle):
            taken = FieldErrorCode.ALREADY_TAKEN
            raise ValidationFailed(FieldProblem(("input", "externalId"), taken))
        return known
    incoming = _clean_content(check, incoming)
    check.raise_problems()
    writer = await hold_customer(
        work,
        Sender(incoming.channel, incoming.handle, incoming.name, incoming.email, incoming.phone),
    )
    hand = await hand_over(work, writer, brand, incoming)
    if not incoming.is_automatic:
        await resume_chat(work, hand)
    message = await take_in(
        work,
        hand,
        NewMessage(
            author=Actor(ActorKind.CUSTOMER, writer.customer.id),
            direction=MessageDirection.INCOMING,
            body=incoming.body,
            external_id=incoming.external_id,
            is_automatic=incoming.is_automatic,
        ),
        wakes=AWAKENED,
        row_id=row_id,
    )
    await attachments.attach(work, incoming.attachment_ids, message)
    await hand.finish()
    return message


async def hand_over(
    work: UnitOfWork, writer: Writer, brand: Brand, incoming: IncomingMessage
) -> TicketInHand:
    """Lock the conversation that goes on with a message, or open a ticket for it."""
    if incoming.channel is Channel.EMAIL:
        ticket = await _ongoing_mail(work, writer, brand, incoming.subject)
    else:
        ticket = await _ongoing_chat(work, writer, brand, incoming.channel)
    if ticket is not None:
        return TicketInHand(work, ticket)
    title = (
        incoming.subject
        or stored_line(incoming.body, _TITLE_OF_CHAT_CHARACTERS)
        or await _first_filename(work, incoming)
        or default_email_subject(brand)  # a mail may be empty
    )
    hand = await open_ticket(
        work,
        NewTicket(
            brand,
            writer.customer,
            incoming.channel,
            title,
            email_subject=incoming.subject,
            profile_id=writer.profile.id,
        ),
    )
    if incoming.is_automatic:  # no person waits for an answer
        hand.ticket.waiting_since = None
    return hand


async def _first_filename(work: UnitOfWork, incoming: IncomingMessage) -> str | None:
    """Return the name of the first file; `attach` says later whether it may be taken."""
    if not incoming.attachment_ids:
        return None
    first = Attachment.id == incoming.attachment_ids[0]
    return await work.session.scalar(select(Attachment.filename).where(first))


async def _ongoing_mail(
    work: UnitOfWork, writer: Writer, brand: Brand, subject: str | None
) -> Ticket | None:
    """Find and lock the conversation by mail that goes on: the newest one of this subject."""
    wanted = _thread_key(subject or default_email_subject(brand))
    goes_on = and_(_is_open(writer, brand), _mail_goes_on(writer))
    candidates = await work.session.execute(
        select(Ticket.id, Ticket.email_subject)
        .where(goes_on)
        .order_by(*_NEWEST_FIRST)
        .limit(SUBJECTS_COMPARED)
    )
    same = [row.id for row in candidates if _thread_key(row.email_subject) == wanted]
    return await _lock_newest(work, and_(goes_on, Ticket.id == same[0])) if same else None


async def _ongoing_chat(
    work: UnitOfWork, writer: Writer, brand: Brand, channel: Channel
) -> Ticket | None:
    """Find and lock the conversation that goes on, on whichever other channel: that of the handle.

    Whoever has two handles on a channel has two conversations: each gets its own answers.
    """
    is_of_handle = Ticket.profile_id == writer.profile.id
    # Whoever merely says to be the customer goes on with nothing that they did not begin.
    if writer.profile.link_state is not ProfileLinkState.CLAIMED:
        is_of_handle = or_(is_of_handle, Ticket.profile_id.is_(None))
    goes_on = and_(_is_open(writer, brand), Ticket.channel == channel, is_of_handle)
    return await _lock_newest(work, goes_on)


def _is_open(writer: Writer, brand: Brand) -> ColumnElement[bool]:
    return and_(
        Ticket.customer_id == writer.customer.id,
        Ticket.brand_id == brand.id,
        Ticket.status != TicketStatus.CLOSED,
    )


async def _lock_newest(work: UnitOfWork, goes_on: ColumnElement[bool]) -> Ticket | None:
    newest = select(Ticket).where(goes_on).order_by(*_NEWEST_FIRST).limit(1)
    return await work.session.scalar(newest.with_for_update())


def _mail_goes_on(writer: Writer) -> ColumnElement[bool]:
    """Limit tickets to those that mail goes on with, from whichever address of the customer."""
    by_mail = or_(Ticket.channel == Channel.EMAIL, _was_mailed())
    return and_(by_mail, mails_may_go_on(writer.profile))


def _was_mailed() -> ColumnElement[bool]:
    """Limit tickets to those out of which mail was sent, whichever way they came in."""
    return exists().where(
        Message.ticket_id == Ticket.id,
        Message.channel == Channel.EMAIL,
        Message.direction == MessageDirection.OUTGOING,
        Message.delivery_state != DeliveryState.UNDONE,
    )


def _clean_sender(check: InputCheck, incoming: IncomingMessage) -> IncomingMessage:
    """Clean what tells which message it is, and whose."""
    if incoming.channel is Channel.INTERNAL:  # agents alone open such tickets
        check.refuse("channel", FieldErrorCode.NOT_ALLOWED_VALUE)
    return replace(
        incoming,
        handle=(
            check.email("handle", incoming.handle)
            if incoming.channel is Channel.EMAIL
            else check.line("handle", incoming.handle, HANDLE_CHARACTERS)
        ),
        external_id=_clean_external_id(check, incoming.external_id),
    )


def _clean_content(check: InputCheck, incoming: IncomingMessage) -> IncomingMessage:
    return replace(
        incoming,
        body=clean_body(check, incoming.body, incoming.attachment_ids),
        name=check.optional_line("name", incoming.name, NAME_CHARACTERS),
        email=check.optional_email("email", incoming.email),
        phone=check.optional_phone("phone", incoming.phone),
        subject=check.optional_line("subject", incoming.subject, FREE_TEXT_CHARACTERS),
    )


def _clean_external_id(check: InputCheck, external_id: str | None) -> str | None:
    """Return the id, if there is one; an empty one would let each message be another."""
    if external_id is None:
        return None
    return check.line("externalId", external_id, EXTERNAL_ID_CHARACTERS)


def _thread_key(subject: str) -> str:
    return fold(without_reply_prefixes(subject))
