"""Tags of tickets: picked out of a list that admins keep."""

from uuid import UUID

from sqlalchemy import ColumnElement, String, false
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    TAG_CHARACTERS,
    Base,
    Deletable,
    FoldedText,
    Key,
    Moment,
    Versioned,
    limited,
    reference,
)
from models.viewers import Viewer


class Tag(Versioned, Deletable, Base):
    """A label; its folded name is unique, whatever the case and the accents."""

    __tablename__ = "tag"
    __table_args__ = (limited("name", TAG_CHARACTERS),)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(TAG_CHARACTERS))
    name_key: Mapped[str] = mapped_column(FoldedText, unique=True)
    created_at: Mapped[Moment]


class TicketTag(Base):
    """A tag that stands on a ticket."""

    __tablename__ = "ticket_tag"

    ticket_id: Mapped[UUID] = reference("ticket.id", primary_key=True, index=False)
    tag_id: Mapped[UUID] = reference("tag.id", primary_key=True)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Everybody signed in may use the list of tags; customers never sign in."""
    if viewer.actor is None or viewer.is_customer:
        return false()
    return Tag.deleted_at.is_(None)
