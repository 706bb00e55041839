"""GraphQL over HTTP as its specification draft says, for friends and strangers.

https://graphql.github.io/graphql-over-http/draft/
"""

import asyncio
from http import HTTPStatus
from typing import Any

from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.graphql_connection import Edge
from app.graphql_errors import RequestRejected, format_error, format_exception
from app.graphql_json import (
    HALF_CHARACTER_MESSAGE,
    decode,
    decode_around_half_characters,
    encode_errors,
)
from app.graphql_media_types import (
    EVENT_STREAM,
    JSON,
    RESPONSE_JSON,
    accepts_html,
    choose_media_type,
)
from app.graphql_request import GraphQLRequest, MalformedRequest
from app.graphql_sse import EventStreams, whole_stream
from core.errors import LimitReached, Unauthenticated

MAX_BODY_BYTES = 1 << 20  # files go elsewhere, and the longest text is far below
BODY_SECONDS = 10.0  # the largest body at 100 kB a second

_CLOSE = {"connection": "close"}  # the rest of the body must not be taken for a next request


class _Refused(Exception):
    """The HTTP request is not one that carries a GraphQL request to answer."""

    def __init__(
        self, status: HTTPStatus, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.error = {"message": message, "extensions": {"code": code}}


class GraphQLHTTP:
    """Answers operations; hands browsers that ask for a page to the explorer.

    Subscriptions are answered as a stream of events, to clients that accept one.
    """

    def __init__(
        self,
        edge: Edge,
        streams: EventStreams,
        explorer: ASGIApp,
        *,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._edge = edge
        self._streams = streams
        self._explorer = explorer
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        if request.method == "GET" and accepts_html(request.headers.get("accept")):
            await self._explorer(scope, receive, send)
            return
        try:
            respond = await self._respond(request)
        except ClientDisconnect:
            return
        await respond(scope, receive, send)

    async def _respond(self, request: Request) -> ASGIApp:
        media_type = choose_media_type(request.headers.get("accept"))
        error_type = media_type or JSON
        try:
            _check_headers(request, media_type)
            return await self._answer(request, error_type)
        except RequestRejected as rejection:
            # Who asks for plain JSON takes any other status for a proxy's, says the draft; and
            # browsers end an event stream for good that begins with one.
            is_bad_request = media_type == RESPONSE_JSON
            status = HTTPStatus.BAD_REQUEST if is_bad_request else HTTPStatus.OK
            body = encode_errors([format_error(error) for error in rejection.errors])
            return _response(status, body, error_type)
        except _Refused as refusal:
            body = encode_errors([refusal.error])
            return _response(refusal.status, body, _plain(error_type), refusal.headers)
        except Unauthenticated as error:
            body = encode_errors([format_exception(error)])
            challenge = {"www-authenticate": "Bearer"}
            return _response(HTTPStatus.UNAUTHORIZED, body, _plain(error_type), challenge)
        except LimitReached as error:
            body = encode_errors([format_exception(error)])
            return _response(HTTPStatus.TOO_MANY_REQUESTS, body, _plain(error_type))
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001  # a stranger must not learn what went wrong
            body = encode_errors([format_exception(error)])
            return _response(HTTPStatus.INTERNAL_SERVER_ERROR, body, _plain(error_type))

    async def _answer(self, http_request: Request, media_type: str) -> ASGIApp:
        # Whoever takes long to send the rest is judged by the rights they have in the end.
        request = await self._read(http_request)
        viewer = await self._edge.authenticate(
            http_request.headers.get("authorization"),
            language=http_request.headers.get("accept-language"),
        )
        operation = self._edge.engine.prepare(request.query, request.operation_name)
        _check_operation_type(operation.type, http_request.method, media_type)
        if operation.type is OperationType.SUBSCRIPTION:
            return self._streams.response(operation, request.variables, viewer)
        body = await self._edge.responder.answer(operation, request.variables, viewer)
        return _response(HTTPStatus.OK, body, media_type)

    async def _read(self, http_request: Request) -> GraphQLRequest:
        if http_request.method == "POST":
            parameters = _decode(await self._read_body(http_request))
        else:
            parameters = _query_parameters(http_request)
        try:
            return GraphQLRequest.from_json(parameters)
        except MalformedRequest as error:
            raise _bad_request(str(error)) from None

    async def _read_body(self, request: Request) -> bytes:
        """Return the body; give up on one that is too long before it has all been read."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_seconds):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        raise _too_large()
        except TimeoutError:
            raise _Refused(
                HTTPStatus.REQUEST_TIMEOUT,
                "REQUEST_TIMEOUT",
                f"The body was not complete within {self._body_seconds:g} seconds.",
                _CLOSE,
            ) from None
        return bytes(body)


def _check_headers(request: Request, media_type: str | None) -> None:
    if request.method not in {"GET", "POST"}:
        raise _method_not_allowed("Use POST, or GET for queries.", allow="GET, POST")
    if media_type is None:
        raise _Refused(
            HTTPStatus.NOT_ACCEPTABLE, "NOT_ACCEPTABLE", f"Accept {RESPONSE_JSON} or {JSON}."
        )
    if request.method == "GET":
        return
    # Browsers send this type to other sites only after asking, so no page can forge a request.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise _Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            f"The body must be {JSON}, and its Content-Type must say so.",
        )
    if int(request.headers.get("content-length", 0)) > MAX_BODY_BYTES:
        raise _too_large()


def _check_operation_type(operation_type: OperationType, method: str, media_type: str) -> None:
    if operation_type is OperationType.SUBSCRIPTION and media_type != EVENT_STREAM:
        raise _bad_request(
            f"Subscriptions are served over WebSocket (graphql-transport-ws) and as {EVENT_STREAM}."
        )
    if operation_type is OperationType.MUTATION and method == "GET":
        raise _method_not_allowed("Mutations are sent by POST.", allow="POST")


def _query_parameters(request: Request) -> dict[str, Any]:
    texts = {name: text for name, text in request.query_params.items() if text}
    return {
        name: _decode(text) if name in {"variables", "extensions"} else text
        for name, text in texts.items()
    }


def _decode(text: str | bytes) -> Any:
    try:
        return decode(text)
    except ValueError:
        raise _bad_request(_what_is_wrong_with(text)) from None


def _what_is_wrong_with(text: str | bytes) -> str:
    try:
        decode_around_half_characters(text)
    except ValueError:
        return "The request is not JSON in UTF-8, or is nested too deeply."
    return HALF_CHARACTER_MESSAGE


def _bad_request(message: str) -> _Refused:
    return _Refused(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", message)


def _too_large() -> _Refused:
    return _Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "PAYLOAD_TOO_LARGE",
        f"The body may have {MAX_BODY_BYTES:,} bytes.",
        _CLOSE,
    )


def _method_not_allowed(message: str, *, allow: str) -> _Refused:
    return _Refused(HTTPStatus.METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message, {"allow": allow})


def _plain(media_type: str) -> str:
    """Return the type in which to say that a request is refused: a refusal is no stream."""
    return JSON if media_type == EVENT_STREAM else media_type


def _response(
    status: HTTPStatus, body: bytes, media_type: str, headers: dict[str, str] | None = None
) -> Response:
    return Response(
        whole_stream(body) if media_type == EVENT_STREAM else body,
        status,
        {"cache-control": "no-store", **(headers or {})},
        media_type=f"{media_type}; charset=utf-8",
    )
