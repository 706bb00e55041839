"""Webhooks: what happens, told to other systems by HTTP."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    false,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.errors import CallbackFailure
from models.base import (
    SECRET,
    Base,
    Deletable,
    FoldedKey,
    JsonObject,
    Key,
    LongText,
    Moment,
    Name,
    UtcDateTime,
    Versioned,
    enum_column,
    limited,
    reference,
)
from models.events import TOPIC_CHARACTERS
from models.viewers import Viewer

URL_CHARACTERS = 2_000  # what browsers, proxies and servers all take
# `evt_`, the id of an event, and which part of it is told.
EVENT_ID_CHARACTERS = 64
# Long enough to look into what somebody reports after a holiday.
DELIVERIES_KEPT_FOR = timedelta(days=30)


class WebhookEventType(StrEnum):
    """What webhooks are told of. Nothing that concerns notes is among it."""

    TICKET_CREATED = "TICKET_CREATED"
    TICKET_CHANGED = "TICKET_CHANGED"
    TICKET_TAGGED = "TICKET_TAGGED"
    MESSAGE_RECEIVED = "MESSAGE_RECEIVED"
    MESSAGE_SENT = "MESSAGE_SENT"
    DELIVERY_CHANGED = "DELIVERY_CHANGED"
    CUSTOMER_CREATED = "CUSTOMER_CREATED"
    CUSTOMER_CHANGED = "CUSTOMER_CHANGED"
    CUSTOMER_MERGED = "CUSTOMER_MERGED"


class WebhookPauseReason(StrEnum):
    """Why a webhook is told nothing for now."""

    BY_ADMIN = "BY_ADMIN"
    FAILING = "FAILING"
    GONE = "GONE"
    STUCK = "STUCK"


class WebhookDeliveryState(StrEnum):
    """How far a delivery has come."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class WebhookFailure(StrEnum):
    """Why a try was no success. These are the members of `core.errors.CallbackFailure` it needs."""

    TIMEOUT = "TIMEOUT"
    CONNECTION = "CONNECTION"
    TLS = "TLS"
    REFUSED_ADDRESS = "REFUSED_ADDRESS"
    REDIRECTED = "REDIRECTED"
    HTTP_STATUS = "HTTP_STATUS"
    TOO_LARGE = "TOO_LARGE"
    SECRET_UNREADABLE = "SECRET_UNREADABLE"  # noqa: S105  # a reason, not a password

    @classmethod
    def of(cls, reason: CallbackFailure) -> Self:
        """Return what is shown of a reason; of one that has no name here, that nobody answered."""
        return cls.__members__.get(reason.name, cls.CONNECTION)


class Webhook(Versioned, Deletable, Base):
    """An address that is told what happens.

    `sealed_secrets` holds the present secret, and those before it that sign as well, each for its
    time and the last of them until `previous_secret_until`; a deleted webhook has none.
    `failing_since` is when the first of those tries failed after which none has succeeded.
    """

    __tablename__ = "webhook"
    __table_args__ = (
        limited("name", 200),
        limited("url", URL_CHARACTERS),
        CheckConstraint("(paused_at IS NULL) = (pause_reason IS NULL)", name="pause_has_reason"),
    )

    id: Mapped[Key]
    name: Mapped[Name]
    name_key: Mapped[FoldedKey]
    url: Mapped[str] = mapped_column(String(URL_CHARACTERS))
    allows_http: Mapped[bool]
    event_types: Mapped[list[str]]
    sealed_secrets: Mapped[bytes | None] = mapped_column(LargeBinary, info={SECRET: True})
    previous_secret_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pause_reason: Mapped[WebhookPauseReason | None] = mapped_column(enum_column(WebhookPauseReason))
    created_at: Mapped[Moment]


class WebhookBrand(Base):
    """A brand whose tickets a webhook is told of."""

    __tablename__ = "webhook_brand"

    webhook_id: Mapped[UUID] = reference("webhook.id", primary_key=True, index=False)
    brand_id: Mapped[UUID] = reference("brand.id", primary_key=True)


class WebhookPosition(Base):
    """How far a webhook has read a topic of the log: what stands up to `seq` is in deliveries."""

    __tablename__ = "webhook_position"

    webhook_id: Mapped[UUID] = reference("webhook.id", primary_key=True, index=False)
    topic: Mapped[str] = mapped_column(String(TOPIC_CHARACTERS), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)


class WebhookDelivery(Base):
    """One thing that one webhook is told, and how that went.

    `event_id` is what receivers know it by; it is the same in each try and replay. `topic` and
    `seq` are its place in the log. `replays` counts how often it was begun anew, and `attempts` the
    tries that have ended since: by both, who took it sees whether it is still theirs. While it is
    in hand, `next_try_at` says when somebody else may take it. The shape of `tries` is that of
    `services.outgoing_events.calls.Try`, the oldest first.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        Index(None, "webhook_id", "created_at", "id"),
        Index(None, "webhook_id", "state", "created_at", "id"),
        Index(None, "webhook_id", "next_try_at"),
    )

    id: Mapped[Key]
    webhook_id: Mapped[UUID] = reference("webhook.id", index=False)
    event_id: Mapped[str] = mapped_column(String(EVENT_ID_CHARACTERS))
    type: Mapped[WebhookEventType] = mapped_column(enum_column(WebhookEventType))
    topic: Mapped[str] = mapped_column(String(TOPIC_CHARACTERS))
    seq: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[LongText]
    state: Mapped[WebhookDeliveryState] = mapped_column(enum_column(WebhookDeliveryState))
    replays: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[list[dict[str, Any]]] = mapped_column(JsonObject, default=list)
    created_at: Mapped[Moment] = mapped_column(index=True)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit webhooks to those of admins: an address and what it is told is nobody else's."""
    return Webhook.deleted_at.is_(None) if viewer.is_admin else false()


def shows_delivery(viewer: Viewer) -> ColumnElement[bool]:
    """Limit deliveries to those of webhooks that the viewer sees."""
    if not viewer.is_admin:
        return false()
    return WebhookDelivery.webhook_id.in_(select(Webhook.id).where(visible_to(viewer)))


def is_told() -> ColumnElement[bool]:
    """Limit webhooks to those that are told anything now."""
    return Webhook.deleted_at.is_(None) & Webhook.paused_at.is_(None)
