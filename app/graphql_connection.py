"""One client on one socket: the protocol graphql-transport-ws from its first message to its last.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Generic, NoReturn

from starlette.websockets import WebSocket, WebSocketDisconnect

from app.engine import Engine
from app.graphql_access import Authenticate, Viewer
from app.graphql_errors import RequestRejected, format_error, format_exception
from app.graphql_json import decode, encode
from app.graphql_operations import RunningOperations, StartedOperation
from app.graphql_outbox import NoRoom, Outbox
from app.graphql_request import GraphQLRequest, MalformedRequest
from app.graphql_responder import Responder
from core.errors import Unauthenticated
from subscriptions.stream import FellBehind, HubStopped

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
    close_seconds: float = 1.0
    answer_seconds: float = 30.0  # a transaction that takes longer is in trouble


@dataclass(frozen=True, slots=True)
class Edge(Generic[Viewer]):
    """What all connections share."""

    engine: Engine
    responder: Responder[Viewer]
    authenticate: Authenticate[Viewer]
    patience: Patience


class Connection(Generic[Viewer]):
    """Serves one accepted socket; `viewer` is None until the client has said who it is."""

    def __init__(self, edge: Edge[Viewer], websocket: WebSocket) -> None:
        self.viewer: Viewer | None = None
        self._edge = edge
        self._websocket = websocket
        self._tasks = asyncio.TaskGroup()
        self._outbox = Outbox(self._send_text, patience_seconds=edge.patience.room_seconds)
        self._operations = RunningOperations(edge.responder, self._outbox, self._tasks)
        self._closing: asyncio.Future[ConnectionClosing] = (
            asyncio.get_running_loop().create_future()
        )

    async def serve(self) -> None:
        """Run until either side ends the connection; none of its tasks is left then.

        Queries and mutations that have begun are awaited, and cancelled if they take too long.
        """
        try:
            await self._serve()
        finally:
            await self._operations.finish(self._edge.patience.answer_seconds)

    async def _serve(self) -> None:
        closing: BaseException | None = None
        try:
            async with self._tasks:
                self._tasks.create_task(self._outbox.write())
                self._tasks.create_task(self._read())
                await self._wait_for_closing()
        except* WebSocketDisconnect:
            pass
        except* (NoRoom, FellBehind):
            closing = ConnectionClosing(CloseCode.FELL_BEHIND, "Fell behind, resume by cursor")
        except* HubStopped:
            closing = ConnectionClosing(CloseCode.SERVICE_RESTART, RESTARTING)
        except* ConnectionClosing as closings:
            closing = closings.exceptions[0]
        except* Exception as failures:  # noqa: BLE001  # logged; the client tries again
            error_id = format_exception(failures)["extensions"]["errorId"]
            closing = ConnectionClosing(CloseCode.TRY_AGAIN_LATER, f"Internal error {error_id}")
        if isinstance(closing, ConnectionClosing):
            await self._send_close(closing)

    def close(self, code: CloseCode, reason: str) -> None:
        """End the connection and its subscriptions."""
        if not self._closing.done():
            self._closing.set_result(ConnectionClosing(code, reason))

    async def _wait_for_closing(self) -> NoReturn:
        raise await self._closing

    async def _send_close(self, closing: ConnectionClosing) -> None:
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(self._edge.patience.close_seconds):
                await self._websocket.close(closing.code, closing.reason)

    async def _read(self) -> NoReturn:
        try:
            async with asyncio.timeout(self._edge.patience.init_seconds):
                while self.viewer is None:
                    await self._handle(await self._receive())
        except TimeoutError:
            raise ConnectionClosing(
                CloseCode.INIT_TIMEOUT, "Connection initialisation timeout"
            ) from None
        while True:
            await self._handle(await self._receive())
            # Messages that arrived together are received without a pause between them.
            await asyncio.sleep(0)

    async def _receive(self) -> dict[str, Any]:
        frame = await self._websocket.receive()
        if frame["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        try:
            message = decode(frame.get("text") or "")
        except ValueError:
            raise _bad_message("The message is not JSON in a text frame") from None
        if not isinstance(message, dict):
            raise _bad_message("The message is not an object")
        return message

    async def _handle(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "connection_init":
                await self._initialise(_payload_of(message))
            case "ping":
                payload = _payload_of(message)
                await self._send({"type": "pong"} | ({"payload": payload} if payload else {}))
            case "pong":
                _payload_of(message)
            case "subscribe":
                await self._subscribe(_id_of(message), message.get("payload"))
            case "complete":
                self._operations.stop(_id_of(message))
            case _:
                raise _bad_message("The message has no type that clients send")

    async def _initialise(self, payload: dict[str, Any]) -> None:
        if self.viewer is not None:
            raise ConnectionClosing(CloseCode.TOO_MANY_INITS, "Too many initialisation requests")
        authorization = payload.get("authorization")
        if not isinstance(authorization, str | None):
            raise _bad_message("The payload's authorization is not a string")
        try:
            self.viewer = await self._edge.authenticate(
                authorization, language=self._websocket.headers.get("accept-language")
            )
        except Unauthenticated:
            raise ConnectionClosing(CloseCode.FORBIDDEN, "Forbidden") from None
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, operation_id: str, payload: object) -> None:
        if self.viewer is None:
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
        await self._operations.start(
            StartedOperation(operation_id, operation, request.variables, self.viewer)
        )

    async def _send_text(self, text: str) -> None:
        try:
            await self._websocket.send_text(text)
        except RuntimeError:
            # The server has closed the socket by itself, as when its own pings had no answer.
            raise WebSocketDisconnect from None

    async def _send(self, message: dict[str, Any]) -> None:
        await self._outbox.put(encode(message))


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
