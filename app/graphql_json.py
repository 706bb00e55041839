"""JSON as it travels: read strictly, written fast."""

import json
from typing import Any

import orjson
from graphql import ExecutionResult

from app.graphql_errors import FormattedError, format_error


def decode(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises ValueError for whatever RFC 8259 does not allow (NaN, other encodings than UTF-8), for
    numbers beyond a double and for more than 1,024 levels of nesting.
    """
    return orjson.loads(text)


def encode(value: Any) -> bytes:
    """Return the value as JSON in UTF-8."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # Integers beyond 64 bits, lone surrogates and more than 254 levels are JSON all the same.
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def encode_result(result: ExecutionResult) -> bytes:
    """Return what an executed operation answers."""
    if not result.errors:
        return encode({"data": result.data})
    return encode({"errors": [format_error(error) for error in result.errors], "data": result.data})


def encode_errors(errors: list[FormattedError]) -> bytes:
    """Return what a request answers that was not executed."""
    return encode({"errors": errors})
