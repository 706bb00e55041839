"""The ASGI application: which address is answered by what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from graphql import OperationType
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from app.attachments import attachment_route
from app.desk import Desk
from app.engine import Operation
from app.explorer import explorer_page, explorer_routes, home_page
from app.graphql_http import GraphQLHTTP
from app.graphql_websocket import GraphQLWebSocket
from app.health import health_routes
from app.measured_engine import MeasuredEngine
from app.metrics import metrics_route
from app.request_log import RequestLog
from core.errors import Unauthenticated
from core.localization import negotiate
from models.viewers import Viewer
from resolvers.scope import Scope, open_scope
from schema.schema import build_schema
from services.sessions import authenticate


def create_application(desk: Desk) -> Starlette:
    """Build the application that serves `desk`; its `state.sockets` is the GraphQLWebSocket."""
    engine = MeasuredEngine(build_schema()._schema)  # noqa: SLF001  # Strawberry has no public name

    async def find_viewer(authorization: str | None, *, language: str | None) -> Viewer:
        return await authenticate(desk.database, authorization, language=negotiate(language))

    @asynccontextmanager
    async def scope_for(viewer: Viewer, operation: Operation) -> AsyncIterator[Scope]:
        async with open_scope(desk.resources, viewer, snapshot=_wants_snapshot(operation)) as scope:
            yield scope

    @asynccontextmanager
    async def scope_on_socket(viewer: Viewer, operation: Operation) -> AsyncIterator[Scope]:
        # A socket lives for hours: what its viewer may do is not what it was when it was opened.
        current = await desk.resources.streams.access.viewer_now(viewer)
        if current is None:
            raise Unauthenticated
        async with scope_for(current, operation) as scope:
            yield scope

    http = GraphQLHTTP(engine, find_viewer, scope_for, explorer_page())
    websocket = GraphQLWebSocket(
        engine, find_viewer, scope_on_socket, allowed_origins=desk.settings.allowed_origins
    )
    application = Starlette(
        routes=[
            Route("/", home_page(shows_demo=desk.has_demo), methods=["GET"]),
            Route("/graphql", http),
            WebSocketRoute("/graphql", websocket),
            *explorer_routes(),
            attachment_route(desk),
            *health_routes(desk),
            metrics_route(desk),
        ],
        middleware=[Middleware(RequestLog)],
    )
    application.state.sockets = websocket
    return application


def _wants_snapshot(operation: Operation) -> bool:
    """Tell whether all reads must see one moment: a stream is to go on from there."""
    return operation.type is OperationType.QUERY and "eventCursor" in operation.query
