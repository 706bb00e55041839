"""The field by which a query leads on to a stream."""

from typing import Any

from models.base import Base
from models.event_topics import topic_named
from resolvers.audiences import same_for_audience
from resolvers.scope import Scope
from schema.fields import derived_in_scope
from subscriptions.log.cursors import encode_cursor


def event_cursor(model: type[Base], stream: str) -> Any:
    """Return the field `eventCursor` of a row whose events the subscription `stream` tells."""

    @same_for_audience
    def cursor(row: Any, scope: Scope) -> str:
        # The version of a row is the position of the last event of its topic.
        return encode_cursor(scope.resources.epoch, {topic_named(model, row.id): row.version})

    return derived_in_scope(
        f"Where its events stand now: give it to `{stream}` as `after` to miss nothing.",
        cursor,
        needs=("version",),
    )
