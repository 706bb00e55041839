"""Taking over a ticket from a colleague: what is on it, and what is new."""

from datetime import datetime
from operator import attrgetter
from typing import Annotated
from uuid import UUID

import strawberry

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from core.ids import NodeKind
from models.event_topics import topic_named
from models.notes import NoteKind
from models.tickets import Ticket as TicketRow
from resolvers import favorites, handover, notes
from resolvers.global_ids import row_id_of
from schema.favorites import Favorite
from schema.fields import Info
from schema.messages import Message
from schema.notes import Note
from schema.pages import Connection, paged
from schema.scalars import EventCursor
from schema.ticket_changes import TicketChange
from schema.tickets import Ticket
from subscriptions.log.cursors import InvalidCursor, ResetReason, decode_cursor, encode_cursor

_TICKET_ID = attrgetter("row_id")
_SINCE = attrgetter("position")


@strawberry.type(
    description="What a colleague who takes over a ticket needs. New is what happened after "
    "`since`; without it, after the viewer's own last act on the ticket."
)
class Handover:
    """What a colleague who takes over a ticket needs."""

    row_id: strawberry.Private[UUID]
    position: strawberry.Private[int]
    ticket: Ticket = strawberry.field(description="The ticket.")
    cursor: EventCursor = strawberry.field(
        description="Where the ticket's events stand now: keep it and send it as `since` next "
        "time, and give it to `ticketEvents` as `after` to miss nothing until then."
    )
    since_moment: datetime | None = strawberry.field(
        description="When that happened after which all is new; null where the ticket is new to "
        "the viewer from its beginning."
    )

    favorites: Connection[Favorite] = paged(
        "All its favourites, in the order of the conversation.",
        favorites.by_ticket,
        parent=_TICKET_ID,
    )

    reminders: Connection[Note] = paged(
        "Its notes that remind somebody, whomever, and are not ticked off: the earliest due first.",
        handover.reminders,
        parent=_TICKET_ID,
    )

    notes: Connection[Note] = paged(
        "All its ticket notes, oldest first.",
        notes.by_ticket,
        parent=_TICKET_ID,
        only=lambda _shown: NoteKind.TICKET,
    )

    changes: Connection[TicketChange] = paged(
        "What was done to it since, oldest first: fields, stars and the like.",
        handover.changes,
        parent=_TICKET_ID,
        only=_SINCE,
    )

    messages: Connection[Message] = paged(
        "The messages that came in or were sent since, oldest first; also mail of the "
        "past that was imported since.",
        handover.messages,
        parent=_TICKET_ID,
        only=_SINCE,
    )

    @strawberry.field(description="How many messages came in or were sent since.")
    async def message_count(self, info: Info) -> int:
        """Count the new messages."""
        key = (self.row_id, self.ticket.row.message_count)
        return int(await info.context.load(handover.message_counts, key, self.position))

    discussion: Connection[Note] = paged(
        "What the team discussed since: its new inline notes, oldest first.",
        handover.discussion,
        parent=_TICKET_ID,
        only=_SINCE,
    )


@strawberry.type
class HandoverQuery:
    """Taking over tickets."""

    @strawberry.field(
        description="What a colleague who takes over a ticket needs, in one query. `NOT_FOUND` "
        "where the viewer does not see the ticket."
    )
    async def handover(
        self,
        info: Info,
        ticket_id: Annotated[strawberry.ID, strawberry.argument(description="The ticket.")],
        since: Annotated[
            EventCursor | None,
            strawberry.argument(
                description="Up to where the viewer knows the ticket: the `cursor` of an earlier "
                "handover, the ticket's `eventCursor`, or the last cursor of its `ticketEvents`."
            ),
        ] = None,
    ) -> Handover:
        """Load what is new on a ticket, and what is on it."""
        row_id = row_id_of(ticket_id, NodeKind.TICKET, "ticketId")
        epoch = info.context.resources.epoch
        topic = topic_named(TicketRow, row_id)
        position = None if since is None else _position(topic, since, epoch)
        found = await handover.of_ticket(info.context, row_id, position)
        return Handover(
            row_id=row_id,
            position=found.position,
            ticket=Ticket.from_row(found.ticket),
            cursor=EventCursor(encode_cursor(epoch, {topic: found.ticket.version})),
            since_moment=found.moment,
        )


def _position(topic: str, since: str, epoch: str) -> int:
    """Return the position in a topic that a cursor of this topic alone stands at.

    Raises ValidationFailed at `since` for any other text.
    """
    refusal = ValidationFailed(FieldProblem(("since",), FieldErrorCode.INVALID_CURSOR))
    try:
        positions = decode_cursor(since, epoch)
    except InvalidCursor:
        raise refusal from None
    if isinstance(positions, ResetReason) or positions.keys() != {topic}:
        raise refusal
    return positions[topic]
