"""One log line and one count for each request and each socket."""

import logging
import re
import secrets
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.metrics import OPEN_SOCKETS, REQUEST_SECONDS, REQUESTS

REQUEST_ID_HEADER = "x-request-id"
CLIENT_CLOSED_REQUEST = 499  # as nginx counts those who went away before the answer
PATH_CHARACTERS = 200
# Asked every few seconds, for ever: their lines would hide the others.
PROBES = frozenset({"/health/live", "/health/ready", "/metrics"})

# A label whose values clients choose would fill the memory of the metrics.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_log = structlog.get_logger("starling.requests")


class RequestLog:
    """ASGI middleware that tells of requests what may be told: no query, header or body.

    All that is logged meanwhile bears the same `request_id`: the one that a proxy has sent, or a
    new one. The response names it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and write its line at the end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._pass_request(scope, receive, send, request_id)

    async def _pass_request(
        self, scope: Scope, receive: Receive, send: Send, request_id: str
    ) -> None:
        started = perf_counter()
        status = CLIENT_CLOSED_REQUEST

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            status = 500
            raise
        finally:
            _count(scope, status, perf_counter() - started)
            _log.log(
                _level(scope, status),
                "request",
                method=scope["method"][:16],
                path=_path(scope),
                status=status,
                duration_ms=_milliseconds(started),
            )


def note_socket_opened(scope: Scope) -> None:
    """Count a socket, and let all that is logged in its task bear its request's id."""
    structlog.contextvars.bind_contextvars(request_id=_request_id(scope))
    OPEN_SOCKETS.inc()


def note_socket_closed(scope: Scope, opened_at: float) -> None:
    """Write the line of a socket that was opened at that `perf_counter`."""
    OPEN_SOCKETS.dec()
    _log.info("socket closed", path=_path(scope), duration_ms=_milliseconds(opened_at))


def _count(scope: Mapping[str, Any], status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "OTHER"
    route = getattr(scope.get("route"), "path", "unknown")
    REQUESTS.labels(method, route, status).inc()
    REQUEST_SECONDS.labels(method, route).observe(seconds)


def _level(scope: Mapping[str, Any], status: int) -> int:
    is_quiet = scope["path"] in PROBES and status < 400  # noqa: PLR2004  # the first error
    return logging.DEBUG if is_quiet else logging.INFO


def _path(scope: Mapping[str, Any]) -> str:
    """Return the path as it was sent: percent-encoded, so that no line break is in it."""
    raw: bytes = scope["raw_path"]
    return raw.decode("ascii", "backslashreplace")[:PATH_CHARACTERS]


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _milliseconds(started: float) -> float:
    return round((perf_counter() - started) * 1000, 1)
