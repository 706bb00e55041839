"""A brand: a product or company under whose name agents answer."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, String, and_
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    EMAIL_CHARACTERS,
    Base,
    Deletable,
    FoldedText,
    Key,
    Moment,
    Name,
    Versioned,
    limited,
    reference,
)
from models.viewers import Viewer

UNDO_SECONDS_LIMIT = 30  # longer, and customers wait for every answer


class Brand(Versioned, Deletable, Base):
    """A product or company under whose name agents answer."""

    __tablename__ = "brand"
    __table_args__ = (
        limited("name", 200),
        limited("default_email_subject", 2_000),
        CheckConstraint(f"undo_seconds BETWEEN 0 AND {UNDO_SECONDS_LIMIT}", name="undo_seconds"),
    )

    id: Mapped[Key]
    name: Mapped[Name]
    name_key: Mapped[str] = mapped_column(FoldedText, unique=True)
    language: Mapped[str] = mapped_column(String(2))
    email: Mapped[str | None] = mapped_column(String(EMAIL_CHARACTERS))
    default_email_subject: Mapped[str | None]
    # How long an answer by mail waits, so that its author can take it back.
    undo_seconds: Mapped[int] = mapped_column(server_default="0", default=0)
    created_at: Mapped[Moment]


class BrandMember(Base):
    """An agent who works for a brand."""

    __tablename__ = "brand_member"

    brand_id: Mapped[UUID] = reference("brand.id", primary_key=True, index=False)
    agent_id: Mapped[UUID] = reference("agent.id", primary_key=True)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit brands to those that there are and that the viewer works for; admins work for all."""
    there = Brand.deleted_at.is_(None)
    if viewer.is_admin:
        return there
    return and_(there, Brand.id.in_(viewer.brand_ids))
