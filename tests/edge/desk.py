"""A small desk with everything that can happen at the edge, and a record of what did happen."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, NewType, cast
from uuid import NAMESPACE_DNS, uuid5

import strawberry
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from strawberry.schema.config import StrawberryConfig

from app.agent_connections import AgentConnections
from app.engine import Engine, Operation
from app.graphql_connection import Edge, Patience
from app.graphql_http import GraphQLHTTP
from app.graphql_responder import Responder
from app.graphql_sse import EventStreams
from app.graphql_websocket import GraphQLWebSocket
from core.errors import LimitReached, NotAllowed, Unauthenticated
from models.actors import Actor, ActorKind
from models.viewers import Viewer
from schema.live import Live
from services.live_viewers import LiveViewers
from subscriptions.log.stream import FellBehind, HubStopped
from subscriptions.presence.online_agents import OnlineAgents
from subscriptions.sharing.groups import Sharing
from subscriptions.source import Item
from tests.edge.sources import Recording, Standing
from tests.subscriptions.sources import Script, Step

SECRET = "the password is swordfish"
ALLOWED_ORIGIN = "https://desk.example"
CONNECTIONS_PER_AGENT = 3


@dataclass
class Scope:
    """What one operation or event gets."""

    desk: "Desk"
    viewer: Viewer
    number: int
    is_open: bool = True


@dataclass
class Desk:
    """What happened; and `script`, by which a test lets something happen live."""

    scopes: list[Scope] = field(default_factory=list)
    counter: int = 0
    running: set[str] = field(default_factory=set)
    interrupted: list[str] = field(default_factory=list)
    languages: list[str | None] = field(default_factory=list)
    names: dict[Actor | None, str] = field(default_factory=lambda: {None: "a stranger"})
    is_down: bool = False
    script: Script = field(default_factory=Script)

    async def authenticate(self, authorization: str | None, *, language: str | None) -> Viewer:
        self.languages.append(language)
        if self.is_down:
            raise RuntimeError(SECRET)
        if authorization is None:
            return Viewer(actor=None)
        if not authorization.startswith("Bearer valid-"):
            raise Unauthenticated
        name = authorization.removeprefix("Bearer valid-")
        person = uuid5(NAMESPACE_DNS, name)
        actor = Actor(ActorKind.AGENT, person)
        self.names[actor] = name
        return Viewer(actor, session_id=person)

    @asynccontextmanager
    async def open_scope(self, viewer: Viewer, _operation: Operation) -> AsyncIterator[Scope]:
        if self.is_down:
            raise RuntimeError(SECRET)
        scope = Scope(self, viewer, len(self.scopes))
        self.scopes.append(scope)
        try:
            yield scope
        finally:
            scope.is_open = False

    @asynccontextmanager
    async def notice(self, what: str) -> AsyncIterator[None]:
        """Remember that something runs, and whether it was interrupted."""
        self.running.add(what)
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            self.interrupted.append(what)
            raise
        finally:
            self.running.discard(what)


Info = strawberry.Info[Scope, None]
BigInt = NewType("BigInt", int)
Grade = NewType("Grade", int)


def _parse_grade(value: object) -> Grade:
    raise RuntimeError(SECRET)


@strawberry.input
class Branch:
    branches: list["Branch"] | None = None
    name: str | None = None


@strawberry.type
class Event:
    number: int

    @strawberry.field
    def scope_number(self, info: Info) -> int:
        return info.context.number

    @strawberry.field
    def failure(self) -> int | None:
        raise RuntimeError(SECRET)


@strawberry.type
class Query:
    @strawberry.field
    def greeting(self, name: str = "you") -> str:
        return f"Hello {name}"

    @strawberry.field
    def viewer(self, info: Info) -> str:
        scope = info.context
        return scope.desk.names[scope.viewer.actor]

    @strawberry.field
    def whole_number(self, value: int) -> int:
        return value

    @strawberry.field
    def branch_name(self, branch: Branch) -> str | None:
        return branch.name

    @strawberry.field
    def graded(self, grade: Grade) -> int:
        return grade

    @strawberry.field
    def large_number(self) -> BigInt:
        return BigInt(2**70)

    @strawberry.field
    def text(self, length: int) -> str:
        return "x" * length

    @strawberry.field
    def failure(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    def nothing(self) -> str:
        return None  # type: ignore[return-value]

    @strawberry.field
    def full(self) -> str | None:
        raise LimitReached(500)

    @strawberry.field
    async def waiting(self, info: Info, name: str = "query", seconds: float = 60) -> str:
        async with info.context.desk.notice(name):
            await asyncio.sleep(seconds)
        return name


@strawberry.type
class Mutation:
    @strawberry.mutation
    def increment(self, info: Info) -> int:
        info.context.desk.counter += 1
        return info.context.desk.counter

    @strawberry.mutation
    async def increment_slowly(self, info: Info, seconds: float = 0.1) -> int:
        async with info.context.desk.notice("mutation"):
            await asyncio.sleep(seconds)
            info.context.desk.counter += 1
        return info.context.desk.counter

    @strawberry.mutation
    async def fail_slowly(self, info: Info) -> int:
        async with info.context.desk.notice("mutation"):
            await asyncio.sleep(0.1)
            raise RuntimeError(SECRET)


def show_number(item: Item) -> Event | None:
    return Event(number=item.position) if isinstance(item, Step) else None


def recorded(recording: Recording, show: Any = show_number) -> Live:
    """Return a subscription that is told a recording from its beginning."""
    return Live(recording, show, after=Recording.START)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, up_to: int) -> AsyncIterable[Event]:
        return recorded(Recording("count", range(up_to)))

    @strawberry.subscription
    async def live(self, info: Info, after: str | None = None) -> AsyncIterable[Event]:
        return Live(info.context.desk.script, show_number, after)

    @strawberry.subscription
    async def live_texts(self, info: Info, length: int) -> AsyncIterable[str]:
        def show(item: Item) -> str | None:
            return "x" * length if isinstance(item, Step) else None

        return Live(info.context.desk.script, show)

    @strawberry.subscription
    async def ticks(self, info: Info, name: str = "ticks") -> AsyncIterable[Event]:
        desk = info.context.desk
        return Live(Standing(name, lambda: desk.notice(name)), lambda _item: Event(number=0))

    @strawberry.subscription
    async def texts(self, info: Info, length: int) -> AsyncIterable[str]:
        desk = info.context.desk
        endless = Recording("texts", repeat(0), noticed=lambda: desk.notice("texts"))
        return recorded(endless, lambda item: "x" * length if isinstance(item, Step) else None)

    @strawberry.subscription
    async def forbidden(self) -> AsyncIterable[Event]:
        raise NotAllowed

    @strawberry.subscription
    async def falling_behind(self) -> AsyncIterable[Event]:
        return recorded(Recording("falling behind", [0], then=FellBehind()))

    @strawberry.subscription
    async def stopped(self) -> AsyncIterable[Event]:
        return recorded(Recording("stopped", [0], then=HubStopped()))

    @strawberry.subscription
    async def broken(self) -> AsyncIterable[Event]:
        return recorded(Recording("broken", [0], then=RuntimeError(SECRET)))


schema = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    config=StrawberryConfig(
        scalar_map={
            BigInt: strawberry.scalar(name="BigInt", serialize=int, parse_value=int),
            Grade: strawberry.scalar(name="Grade", serialize=int, parse_value=_parse_grade),
        }
    ),
)


def build_app(desk: Desk) -> tuple[Starlette, GraphQLWebSocket]:
    """Return the desk as an ASGI application, and the part of it that knows who is connected."""
    engine = Engine(schema._schema)
    viewers = LiveViewers(cast("Any", None))  # who is connected is looked up only by tests
    responder = Responder(engine, desk.open_scope, Sharing(viewers), lambda _operation: True)
    patience = Patience(init_seconds=0.3, room_seconds=0.3, answer_seconds=0.5)
    agents = AgentConnections(CONNECTIONS_PER_AGENT, OnlineAgents())
    edge = Edge(engine, responder, desk.authenticate, patience, agents)
    explorer = PlainTextResponse("explorer")
    http = GraphQLHTTP(edge, EventStreams(edge), explorer, body_seconds=0.3)
    sockets = GraphQLWebSocket(edge, allowed_origins=[ALLOWED_ORIGIN])
    return Starlette(routes=[Route("/graphql", http), WebSocketRoute("/graphql", sockets)]), sockets
