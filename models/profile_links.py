"""Links: profiles that were made over to a known customer, and how they stood before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UtcDateTime, enum_column, reference
from models.channel_profiles import ProfileLinkState


class ProfileLink(Base):
    """A profile that is linked to another customer than the one it came with.

    The move says whose it was, and who linked it when; it undoes what the link did. The profile
    gets back `state_before` and `linked_at_before`. Unlinked profiles have no such row.
    """

    __tablename__ = "profile_link"

    profile_id: Mapped[UUID] = reference("channel_profile.id", primary_key=True, index=False)
    move_id: Mapped[UUID] = reference("customer_move.id")
    state_before: Mapped[ProfileLinkState] = mapped_column(enum_column(ProfileLinkState))
    linked_at_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
