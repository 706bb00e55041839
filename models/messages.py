"""Messages: what customers and agents write to each other."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.actors import Authored
from models.base import Base, Key, LongText, Moment, enum_column, limited, reference
from models.channels import Channel

# What an agent or a connector sends; a received mail is cut at `services.mail`'s own bound.
MESSAGE_CHARACTERS = 100_000
STORED_CHARACTERS = 1_048_576
EXTERNAL_ID_CHARACTERS = 512


class MessageDirection(StrEnum):
    """Whether a message came from the customer or goes to them."""

    INCOMING = "INCOMING"
    OUTGOING = "OUTGOING"


class DeliveryState(StrEnum):
    """How far an outgoing message has come."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"


class Message(Authored, Base):
    """One message. Its place in the conversation is (created_at, id).

    It is its ticket's brand that stands on the row: two brands may well know different messages of
    a channel by the same id.
    """

    __tablename__ = "message"
    __table_args__ = (
        limited("body", STORED_CHARACTERS),
        Index(None, "ticket_id", "created_at", "id"),
        UniqueConstraint("brand_id", "channel", "external_id"),
    )

    id: Mapped[Key]
    ticket_id: Mapped[UUID] = reference("ticket.id", index=False)
    brand_id: Mapped[UUID] = reference("brand.id", index=False)
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))
    direction: Mapped[MessageDirection] = mapped_column(enum_column(MessageDirection))
    body: Mapped[LongText]
    body_html: Mapped[str | None]
    external_id: Mapped[str | None] = mapped_column(String(EXTERNAL_ID_CHARACTERS))
    recipient: Mapped[str | None]
    delivery_state: Mapped[DeliveryState | None] = mapped_column(enum_column(DeliveryState))
    created_at: Mapped[Moment]
