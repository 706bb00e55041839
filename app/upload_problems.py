"""Why an upload is refused: a status for programs, and words for the person at the screen."""

from enum import Enum
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from app.arriving_file import ArrivingFile
from core.errors import FileRefusal
from core.localization import negotiate, translate


class Problem(Enum):
    """What is wrong. The name is its `code`, and UPLOAD_ with it names the words in locales/."""

    INVALID_LINK = HTTPStatus.FORBIDDEN
    NOT_FOUND = HTTPStatus.NOT_FOUND
    METHOD_NOT_ALLOWED = HTTPStatus.METHOD_NOT_ALLOWED
    ALREADY_UPLOADED = HTTPStatus.CONFLICT
    TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    INCOMPLETE = HTTPStatus.BAD_REQUEST
    STALLED = HTTPStatus.REQUEST_TIMEOUT
    FILE_REFUSED = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    STORAGE_FULL = HTTPStatus.INSUFFICIENT_STORAGE
    UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE


RETRY_AFTER_SECONDS = 5  # where nobody knows better


class Refused(Exception):
    """An upload is refused. `limit` and `actual` are bytes; `reason` is why a file is not taken.

    `retry_after_seconds` belongs to UNAVAILABLE.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        limit: int | None = None,
        actual: int | None = None,
        reason: FileRefusal | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(problem.name)
        self._problem = problem
        self._limit = limit
        self._actual = actual
        self._reason = reason
        self._headers = {"cache-control": "no-store"}
        if problem is Problem.METHOD_NOT_ALLOWED:
            self._headers["allow"] = "PUT"
        if problem is Problem.UNAVAILABLE:
            self._headers["retry-after"] = str(retry_after_seconds or RETRY_AFTER_SECONDS)

    def response(self, request: Request, *, linger_in: ArrivingFile) -> Response:
        """Return the answer, in the language of the request."""
        language = negotiate(request.headers.get("accept-language"))
        words = f"FILE_{self._reason}" if self._reason else f"UPLOAD_{self._problem.name}"
        body = {
            "code": self._problem.name,
            "reason": self._reason,
            "message": translate(language, words, limit=self._limit, actual=self._actual),
            "limit": self._limit,
            "actual": self._actual,
        }
        told = {name: value for name, value in body.items() if value is not None}
        return _LastResponse(told, self._problem.value, self._headers, rest=linger_in)


class _LastResponse(JSONResponse):
    """An answer that may come before all of the body: the connection is closed after it."""

    def __init__(
        self, content: object, status: int, headers: dict[str, str], *, rest: ArrivingFile
    ) -> None:
        super().__init__(content, status, {**headers, "connection": "close"})
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer at once; end it when the client had time to read it."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await self._rest.linger()
        await send({"type": "http.response.body", "body": b""})
