"""Starring the messages and notes that matter. A set, never a toggle."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from core.errors import (
    FieldErrorCode,
    FieldProblem,
    LimitReached,
    NotFound,
    ValidationFailed,
)
from core.ids import NodeKind
from models import notes, tickets
from models.favorites import FAVORITES_PER_TICKET, Favorite
from models.messages import Message
from models.notes import Note
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from services.tickets import TicketInHand, take
from services.unit_of_work import UnitOfWork

FavoriteItem = Message | Note


async def add(
    work: UnitOfWork, viewer: Viewer, kind: NodeKind, item_id: UUID
) -> tuple[Favorite, Ticket]:
    """Star a message or a note of a ticket. Starring it twice is one favourite and one event.

    Raises NotFound for what the viewer does not see, LimitReached at 500 favourites.
    """
    item, hand = await _take_item(work, viewer, kind, item_id)
    starred = await _favorite_of(work, item)
    if starred is not None:
        return starred, hand.ticket
    if hand.ticket.favorite_count >= FAVORITES_PER_TICKET:
        raise LimitReached(FAVORITES_PER_TICKET)
    favorite = Favorite(
        ticket_id=hand.ticket.id,
        message_id=item.id if isinstance(item, Message) else None,
        note_id=item.id if isinstance(item, Note) else None,
        item_created_at=item.created_at,
        added_by_kind=work.actor.kind,
        added_by_id=work.actor.id,
        added_at=work.now,
    )
    work.session.add(favorite)
    await work.session.flush()
    hand.ticket.favorite_count += 1
    hand.record("FavoriteAdded", await _payload(work, favorite, hand.ticket))
    await hand.finish()
    return favorite, hand.ticket


async def remove(work: UnitOfWork, viewer: Viewer, kind: NodeKind, item_id: UUID) -> Ticket:
    """Take the star away, whoever put it there. Without a star nothing changes."""
    item, hand = await _take_item(work, viewer, kind, item_id)
    await remove_star(work, hand, item)
    await hand.finish()
    return hand.ticket


async def remove_star(work: UnitOfWork, hand: TicketInHand, item: FavoriteItem) -> None:
    """Take the star of an item away within an act on its ticket, where it has one."""
    favorite = await _favorite_of(work, item)
    if favorite is None:
        return
    await work.session.execute(delete(Favorite).where(Favorite.id == favorite.id))
    hand.ticket.favorite_count -= 1
    hand.record("FavoriteRemoved", await _payload(work, favorite, hand.ticket))


async def _take_item(
    work: UnitOfWork, viewer: Viewer, kind: NodeKind, item_id: UUID
) -> tuple[FavoriteItem, TicketInHand]:
    item = await _visible_item(work, viewer, kind, item_id)
    if item is None:
        raise NotFound
    if item.ticket_id is None:  # a note on a customer or a company
        code = FieldErrorCode.NOT_ALLOWED_VALUE
        raise ValidationFailed(FieldProblem(("input", "itemId"), code))
    hand = await take(work, viewer, item.ticket_id)
    if isinstance(item, Note):
        # It may have been deleted while this act waited for the ticket.
        await work.session.refresh(item, ["deleted_at"])
        if item.deleted_at is not None:
            raise NotFound
    return item, hand


async def _visible_item(
    work: UnitOfWork, viewer: Viewer, kind: NodeKind, item_id: UUID
) -> FavoriteItem | None:
    if kind is NodeKind.MESSAGE:
        return await work.session.scalar(
            select(Message)
            .join(Ticket, Ticket.id == Message.ticket_id)
            .where(Message.id == item_id, tickets.visible_to(viewer))
        )
    if kind is NodeKind.NOTE and viewer.may(ApiScope.NOTES_READ):
        return await work.session.scalar(
            select(Note).where(Note.id == item_id, notes.visible_to(viewer))
        )
    return None


async def _favorite_of(work: UnitOfWork, item: FavoriteItem) -> Favorite | None:
    column = Favorite.message_id if isinstance(item, Message) else Favorite.note_id
    return await work.session.scalar(select(Favorite).where(column == item.id))


async def _payload(work: UnitOfWork, favorite: Favorite, ticket: Ticket) -> dict[str, Any]:
    # Whoever may not read notes is told of starred messages only: see `message_favorite_count`.
    of_messages = select(func.count(Favorite.message_id)).where(Favorite.ticket_id == ticket.id)
    return {
        "favorite_id": favorite.id.hex,
        "message_id": favorite.message_id.hex if favorite.message_id else None,
        "note_id": favorite.note_id.hex if favorite.note_id else None,
        "item_created_at": favorite.item_created_at.isoformat(),
        "added_by_kind": favorite.added_by_kind,
        "added_by_id": favorite.added_by_id.hex if favorite.added_by_id else None,
        "added_at": favorite.added_at.isoformat(),
        "favorite_count": ticket.favorite_count,
        "message_favorite_count": await work.session.scalar(of_messages),
    }
