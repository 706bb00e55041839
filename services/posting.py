"""Messages that go out: by mail or by a connector; taken back, tried anew.

How far one has come stands on its row. Whoever changes that has locked its ticket, so that the
worker, a connector and who takes a message back cannot both win.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from core.errors import NotAllowed, NotFound, TooLate
from models.brands import Brand
from models.channels import CONNECTOR_CHANNELS, Channel
from models.customers import Customer
from models.event_topics import inbox_topic, topic_of
from models.messages import DeliveryFailure, DeliveryState, Message
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from services import delivery_requests, waiting
from services.channel_profiles import mail_address
from services.outgoing_mail.queue import DELIVER, hasten, job_of, let_next_go
from services.tickets import TicketInHand, full_state_of, take
from services.unit_of_work import UnitOfWork

MAIL_CHANNELS = (Channel.EMAIL, Channel.WEB, Channel.INTERNAL)


@dataclass(frozen=True, slots=True)
class Posting:
    """The way that a message goes, and where: None where nobody knows.

    `undo_seconds` is how long it can be taken back.
    """

    channel: Channel
    recipient: str | None
    undo_seconds: int = 0


async def posting_of(work: UnitOfWork, ticket: Ticket) -> Posting | None:
    """Return how a ticket's customer is written to now.

    None where nothing is sent: on the phone, and in a live chat, which both sides read here.
    """
    if ticket.channel in CONNECTOR_CHANNELS:
        return Posting(ticket.channel, await delivery_requests.handle_of(work, ticket))
    if ticket.channel not in MAIL_CHANNELS:
        return None
    customer = await work.session.get_one(Customer, ticket.customer_id)
    brand = await work.session.get_one(Brand, ticket.brand_id)
    address = await mail_address(work, customer, ticket.channel, ticket.profile_id)
    return Posting(Channel.EMAIL, address, brand.undo_seconds)


def post(work: UnitOfWork, message: Message, posting: Posting) -> None:
    """Queue a message. Without an address it has failed already."""
    message.recipient = posting.recipient
    message.delivery_detail = message.delivery_next_try_at = None
    message.delivery_undo_until = None
    if posting.recipient is None:
        message.delivery_state = DeliveryState.FAILED
        message.delivery_failure = DeliveryFailure.NO_ADDRESS
        return
    message.delivery_state = DeliveryState.QUEUED
    message.delivery_failure = None
    if posting.channel in CONNECTOR_CHANNELS:
        delivery_requests.ask(work, message)
    else:
        _queue_mail(work, message, posting)


def _queue_mail(work: UnitOfWork, message: Message, posting: Posting) -> None:
    message.delivery_attempts = message.delivery_begun = 0
    if posting.undo_seconds:
        message.delivery_undo_until = work.now + timedelta(seconds=posting.undo_seconds)
    work.enqueue(DELIVER, job_of(message), run_at=message.delivery_undo_until)


async def undo(work: UnitOfWork, viewer: Viewer, message_id: UUID) -> Message:
    """Take back a message that has not gone out. It stays where it was written.

    One whose try has failed can be taken back until the next one begins. Taking a message back
    twice is one event. Raises TooLate once its time is over or its delivery has begun, NotFound
    where the viewer does not see it, and NotAllowed for what does not go out. What a connector
    delivers goes at once.
    """
    hand, message = await _take(work, viewer, message_id)
    if message.delivery_state is DeliveryState.UNDONE:
        return message
    if message.delivery_state is None:
        raise NotAllowed
    if not _can_be_taken_back(work, message):
        raise TooLate
    message.delivery_state = DeliveryState.UNDONE
    message.delivery_undo_until = message.delivery_next_try_at = None
    message.delivery_failure = message.delivery_detail = None
    await work.session.flush()
    await let_next_go(work, message)
    await waiting.forget_answer(work.session, hand.ticket)
    await _finish(hand, message)
    return message


async def retry(work: UnitOfWork, viewer: Viewer, message_id: UUID) -> Message:
    """Send a message that has failed, or was put off; one on its way, or there, stays as it is.

    What was put off is due now; its tries count on. What has failed begins anew: it goes to the
    address that it failed for; where there was none, to the one there is now.
    Raises NotFound where the viewer does not see it, and NotAllowed for what does not go out or
    was taken back.
    """
    hand, message = await _take(work, viewer, message_id)
    if message.delivery_state in (None, DeliveryState.UNDONE):
        raise NotAllowed
    if message.delivery_state is not DeliveryState.FAILED:
        if _is_put_off(work, message):
            message.delivery_next_try_at = work.now
            await hasten(work, message)
            await _finish(hand, message)
        return message
    recipient = message.recipient
    if recipient is None:
        found = await posting_of(work, hand.ticket)
        recipient = found.recipient if found else None
    if recipient is not None:
        post(work, message, Posting(message.channel, recipient))
        await _finish(hand, message)
    return message


async def hold(work: UnitOfWork, message_id: UUID) -> tuple[Ticket, Message]:
    """Lock a message's ticket, as everybody does who changes a delivery; then read the message.

    It is read anew: who had to wait for the lock may have seen what is not true any more. No
    message is ever deleted, so one that was found is there.
    """
    of_message = select(Message.ticket_id).where(Message.id == message_id)
    ticket_id = (await work.session.scalars(of_message)).one()
    ticket = await work.session.get_one(Ticket, ticket_id, with_for_update=True)
    return ticket, await work.session.get_one(Message, message_id, populate_existing=True)


async def tell(work: UnitOfWork, ticket: Ticket, message: Message) -> None:
    """Write the events that a delivery has changed.

    No agent did this, so the ticket was not updated, and no list tells of it: the entry in the
    brand's inbox is for webhooks.
    """
    work.record(
        "DeliveryChanged",
        {"message_id": message.id.hex},
        topic=topic_of(ticket),
        versions=[ticket],
    )
    payload = {
        "ticket_id": ticket.id.hex,
        "message_id": message.id.hex,
        "after": await full_state_of(work, ticket),
    }
    work.record("InboxDeliveryChanged", payload, topic=inbox_topic(ticket.brand_id))


def _can_be_taken_back(work: UnitOfWork, message: Message) -> bool:
    """Tell whether a message has not gone out: no try has begun, or each has failed."""
    is_going = message.delivery_begun > message.delivery_attempts
    if message.delivery_state is not DeliveryState.QUEUED or is_going:
        return False
    until = message.delivery_undo_until
    return message.delivery_begun > 0 or (until is not None and until > work.now)


def _is_put_off(work: UnitOfWork, message: Message) -> bool:
    next_try_at = message.delivery_next_try_at
    return next_try_at is not None and next_try_at > work.now


async def _take(work: UnitOfWork, viewer: Viewer, message_id: UUID) -> tuple[TicketInHand, Message]:
    ticket_id = await work.session.scalar(select(Message.ticket_id).where(Message.id == message_id))
    if ticket_id is None:
        raise NotFound
    hand = await take(work, viewer, ticket_id, scope=ApiScope.MESSAGES_WRITE)
    return hand, await work.session.get_one(Message, message_id)


async def _finish(hand: TicketInHand, message: Message) -> None:
    hand.record("DeliveryChanged", {"message_id": message.id.hex})
    await hand.finish()
