"""Showing what happens to one row."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from core import clock
from schema.events import EventRow, stream_signal
from schema.ticket_events import AccessLost
from subscriptions.log.following import Happened
from subscriptions.tickets import AccessLost as Lost


def showing(shapes: Mapping[str, Any], **about: UUID) -> Callable[[Any], object | None]:
    """Return what shows the items of a row's stream, each event in the shape of its type.

    `about` are ids that payloads do not name, as for `EventRow.of`.
    """

    def show(item: Any) -> object | None:
        if isinstance(item, Lost):
            return AccessLost(row=EventRow(item.cursor, clock.now()))
        if not isinstance(item, Happened):
            return stream_signal(item)
        # A process of a newer version may write events of other types.
        shape = shapes.get(item.record.type)
        return shape and shape(row=EventRow.of(item, **about))

    return show
