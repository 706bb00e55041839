"""Teams: who may be given tickets together."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    Deletable,
    FoldedText,
    Key,
    Moment,
    Name,
    Versioned,
    limited,
    reference,
)
from models.viewers import Viewer


class Team(Versioned, Deletable, Base):
    """A group of agents that tickets of its brands can be assigned to."""

    __tablename__ = "team"
    __table_args__ = (limited("name", 200),)

    id: Mapped[Key]
    name: Mapped[Name]
    name_key: Mapped[str] = mapped_column(FoldedText, unique=True)
    created_at: Mapped[Moment]


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
    """Limit teams to those that there are and that the viewer may know.

    Agents know all: tickets are transferred to teams of others, too. An integration knows those
    that take tickets of a brand of its.
    """
    there = Team.deleted_at.is_(None)
    if viewer.is_agent:
        return there
    of_brands = select(TeamBrand.team_id).where(TeamBrand.brand_id.in_(viewer.brand_ids))
    return and_(there, Team.id.in_(of_brands))
