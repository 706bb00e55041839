"""JSON as it travels: read strictly, written fast."""

import json
import re
from typing import Any

import orjson
from graphql import ExecutionResult

from app.graphql_errors import FormattedError, format_error

HALF_CHARACTER_MESSAGE = "A text has half a character in it, as of an emoji that was cut in two."

# The escape of a surrogate: two of them make a character, which a decoder takes; one makes none.
_HALF_CHARACTER = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def decode(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises ValueError for whatever RFC 8259 does not allow (NaN, other encodings than UTF-8), for
    numbers beyond a double and for more than 1,024 levels of nesting.
    """
    return orjson.loads(text)


def decode_around_half_characters(text: str | bytes) -> Any:
    """Return the value of a text that `decode` refuses, if it is but for half characters in it.

    Raises ValueError for any other text.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    whole = _HALF_CHARACTER.sub(b"", raw)
    if whole == raw:
        raise ValueError(text)
    return decode(whole)


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
