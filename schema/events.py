"""What all events of all streams have in common."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from core import clock
from models.actors import ActorKind
from models.event_records import EventRecord
from resolvers import actors
from schema.actors import Actor, wrap_actor
from schema.fields import column, relation
from schema.nodes import FromRow
from schema.scalars import EventCursor
from subscriptions.log.cursors import ResetReason
from subscriptions.log.following import Gap, Happened, Ready

strawberry.enum(ResetReason, description="Why a stream could not go on from where it stood.")

# What payloads name, in hexadecimal, of the rows that an event leads to.
_NAMED = (
    "ticket_id",
    "message_id",
    "note_id",
    "notification_id",
    "profile_id",
    "interaction_id",
    "draft_id",
    "brand_id",
    "move_id",
)
_CURSOR = "The place just after this event. Give it as `after` to go on from here."


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as the fields of its object read it, with the ids that lead on from it."""

    cursor: str
    occurred_at: datetime
    actor_kind: ActorKind | None = None
    actor_id: UUID | None = None
    agent_id: UUID | None = None
    customer_id: UUID | None = None
    company_id: UUID | None = None
    ticket_id: UUID | None = None
    message_id: UUID | None = None
    note_id: UUID | None = None
    notification_id: UUID | None = None
    profile_id: UUID | None = None
    interaction_id: UUID | None = None
    draft_id: UUID | None = None
    brand_id: UUID | None = None
    move_id: UUID | None = None
    payload: Any = None
    record: EventRecord | None = None

    @classmethod
    def of(cls, happened: Happened, **about: UUID) -> Self:
        """Return the row of an event.

        `about` are ids that its payload does not name: `ticket_id` of what happened to a ticket.
        """
        record: EventRecord = happened.record
        named = {name: UUID(record.payload[name]) for name in _NAMED if record.payload.get(name)}
        return cls(
            cursor=happened.cursor,
            occurred_at=record.occurred_at,
            actor_kind=ActorKind(record.actor_kind),
            actor_id=record.actor_id,
            payload=record.payload,
            record=record,
            **(named | about),
        )


@strawberry.interface(description="Something that happened, at its place in a stream.")
class Event:
    """Something that happened."""

    cursor: EventCursor = strawberry.field(description=_CURSOR)


@strawberry.type
class EventFields(FromRow, Event):
    """The fields of every event."""

    cursor: EventCursor = column(_CURSOR)
    actor: Actor | None = relation(
        "Who caused it; null for what nobody caused.",
        actors.by_key,
        key=("actor_kind", "actor_id"),
        wrap=wrap_actor,
    )
    occurred_at: datetime = column("When it happened, or was found out.")


@strawberry.type(description="The stream has begun: what happens from now on will come.")
class StreamReady(EventFields):
    """The stream has begun."""


@strawberry.type(
    description="What happened before cannot be told any more: fetch anew. The stream goes on."
)
class StreamReset(EventFields):
    """A gap that could not be filled."""

    reason: ResetReason = strawberry.field(description="Why.")


def stream_signal(item: Ready | Gap) -> StreamReady | StreamReset:
    """Return the object that shows the beginning of a stream, or a gap in it."""
    row = EventRow(item.cursor, clock.now())
    if isinstance(item, Gap):
        return StreamReset(row=row, reason=item.reason)
    return StreamReady(row=row)
