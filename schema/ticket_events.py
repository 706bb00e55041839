"""What happens to a ticket, live."""

from collections.abc import AsyncIterable
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry

from core import clock
from core.ids import NodeKind, encode_global_id
from models import favorites as favorite_rows
from models.actors import ActorKind
from models.viewers import ApiScope
from resolvers import messages, ticket_changes, tickets
from resolvers.audiences import same_for_audience
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from schema.chat_changes import ChatEnded, ChatResumed, ChatRevoked
from schema.events import EventFields, EventRow, StreamReady, StreamReset, stream_signal
from schema.favorites import Favorite
from schema.field_changes import FieldChange, shown_changes
from schema.fields import Info, derived, derived_in_scope, relation
from schema.live import Live
from schema.messages import Message
from schema.note_events import NoteAdded, NoteChanged, NoteDeleted
from schema.scalars import EventCursor
from schema.ticket_changes import TicketChange
from schema.tickets import Ticket
from subscriptions.log.following import Happened, Item
from subscriptions.tickets import AccessLost as Lost
from subscriptions.tickets import TicketSource


def _ticket_now() -> Any:
    """Return the field by which a client keeps the ticket's counts and moments up to date."""
    return relation(
        "The ticket as it is now, which may be after later events.", tickets.by_id, key="ticket_id"
    )


def _change() -> Any:
    return derived(
        "The event as the ticket's `changes` and `timeline` show it.",
        lambda row: TicketChange.from_row(ticket_changes.TicketChange.of(row.record)),
        needs=("record",),
    )


@strawberry.type(description="The ticket was opened.")
class TicketCreated(EventFields):
    """The ticket was opened."""

    ticket: Ticket = _ticket_now()
    change: TicketChange = _change()


@strawberry.type(description="A customer or an agent wrote.")
class MessageAdded(EventFields):
    """A customer or an agent wrote."""

    message: Message = relation("The message.", messages.by_id, key="message_id")


@strawberry.type(description="A message has come further on its way out, or not any further.")
class DeliveryChanged(EventFields):
    """A message has come further on its way out, or not any further."""

    message: Message = relation(
        "The message, with its delivery as it is now, which may be after later events.",
        messages.by_id,
        key="message_id",
    )


@same_for_audience
def _favorite_count_then(row: EventRow, scope: Scope) -> int:
    sees_all = scope.viewer.may(ApiScope.NOTES_READ)
    count: int = row.payload["favorite_count" if sees_all else "message_favorite_count"]
    return count


_COUNT_THEN = "How many the ticket had then that the viewer may see."


@strawberry.type(description="A message or note got a star.")
class FavoriteAdded(EventFields):
    """A message or note got a star."""

    favorite: Favorite = strawberry.field(description="The star, as it was put.")
    favorite_count: int = derived_in_scope(_COUNT_THEN, _favorite_count_then, needs=("payload",))
    change: TicketChange = _change()


@strawberry.type(description="A star was taken away.")
class FavoriteRemoved(EventFields):
    """A star was taken away."""

    item_id: strawberry.ID = strawberry.field(description="The message or note.")
    favorite_count: int = derived_in_scope(_COUNT_THEN, _favorite_count_then, needs=("payload",))
    ticket: Ticket = _ticket_now()
    change: TicketChange = _change()


@strawberry.type(description="Fields of the ticket changed.")
class TicketChanged(EventFields):
    """Fields of the ticket changed."""

    ticket: Ticket = _ticket_now()
    changes: list[FieldChange] = derived_in_scope(
        "What changed.",
        same_for_audience(lambda row, scope: shown_changes(row.payload["changes"], scope)),
        needs=("payload",),
    )
    change: TicketChange = _change()


@strawberry.type(
    description="The viewer sees what this is about no more. The stream ends with this."
)
class AccessLost(EventFields):
    """The viewer sees what this is about no more."""


TicketEvent = Annotated[
    StreamReady
    | StreamReset
    | TicketCreated
    | MessageAdded
    | DeliveryChanged
    | NoteAdded
    | NoteChanged
    | NoteDeleted
    | FavoriteAdded
    | FavoriteRemoved
    | TicketChanged
    | ChatEnded
    | ChatResumed
    | ChatRevoked
    | AccessLost,
    strawberry.union("TicketEvent", description="What can happen to a ticket."),
]

_PLAIN_TYPES: dict[str, Any] = {
    "TicketCreated": TicketCreated,
    "MessageAdded": MessageAdded,
    "DeliveryChanged": DeliveryChanged,
    "NoteAdded": NoteAdded,
    "NoteChanged": NoteChanged,
    "NoteDeleted": NoteDeleted,
    "TicketChanged": TicketChanged,
    "ChatEnded": ChatEnded,
    "ChatResumed": ChatResumed,
    "ChatRevoked": ChatRevoked,
}


def favorite_event(happened: Happened, ticket_id: UUID) -> FavoriteAdded | FavoriteRemoved:
    """Return the object that shows a star put or taken away, as it was then."""
    row = EventRow.of(happened, ticket_id=ticket_id)
    if happened.record.type == "FavoriteAdded":
        return FavoriteAdded(row=row, favorite=_favorite_then(row))
    if row.message_id is not None:
        item_id = encode_global_id(NodeKind.MESSAGE, row.message_id)
    else:
        item_id = encode_global_id(NodeKind.NOTE, UUID(row.payload["note_id"]))
    return FavoriteRemoved(row=row, item_id=strawberry.ID(item_id))


def ticket_event(item: Item | Lost, ticket_id: UUID) -> Any:
    """Return the object that shows an item of a ticket's stream.

    None for an event of a type that only a newer version knows, as while servers are replaced one
    by one.
    """
    if isinstance(item, Lost):
        return AccessLost(row=EventRow(item.cursor, clock.now()))
    if not isinstance(item, Happened):
        return stream_signal(item)
    if item.record.type in ("FavoriteAdded", "FavoriteRemoved"):
        return favorite_event(item, ticket_id)
    shape = _PLAIN_TYPES.get(item.record.type)
    return shape and shape(row=EventRow.of(item, ticket_id=ticket_id))


def _favorite_then(row: EventRow) -> Favorite:
    kept = row.payload
    then = favorite_rows.Favorite(
        id=UUID(kept["favorite_id"]),
        ticket_id=row.ticket_id,
        message_id=row.message_id,
        note_id=row.note_id,
        added_by_kind=ActorKind(kept["added_by_kind"]),
        added_by_id=UUID(kept["added_by_id"]) if kept["added_by_id"] else None,
        added_at=datetime.fromisoformat(kept["added_at"]),
    )
    return Favorite(row=then)


@strawberry.type
class TicketSubscription:
    """Tickets, live."""

    @strawberry.subscription(
        description=(
            "Everything that happens to a ticket, in order and once. Begins with StreamReady, or "
            "with what has happened since `after`."
        )
    )
    async def ticket_events(
        self,
        info: Info,
        ticket_id: Annotated[strawberry.ID, strawberry.argument(description="The ticket.")],
        after: Annotated[
            EventCursor | None,
            strawberry.argument(description="Where to go on: the last cursor you got."),
        ] = None,
    ) -> AsyncIterable[TicketEvent]:
        """Follow a ticket."""
        row_id = row_id_of(ticket_id, NodeKind.TICKET, "ticketId")
        streams = info.context.resources.streams
        await streams.access.require(info.context.viewer, NodeKind.TICKET, row_id)
        return Live(TicketSource(streams, row_id), partial(ticket_event, ticket_id=row_id), after)
