"""Verifications: codes by which customers prove that an address is theirs."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import EMAIL_CHARACTERS, Base, FoldedText, Key, Moment, UtcDateTime, reference

LIFETIME = timedelta(minutes=10)  # product.md, part 4
TRIES = 5  # product.md, part 4
# Whoever has the mailbox must not be pestered; and of a million codes, nobody guesses one so.
SENT_PER_HOUR = 3
WINDOW = timedelta(hours=1)


class ProfileVerification(Base):
    """A code that was sent to an address, for a profile while it is this customer's.

    The code itself is not kept: it follows from the id, and from a key that is not in the database.
    Without a recipient nothing was sent: whoever asked is not to know. `tries` counts wrong codes.
    """

    __tablename__ = "profile_verification"
    __table_args__ = (
        Index(None, "profile_id", "created_at"),
        Index(None, "recipient_key", "created_at"),
    )

    id: Mapped[Key]
    profile_id: Mapped[UUID] = reference("channel_profile.id", index=False)
    customer_id: Mapped[UUID] = reference("customer.id")
    brand_id: Mapped[UUID] = reference("brand.id", index=False)
    recipient: Mapped[str | None] = mapped_column(String(EMAIL_CHARACTERS))
    recipient_key: Mapped[str | None] = mapped_column(FoldedText)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Moment] = mapped_column(index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
