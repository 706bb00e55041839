"""Favourites: the few messages and notes of a ticket that matter."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.actors import ActorKind
from models.base import Base, Key, Moment, enum_column, reference

FAVORITES_PER_TICKET = 500  # product.md, part 1


class Favorite(Base):
    """A starred message or note; it belongs to the ticket, not to who starred it.

    `item_created_at` is the item's place in the conversation, in which favourites are listed.
    """

    __tablename__ = "favorite"
    __table_args__ = (
        CheckConstraint("(message_id IS NULL) <> (note_id IS NULL)", name="one_item"),
        Index(None, "ticket_id", "item_created_at", "id"),
        UniqueConstraint("message_id"),
        UniqueConstraint("note_id"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[UUID] = reference("ticket.id", index=False)
    message_id: Mapped[UUID | None] = reference("message.id", index=False)
    note_id: Mapped[UUID | None] = reference("note.id", index=False)
    item_created_at: Mapped[Moment]
    added_by_kind: Mapped[ActorKind] = mapped_column(enum_column(ActorKind))
    added_by_id: Mapped[UUID | None]
    added_at: Mapped[Moment]
