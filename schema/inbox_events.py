"""A filtered list of tickets, live."""

from collections.abc import AsyncIterable
from typing import Annotated, Any

import strawberry

from core.errors import LimitReached
from core.ids import NodeKind, encode_global_id
from resolvers import inboxes, tickets
from resolvers.audiences import same_for_audience
from resolvers.scope import Scope
from schema.events import EventFields, EventRow, StreamReady, StreamReset, stream_signal
from schema.field_changes import FieldChange, shown_changes
from schema.fields import Info, derived, derived_in_scope, relation
from schema.live import Live
from schema.scalars import EventCursor
from schema.ticket_filters import TicketFilterInput, ticket_filter
from schema.tickets import Ticket
from subscriptions.inboxes import Moved, inbox_source
from subscriptions.log.cursors import MAX_CURSOR_TOPICS, encode_cursor
from subscriptions.views import Move

_TICKET = "The ticket as it is now; null when it has left since, which a later event tells."


@same_for_audience
def _changes(row: EventRow, scope: Scope) -> list[FieldChange]:
    return shown_changes(row.payload["changes"], scope)


@strawberry.type(description="A ticket is in the view now and was not before.")
class TicketEntered(EventFields):
    """A ticket came into the view."""

    ticket: Ticket | None = relation(_TICKET, tickets.by_id, key="ticket_id")
    changes: list[FieldChange] = derived_in_scope("What changed.", _changes, needs=("payload",))


@strawberry.type(description="Something happened to a ticket of the view.")
class TicketUpdated(EventFields):
    """Something happened to a ticket of the view."""

    ticket: Ticket | None = relation(_TICKET, tickets.by_id, key="ticket_id")
    changes: list[FieldChange] = derived_in_scope(
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
class InboxQuery:
    """Lists of tickets, where a stream goes on from them."""

    @strawberry.field(
        description=(
            "Where all lists of tickets stand now. Ask for it together with `tickets`, and give it "
            "to `inboxEvents` as `after`, to miss nothing."
        )
    )
    async def inbox_event_cursor(self, info: Info) -> EventCursor:
        """Return the place of the viewer's inboxes."""
        positions = await inboxes.positions(info.context)
        if len(positions) > MAX_CURSOR_TOPICS:
            raise LimitReached(MAX_CURSOR_TOPICS)
        return EventCursor(encode_cursor(info.context.resources.epoch, positions))


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
    ) -> AsyncIterable[InboxEvent]:
        """Follow a list of tickets."""
        wanted = ticket_filter(info.context.viewer, filter)
        streams = info.context.resources.streams
        return Live(await inbox_source(streams, info.context.viewer, wanted), _inbox_event, after)


def _inbox_event(item: Any) -> Any:
    if not isinstance(item, Moved):
        return stream_signal(item)
    shape = item.move and _TYPES[item.move]
    return shape and shape(row=EventRow.of(item.happened, ticket_id=item.ticket_id))
