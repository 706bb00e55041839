"""Sign-ins of agents."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, and_
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SECRET, Base, Key, Moment, UtcDateTime, reference

SLIDING_LIFETIME = timedelta(hours=12)  # a working day, counted from the last request
ABSOLUTE_LIFETIME = timedelta(days=7)
SIGN_IN_FAILURES_MAXIMUM = 10
SIGN_IN_FAILURES_WINDOW = timedelta(minutes=15)


class Session(Base):
    """One sign-in. Only the SHA-256 of the token is kept: a stolen database opens nothing."""

    __tablename__ = "session"

    id: Mapped[Key]
    agent_id: Mapped[UUID] = reference("agent.id")
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, info={SECRET: True})
    created_at: Mapped[Moment]
    last_used_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def is_live(now: datetime) -> ColumnElement[bool]:
    """Limit sessions to those that open something."""
    return and_(
        Session.ended_at.is_(None),
        Session.last_used_at > now - SLIDING_LIFETIME,
        Session.created_at > now - ABSOLUTE_LIFETIME,
    )


class SignInFailures(Base):
    """How often one claimant of an address failed to sign in since `first_at`.

    Of the address only a SHA-256 is kept: people type passwords into the wrong field.
    """

    __tablename__ = "sign_in_failures"

    claimant_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    failures: Mapped[int]
    first_at: Mapped[Moment] = mapped_column(index=True)
