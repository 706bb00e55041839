"""The history of tickets: what happened to them, out of the event log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from core.pages import Order, Page, SortKey
from models.actors import ActorKind
from models.base import Columns
from models.event_records import EventRecord
from models.event_topics import topic_named
from models.events import Event, record_of
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from resolvers.audiences import same_for_audience
from resolvers.batches import Family, PageArguments, load_pages
from resolvers.scope import Scope


class TicketAction(StrEnum):
    """What was done to a ticket."""

    CREATED = "CREATED"
    FIELDS_CHANGED = "FIELDS_CHANGED"
    FAVORITE_ADDED = "FAVORITE_ADDED"
    FAVORITE_REMOVED = "FAVORITE_REMOVED"
    NOTE_DELETED = "NOTE_DELETED"
    CHAT_ENDED = "CHAT_ENDED"
    CHAT_RESUMED = "CHAT_RESUMED"
    CHAT_REVOKED = "CHAT_REVOKED"


# Messages and notes are no changes: they tell of themselves, and notes keep their revisions.
_ACTIONS = {
    "TicketCreated": TicketAction.CREATED,
    "TicketChanged": TicketAction.FIELDS_CHANGED,
    "FavoriteAdded": TicketAction.FAVORITE_ADDED,
    "FavoriteRemoved": TicketAction.FAVORITE_REMOVED,
    "NoteDeleted": TicketAction.NOTE_DELETED,
    "ChatEnded": TicketAction.CHAT_ENDED,
    "ChatResumed": TicketAction.CHAT_RESUMED,
    "ChatRevoked": TicketAction.CHAT_REVOKED,
}


@dataclass(frozen=True, slots=True)
class TicketChange:
    """An event of a ticket as its history shows it, with the ids that lead on from it."""

    id: UUID
    seq: int
    action: TicketAction
    actor_kind: ActorKind
    actor_id: UUID | None
    occurred_at: datetime
    changes: Sequence[Mapping[str, Any]]
    message_id: UUID | None
    note_id: UUID | None

    @classmethod
    def of(cls, event: EventRecord) -> Self:
        """Return the change that an event of the log tells of."""
        payload = event.payload
        return cls(
            id=event.id,
            seq=event.sequence,
            action=_ACTIONS[event.type],
            actor_kind=ActorKind(event.actor_kind),
            actor_id=event.actor_id,
            occurred_at=event.occurred_at,
            changes=payload.get("changes", ()),
            message_id=_optional_id(payload.get("message_id")),
            note_id=_optional_id(payload.get("note_id")),
        )


def shown_to(viewer: Viewer) -> list[ColumnElement[bool]]:
    """Limit the events of tickets to changes; what tells of a note is for those who read notes."""
    changes = Event.type.in_(_ACTIONS)
    if viewer.may(ApiScope.NOTES_READ):
        return [changes]
    return [changes, Event.payload["note_id"].as_string().is_(None)]


@same_for_audience
async def by_ticket(
    scope: Scope, ticket_ids: Sequence[UUID], arguments: PageArguments, _columns: Columns
) -> Mapping[UUID, Page]:
    """Return one page of changes for each ticket that the viewer has come to see."""
    topics = {topic_named(Ticket, ticket_id): ticket_id for ticket_id in ticket_ids}
    changes = _select(Event.topic.in_(topics), *shown_to(scope.viewer))
    pages = await load_pages(scope, changes, Family(list(topics), Event.topic, _ORDER), arguments)
    return {topics[topic]: _with_changes(page) for topic, page in pages.items()}


async def by_id(
    scope: Scope, ids: Sequence[UUID], topics: Sequence[str]
) -> Mapping[UUID, TicketChange]:
    """Return changes of tickets that the viewer has come to see, given by their topics."""
    rows = await scope.fetch(_select(Event.id.in_(ids), Event.topic.in_(topics)))
    return {row.id: TicketChange.of(record_of(row)) for row in rows}


_ORDER = Order("seq+", (SortKey("seq", Event.seq, int), SortKey("id", Event.id, UUID)))


def _select(*clauses: ColumnElement[bool]) -> Select[Any]:
    return select(Event.__table__).where(*clauses)


def _with_changes(page: Page) -> Page:
    return replace(page, rows=[TicketChange.of(record_of(row)) for row in page.rows])


def _optional_id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
