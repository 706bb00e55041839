"""Interactions: each time an agent and a customer were in touch."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    String,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    FREE_TEXT_CHARACTERS,
    TAG_CHARACTERS,
    Base,
    FoldedKey,
    Key,
    Moment,
    UtcDateTime,
    Versioned,
    enum_column,
    limited,
    reference,
)
from models.channels import Channel
from models.viewers import ApiScope, Viewer


class Interaction(Versioned, Base):
    """A chat accepted, a call answered or an e-mail opened by an agent."""

    __tablename__ = "interaction"
    __table_args__ = (
        limited("summary", FREE_TEXT_CHARACTERS),
        CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name="closes_after_opening"),
        Index(None, "customer_id", "opened_at", "id"),
        Index(None, "agent_id", "closed_at", "id"),
    )

    id: Mapped[Key]
    agent_id: Mapped[UUID] = reference("agent.id", index=False)
    customer_id: Mapped[UUID | None] = reference("customer.id", index=False)
    ticket_id: Mapped[UUID | None] = reference("ticket.id")
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))
    opened_at: Mapped[Moment]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    summary: Mapped[str | None]


class InteractionTag(Base):
    """A tag typed by an agent; its folded key is unique within the interaction."""

    __tablename__ = "interaction_tag"
    __table_args__ = (limited("tag", TAG_CHARACTERS), UniqueConstraint("interaction_id", "tag_key"))

    id: Mapped[Key]
    interaction_id: Mapped[UUID] = reference("interaction.id", index=False)
    tag: Mapped[str] = mapped_column(String(TAG_CHARACTERS))
    tag_key: Mapped[FoldedKey]


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Every agent sees a customer's whole history; integrations need the right to read customers.

    The ticket of an interaction is hidden from those who may not see it.
    """
    return true() if viewer.may(ApiScope.CUSTOMERS_READ) else false()
