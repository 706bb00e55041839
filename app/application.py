"""The ASGI application: which address is answered by what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from app.desk import Desk
from app.engine import Engine
from app.graphql_http import GraphQLHTTP
from app.graphql_websocket import GraphQLWebSocket
from core.localization import negotiate
from models.viewers import Viewer
from resolvers.scope import Scope, open_scope
from schema.schema import build_schema
from services.sessions import authenticate


def create_application(desk: Desk) -> Starlette:
    """Build the application that serves `desk`."""
    engine = Engine(build_schema()._schema)  # noqa: SLF001  # Strawberry has no public name for it

    async def find_viewer(authorization: str | None, *, language: str | None) -> Viewer:
        return await authenticate(desk.database, authorization, language=negotiate(language))

    @asynccontextmanager
    async def scope_for(viewer: Viewer) -> AsyncIterator[Scope]:
        async with open_scope(desk.resources, viewer) as scope:
            yield scope

    http = GraphQLHTTP(engine, find_viewer, scope_for, PlainTextResponse("GraphQL"))
    websocket = GraphQLWebSocket(
        engine, find_viewer, scope_for, allowed_origins=desk.settings.allowed_origins
    )
    return Starlette(
        routes=[
            Route("/graphql", http),
            WebSocketRoute("/graphql", websocket),
        ]
    )
