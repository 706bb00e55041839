"""What a client learns of an error: a message that was meant for it, a code, and nothing else."""

import secrets
from collections.abc import Sequence
from typing import Any, Self

import structlog
from graphql import GraphQLError, ValueNode

from core.database import is_passing
from core.errors import PublicError

# Apollo's names, which client libraries and log tools know.
PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
OPERATION_UNRESOLVED = "OPERATION_RESOLUTION_FAILURE"
BAD_USER_INPUT = "BAD_USER_INPUT"
INTERNAL = "INTERNAL"

FormattedError = dict[str, Any]

_log = structlog.get_logger(__name__)


class RequestRejected(Exception):
    """The request was refused before anything was executed; `errors` say why."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors

    @classmethod
    def with_code(cls, code: str, *errors: GraphQLError) -> Self:
        """Give `code` to those of the errors that have none of their own."""
        for error in errors:
            error.extensions = {"code": code, **(error.extensions or {})}
        return cls(errors)


def format_error(error: GraphQLError) -> FormattedError:
    """Return one entry of the `errors` of a response."""
    formatted: FormattedError = {**error.formatted}
    cause = _cause(error)
    if isinstance(cause, PublicError):
        return formatted | _public(cause)
    if _is_request_error(error) or _is_about_a_value(error):
        formatted.setdefault("extensions", {"code": BAD_USER_INPUT})
        return formatted | {"message": _without_exception_text(error, cause)}
    return formatted | _internal(cause or error, path=error.path)


def format_exception(exception: Exception) -> FormattedError:
    """Return the entry for an exception that no field raised."""
    if isinstance(exception, PublicError):
        return _public(exception)
    return _internal(exception, path=None)


def format_failure(exception: Exception) -> list[FormattedError]:
    """Return what a client is told of an operation that was rejected, or failed as a whole."""
    if isinstance(exception, RequestRejected):
        return [format_error(error) for error in exception.errors]
    return [format_exception(exception)]


def _is_request_error(error: GraphQLError) -> bool:
    return error.path is None and "code" in (error.extensions or {})


def _is_about_a_value(error: GraphQLError) -> bool:
    """Whether a value of the document failed only at its field, as a null that has a default."""
    return any(isinstance(node, ValueNode) for node in error.nodes or ())


def passing_failure(errors: Sequence[GraphQLError] | None) -> Exception | None:
    """Return the cause of one of the errors that may be gone when it is tried again, if any."""
    causes = (_cause(error) for error in errors or ())
    return next((cause for cause in causes if cause is not None and is_passing(cause)), None)


def _cause(error: GraphQLError) -> Exception | None:
    """Return the exception that graphql-core wrapped, however often it did."""
    cause: Exception | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _without_exception_text(error: GraphQLError, cause: Exception | None) -> str:
    """Return the message without what a scalar's parser happened to raise."""
    if cause is None:
        return error.message
    return error.message.partition(", but encountered error ")[0]


def _public(error: PublicError) -> FormattedError:
    return {"message": error.message, "extensions": {**error.extensions, "code": error.code}}


def _internal(exception: Exception, path: list[str | int] | None) -> FormattedError:
    error_id = secrets.token_hex(8)
    _log.error("internal error", error_id=error_id, path=path, exc_info=exception)
    return {"message": "Internal error", "extensions": {"code": INTERNAL, "errorId": error_id}}
