"""A desk under test: a few people, brands and tickets, and clients that speak to it over HTTP."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from sqlalchemy import event, func, select
from starlette.applications import Starlette

from app import migrations
from app.application import create_application
from app.desk import Desk, open_desk
from core import clock
from core.database import Database
from core.ids import NodeKind, encode_global_id
from core.settings import Settings
from models.agents import Agent
from models.api_tokens import ApiToken, ApiTokenBrand, ApiTokenSecret
from models.brands import Brand, BrandMember
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.companies import Company
from models.customers import Customer
from models.events import Event
from models.idempotency_keys import IdempotencyKey
from models.jobs import Job
from models.messages import Message
from models.notes import Note
from models.tags import Tag
from models.teams import Team, TeamBrand, TeamMember
from models.tickets import Ticket
from models.topics import Topic
from models.viewers import ApiScope, Viewer
from services import incoming_messages, sessions
from services.incoming_messages import IncomingMessage
from services.unit_of_work import UnitOfWork, unit_of_work
from tests.support.people import settle_in

CONVERSATIONS = (Event, Job, IdempotencyKey, Ticket, Message, Note, Customer, ChannelProfile)
DIRECTORY = (Agent, ApiToken, Brand, BrandMember, Company, Tag, Team, TeamBrand, TeamMember, Topic)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with."""

    status: int
    body: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        """The data; the request must have had no error."""
        assert "errors" not in self.body, self.body["errors"]
        data: dict[str, Any] = self.body["data"]
        return data

    @property
    def error(self) -> dict[str, Any]:
        """The only error."""
        errors = self.body["errors"]
        assert len(errors) == 1, errors
        error: dict[str, Any] = errors[0]
        return error


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who talks to the desk over HTTP."""

    http: httpx2.AsyncClient
    token: str | None = None
    language: str = "en"

    async def send(self, document: str, **variables: Any) -> Answer:
        """Send a request and return whatever came back."""
        headers = {"accept-language": self.language}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        response = await self.http.post(
            "/graphql", json={"query": document, "variables": variables}, headers=headers
        )
        return Answer(response.status_code, response.json())

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send a request that must succeed, and return its data."""
        return (await self.send(document, **variables)).data

    async def act(self, document: str, **variables: Any) -> dict[str, Any]:
        """Send a mutation of one field and return that field's result."""
        (result,) = (await self.ask(document, **variables)).values()
        assert isinstance(result, dict)
        return result


@dataclass
class World:
    """Two brands and their people.

    `admin` sees everything; `ayse` (Turkish) and `nikos` (Greek) work for the brand Acme, ayse in
    the team Support; `stranger` works for another brand only; `nobody` is not signed in.
    """

    desk: Desk
    application: Starlette
    http: httpx2.AsyncClient
    acme: Brand
    other: Brand
    support: Team
    sales: Team
    agents: dict[str, Agent] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Client:
        """Return the client of a person."""
        if name == "nobody":
            return Client(self.http)
        if name not in self.tokens:
            raise AttributeError(name)
        return Client(self.http, self.tokens[name], self.agents[name].language)

    def id_of(self, name: str) -> str:
        """Return the global id of an agent."""
        return encode_global_id(NodeKind.AGENT, self.agents[name].id)

    async def viewer(self, name: str) -> Viewer:
        """Return what an agent may see and do."""
        return await sessions.authenticate(self.desk.database, f"Bearer {self.tokens[name]}")

    @asynccontextmanager
    async def work(self, name: str = "admin") -> AsyncIterator[UnitOfWork]:
        """Run an act of an agent directly."""
        viewer = await self.viewer(name)
        resources = self.desk.resources
        async with unit_of_work(resources.database, resources.announce, viewer.actor) as work:
            yield work

    async def integration(self, *scopes: ApiScope, brands: Sequence[Brand] = ()) -> Client:
        """Return the client of a new API token with these scopes in these brands."""
        token = sessions.new_token(sessions.API_TOKEN_PREFIX)
        async with self.desk.database.transaction() as session:
            row = ApiToken(
                name="Call centre",
                scopes=list(scopes),
                created_by_id=self.agents["admin"].id,
                created_at=clock.now(),
            )
            session.add(row)
            await session.flush()
            session.add(
                ApiTokenSecret(
                    api_token_id=row.id,
                    token_hash=sessions.token_hash(token),
                    created_at=row.created_at,
                )
            )
            session.add_all(ApiTokenBrand(api_token_id=row.id, brand_id=b.id) for b in brands)
        return Client(self.http, token)

    async def receive(
        self,
        body: str = "Where is my order?",
        *,
        handle: str = "customer@example.com",
        name: str = "Elif Şahin",
        subject: str = "My order",
        channel: Channel = Channel.EMAIL,
        brand: Brand | None = None,
    ) -> tuple[str, str]:
        """Take in a customer's message; return the global ids of the message and its ticket."""
        async with self.work() as work:
            message = await incoming_messages.receive(
                work,
                await self.viewer("admin"),
                IncomingMessage(
                    channel, handle, body, (brand or self.acme).id, name=name, subject=subject
                ),
            )
        return (
            encode_global_id(NodeKind.MESSAGE, message.id),
            encode_global_id(NodeKind.TICKET, message.ticket_id),
        )

    async def counts(self) -> dict[str, int]:
        """Return how many rows the tables have that an act could leave something in."""
        of_each = (
            select(func.count()).select_from(model).scalar_subquery().label(model.__tablename__)
            for model in (*CONVERSATIONS, *DIRECTORY)
        )
        async with self.desk.database.reading() as connection:
            return dict((await connection.execute(select(*of_each))).one()._mapping)

    @asynccontextmanager
    async def counted_statements(self) -> AsyncIterator[list[str]]:
        """Collect the SQL statements that reads send meanwhile."""
        statements: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            statements.append(statement)

        engine = self.desk.database._reader.sync_engine  # to count, not to read
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(engine, "before_cursor_execute", note)


@asynccontextmanager
async def open_world(settings: Settings) -> AsyncIterator[World]:
    """Open a desk on a migrated, empty database and people it."""
    async with open_desk(settings) as desk:
        application = create_application(desk)
        transport = httpx2.ASGITransport(app=application)
        async with httpx2.AsyncClient(transport=transport, base_url="http://desk") as http:
            people = await settle_in(desk.database)
            yield World(
                desk,
                application,
                http,
                acme=people.acme,
                other=people.other,
                support=people.support,
                sales=people.sales,
                agents=people.agents,
                tokens=people.tokens,
            )


async def migrate(database_url: str) -> None:
    """Bring an empty database to the newest schema."""
    database = Database(database_url)
    await migrations.upgrade(database)
    await database.close()
