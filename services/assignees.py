"""Who may be given the tickets of a brand."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import FieldErrorCode
from models.agents import Agent, AgentRole
from models.brands import BrandMember
from models.teams import Team, TeamBrand
from services.references import refer_to
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

# A brand, or the column of another row that names one.
BrandId = UUID | InstrumentedAttribute[UUID]


def agent_is_assignable(brand_id: BrandId) -> ColumnElement[bool]:
    """Limit agents to those who may be given the brand's tickets: active members, and admins."""
    members = select(BrandMember.agent_id).where(BrandMember.brand_id == brand_id)
    return Agent.active & or_(Agent.role == AgentRole.ADMIN, Agent.id.in_(members))


def team_is_assignable(brand_id: BrandId) -> ColumnElement[bool]:
    """Limit teams to those that take the brand's tickets."""
    of_brand = select(TeamBrand.team_id).where(TeamBrand.brand_id == brand_id)
    return and_(Team.deleted_at.is_(None), Team.id.in_(of_brand))


async def choose_team(
    work: UnitOfWork, check: InputCheck, brand_id: UUID, team_id: UUID | None
) -> Team | None:
    """Return the team that `teamId` of an input names; refuse one that may not be assigned."""
    if team_id is None:
        return None
    team = await refer_to(work, Team, Team.id == team_id, team_is_assignable(brand_id))
    if team is None:
        check.refuse("teamId", FieldErrorCode.UNKNOWN_REFERENCE)
    return team


async def choose_agent(
    work: UnitOfWork, check: InputCheck, brand_id: UUID, agent_id: UUID | None
) -> Agent | None:
    """Return the agent whom `assigneeId` of an input names, or refuse them as `choose_team`."""
    if agent_id is None:
        return None
    agent = await work.session.scalar(
        select(Agent).where(Agent.id == agent_id, agent_is_assignable(brand_id))
    )
    if agent is None:
        check.refuse("assigneeId", FieldErrorCode.UNKNOWN_REFERENCE)
    return agent
