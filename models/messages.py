"""Messages: what customers and agents write to each other."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, String, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.actors import Authored
from models.base import (
    Base,
    Key,
    LongText,
    Moment,
    UtcDateTime,
    enum_column,
    limited,
    reference,
)
from models.channels import Channel

# What an agent or a connector sends; a received mail is cut at `services.mail`'s own bound.
MESSAGE_CHARACTERS = 100_000
STORED_CHARACTERS = 1_048_576
EXTERNAL_ID_CHARACTERS = 512
DELIVERY_DETAIL_CHARACTERS = 500
CONTENT_DIGEST_CHARACTERS = 64  # SHA-256 in hexadecimal
# Nothing is NULL, and not the null of JSON.
_OPTIONAL_JSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class MessageDirection(StrEnum):
    """Whether a message came from the customer or goes to them."""

    INCOMING = "INCOMING"
    OUTGOING = "OUTGOING"


class DeliveryState(StrEnum):
    """How far an outgoing message has come."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"
    UNDONE = "UNDONE"


class DeliveryFailure(StrEnum):
    """Why a message has not gone out, or not yet."""

    NO_ADDRESS = "NO_ADDRESS"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    ADDRESS_NOT_SUPPORTED = "ADDRESS_NOT_SUPPORTED"
    SENDER_REFUSED = "SENDER_REFUSED"
    CONTENT_REFUSED = "CONTENT_REFUSED"
    TOO_LARGE = "TOO_LARGE"
    FILE_MISSING = "FILE_MISSING"
    SERVER_BUSY = "SERVER_BUSY"
    SERVER_UNREACHABLE = "SERVER_UNREACHABLE"
    SERVER_NOT_TRUSTED = "SERVER_NOT_TRUSTED"
    SIGN_IN_FAILED = "SIGN_IN_FAILED"
    BOUNCED = "BOUNCED"
    REJECTED = "REJECTED"
    NOT_CONFIRMED = "NOT_CONFIRMED"
    INTERNAL = "INTERNAL"


class FileOmission(StrEnum):
    """Why a file that came with a mail was not kept.

    It was too much, or, as each `core.errors.FileRefusal` says, nothing that the desk takes.
    """

    TOO_LARGE = "TOO_LARGE"
    TOO_MANY = "TOO_MANY"
    EMPTY = "EMPTY"
    NO_EXTENSION = "NO_EXTENSION"
    FORMAT_NOT_ALLOWED = "FORMAT_NOT_ALLOWED"
    DOUBLE_EXTENSION = "DOUBLE_EXTENSION"
    PROGRAM = "PROGRAM"
    WEB_PAGE = "WEB_PAGE"
    MACROS = "MACROS"
    CONTENT_MISMATCH = "CONTENT_MISMATCH"
    SEVERAL_FORMATS = "SEVERAL_FORMATS"


class Message(Authored, Base):
    """One message. Its place in the conversation is (created_at, id).

    It is its ticket's brand that stands on the row: two brands may well know different messages of
    a channel by the same id.

    What begins with `delivery_` tells of its way out. `delivery_attempts` counts the tries that
    have ended since it was queued last, `delivery_begun` those that have begun: a try that began
    and did not end is one that goes on, or during which the worker died. Where a connector
    delivers, each time that it is asked to is a try, and none is forgotten.
    """

    __tablename__ = "message"
    __table_args__ = (
        limited("body", STORED_CHARACTERS),
        Index(None, "ticket_id", "created_at", "id"),
        UniqueConstraint("brand_id", "channel", "external_id"),
        # What is still to be delivered: few of all messages.
        Index(
            "ix_message_queued",
            "channel",
            "created_at",
            "id",
            postgresql_where=text("delivery_state = 'QUEUED'"),
            sqlite_where=text("delivery_state = 'QUEUED'"),
        ),
    )

    id: Mapped[Key]
    ticket_id: Mapped[UUID] = reference("ticket.id", index=False)
    brand_id: Mapped[UUID] = reference("brand.id", index=False)
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))
    direction: Mapped[MessageDirection] = mapped_column(enum_column(MessageDirection))
    body: Mapped[LongText]
    body_html: Mapped[str | None]
    external_id: Mapped[str | None] = mapped_column(String(EXTERNAL_ID_CHARACTERS))
    # Tells a mail from others that came under the same id; null for what was not read from one.
    content_digest: Mapped[str | None] = mapped_column(String(CONTENT_DIGEST_CHARACTERS))
    # What a mail quotes of those before it; null where it quotes nothing, or was imported.
    quoted_text: Mapped[str | None]
    # Whether a machine wrote the mail: nobody waits for an answer to it.
    is_automatic: Mapped[bool] = mapped_column(server_default=false(), default=False)
    # What came with a mail and was not kept, each with its `filename`, `size` and `reason`.
    omitted_files: Mapped[list[dict[str, Any]] | None] = mapped_column(_OPTIONAL_JSON)
    recipient: Mapped[str | None]
    delivery_state: Mapped[DeliveryState | None] = mapped_column(enum_column(DeliveryState))
    delivery_failure: Mapped[DeliveryFailure | None] = mapped_column(enum_column(DeliveryFailure))
    delivery_detail: Mapped[str | None] = mapped_column(String(DELIVERY_DETAIL_CHARACTERS))
    delivery_attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    delivery_begun: Mapped[int] = mapped_column(server_default="0", default=0)
    delivery_next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivery_sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivery_undo_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When a connector was asked last to deliver it; null for what goes out in another way.
    delivery_requested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivery_delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivery_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[Moment]
