"""What every scenario plays on: two web processes on one PostgreSQL and one Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from typing import Any

import httpx2

from app.desk import Desk, open_desk
from core import clock
from core.ids import NodeKind, encode_global_id
from core.settings import Settings
from core.text import fold
from models.agents import Agent, AgentRole
from models.brands import BrandMember
from models.sessions import Session
from services import sessions
from tests.conftest import as_asyncpg
from tests.faults.sizes import Size
from tests.faults.web import WebProcess
from tests.support.databases import create_database
from tests.support.desk import Client, World, migrate, open_world
from tests.support.live import Watcher, watching
from tests.support.people import PASSWORD_HASH
from tests.support.processes import scratch_directory
from tests.support.servers import PostgresServer, RedisServer

SPARE_TICKETS = 12
SPARE_TOKENS = 4
BELL_SECONDS = 15  # after which Redis that is back must have been noticed; it takes 5


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: the tokens of agents, of whom all see all tickets, and the epoch of the log.

    A rush hour is about `tickets`; each of `spare_tickets` is for one test, and so is each of
    `spare_tokens`. None of the agents is in `team`.
    """

    tokens: list[str]
    spare_tokens: list[str]
    tickets: list[str]
    spare_tickets: list[str]
    team: str
    epoch: str


@dataclass(frozen=True, slots=True)
class Stage:
    """Two web processes, what they run on, and the people."""

    database_url: str
    postgres: PostgresServer
    redis: RedisServer
    webs: tuple[WebProcess, WebProcess]
    cast: Cast

    def mend(self) -> None:
        """Start again what a scenario has left stopped, or not as it should be."""
        if not self.redis.is_running:
            self.redis.restart()
        for web in self.webs:
            if not web.is_running or web.program != "app":
                web.restart()

    @property
    def urls(self) -> list[str]:
        """The addresses of the web processes."""
        return [web.url for web in self.webs]

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        """Open the desk in the process of the test as well, to look behind the scenes."""
        settings = Settings(
            database_url=self.database_url, redis_url=self.redis.url, _env_file=None
        )
        async with open_desk(settings) as desk:
            yield desk

    @asynccontextmanager
    async def agent(self, token: str, *, web: int = 0) -> AsyncIterator[Client]:
        """Give an agent who speaks over HTTP with one of the web processes."""
        async with httpx2.AsyncClient(base_url=self.urls[web]) as http:
            yield Client(http, token)

    def watch(
        self, token: str, document: str, *, web: int = 0, **variables: Any
    ) -> AbstractAsyncContextManager[Watcher]:
        """Subscribe as an agent, on a new socket to one of the web processes."""
        port = httpx2.URL(self.urls[web]).port
        assert port is not None
        return watching(port, token, document, **variables)

    async def hear_the_bell(self) -> None:
        """Wait until every web process listens to Redis again."""
        async with asyncio.timeout(BELL_SECONDS), httpx2.AsyncClient() as http:
            for url in self.urls:
                while (await http.get(f"{url}/health/ready")).json()["bell"] != "up":
                    await asyncio.sleep(0.05)


@contextmanager
def set_up(postgres: PostgresServer, redis: RedisServer, size: Size) -> Iterator[Stage]:
    """People a new database and serve it."""
    url = as_asyncpg(asyncio.run(create_database(postgres.url)))
    asyncio.run(migrate(url))
    cast = asyncio.run(_people(url, size))
    with ExitStack() as cleanup:

        def serve() -> WebProcess:
            directory = cleanup.enter_context(scratch_directory())
            web = WebProcess(directory, DATABASE_URL=url, REDIS_URL=redis.url)
            cleanup.callback(web.kill)
            return web

        yield Stage(url, postgres, redis, (serve(), serve()), cast)


async def _people(database_url: str, size: Size) -> Cast:
    async with open_world(Settings(database_url=database_url, _env_file=None)) as world:
        tokens = await _hire(world, size.crowd + size.writers + SPARE_TOKENS)
        tickets = [
            (await world.receive(handle=f"customer{number}@example.com"))[1]
            for number in range(size.tickets + SPARE_TICKETS)
        ]
        return Cast(
            tokens[SPARE_TOKENS:],
            tokens[:SPARE_TOKENS],
            tickets[SPARE_TICKETS:],
            tickets[:SPARE_TICKETS],
            encode_global_id(NodeKind.TEAM, world.support.id),
            world.desk.resources.epoch,
        )


async def _hire(world: World, count: int) -> list[str]:
    """Return the tokens of new agents of Acme: limits of one agent are not what is tested."""
    tokens = [sessions.new_token(sessions.SESSION_PREFIX) for _ in range(count)]
    now = clock.now()
    agents = [
        Agent(
            name=f"Agent {number}",
            name_key=fold(f"Agent {number}"),
            email=f"agent{number}@desk.example",
            email_key=f"agent{number}@desk.example",
            password_hash=PASSWORD_HASH,
            role=AgentRole.AGENT,
            language="en",
            created_at=now,
        )
        for number in range(count)
    ]
    async with world.desk.database.transaction() as session:
        session.add_all(agents)
        await session.flush()
        session.add_all(BrandMember(brand_id=world.acme.id, agent_id=a.id) for a in agents)
        session.add_all(
            Session(
                agent_id=agent.id,
                token_hash=sessions.token_hash(token),
                created_at=now,
                last_used_at=now,
            )
            for agent, token in zip(agents, tokens, strict=True)
        )
    return tokens
