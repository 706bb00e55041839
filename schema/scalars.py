"""The scalars of the API."""

from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

EventCursor = NewType("EventCursor", str)


def _parse_moment(value: Any) -> datetime:
    if not isinstance(value, str):
        message = "A DateTime is a text such as 2026-11-21T09:30:00Z."
        raise GraphQLError(message)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        message = "A DateTime is a text such as 2026-11-21T09:30:00Z."
        raise GraphQLError(message) from None
    if moment.tzinfo is None:
        message = "A DateTime needs a time zone, such as Z or +03:00."
        raise GraphQLError(message)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        message = "This DateTime is out of range."
        raise GraphQLError(message) from None


def _parse_text(value: Any) -> str:
    if not isinstance(value, str):
        message = "An EventCursor is a text that the API gave out."
        raise GraphQLError(message)
    return value


def format_moment(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC."""
    return moment.isoformat().replace("+00:00", "Z")


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment: RFC 3339, answered in UTC. Inputs need a time zone.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=format_moment,
        parse_value=_parse_moment,
    ),
    EventCursor: strawberry.scalar(
        name="EventCursor",
        description="An opaque place in one event stream. Give it as `after` to go on from there.",
        serialize=str,
        parse_value=_parse_text,
    ),
}
