"""What a client asks for, the same over HTTP and over WebSocket."""

from dataclasses import dataclass
from typing import Any, Self

_PARAMETERS = {
    "query": (str, "a string"),
    "operationName": (str | None, "a string"),
    "variables": (dict | None, "an object"),
    "extensions": (dict | None, "an object"),
}


class MalformedRequest(ValueError):
    """The value is no GraphQL request; the message tells the client's developer why."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A document, the name of the operation to run, and the values of its variables."""

    query: str
    operation_name: str | None
    variables: dict[str, Any]

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Return the request that a decoded JSON value holds, or raise MalformedRequest."""
        if not isinstance(value, dict):
            raise MalformedRequest("The request must be an object.")
        for name, (expected, description) in _PARAMETERS.items():
            if not isinstance(value.get(name), expected):
                raise MalformedRequest(f"The parameter '{name}' must be {description}.")
        return cls(value["query"], value.get("operationName") or None, value.get("variables") or {})
