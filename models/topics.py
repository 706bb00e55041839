"""What a ticket is about: a brand's list of subjects."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    FoldedKey,
    Key,
    Moment,
    Name,
    UtcDateTime,
    Versioned,
    limited,
    reference,
)
from models.viewers import Viewer


class Topic(Versioned, Base):
    """A subject that tickets of one brand can have."""

    __tablename__ = "topic"
    __table_args__ = (limited("name", 200), UniqueConstraint("brand_id", "name_key"))

    id: Mapped[Key]
    brand_id: Mapped[UUID] = reference("brand.id", index=False)
    name: Mapped[Name]
    name_key: Mapped[FoldedKey]
    created_at: Mapped[Moment]
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit topics to those of the viewer's brands."""
    return true() if viewer.is_admin else Topic.brand_id.in_(viewer.brand_ids)
