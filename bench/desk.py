"""The desk that benchmarks run on: the demo data in a PostgreSQL of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import select

from app import migrations
from app.desk import Desk, open_desk
from core import clock
from core.database import Database
from core.ids import NodeKind, encode_global_id
from core.settings import Settings
from models.agents import Agent, AgentRole
from models.favorites import Favorite
from models.messages import Message
from models.sessions import Session
from services import demo, sessions
from tests.support.servers import start_postgres


@asynccontextmanager
async def demo_desk(redis_url: str | None = None) -> AsyncIterator[Desk]:
    """Start PostgreSQL, fill it with the demo data, and open a desk on it."""
    with start_postgres() as server:
        settings = Settings(
            database_url=server.url.replace("postgresql://", "postgresql+asyncpg://", 1),
            redis_url=redis_url,
            _env_file=None,
        )
        database = Database(settings.database_url)
        await migrations.upgrade(database)
        await demo.fill(database)
        await database.close()
        async with open_desk(settings) as desk:
            yield desk


async def sign_in_admin(desk: Desk) -> str:
    """Return the token of a session of an admin."""
    token = sessions.new_token(sessions.SESSION_PREFIX)
    now = clock.now()
    async with desk.database.transaction() as session:
        admin = (await session.scalars(select(Agent).where(Agent.role == AgentRole.ADMIN))).first()
        assert admin is not None
        session.add(
            Session(
                agent_id=admin.id,
                token_hash=sessions.token_hash(token),
                created_at=now,
                last_used_at=now,
            )
        )
    return token


async def a_message_and_its_ticket(desk: Desk) -> tuple[str, str]:
    """Return the global ids of a message without a star and of its ticket."""
    starred = select(Favorite.message_id).where(Favorite.message_id.is_not(None))
    async with desk.database.reading() as connection:
        found = await connection.execute(
            select(Message.id, Message.ticket_id).where(Message.id.not_in(starred)).limit(1)
        )
        row = found.one()
    return (
        encode_global_id(NodeKind.MESSAGE, row.id),
        encode_global_id(NodeKind.TICKET, row.ticket_id),
    )
