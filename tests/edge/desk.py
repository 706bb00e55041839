"""A small desk with everything that can happen at the edge, and a record of what did happen."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NewType

import strawberry
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from strawberry.schema.config import StrawberryConfig

from app.engine import Engine, Operation
from app.graphql_connection import Patience
from app.graphql_http import GraphQLHTTP
from app.graphql_responder import AnswerEvent
from app.graphql_websocket import GraphQLWebSocket
from core.errors import LimitReached, NotAllowed, Unauthenticated
from subscriptions.stream import FellBehind, HubStopped

SECRET = "the password is swordfish"
ALLOWED_ORIGIN = "https://desk.example"


@dataclass
class Scope:
    """What one operation or event gets."""

    desk: "Desk"
    viewer: str
    number: int
    is_open: bool = True


@dataclass
class Desk:
    """What happened."""

    scopes: list[Scope] = field(default_factory=list)
    counter: int = 0
    running: set[str] = field(default_factory=set)
    interrupted: list[str] = field(default_factory=list)
    languages: list[str | None] = field(default_factory=list)
    is_down: bool = False

    async def authenticate(self, authorization: str | None, *, language: str | None) -> str:
        self.languages.append(language)
        if self.is_down:
            raise RuntimeError(SECRET)
        if authorization is None:
            return "a stranger"
        if not authorization.startswith("Bearer valid-"):
            raise Unauthenticated
        return authorization.removeprefix("Bearer valid-")

    @asynccontextmanager
    async def open_scope(self, viewer: str, _operation: Operation) -> AsyncIterator[Scope]:
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
        return info.context.viewer

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


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, up_to: int) -> AsyncGenerator[Event, None]:
        for number in range(up_to):
            yield Event(number=number)

    @strawberry.subscription
    async def ticks(self, info: Info, name: str = "ticks") -> AsyncGenerator[Event, None]:
        async with info.context.desk.notice(name):
            yield Event(number=0)
            await asyncio.Event().wait()

    @strawberry.subscription
    async def texts(self, info: Info, length: int) -> AsyncGenerator[str, None]:
        async with info.context.desk.notice("texts"):
            while True:
                yield "x" * length

    @strawberry.subscription
    async def forbidden(self) -> AsyncIterator[Event]:
        raise NotAllowed

    @strawberry.subscription
    async def falling_behind(self) -> AsyncGenerator[Event, None]:
        yield Event(number=0)
        raise FellBehind

    @strawberry.subscription
    async def stopped(self) -> AsyncGenerator[Event, None]:
        yield Event(number=0)
        raise HubStopped

    @strawberry.subscription
    async def broken(self) -> AsyncGenerator[Event, None]:
        yield Event(number=0)
        raise RuntimeError(SECRET)


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


def build_app(
    desk: Desk, answer_event: AnswerEvent[str] | None = None
) -> tuple[Starlette, GraphQLWebSocket[str]]:
    """Return the desk as an ASGI application, and the part of it that knows who is connected."""
    engine = Engine(schema._schema)
    http = GraphQLHTTP(
        engine, desk.authenticate, desk.open_scope, PlainTextResponse("explorer"), body_seconds=0.3
    )
    sockets = GraphQLWebSocket(
        engine,
        desk.authenticate,
        desk.open_scope,
        allowed_origins=[ALLOWED_ORIGIN],
        answer_event=answer_event,
        patience=Patience(
            init_seconds=0.3, room_seconds=0.3, close_seconds=0.3, answer_seconds=0.5
        ),
    )
    return Starlette(routes=[Route("/graphql", http), WebSocketRoute("/graphql", sockets)]), sockets
