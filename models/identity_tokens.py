"""Tokens by which a company's own site vouches for who is writing, and what signs them."""

from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SECRET, Base, Moment, reference


class BrandIdentitySecret(Base):
    """What the sites of a brand sign their tokens with, encrypted for the brand's id."""

    __tablename__ = "brand_identity_secret"

    brand_id: Mapped[UUID] = reference("brand.id", primary_key=True, index=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info={SECRET: True})
    made_at: Mapped[Moment]


class UsedIdentityToken(Base):
    """A token that has proven something: it proves nothing twice. Kept until it ends anyway."""

    __tablename__ = "used_identity_token"

    brand_id: Mapped[UUID] = reference("brand.id", primary_key=True, index=False)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    ends_at: Mapped[Moment] = mapped_column(index=True)
