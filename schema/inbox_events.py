"""A filtered list of tickets, live."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import strawberry

from core.ids import NodeKind, encode_global_id
from resolvers import tickets
from schema.events import EventFields, EventRow, StreamReady, StreamReset, stream_signal
from schema.field_changes import FieldChange
from schema.fields import Info, derived, relation
from schema.scalars import EventCursor
from schema.ticket_filters import TicketFilterInput, ticket_filter
from schema.tickets import Ticket
from subscriptions.inboxes import Move, Moved, inbox_moves

_TICKET = "The ticket as it is now; null when it has left since, which a later event tells."


def _changes(row: EventRow) -> list[FieldChange]:
    return [FieldChange.from_payload(change) for change in row.payload["changes"]]


@strawberry.type(description="A ticket is in the view now and was not before.")
class TicketEntered(EventFields):
    """A ticket came into the view."""

    ticket: Ticket | None = relation(_TICKET, tickets.by_id, key="ticket_id")
    changes: list[FieldChange] = derived("What changed.", _changes, needs=("payload",))


@strawberry.type(description="Something happened to a ticket of the view.")
class TicketUpdated(EventFields):
    """Something happened to a ticket of the view."""

    ticket: Ticket | None = relation(_TICKET, tickets.by_id, key="ticket_id")
    changes: list[FieldChange] = derived(
        "Which fields changed; none when a message, a note or a star was added.",
        _changes,
        needs=("payload",),
    )


@strawberry.type(description="A ticket was in the view and is not now.")
class TicketLeft(EventFields):
    """A ticket left the view."""

    ticket_id: strawberry.ID = derived(
        "The ticket.",
        lambda row: encode_global_id(NodeKind.TICKET, row.ticket_id),
        needs=("ticket_id",),
    )


InboxEvent = Annotated[
    StreamReady | StreamReset | TicketEntered | TicketUpdated | TicketLeft,
    strawberry.union("InboxEvent", description="What can happen to a list of tickets."),
]

_TYPES: dict[Move, Any] = {
    Move.ENTERED: TicketEntered,
    Move.CHANGED: TicketUpdated,
    Move.LEFT: TicketLeft,
}


@strawberry.type
class InboxSubscription:
    """Lists of tickets, live."""

    @strawberry.subscription(
        description=(
            "What happens to the tickets that a filter shows: which enter, change and leave. "
            "Begins with StreamReady, or with what has happened since `after`."
        )
    )
    async def inbox_events(
        self,
        info: Info,
        filter: Annotated[
            TicketFilterInput | None,
            strawberry.argument(description="Which tickets; all that the viewer sees unless told."),
        ] = None,
        after: Annotated[
            EventCursor | None,
            strawberry.argument(description="Where to go on: the last cursor you got."),
        ] = None,
    ) -> AsyncGenerator[InboxEvent, None]:
        """Follow a list of tickets."""
        wanted = ticket_filter(filter)
        streams = info.context.resources.streams
        return _shown(await inbox_moves(streams, info.context.viewer, wanted, after))


async def _shown(items: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    async with aclosing(items):
        async for item in items:
            if isinstance(item, Moved):
                yield _TYPES[item.move](row=EventRow.of(item.happened, item.ticket_id))
            else:
                yield stream_signal(item)
