"""API tokens: what integrations sign in with."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, and_, exists, or_
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models.base import SECRET, Base, Key, Moment, Name, UtcDateTime, Versioned, limited, reference


class ApiToken(Base, Versioned):
    """A service account's token: what it may do (`scopes`), in which brands, until when."""

    __tablename__ = "api_token"
    __table_args__ = (limited("name", 200),)

    id: Mapped[Key]
    name: Mapped[Name]
    scopes: Mapped[list[str]]
    created_by_id: Mapped[UUID] = reference("agent.id")
    created_at: Mapped[Moment]
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ApiTokenSecret(Base):
    """What is sent to sign in as an integration. Only its SHA-256 is kept.

    A token has one secret, and, once that was exchanged, those before it, each until `ends_at`.
    """

    __tablename__ = "api_token_secret"

    id: Mapped[Key]
    api_token_id: Mapped[UUID] = reference("api_token.id")
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, info={SECRET: True})
    created_at: Mapped[Moment]
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ApiTokenBrand(Base):
    """A brand that a token works for."""

    __tablename__ = "api_token_brand"

    api_token_id: Mapped[UUID] = reference("api_token.id", primary_key=True, index=False)
    brand_id: Mapped[UUID] = reference("brand.id", primary_key=True)


def is_live(now: datetime) -> ColumnElement[bool]:
    """Limit secrets, joined with their tokens, to those that open something."""
    return and_(
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
        or_(ApiTokenSecret.ends_at.is_(None), ApiTokenSecret.ends_at > now),
    )


def is_past(ended_before: datetime) -> ColumnElement[bool]:
    """Limit secrets to those that ended before a moment, and that tell nothing any more.

    That which was used last tells when its token was: it stays until another one is used.
    """
    other = aliased(ApiTokenSecret)
    was_used_before_another = exists().where(
        other.api_token_id == ApiTokenSecret.api_token_id,
        other.last_used_at > ApiTokenSecret.last_used_at,
    )
    tells_nothing = or_(ApiTokenSecret.last_used_at.is_(None), was_used_before_another)
    return and_(ApiTokenSecret.ends_at < ended_before, tells_nothing)
