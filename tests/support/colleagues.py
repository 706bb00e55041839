"""People of the same rights as somebody else."""

from sqlalchemy import insert, select

from core.text import fold
from models.agents import Agent
from models.brands import BrandMember
from models.sessions import Session
from models.teams import TeamMember
from services import sessions
from tests.support.desk import World
from tests.support.people import PASSWORD_HASH


async def add_colleague(world: World, name: str, *, like: str) -> None:
    """Add an agent of the same brands, teams, role and language as another."""
    model = world.agents[like]
    agent = Agent(
        name=name.title(),
        name_key=fold(name),
        email=f"{name}@desk.example",
        email_key=f"{name}@desk.example",
        password_hash=PASSWORD_HASH,
        role=model.role,
        language=model.language,
        created_at=model.created_at,
    )
    async with world.desk.database.transaction() as session:
        session.add(agent)
        await session.flush()
        for member, of in ((BrandMember, BrandMember.brand_id), (TeamMember, TeamMember.team_id)):
            ids = await session.scalars(select(of).where(member.agent_id == model.id))
            for row_id in ids.all():
                await session.execute(insert(member).values({"agent_id": agent.id, of.key: row_id}))
    world.agents[name] = agent
    await add_session(world, name)


async def add_session(world: World, name: str) -> str:
    """Sign an agent in once more, which is who they are from now on; return the token."""
    agent = world.agents[name]
    token = sessions.new_token(sessions.SESSION_PREFIX)
    async with world.desk.database.transaction() as session:
        session.add(
            Session(
                agent_id=agent.id,
                token_hash=sessions.token_hash(token),
                created_at=agent.created_at,
                last_used_at=agent.created_at,
            )
        )
    world.tokens[name] = token
    return token
