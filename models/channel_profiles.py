"""The handles by which a customer is known on the channels."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, FoldedKey, Key, UtcDateTime, enum_column, reference
from models.channels import Channel

HANDLE_CHARACTERS = 254


class ChannelProfile(Base):
    """One handle on one channel, linked to one customer."""

    __tablename__ = "channel_profile"
    __table_args__ = (UniqueConstraint("channel", "handle_key"),)

    id: Mapped[Key]
    customer_id: Mapped[UUID] = reference("customer.id")
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))
    handle: Mapped[str] = mapped_column(String(HANDLE_CHARACTERS))
    handle_key: Mapped[FoldedKey]
    verified: Mapped[bool] = mapped_column(default=False)
    linked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
