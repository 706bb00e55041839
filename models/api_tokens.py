"""API tokens: what integrations sign in with."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, and_, or_
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SECRET, Base, Key, Moment, Name, UtcDateTime, limited, reference


class ApiToken(Base):
    """A service account's token: what it may do (`scopes`), in which brands, until when."""

    __tablename__ = "api_token"
    __table_args__ = (limited("name", 200),)

    id: Mapped[Key]
    name: Mapped[Name]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, info={SECRET: True})
    scopes: Mapped[list[str]]
    created_by_id: Mapped[UUID] = reference("agent.id")
    created_at: Mapped[Moment]
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ApiTokenBrand(Base):
    """A brand that a token works for."""

    __tablename__ = "api_token_brand"

    api_token_id: Mapped[UUID] = reference("api_token.id", primary_key=True, index=False)
    brand_id: Mapped[UUID] = reference("brand.id", primary_key=True)


def is_live(now: datetime) -> ColumnElement[bool]:
    """Limit tokens to those that open something."""
    return and_(
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
    )
