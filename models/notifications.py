"""Notifications: what an agent is told because it concerns them."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from models.actors import ActorKind
from models.base import (
    FREE_TEXT_CHARACTERS,
    Base,
    Key,
    Moment,
    UtcDateTime,
    enum_column,
    reference,
)
from models.viewers import Viewer

# Longer than any absence that somebody comes back from to read what they missed.
KEPT_FOR = timedelta(days=90)


class NotificationKind(StrEnum):
    """Why an agent is told."""

    MENTIONED = "MENTIONED"
    ASSIGNED = "ASSIGNED"
    REMINDER_DUE = "REMINDER_DUE"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    RULE_NOTICE = "RULE_NOTICE"
    RULE_PAUSED = "RULE_PAUSED"
    WEBHOOK_PAUSED = "WEBHOOK_PAUSED"


class Notification(Base):
    """What one agent is told once, and whether they have read it.

    It says what it is about, and who caused it; whether the agent may still see that is decided
    when they look.
    """

    __tablename__ = "notification"
    __table_args__ = (
        Index(None, "agent_id", "created_at", "id"),
        Index(None, "agent_id", "read_at"),
    )

    id: Mapped[Key]
    agent_id: Mapped[UUID] = reference("agent.id", index=False)
    kind: Mapped[NotificationKind] = mapped_column(enum_column(NotificationKind))
    ticket_id: Mapped[UUID | None] = reference("ticket.id", index=False)
    customer_id: Mapped[UUID | None] = reference("customer.id", index=False)
    company_id: Mapped[UUID | None] = reference("company.id", index=False)
    note_id: Mapped[UUID | None] = reference("note.id", index=False)
    rule_id: Mapped[UUID | None] = reference("rule.id", index=False)
    webhook_id: Mapped[UUID | None] = reference("webhook.id", index=False)
    # What a rule says to whom it tells something.
    body: Mapped[str | None] = mapped_column(String(FREE_TEXT_CHARACTERS))
    actor_kind: Mapped[ActorKind] = mapped_column(enum_column(ActorKind))
    actor_id: Mapped[UUID | None]
    created_at: Mapped[Moment] = mapped_column(index=True)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit notifications to the viewer's own."""
    return false() if viewer.agent_id is None else Notification.agent_id == viewer.agent_id
