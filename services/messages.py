"""Messages of tickets: those that are written to customers, and how any message is added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.errors import NotAllowed
from core.ids import new_id
from core.localization import translate
from core.text import fold
from models.actors import Actor
from models.base import FREE_TEXT_CHARACTERS
from models.brands import Brand
from models.channels import Channel
from models.chats import Chat
from models.customers import Customer
from models.event_topics import chat_topic, topic_of
from models.messages import (
    MESSAGE_CHARACTERS,
    Message,
    MessageDirection,
)
from models.tickets import Ticket, TicketPriority, TicketStatus, next_number, visible_to
from models.viewers import ApiScope, Viewer
from services import attachments, customers, waiting
from services.automatic_answers import may_answer_automatically
from services.channel_profiles import is_claimed
from services.directory import once_of
from services.idempotency import create_once
from services.new_activity import refuse_unseen
from services.posting import Posting, post, posting_of
from services.search import index_new_ticket, index_ticket
from services.tickets import TicketInHand, take
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """What somebody writes to the customer of a ticket, of which they had seen so much."""

    ticket_id: UUID
    body: str
    attachment_ids: Sequence[UUID] = field(default_factory=tuple)
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket to be opened. `created_at` is given for mail of the past.

    `profile_id` is the handle by which the customer began it, and `origin` what the log is to keep
    of how it came about.
    """

    brand: Brand
    customer: Customer
    channel: Channel
    title: str
    email_subject: str | None = None
    status: TicketStatus = TicketStatus.NEW
    priority: TicketPriority = TicketPriority.MEDIUM
    topic_id: UUID | None = None
    team_id: UUID | None = None
    assignee_id: UUID | None = None
    profile_id: UUID | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be added. `posting` is how it goes out, where it does.

    `channel` is given where it is not the ticket's: mail into a ticket that an agent opened.
    `created_at` is given for mail of the past, which may stand before the last message, and before
    the first: then the ticket is older than it was.
    """

    author: Actor
    direction: MessageDirection
    body: str
    body_html: str | None = None
    external_id: str | None = None
    posting: Posting | None = None
    channel: Channel | None = None
    created_at: datetime | None = None
    quoted_text: str | None = None
    is_automatic: bool = False
    omitted_files: list[dict[str, Any]] | None = None


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
    body = clean_body(check, outgoing.body, outgoing.attachment_ids)
    check.raise_problems()
    if outgoing.expected_version is not None:
        await refuse_unseen(work, viewer, hand.ticket, outgoing.expected_version)
    message = await answer(work, hand, work.actor, body, row_id=row_id)
    await attachments.attach(work, outgoing.attachment_ids, message)
    if hand.ticket.status is TicketStatus.NEW:
        hand.set_status(TicketStatus.OPEN)
    await hand.finish()
    return message


def clean_body(check: InputCheck, body: str, attachment_ids: Sequence[UUID]) -> str:
    """Return the text, which may be missing where there are files: a photo without a word."""
    if attachment_ids and not fold(body):
        return ""
    return check.text("body", body, MESSAGE_CHARACTERS)


async def answer(
    work: UnitOfWork,
    hand: TicketInHand,
    author: Actor,
    body: str,
    *,
    row_id: UUID | None = None,
    is_automatic: bool = False,
) -> Message:
    """Add a message to the customer of a ticket, and let it go out the way they can be reached.

    An automatic one is written by no person: nobody takes it back, so it goes out at once. Raises
    NotAllowed where it would answer another machine: see `may_answer_automatically`.
    """
    if is_automatic and not await may_answer_automatically(work.session, hand.ticket.id):
        raise NotAllowed
    posting = await posting_of(work, hand.ticket)
    if posting is not None and is_automatic:
        posting = replace(posting, undo_seconds=0)
    return await append(
        work,
        hand,
        NewMessage(
            author=author,
            direction=MessageDirection.OUTGOING,
            body=body,
            posting=posting,
            channel=posting.channel if posting else None,
            is_automatic=is_automatic,
        ),
        row_id=row_id,
    )


async def open_ticket(
    work: UnitOfWork, new: NewTicket, *, row_id: UUID | None = None
) -> TicketInHand:
    """Open a ticket of a customer; messages follow in the same act."""
    await customers.lock(work, new.customer)
    moment = new.created_at or work.now
    subject = new.email_subject or default_email_subject(new.brand)
    ticket = Ticket(
        id=row_id or new_id(),
        number=await next_number(work.session),
        title=new.title[:FREE_TEXT_CHARACTERS],
        status=new.status,
        priority=new.priority,
        channel=new.channel,
        brand_id=new.brand.id,
        topic_id=new.topic_id,
        team_id=new.team_id,
        assignee_id=new.assignee_id,
        customer_id=new.customer.id,
        profile_id=new.profile_id,
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
    await index_new_ticket(work.session, ticket.id, ticket.number, ticket.title)
    hand = TicketInHand(work, ticket, is_new=True, moment=new.created_at)
    hand.record("TicketCreated", dict(new.origin))
    claimed = {"is_claimed": True} if await is_claimed(work, new.profile_id) else {}
    work.record(
        "CustomerTicketOpened",
        {"ticket_id": ticket.id.hex} | claimed,
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
        channel=new.channel or ticket.channel,
        direction=new.direction,
        body=new.body,
        body_html=new.body_html,
        quoted_text=new.quoted_text,
        is_automatic=new.is_automatic,
        omitted_files=new.omitted_files,
        external_id=new.external_id,
        delivery_attempts=0,
        delivery_begun=0,
        created_at=new.created_at or work.now,
    )
    if new.posting is not None:
        post(work, message, new.posting)
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
    added = {"message_id": message.id.hex, "direction": message.direction}
    hand.record("MessageAdded", added)
    if not hand.is_new and await _is_chat(work, ticket):
        told = {"message_id": message.id.hex}
        work.record("ChatMessageAdded", told, topic=chat_topic(ticket.id))
    return message


def default_email_subject(brand: Brand) -> str:
    """Return the subject of mails whose ticket has none, in the brand's language."""
    return brand.default_email_subject or translate(brand.language, "default-email-subject")


async def _is_chat(work: UnitOfWork, ticket: Ticket) -> bool:
    """Tell whether the customer of a ticket reads it here, and not on a page that hands it in."""
    if ticket.channel is not Channel.LIVE_CHAT:
        return False
    # The ticket's row is to be written once, in the end (docs/architecture.md, "Rules").
    with work.session.no_autoflush:
        return await work.session.get(Chat, ticket.id) is not None


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
