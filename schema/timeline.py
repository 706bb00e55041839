"""The timeline of a ticket."""

from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from core.pages import Page
from resolvers.timeline import ItemKind
from schema.messages import Message
from schema.notes import Note
from schema.pages import Connection
from schema.ticket_changes import TicketChange

TimelineItem = Annotated[
    Message | Note | TicketChange,
    strawberry.union("TimelineItem", description="What stands in a timeline."),
]

# What `around` can be given to find one's place.
TIMELINE_KINDS = (NodeKind.MESSAGE, NodeKind.NOTE, NodeKind.TICKET_CHANGE)

_TYPES: dict[ItemKind, Any] = {
    ItemKind.MESSAGE: Message,
    ItemKind.NOTE: Note,
    ItemKind.CHANGE: TicketChange,
}


@strawberry.type(description="One page of a timeline.")
class TimelineConnection(Connection[TimelineItem]):
    """One page of a timeline."""


def timeline_connection(page: Page) -> TimelineConnection:
    """Make a connection of a page of entries."""
    nodes = [_TYPES[entry.kind].from_row(entry.row) for entry in page.rows]
    return TimelineConnection(page=page, nodes=nodes, total_count=page.total)
