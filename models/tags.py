"""Tags of tickets: picked out of a list that admins keep."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, String, false, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    TAG_CHARACTERS,
    Base,
    FoldedText,
    Key,
    Moment,
    UtcDateTime,
    Versioned,
    limited,
    reference,
)
from models.viewers import Viewer


class Tag(Versioned, Base):
    """A label; its folded name is unique, whatever the case and the accents."""

    __tablename__ = "tag"
    __table_args__ = (limited("name", TAG_CHARACTERS),)

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(TAG_CHARACTERS))
    name_key: Mapped[str] = mapped_column(FoldedText, unique=True)
    created_at: Mapped[Moment]
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TicketTag(Base):
    """A tag that stands on a ticket."""

    __tablename__ = "ticket_tag"

    ticket_id: Mapped[UUID] = reference("ticket.id", primary_key=True, index=False)
    tag_id: Mapped[UUID] = reference("tag.id", primary_key=True)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Everybody signed in may use the list of tags; customers never sign in."""
    return false() if viewer.actor is None or viewer.is_customer else true()
