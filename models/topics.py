"""What a ticket is about: a brand's list of subjects."""

from uuid import UUID

from sqlalchemy import ColumnElement, UniqueConstraint, and_
from sqlalchemy.orm import Mapped

from models.base import (
    Base,
    Deletable,
    FoldedKey,
    Key,
    Moment,
    Name,
    Versioned,
    limited,
    reference,
)
from models.viewers import Viewer


class Topic(Versioned, Deletable, Base):
    """A subject that tickets of one brand can have."""

    __tablename__ = "topic"
    __table_args__ = (limited("name", 200), UniqueConstraint("brand_id", "name_key"))

    id: Mapped[Key]
    brand_id: Mapped[UUID] = reference("brand.id", index=False)
    name: Mapped[Name]
    name_key: Mapped[FoldedKey]
    created_at: Mapped[Moment]


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit topics to those that there are in the viewer's brands."""
    there = Topic.deleted_at.is_(None)
    return there if viewer.is_admin else and_(there, Topic.brand_id.in_(viewer.brand_ids))
