"""Who may be given the tickets of a brand."""

from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from models.agents import Agent, AgentRole
from models.brands import BrandMember
from models.teams import Team, TeamBrand


def agent_is_assignable(brand_id: UUID) -> ColumnElement[bool]:
    """Limit agents to those who may be given the brand's tickets: active members, and admins."""
    members = select(BrandMember.agent_id).where(BrandMember.brand_id == brand_id)
    return Agent.active & or_(Agent.role == AgentRole.ADMIN, Agent.id.in_(members))


def team_is_assignable(brand_id: UUID) -> ColumnElement[bool]:
    """Limit teams to those that take the brand's tickets."""
    return Team.id.in_(select(TeamBrand.team_id).where(TeamBrand.brand_id == brand_id))
