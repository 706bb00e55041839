"""Fixtures of the stories: the installation, and the people, of whom each story has its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncExitStack
from typing import Protocol

import pytest

from tests.stories.admin import Admin, Office
from tests.stories.agent import Agent
from tests.stories.installation import Installation, set_up
from tests.stories.mail import Correspondent
from tests.stories.outside import world_outside
from tests.stories.person import Person
from tests.stories.shop import Shop
from tests.support.databases import create_database, drop_database
from tests.support.servers import PostgresServer, start_own_redis


class Hire(Protocol):
    """How somebody of a name begins in a team, at a server, in the first office or another."""

    def __call__(
        self, name: str, team_id: str, server: str, office: Office | None = None
    ) -> Awaitable[Agent]: ...


@pytest.fixture(scope="session")
def installation(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Installation]:
    database_url = asyncio.run(create_database(postgres_server.url, template_url=postgres_template))
    with (
        start_own_redis() as redis,
        world_outside() as outside,
        set_up(database_url, redis.url, outside) as opened,
    ):
        yield opened
    asyncio.run(drop_database(postgres_server.url, database_url))


@pytest.fixture
async def leaving() -> AsyncIterator[AsyncExitStack]:
    """What is done when the story is over."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def admin(installation: Installation, leaving: AsyncExitStack) -> Admin:
    return Admin("Admin", installation.first_server, installation.admin_token, leaving)


@pytest.fixture
def hire(admin: Admin, installation: Installation, leaving: AsyncExitStack) -> Hire:
    """Let somebody begin; they leave when the story is over."""

    async def begin(name: str, team_id: str, server: str, office: Office | None = None) -> Agent:
        hired = await admin.hires(name, office or installation.office, team_id)
        leaving.push_async_callback(admin.says_goodbye_to, hired.agent_id)
        token = await Person(name, server, None, leaving).signs_in(hired.email, hired.password)
        return Agent(hired, server, token, leaving)

    return begin


@pytest.fixture
async def ayse(hire: Hire, installation: Installation) -> Agent:
    """An agent of Support, at the first server."""
    return await hire("Ayşe", installation.office.support_id, installation.first_server)


@pytest.fixture
async def nikos(hire: Hire, installation: Installation) -> Agent:
    """An agent of Support, at the second server."""
    return await hire("Nikos", installation.office.support_id, installation.second_server)


@pytest.fixture
async def deniz(hire: Hire, installation: Installation) -> Agent:
    """An agent of Billing, at the second server."""
    return await hire("Deniz", installation.office.billing_id, installation.second_server)


@pytest.fixture
async def shop(installation: Installation, leaving: AsyncExitStack) -> Shop:
    """The web shop, which brings its messages to the second server."""
    return Shop(installation.second_server, installation.office, leaving)


@pytest.fixture
def elif_sahin(installation: Installation) -> Correspondent:
    """A customer whom nobody knows yet, with a mailbox."""
    return Correspondent(
        "Elif Şahin", "elif@form.example", installation.outside, installation.mail_port
    )
