"""How chats end, and go on after that."""

from uuid import UUID

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from models.actors import ActorKind
from models.channels import Channel
from models.chats import Chat, ChatSide
from models.event_topics import chat_topic
from models.tickets import Ticket, TicketStatus
from models.viewers import Viewer
from services.live_chats.in_hand import chat_of, take_own
from services.tickets import TicketInHand, take
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck
from services.waiting import OPEN_STATUSES


async def end(
    work: UnitOfWork, viewer: Viewer, ticket_id: UUID, status: TicketStatus | None
) -> Chat:
    """End a chat, as its customer or for the desk, and set the status of its ticket.

    The desk says which; RESOLVED unless it does. A customer says none: what waits for nobody is
    RESOLVED, and a question that nobody has answered stays open. Ending a chat again changes
    nothing but the status, where the desk gives another.

    Raises NotFound where the viewer does not see the ticket, and ValidationFailed for one that is
    no chat, and for a status that a customer gives.
    """
    if viewer.is_customer:
        return await _end_as_customer(work, viewer, ticket_id, status)
    hand = await take(work, viewer, ticket_id)
    chat = required(await chat_of(work, hand))
    _end(work, hand, chat, status or TicketStatus.RESOLVED)
    await hand.finish()
    return chat


async def end_chat(work: UnitOfWork, hand: TicketInHand, status: TicketStatus) -> bool:
    """End the conversation of a ticket, and set its status; return whether anything changed.

    The customer of a live chat is told that it has ended. On other channels nobody can tell them,
    and only the status is set. Whoever called finishes with the ticket.
    """
    return _end(work, hand, await chat_of(work, hand), status)


def end_conversation(work: UnitOfWork, hand: TicketInHand, chat: Chat) -> bool:
    """End a chat, and tell both sides; return whether it went on until now."""
    if chat.ended_at is not None:
        return False
    is_customer = work.actor.kind is ActorKind.CUSTOMER
    chat.ended_at = work.now
    chat.ended_by = ChatSide.CUSTOMER if is_customer else ChatSide.DESK
    _tell(work, hand, "ChatEnded", {"ended_by": chat.ended_by})
    return True


def resume(work: UnitOfWork, hand: TicketInHand, chat: Chat) -> None:
    """Let a chat that has ended go on, and tell both sides; one that goes on stays as it is."""
    if chat.ended_at is None:
        return
    chat.ended_at = chat.ended_by = None
    _tell(work, hand, "ChatResumed", {})


async def resume_chat(work: UnitOfWork, hand: TicketInHand) -> None:
    """Let the chat of a ticket go on in which its customer writes, by whichever way.

    One whose customer was shut out does not: nobody can read it who is told.
    """
    if hand.is_new or hand.ticket.channel is not Channel.LIVE_CHAT:
        return
    chat = await chat_of(work, hand)
    if chat is not None and chat.revoked_at is None:
        resume(work, hand, chat)


def required(chat: Chat | None) -> Chat:
    """Return the chat of a ticket that an input names. Raises ValidationFailed where it is none."""
    if chat is None:
        path = ("input", "ticketId")
        raise ValidationFailed(FieldProblem(path, FieldErrorCode.NOT_ALLOWED_VALUE))
    return chat


async def _end_as_customer(
    work: UnitOfWork, viewer: Viewer, ticket_id: UUID, status: TicketStatus | None
) -> Chat:
    hand, chat = await take_own(work, viewer, ticket_id)
    check = InputCheck()
    if status is not None:
        check.refuse("status", FieldErrorCode.NOT_ALLOWED_VALUE)
    check.raise_problems()
    if end_conversation(work, hand, chat):
        if _waits_for_nobody(hand.ticket):
            hand.set_status(TicketStatus.RESOLVED)
        await hand.finish()
    return chat


def _end(work: UnitOfWork, hand: TicketInHand, chat: Chat | None, status: TicketStatus) -> bool:
    has_ended = chat is not None and end_conversation(work, hand, chat)
    has_status = hand.set_status(status)
    return has_ended or has_status


def _waits_for_nobody(ticket: Ticket) -> bool:
    """Tell whether an open ticket has no question in it that is still to be answered."""
    has_question = ticket.waiting_since is not None and ticket.message_count > 0
    return ticket.status in OPEN_STATUSES and not has_question


def _tell(work: UnitOfWork, hand: TicketInHand, event_type: str, payload: dict[str, str]) -> None:
    hand.record(event_type, dict(payload))
    work.record(event_type, dict(payload), topic=chat_topic(hand.ticket.id))
