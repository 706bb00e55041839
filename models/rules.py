"""Rules: what Starling does by itself when customers write, or tickets change."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, UniqueConstraint, and_, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    Deletable,
    JsonObject,
    Key,
    Moment,
    Name,
    UtcDateTime,
    Versioned,
    enum_column,
    limited,
    reference,
)
from models.viewers import Viewer

RULES_PER_BRAND = 100
# Counting conditions look back thirty days, and who asks why a rule ran asks within a quarter.
KEPT_FOR = timedelta(days=90)


class RuleTrigger(StrEnum):
    """After what a rule is tried."""

    INCOMING = "INCOMING"
    UPDATED = "UPDATED"


class RuleConditionKind(StrEnum):
    """What a condition looks at."""

    CHANNEL = "CHANNEL"
    FIRST_CONTACT = "FIRST_CONTACT"
    PROFILE_LINKED = "PROFILE_LINKED"
    PROFILE_HAS_CLAIM = "PROFILE_HAS_CLAIM"
    CUSTOMER_HAS_EMAIL = "CUSTOMER_HAS_EMAIL"
    CUSTOMER_HAS_PHONE = "CUSTOMER_HAS_PHONE"
    TEXT_CONTAINS = "TEXT_CONTAINS"
    TEXT_HAS_EMAIL = "TEXT_HAS_EMAIL"
    TEXT_HAS_PHONE = "TEXT_HAS_PHONE"
    TAG = "TAG"
    STATUS = "STATUS"
    TEAM = "TEAM"
    TOPIC = "TOPIC"
    PRIORITY = "PRIORITY"
    ASSIGNED = "ASSIGNED"
    CHANGED = "CHANGED"
    RUN_COUNT = "RUN_COUNT"
    RAN_SINCE = "RAN_SINCE"


class RuleActionKind(StrEnum):
    """What an action does."""

    SEND_MESSAGE = "SEND_MESSAGE"
    ADD_TAG = "ADD_TAG"
    REMOVE_TAG = "REMOVE_TAG"
    SET_STATUS = "SET_STATUS"
    SET_PRIORITY = "SET_PRIORITY"
    ASSIGN = "ASSIGN"
    END_CHAT = "END_CHAT"
    HAND_TO_AGENTS = "HAND_TO_AGENTS"
    ADD_NOTE = "ADD_NOTE"
    NOTIFY = "NOTIFY"
    LINK_PROFILE = "LINK_PROFILE"


class RulePause(StrEnum):
    """Which limit a rule has run into (product.md, part 4: rules cannot loop)."""

    CHAIN_TOO_DEEP = "CHAIN_TOO_DEEP"
    RAN_TOO_OFTEN = "RAN_TOO_OFTEN"
    TOO_MANY_MESSAGES = "TOO_MANY_MESSAGES"


class IdentityStep(StrEnum):
    """Which of the rules that ask who is writing a rule is; null for all others."""

    ASK = "ASK"
    LINK = "LINK"
    ASK_AGAIN = "ASK_AGAIN"
    HAND_OVER = "HAND_OVER"
    KNOWN = "KNOWN"
    LINK_AT_ONCE = "LINK_AT_ONCE"
    FOUND_OUT = "FOUND_OUT"


class Rule(Versioned, Deletable, Base):
    """A rule of a brand. Rules are tried in the order of `position`.

    `all_of`, `any_of` and `actions` have the shapes of services/automation/definitions.py.
    A rule that ran into a limit is paused until an admin lets it go on.
    """

    __tablename__ = "rule"
    __table_args__ = (
        limited("name", 200),
        Index(None, "brand_id", "position"),
    )

    id: Mapped[Key]
    name: Mapped[Name]
    brand_id: Mapped[UUID] = reference("brand.id", index=False)
    trigger: Mapped[RuleTrigger] = mapped_column(enum_column(RuleTrigger))
    position: Mapped[int]
    enabled: Mapped[bool]
    on_agent_tickets: Mapped[bool]
    all_of: Mapped[list[dict[str, Any]]] = mapped_column(JsonObject)
    any_of: Mapped[list[dict[str, Any]]] = mapped_column(JsonObject)
    actions: Mapped[list[dict[str, Any]]] = mapped_column(JsonObject)
    identity_step: Mapped[IdentityStep | None] = mapped_column(enum_column(IdentityStep))
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pause_reason: Mapped[RulePause | None] = mapped_column(enum_column(RulePause))
    paused_on_id: Mapped[UUID | None] = reference("ticket.id", index=False)
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]


class RuleRunOutcome(StrEnum):
    """How a run ended. One that FAILED did what it could: at least one of its actions failed."""

    RAN = "RAN"
    TRIPPED = "TRIPPED"
    FAILED = "FAILED"


class RuleRun(Base):
    """One run of a rule on a ticket after one event: what it saw and what it did.

    `conditions` and `actions` have the shapes of services/automation/outcomes.py. `depth` is how
    many runs led to the event, one after the other. Only runs that `changed` something count
    against the limits: a rule that keeps a tag on a ticket does no harm however often it looks.
    """

    __tablename__ = "rule_run"
    __table_args__ = (
        UniqueConstraint("rule_id", "event_id"),
        CheckConstraint("depth >= 0", name="depth"),
        Index(None, "ticket_id", "started_at", "id"),
        Index(None, "rule_id", "ticket_id", "started_at"),
    )

    id: Mapped[Key]
    rule_id: Mapped[UUID] = reference("rule.id", index=False)
    rule_version: Mapped[int]
    ticket_id: Mapped[UUID] = reference("ticket.id", index=False)
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    depth: Mapped[int]
    outcome: Mapped[RuleRunOutcome] = mapped_column(enum_column(RuleRunOutcome))
    conditions: Mapped[list[dict[str, Any]]] = mapped_column(JsonObject)
    actions: Mapped[list[dict[str, Any]]] = mapped_column(JsonObject)
    changed: Mapped[bool]
    started_at: Mapped[Moment] = mapped_column(index=True)
    duration_microseconds: Mapped[int]


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit rules to those of the agent's brands that are not deleted; nobody else sees any."""
    is_kept = Rule.deleted_at.is_(None)
    if viewer.is_admin:
        return and_(true(), is_kept)
    brand_ids = viewer.brand_ids if viewer.is_agent else frozenset()
    return and_(Rule.brand_id.in_(brand_ids), is_kept)
