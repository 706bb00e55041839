"""The WebSocket side of /graphql: who may connect, and who is connected."""

import asyncio
from collections.abc import Collection
from time import perf_counter

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from app.graphql_connection import RESTARTING, CloseCode, Connection, Edge
from app.request_log import note_socket_closed, note_socket_opened
from services.live_viewers import LiveViewer

SUBPROTOCOL = "graphql-transport-ws"  # its predecessor graphql-ws is not served
# Those who are closed connect again at once, to the servers that are left: not all together.
CLOSED_AT_ONCE = 25
CLOSING_SECONDS = 3.0  # for all of them; orchestrators kill after ten
LONGEST_PAUSE_SECONDS = 0.05


class GraphQLWebSocket:
    """Serves queries, mutations and subscriptions over WebSocket.

    Browsers say in `Origin` whose page connects: the server's own host and `allowed_origins`
    (such as `https://desk.example`) may. Programs that are no browsers send none.
    """

    def __init__(self, edge: Edge, *, allowed_origins: Collection[str] = ()) -> None:
        self._edge = edge
        self._allowed_origins = frozenset(allowed_origins)
        self._connections: dict[Connection, asyncio.Task[object]] = {}
        edge.responder.viewers.on_change.append(self._close_ended)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket from its handshake to its end."""
        opened_at = perf_counter()
        note_socket_opened(scope)
        try:
            if await self._accept(scope, receive, send):
                await self._serve(Connection(self._edge, scope, receive))
        finally:
            note_socket_closed(scope, opened_at)

    def waiting_bytes(self) -> int:
        """Return what waits in this process for clients to take it."""
        return sum(connection.waiting_bytes for connection in self._connections)

    async def close_all(self, code: CloseCode = CloseCode.SERVICE_RESTART) -> None:
        """End all connections, some at a time, and return when they have ended."""
        connections = tuple(self._connections.items())
        turns = range(0, len(connections), CLOSED_AT_ONCE)
        for start in turns:
            if start:
                await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, CLOSING_SECONDS / len(turns)))
            for connection, _task in connections[start : start + CLOSED_AT_ONCE]:
                connection.close(code, RESTARTING)
        if connections:
            await asyncio.wait([task for _connection, task in connections])

    def _close_ended(self, viewers: Collection[LiveViewer]) -> None:
        """End the connections of those whose session or API token has ended."""
        ended = {viewer for viewer in viewers if viewer.has_ended}
        for connection in self._connections:
            if connection.viewer in ended:
                connection.close(CloseCode.FORBIDDEN, "Signed out")

    async def _serve(self, connection: Connection) -> None:
        task = asyncio.current_task()
        assert task  # noqa: S101
        self._connections[connection] = task
        try:
            await connection.serve()
        finally:
            del self._connections[connection]

    async def _accept(self, scope: Scope, receive: Receive, send: Send) -> bool:
        await receive()  # that the client asks to connect
        if not self._is_allowed_origin(Headers(scope=scope)):
            await send({"type": "websocket.close"})  # the handshake is answered with 403
            return False
        if SUBPROTOCOL in scope["subprotocols"]:
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            return True
        await send({"type": "websocket.accept"})
        code = CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE
        await send(
            {"type": "websocket.close", "code": code, "reason": "Subprotocol not acceptable"}
        )
        return False

    def _is_allowed_origin(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None or origin in self._allowed_origins:
            return True
        _scheme, _separator, host = origin.partition("://")
        return host == headers.get("host")
