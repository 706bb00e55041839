"""The ASGI application: which address is answered by what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from graphql import OperationType
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import Receive, Send
from starlette.types import Scope as ASGIScope

from app.agent_connections import AgentConnections
from app.attachments import attachment_route
from app.customer_gate import CustomerGate
from app.desk import Desk
from app.dev_mail import dev_mail_routes
from app.engine import Operation
from app.explorer import explorer_page, explorer_routes, home_page
from app.graphql_connection import Edge, Patience
from app.graphql_http import GraphQLHTTP
from app.graphql_responder import Responder
from app.graphql_sse import EventStreams
from app.graphql_websocket import GraphQLWebSocket
from app.health import health_routes
from app.measured_engine import MeasuredEngine
from app.metrics import metrics_route
from app.request_log import RequestLog
from app.uploads import upload_route
from core.localization import negotiate
from models.viewers import Viewer
from resolvers.scope import Scope, open_scope
from schema.schema import build_schema
from schema.sharing import is_same_for_audience
from services.sessions import Authentication
from subscriptions.sharing.groups import Sharing

GRAPHQL_PATH = "/graphql"
# After a restart a thousand clients come back within a second, and are asked for together.
BUSY_PAUSE_SECONDS = 0.005


def create_application(desk: Desk, *, shares_executions: bool = True) -> Starlette:
    """Build the application that serves `desk`.

    Its `state.sockets` is the GraphQLWebSocket, its `state.event_streams` the EventStreams.

    Without `shares_executions` each subscriber gets executions of their own, to measure what is
    saved.
    """
    schema = build_schema()._schema  # noqa: SLF001  # Strawberry has no public name for it
    engine = MeasuredEngine(schema)
    authentication = Authentication(desk.database, busy_pause_seconds=BUSY_PAUSE_SECONDS)

    async def find_viewer(authorization: str | None, *, language: str | None) -> Viewer:
        return await authentication.authenticate(authorization, language=negotiate(language))

    gate = CustomerGate(schema)

    # Nothing is executed without a scope, so whoever gets one has passed the gate.
    @asynccontextmanager
    async def scope_for(viewer: Viewer, operation: Operation) -> AsyncIterator[Scope]:
        gate.check(operation, viewer)
        async with open_scope(desk.resources, viewer, snapshot=_wants_snapshot(operation)) as scope:
            yield scope

    def is_shareable(operation: Operation) -> bool:
        return is_same_for_audience(schema, operation.document)

    sharing = Sharing(desk.viewers)
    responder = Responder(
        engine, scope_for, sharing, is_shareable, shares_executions=shares_executions
    )
    online = desk.resources.streams.online_agents
    agents = AgentConnections(desk.settings.connections_per_agent, online)
    edge = Edge(engine, responder, find_viewer, Patience(), agents)
    streams = EventStreams(edge)
    http = GraphQLHTTP(edge, streams, explorer_page())
    websocket = GraphQLWebSocket(edge, allowed_origins=desk.settings.allowed_origins)
    application = _Application(
        routes=[
            Route("/", home_page(shows_demo=desk.has_demo), methods=["GET"]),
            Route(GRAPHQL_PATH, http),
            *explorer_routes(),
            *dev_mail_routes(desk),
            attachment_route(desk),
            upload_route(desk),
            *health_routes(desk),
            metrics_route(desk, websocket.waiting_bytes),
        ],
        middleware=[Middleware(RequestLog)],
    )
    application.state.sockets = websocket
    application.state.event_streams = streams
    return application


class _Application(Starlette):
    """Starlette, but for the sockets: its layers would keep 6 KiB for each of them."""

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Serve a request or a socket."""
        if scope["type"] == "websocket" and scope["path"] == GRAPHQL_PATH:
            await self.state.sockets(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _wants_snapshot(operation: Operation) -> bool:
    """Tell whether all reads must see one moment, as where a stream is to go on from there."""
    query = operation.query.lower()
    if operation.type is OperationType.SUBSCRIPTION:
        return "favorites" in query  # told as a list together with its count
    gives_cursor = "eventcursor" in query or "handover" in query
    return operation.type is OperationType.QUERY and gives_cursor
