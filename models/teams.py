"""Teams: who may be given tickets together."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    FoldedText,
    Key,
    Moment,
    Name,
    UtcDateTime,
    Versioned,
    limited,
    reference,
)
from models.viewers import Viewer


class Team(Versioned, Base):
    """A group of agents that tickets of its brands can be assigned to."""

    __tablename__ = "team"
    __table_args__ = (limited("name", 200),)

    id: Mapped[Key]
    name: Mapped[Name]
    name_key: Mapped[str] = mapped_column(FoldedText, unique=True)
    created_at: Mapped[Moment]
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TeamMember(Base):
    """An agent who belongs to a team."""

    __tablename__ = "team_member"

    team_id: Mapped[UUID] = reference("team.id", primary_key=True, index=False)
    agent_id: Mapped[UUID] = reference("agent.id", primary_key=True)


class TeamBrand(Base):
    """A brand whose tickets the team takes."""

    __tablename__ = "team_brand"

    team_id: Mapped[UUID] = reference("team.id", primary_key=True, index=False)
    brand_id: Mapped[UUID] = reference("brand.id", primary_key=True)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit teams to those that the viewer may know.

    Agents know all: tickets are transferred to teams of others, too. An integration knows those
    that take tickets of a brand of its.
    """
    if viewer.is_agent:
        return true()
    return Team.id.in_(select(TeamBrand.team_id).where(TeamBrand.brand_id.in_(viewer.brand_ids)))
