"""Companies that customers work for."""

from uuid import UUID

from sqlalchemy import ColumnElement, String, false, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, FoldedText, Key, Moment, Name, Versioned, limited, reference
from models.viewers import ApiScope, Viewer

DOMAIN_CHARACTERS = 253  # RFC 1035: 255 octets on the wire


class Company(Versioned, Base):
    """A company; customers belong to it by their e-mail domain or by an agent's word."""

    __tablename__ = "company"
    __table_args__ = (limited("name", 200),)

    id: Mapped[Key]
    name: Mapped[Name]
    name_key: Mapped[str] = mapped_column(FoldedText, unique=True)
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]


class CompanyDomain(Base):
    """An e-mail domain of one company, lower case."""

    __tablename__ = "company_domain"

    domain: Mapped[str] = mapped_column(String(DOMAIN_CHARACTERS), primary_key=True)
    company_id: Mapped[UUID] = reference("company.id")


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Every agent may help every company; integrations need the right to read customers."""
    return true() if viewer.may(ApiScope.CUSTOMERS_READ) else false()
