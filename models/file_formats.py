"""File formats that an installation does not take, though it could check them."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Moment

EXTENSION_CHARACTERS = 16  # more than any format of services/files/formats.py has


class RefusedFormat(Base):
    """A format that admins took off the allow-list. All others that can be checked are on it."""

    __tablename__ = "refused_format"

    extension: Mapped[str] = mapped_column(String(EXTENSION_CHARACTERS), primary_key=True)
    refused_at: Mapped[Moment]
