"""How long the dashboard takes to count a large desk, for an admin and for an agent.

Measured is `services.dashboard.read` on PostgreSQL: what a query waits for, and what is done at
most once a second for all who watch the same numbers live.
"""

import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from app import migrations
from core import clock
from core.database import Database
from core.settings import Settings
from core.text import fold
from models.actors import Actor, ActorKind
from models.agents import Agent, AgentRole
from models.brands import Brand
from models.customers import Customer
from models.teams import Team
from models.tickets import visible_to
from models.viewers import Viewer
from services import dashboard
from services.ticket_filters import TicketFilter
from services.waiting import select_longest
from tests.support.servers import start_postgres

TICKETS = 100_000
BRANDS = 4
TEAMS = 10
AGENTS = 100
ROUNDS = 30
LIMIT_MS = 100  # for the whole dashboard of an admin: what a person takes for at once

# A year of tickets, nine tenths finished. A third of the open ones wait for an answer; they are
# spread over brands and teams, and one in five belongs to nobody.
_FILL = text("""
    INSERT INTO ticket (
        id, number, title, email_subject, status, priority, channel, brand_id, team_id,
        assignee_id, customer_id, created_at, updated_at, waiting_since, message_count,
        favorite_count, version
    )
    SELECT
        gen_random_uuid(), number, 'Where is my order?', 'Where is my order?', status,
        (ARRAY['LOW', 'MEDIUM', 'HIGH', 'URGENT'])[1 + number % 4],
        (ARRAY['EMAIL', 'LIVE_CHAT', 'WHATSAPP', 'WEB'])[1 + number / 4 % 4],
        (CAST(:brands AS uuid[]))[1 + floor(random() * :brand_count)],
        (CAST(:teams AS uuid[]))[1 + floor(random() * :team_count)],
        CASE WHEN random() < 0.8
            THEN (CAST(:agents AS uuid[]))[1 + floor(random() * :agent_count)] END,
        :customer_id, moment, moment,
        CASE WHEN status IN ('NEW', 'OPEN') AND random() < 0.33 THEN moment END, 3, 0, 1
    FROM (
        SELECT number, now() - interval '1 year' * random() AS moment,
            CASE WHEN share < 0.85 THEN 'CLOSED' WHEN share < 0.90 THEN 'RESOLVED'
                WHEN share < 0.92 THEN 'NEW' WHEN share < 0.97 THEN 'OPEN'
                WHEN share < 0.99 THEN 'PENDING' ELSE 'ON_HOLD' END AS status
        FROM (
            SELECT number, random() AS share FROM generate_series(1, :tickets) AS number
        ) AS drawn
    ) AS placed
""")

Fetch = Callable[[Any], Awaitable[Sequence[Row[Any]]]]


async def run() -> None:
    """Measure and print."""
    async with _large_desk() as (database, admin, agent):
        of_admin = await _median_ms(database, lambda fetch: _read(fetch, admin))
        of_agent = await _median_ms(database, lambda fetch: _read(fetch, agent))
        longest = select_longest([visible_to(agent)])
        of_longest = await _median_ms(database, lambda fetch: fetch(longest))
    print(f"dashboard of {TICKETS:,} tickets, median of {ROUNDS}")
    print(f"  an admin's, all brands        {of_admin:8.1f} ms (at most {LIMIT_MS})")
    print(f"  an agent's, one brand         {of_agent:8.1f} ms")
    print(f"  of that, who waits longest    {of_longest:8.1f} ms")


async def _read(fetch: Fetch, viewer: Viewer) -> None:
    await dashboard.read(fetch, viewer, TicketFilter(), online=())


async def _median_ms(database: Database, ask: Callable[[Fetch], Awaitable[Any]]) -> float:
    async with database.reading() as connection:

        async def fetch(statement: Any) -> Sequence[Row[Any]]:
            return (await connection.execute(statement)).all()

        taken = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            await ask(fetch)
            taken.append((time.perf_counter() - started) * 1_000)
    return statistics.median(taken)


@asynccontextmanager
async def _large_desk() -> AsyncIterator[tuple[Database, Viewer, Viewer]]:
    """Fill a PostgreSQL of its own; give it with an admin, and an agent of one brand and team."""
    with start_postgres() as server:
        database = Database(Settings(database_url=server.url, _env_file=None).database_url)
        await migrations.upgrade(database)
        await _fill(database)
        async with database.reading() as connection:
            # As autovacuum would; it can mark as visible to all only what is on the disk.
            await connection.execute(text("CHECKPOINT"))
            await connection.execute(text("VACUUM ANALYZE ticket"))
            agent_id = (await connection.execute(select(Agent.id).limit(1))).scalar_one()
            brand_id = (await connection.execute(select(Brand.id).limit(1))).scalar_one()
            team_id = (await connection.execute(select(Team.id).limit(1))).scalar_one()
        actor = Actor(ActorKind.AGENT, agent_id)
        agent = Viewer(actor, brand_ids=frozenset([brand_id]), team_ids=frozenset([team_id]))
        yield database, Viewer(actor, is_admin=True), agent
        await database.close()


async def _fill(database: Database) -> None:
    now = clock.now()
    brands = [_named(Brand, place, language="en") for place in range(BRANDS)]
    teams = [_named(Team, place) for place in range(TEAMS)]
    agents = [_agent(place) for place in range(AGENTS)]
    customer = Customer(name="Elif", name_key="elif", created_at=now, updated_at=now)
    async with database.transaction() as session:
        session.add_all([*brands, *teams, *agents, customer])
        await session.flush()  # gives them their ids
        await session.execute(text("SELECT setseed(0.5)"))  # the same desk in each run
        await session.execute(
            _FILL,
            {
                "tickets": TICKETS,
                "brands": _ids(brands),
                "brand_count": BRANDS,
                "teams": _ids(teams),
                "team_count": TEAMS,
                "agents": _ids(agents),
                "agent_count": AGENTS,
                "customer_id": customer.id,
            },
        )


def _named(model: Any, place: int, **more: Any) -> Any:
    name = f"{model.__name__} {place}"
    return model(name=name, name_key=fold(name), created_at=clock.now(), **more)


def _agent(place: int) -> Agent:
    email = f"agent{place}@desk.example"
    agent: Agent = _named(
        Agent,
        place,
        email=email,
        email_key=email,
        password_hash="not a hash: nobody signs in",  # noqa: S106
        role=AgentRole.AGENT,
        language="en",
    )
    return agent


def _ids(rows: Sequence[Any]) -> list[UUID]:
    return [row.id for row in rows]
