"""The WebSocket side of /graphql: who may connect, and who is connected."""

import asyncio
from collections.abc import Callable, Collection
from typing import Generic

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from app.engine import Engine
from app.graphql_access import Authenticate, OpenScope, Viewer
from app.graphql_connection import RESTARTING, CloseCode, Connection, Edge, Patience
from app.graphql_responder import AnswerEvent, Responder

SUBPROTOCOL = "graphql-transport-ws"  # its predecessor graphql-ws is not served


class GraphQLWebSocket(Generic[Viewer]):
    """Serves queries, mutations and subscriptions over WebSocket.

    Browsers say in `Origin` whose page connects: the server's own host and `allowed_origins`
    (such as `https://desk.example`) may. Programs that are no browsers send none.
    """

    def __init__(
        self,
        engine: Engine,
        authenticate: Authenticate[Viewer],
        open_scope: OpenScope[Viewer],
        *,
        allowed_origins: Collection[str] = (),
        answer_event: AnswerEvent[Viewer] | None = None,
        patience: Patience | None = None,
    ) -> None:
        responder = Responder(engine, open_scope, answer_event)
        self._edge = Edge(engine, responder, authenticate, patience or Patience())
        self._allowed_origins = frozenset(allowed_origins)
        self._connections: dict[Connection[Viewer], asyncio.Task[object]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket from its handshake to its end."""
        websocket = WebSocket(scope, receive, send)
        if not self._is_allowed_origin(websocket):
            await websocket.close()  # before it is accepted: the handshake is answered with 403
        elif SUBPROTOCOL not in scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(
                CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable"
            )
        else:
            await websocket.accept(SUBPROTOCOL)
            await self._serve(Connection(self._edge, websocket))

    @property
    def viewers(self) -> list[Viewer]:
        """Who is connected, once for each of their connections."""
        return [c.viewer for c in self._connections if c.viewer is not None]

    def close_viewers(
        self, matches: Callable[[Viewer], bool], code: CloseCode, reason: str
    ) -> None:
        """End the connections of some viewers, as of a session that was revoked."""
        for connection in self._connections:
            if connection.viewer is not None and matches(connection.viewer):
                connection.close(code, reason)

    async def close_all(self, code: CloseCode = CloseCode.SERVICE_RESTART) -> None:
        """End all connections, and return when they have ended."""
        for connection in self._connections:
            connection.close(code, RESTARTING)
        if self._connections:
            await asyncio.wait(self._connections.values())

    async def _serve(self, connection: Connection[Viewer]) -> None:
        task = asyncio.current_task()
        assert task  # noqa: S101
        self._connections[connection] = task
        try:
            await connection.serve()
        finally:
            del self._connections[connection]

    def _is_allowed_origin(self, websocket: WebSocket) -> bool:
        origin = websocket.headers.get("origin")
        if origin is None or origin in self._allowed_origins:
            return True
        _scheme, _separator, host = origin.partition("://")
        return host == websocket.headers.get("host")
