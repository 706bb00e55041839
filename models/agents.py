"""The people of the desk."""

from enum import StrEnum

from sqlalchemy import ColumnElement, String, and_, select, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    EMAIL_CHARACTERS,
    SECRET,
    Base,
    Deletable,
    FoldedText,
    Key,
    Moment,
    Name,
    Versioned,
    enum_column,
    limited,
)
from models.brands import BrandMember
from models.viewers import Viewer


class AgentRole(StrEnum):
    """What an agent may do: admins see and set up everything."""

    ADMIN = "ADMIN"
    AGENT = "AGENT"


class Agent(Versioned, Deletable, Base):
    """A person of the desk, who signs in with an e-mail address and a password.

    One who was deleted is not active, and has neither address nor password. Their name stands
    wherever they acted, so they stay visible; whoever lists those who are there leaves them out.
    """

    __tablename__ = "agent"
    __table_args__ = (limited("name", 200),)

    id: Mapped[Key]
    name: Mapped[Name]
    name_key: Mapped[str] = mapped_column(FoldedText, index=True)
    email: Mapped[str] = mapped_column(String(EMAIL_CHARACTERS))
    email_key: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str] = mapped_column(info={SECRET: True})
    role: Mapped[AgentRole] = mapped_column(enum_column(AgentRole))
    language: Mapped[str] = mapped_column(String(2))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Moment]


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Colleagues see each other; an integration sees who works for a brand of its.

    Strangers see nobody. Colleagues see those who were deleted, too.
    """
    if viewer.is_agent:
        return true()
    return Agent.id.in_(
        select(BrandMember.agent_id).where(BrandMember.brand_id.in_(viewer.brand_ids))
    )


def present_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit agents to those of them who were not deleted."""
    return and_(Agent.deleted_at.is_(None), visible_to(viewer))
