"""One client on one socket: the protocol graphql-transport-ws from its first message to its last.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NoReturn

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from app.agent_connections import AgentConnections
from app.engine import Engine
from app.graphql_access import Authenticate
from app.graphql_errors import (
    BAD_USER_INPUT,
    FormattedError,
    RequestRejected,
    format_error,
    format_exception,
)
from app.graphql_json import (
    HALF_CHARACTER_MESSAGE,
    decode,
    decode_around_half_characters,
    encode,
)
from app.graphql_operations import RunningOperations
from app.graphql_outbox import NoRoom, Outbox
from app.graphql_request import GraphQLRequest, MalformedRequest
from app.graphql_responder import Responder
from app.metrics import CLOSES
from app.socket_protocol import frame_writer_of
from core.errors import LimitReached, Unauthenticated
from core.ids import new_id
from services.live_viewers import LiveViewer
from subscriptions.log.stream import FellBehind, HubStopped
from subscriptions.presence.marks import connection_id

_HALF_CHARACTER_ERROR: FormattedError = {
    "message": HALF_CHARACTER_MESSAGE,
    "extensions": {"code": BAD_USER_INPUT},
}
RESTARTING = "The server is restarting"
MAX_REASON_BYTES = 122  # RFC 6455 section 5.5: longer ones tear the socket


class CloseCode(IntEnum):
    """Why the server ends a connection; graphql-ws clients retry after some, not after others."""

    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY_INITS = 4429
    FELL_BEHIND = 4450


class ConnectionClosing(Exception):
    """The server ends the connection."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Patience:
    """For how many seconds a connection waits for its client."""

    init_seconds: float = 5.0
    room_seconds: float = 5.0  # a phone that changes from Wi-Fi to mobile is silent for less
    answer_seconds: float = 30.0  # a transaction that takes longer is in trouble


@dataclass(frozen=True, slots=True)
class Edge:
    """What all connections share."""

    engine: Engine
    responder: Responder
    authenticate: Authenticate
    patience: Patience
    agents: AgentConnections


class Disconnected(Exception):
    """The client has gone."""


class UnreadableOperation(Exception):
    """The client has sent an operation with half a character in it, as of an emoji cut in two."""

    def __init__(self, operation_id: str) -> None:
        super().__init__(operation_id)
        self.operation_id = operation_id


class Connection:
    """Serves one accepted socket; `viewer` is None until the client has said who it is."""

    __slots__ = (
        "_closing",
        "_edge",
        "_language",
        "_operations",
        "_outbox",
        "_reading",
        "_receive",
        "_writer",
        "viewer",
    )

    def __init__(self, edge: Edge, scope: Scope, receive: Receive) -> None:
        self.viewer: LiveViewer | None = None
        self._edge = edge
        self._language = Headers(scope=scope).get("accept-language")
        self._receive = receive
        self._writer = frame_writer_of(scope)
        self._outbox = Outbox(self._writer, patience_seconds=edge.patience.room_seconds)
        self._operations: RunningOperations | None = None
        self._closing: ConnectionClosing | None = None
        self._reading: asyncio.Task[Any] | None = None

    async def serve(self) -> None:
        """Run until either side ends the connection; none of its tasks is left then.

        Queries and mutations that have begun are awaited, and cancelled if they take too long.
        """
        self._reading = asyncio.current_task()
        connection_id.set(new_id())
        with ExitStack() as admission:
            try:
                await self._read(admission)
            except Disconnected:
                pass
            except ConnectionClosing as closing:
                self._closing = self._closing or closing
            except UnreadableOperation:  # before the client has said who it is
                self._closing = ConnectionClosing(CloseCode.UNAUTHORIZED, "Unauthorized")
            except asyncio.CancelledError:
                if self._closing is None or self._reading is None:
                    raise
                self._reading.uncancel()
            except Exception as error:  # noqa: BLE001  # logged; the client tries again
                self._closing = _closing_for(error)
            finally:
                self._reading = None
                await self._finish()

    @property
    def waiting_bytes(self) -> int:
        """What waits in this process for the client to take it."""
        return self._writer.waiting_bytes

    def close(self, code: CloseCode, reason: str) -> None:
        """End the connection and its subscriptions."""
        self._close(ConnectionClosing(code, reason))

    def fail(self, error: Exception) -> None:
        """End the connection for an error that its client gets over by connecting again."""
        self._close(_closing_for(error))

    def _close(self, closing: ConnectionClosing) -> None:
        if self._closing is None and self._reading is not None:
            self._closing = closing
            self._reading.cancel()

    async def _finish(self) -> None:
        if self._operations is not None:
            self._operations.stop_all()
        if self._closing is not None:
            CLOSES.labels(int(self._closing.code)).inc()
            self._writer.close(self._closing.code, self._closing.reason)
        if self._operations is not None:
            await self._operations.finish(self._edge.patience.answer_seconds)

    async def _read(self, admission: ExitStack) -> NoReturn:
        try:
            async with asyncio.timeout(self._edge.patience.init_seconds):
                while self.viewer is None:
                    await self._handle(_message_of(await self._receive()), admission)
        except TimeoutError:
            raise ConnectionClosing(
                CloseCode.INIT_TIMEOUT, "Connection initialisation timeout"
            ) from None
        while True:
            try:
                await self._handle(_message_of(await self._receive()), admission)
            except UnreadableOperation as error:
                await self._refuse(error.operation_id)
            # Messages that arrived together are received without a pause between them.
            await asyncio.sleep(0)

    async def _handle(self, message: dict[str, Any], admission: ExitStack) -> None:
        match message.get("type"):
            case "connection_init":
                await self._initialise(_payload_of(message), admission)
            case "ping":
                payload = _payload_of(message)
                await self._say({"type": "pong"} | ({"payload": payload} if payload else {}))
            case "pong":
                _payload_of(message)
            case "subscribe":
                await self._subscribe(_id_of(message), message.get("payload"))
            case "complete":
                operation_id = _id_of(message)
                if self._operations is not None:
                    self._operations.stop(operation_id)
            case _:
                raise _bad_message("The message has no type that clients send")

    async def _initialise(self, payload: dict[str, Any], admission: ExitStack) -> None:
        if self.viewer is not None:
            raise ConnectionClosing(CloseCode.TOO_MANY_INITS, "Too many initialisation requests")
        authorization = payload.get("authorization")
        if not isinstance(authorization, str | None):
            raise _bad_message("The payload's authorization is not a string")
        try:
            viewer = await self._edge.authenticate(authorization, language=self._language)
        except Unauthenticated:
            raise ConnectionClosing(CloseCode.FORBIDDEN, "Forbidden") from None
        try:
            admission.enter_context(self._edge.agents.connected(viewer))
        except LimitReached as error:
            raise ConnectionClosing(
                CloseCode.TRY_AGAIN_LATER, f"At most {error.limit} connections of one agent"
            ) from None
        self.viewer = admission.enter_context(self._edge.responder.viewers.connected(viewer))
        self._operations = RunningOperations(
            self._edge.responder, self._outbox, self.viewer, self.fail
        )
        await self._say({"type": "connection_ack"})

    async def _subscribe(self, operation_id: str, payload: object) -> None:
        if self._operations is None:
            raise ConnectionClosing(CloseCode.UNAUTHORIZED, "Unauthorized")
        if operation_id in self._operations:
            raise ConnectionClosing(
                CloseCode.SUBSCRIBER_EXISTS, f"Subscriber for {operation_id} already exists"
            )
        try:
            request = GraphQLRequest.from_json(payload)
        except MalformedRequest as error:
            raise _bad_message(str(error)) from None
        try:
            operation = self._edge.engine.prepare(request.query, request.operation_name)
        except RequestRejected as rejection:
            errors = [format_error(error) for error in rejection.errors]
            await self._operations.send_errors(operation_id, errors)
            return
        await self._operations.start(operation_id, operation, request.variables)

    async def _refuse(self, operation_id: str) -> None:
        assert self._operations is not None  # noqa: S101  # they are there with the viewer
        await self._operations.send_errors(operation_id, [_HALF_CHARACTER_ERROR])

    async def _say(self, message: dict[str, Any]) -> None:
        await self._outbox.put(encode(message))


def _message_of(frame: Message) -> dict[str, Any]:
    if frame["type"] == "websocket.disconnect":
        raise Disconnected
    text = frame.get("text") or ""
    try:
        message = decode(text)
    except ValueError:
        raise _unreadable(text) from None
    if not isinstance(message, dict):
        raise _bad_message("The message is not an object")
    return message


def _unreadable(text: str) -> Exception:
    """Return what a message that is no JSON means: half a character spoils its operation only."""
    try:
        message = decode_around_half_characters(text)
    except ValueError:
        return _bad_message("The message is not JSON in a text frame")
    if isinstance(message, dict) and message.get("type") == "subscribe":
        return UnreadableOperation(_id_of(message))
    return _bad_message("The message is not JSON in a text frame")


def _closing_for(error: Exception) -> ConnectionClosing:
    """Return how a connection ends for an error that is not its client's."""
    if isinstance(error, NoRoom | FellBehind):
        return ConnectionClosing(CloseCode.FELL_BEHIND, "Fell behind, resume by cursor")
    if isinstance(error, HubStopped):
        return ConnectionClosing(CloseCode.SERVICE_RESTART, RESTARTING)
    error_id = format_exception(error)["extensions"]["errorId"]
    return ConnectionClosing(CloseCode.TRY_AGAIN_LATER, f"Internal error {error_id}")


def _payload_of(message: dict[str, Any]) -> dict[str, Any]:
    payload = message.get("payload")
    if not isinstance(payload, dict | None):
        raise _bad_message("The payload is not an object")
    return payload or {}


def _id_of(message: dict[str, Any]) -> str:
    operation_id = message.get("id")
    if not isinstance(operation_id, str) or not operation_id:
        raise _bad_message("The id is not a string, or empty")
    return operation_id


def _bad_message(reason: str) -> ConnectionClosing:
    return ConnectionClosing(CloseCode.BAD_MESSAGE, reason)
