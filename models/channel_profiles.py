"""The handles by which a customer is known on the channels."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, String, UniqueConstraint, select, true
from sqlalchemy.orm import Mapped, mapped_column

from models import customers
from models.base import (
    EMAIL_CHARACTERS,
    Base,
    FoldedKey,
    Key,
    UtcDateTime,
    enum_column,
    reference,
)
from models.channels import Channel
from models.customers import PHONE_CHARACTERS, Customer
from models.viewers import ApiScope, Viewer

HANDLE_CHARACTERS = 254


class ProfileLinkState(StrEnum):
    """How sure it is that a profile is its customer's."""

    OWN = "OWN"
    CLAIMED = "CLAIMED"
    VERIFIED = "VERIFIED"


class ChannelProfile(Base):
    """One handle on one channel, linked to one customer.

    `claimed_email` and `claimed_phone` are what somebody said last of themselves on the channel.
    """

    __tablename__ = "channel_profile"
    __table_args__ = (UniqueConstraint("channel", "handle_key"),)

    id: Mapped[Key]
    customer_id: Mapped[UUID] = reference("customer.id")
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))
    handle: Mapped[str] = mapped_column(String(HANDLE_CHARACTERS))
    handle_key: Mapped[FoldedKey]
    link_state: Mapped[ProfileLinkState] = mapped_column(
        enum_column(ProfileLinkState),
        server_default=ProfileLinkState.OWN,
        default=ProfileLinkState.OWN,
    )
    linked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_email: Mapped[str | None] = mapped_column(String(EMAIL_CHARACTERS))
    claimed_phone: Mapped[str | None] = mapped_column(String(PHONE_CHARACTERS))


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit profiles to those of customers whom the viewer sees, and that are shown to them."""
    seen = select(Customer.id).where(customers.visible_to(viewer))
    return ChannelProfile.customer_id.in_(seen) & is_shown(viewer)


def is_shown(viewer: Viewer) -> ColumnElement[bool]:
    """Limit profiles to those that a viewer is shown of their customer.

    To who reads no customers but those of their tickets, nobody is whom they merely say to be.
    """
    if viewer.may(ApiScope.CUSTOMERS_READ):
        return true()
    return ChannelProfile.link_state != ProfileLinkState.CLAIMED
