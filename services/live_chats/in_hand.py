"""Chats that an act changes: the ticket is locked, and then the chat's own row."""

from uuid import UUID

from sqlalchemy import select

from core.errors import NotFound
from models.chats import Chat, shows_ticket
from models.tickets import Ticket
from models.viewers import Viewer
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork


async def chat_of(work: UnitOfWork, hand: TicketInHand) -> Chat | None:
    """Lock the chat whose ticket is in hand; None where the ticket came in another way."""
    return await work.session.scalar(
        select(Chat)
        .where(Chat.ticket_id == hand.ticket.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def take_own(work: UnitOfWork, viewer: Viewer, ticket_id: UUID) -> tuple[TicketInHand, Chat]:
    """Lock the chat of the customer who is looking.

    Raises NotFound where the ticket is that of no chat of theirs, and once their tokens were taken
    away: an act that waited here meanwhile comes too late.
    """
    ticket = await work.session.scalar(
        select(Ticket).where(shows_ticket(viewer), Ticket.id == ticket_id).with_for_update()
    )
    if ticket is None:
        raise NotFound
    hand = TicketInHand(work, ticket)
    chat = await chat_of(work, hand)
    if chat is None or chat.revoked_at is not None:
        raise NotFound
    return hand, chat
