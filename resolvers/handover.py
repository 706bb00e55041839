"""What a colleague who takes over a ticket needs: what is on it, and what is new to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Uuid, and_, cast, false, func, select

from core.errors import (
    FieldErrorCode,
    FieldProblem,
    NotFound,
    ValidationFailed,
)
from core.pages import Order, Page, SortKey
from models import notes as note_rows
from models.base import Columns, project
from models.event_topics import topic_named
from models.events import Event, record_of
from models.messages import Message
from models.notes import Note, NoteKind, NoteReminder
from models.tickets import Ticket
from models.viewers import Viewer
from resolvers import messages as message_pages
from resolvers import notes as note_pages
from resolvers import ticket_changes, tickets
from resolvers.access import require_signed_in
from resolvers.batches import Family, PageArguments, load_pages
from resolvers.scope import Scope
from resolvers.ticket_changes import TicketChange

_LOG_ORDER = Order("seq+", (SortKey("seq", Event.seq, int), SortKey("id", Event.id, UUID)))


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is added to tickets, and the event that tells of it by an id of this name."""

    model: Any
    event_type: str
    id_name: str


_MESSAGES = _Kind(Message, "MessageAdded", "message_id")
_NOTES = _Kind(Note, "NoteAdded", "note_id")


@dataclass(frozen=True, slots=True)
class Handover:
    """A ticket, and the position in its events up to which the viewer knows it.

    `moment` is when that happened; at position 0, before all events, there is none.
    """

    ticket: Row[Any]
    position: int
    moment: datetime | None


async def of_ticket(scope: Scope, ticket_id: UUID, position: int | None) -> Handover:
    """Return from where on a ticket is new to the viewer: after their own last act, unless told.

    The ticket's row comes first, and with it where its events stand: whatever is read after it is
    as new at least, so that nothing is missed by a stream from there.

    Raises NotFound where the viewer does not see the ticket, and ValidationFailed at `since` for a
    position that the log does not hold.
    """
    require_signed_in(scope.viewer)
    ticket = (await tickets.by_id(scope, [ticket_id], None, None)).get(ticket_id)
    if ticket is None:
        raise NotFound
    is_last_known = _is_done_by(scope.viewer) if position is None else Event.seq == position
    found = await scope.fetch(
        select(Event.seq, Event.created_at)
        .where(Event.topic == topic_named(Ticket, ticket_id), is_last_known)
        .order_by(Event.seq.desc())
        .limit(1)
    )
    if found:
        return Handover(ticket, found[0].seq, found[0].created_at)
    if position:
        raise ValidationFailed(FieldProblem(("since",), FieldErrorCode.INVALID_CURSOR))
    return Handover(ticket, 0, None)


# The parents of these pages are tickets that the viewer has come to see already. `only` of the
# arguments is the position after which something is new.


async def messages(
    scope: Scope, ticket_ids: Sequence[UUID], arguments: PageArguments, columns: Columns
) -> Mapping[UUID, Page]:
    """Return one page of the messages that were added to each ticket since."""
    order = message_pages.OLDEST_FIRST
    wanted = None if columns is None else columns | order.columns
    new = _added_since(select(*project(Message, wanted)), _MESSAGES, ticket_ids, arguments.only)
    return await load_pages(scope, new, Family(ticket_ids, Message.ticket_id, order), arguments)


async def message_counts(
    scope: Scope, keys: Sequence[tuple[UUID, int]], position: int, _columns: Columns
) -> Mapping[tuple[UUID, int], int]:
    """Return how many messages were added since, by ticket and the count on its row."""
    if position == 0:
        return {key: key[1] for key in keys}
    topics = {topic_named(Ticket, key[0]): key for key in keys}
    rows = await scope.fetch(
        select(Event.topic, func.count().label("total"))
        .where(Event.topic.in_(topics), Event.seq > position, Event.type == _MESSAGES.event_type)
        .group_by(Event.topic)
    )
    return dict.fromkeys(keys, 0) | {topics[row.topic]: row.total for row in rows}


async def discussion(
    scope: Scope, ticket_ids: Sequence[UUID], arguments: PageArguments, columns: Columns
) -> Mapping[UUID, Page]:
    """Return one page of the inline notes that were written on each ticket since."""
    order = note_pages.OLDEST_FIRST
    wanted = None if columns is None else columns | order.columns
    readable = select(*project(Note, wanted)).where(
        Note.kind == NoteKind.INLINE, note_rows.visible_to(scope.viewer)
    )
    new = _added_since(readable, _NOTES, ticket_ids, arguments.only)
    return await load_pages(scope, new, Family(ticket_ids, Note.ticket_id, order), arguments)


async def changes(
    scope: Scope, ticket_ids: Sequence[UUID], arguments: PageArguments, _columns: Columns
) -> Mapping[UUID, Page]:
    """Return one page of what was done to each ticket since."""
    topics = {topic_named(Ticket, ticket_id): ticket_id for ticket_id in ticket_ids}
    new = select(Event.__table__).where(
        Event.topic.in_(topics),
        Event.seq > arguments.only,
        *ticket_changes.shown_to(scope.viewer),
    )
    pages = await load_pages(scope, new, Family(list(topics), Event.topic, _LOG_ORDER), arguments)
    return {topics[topic]: _as_changes(page) for topic, page in pages.items()}


async def reminders(
    scope: Scope, ticket_ids: Sequence[UUID], arguments: PageArguments, columns: Columns
) -> Mapping[UUID, Page]:
    """Return one page of the notes of each ticket that remind somebody, the earliest due first."""
    order = note_pages.DUE_FIRST
    open_ones = (
        select(*project(Note, columns), NoteReminder.due_at)
        .join(NoteReminder, NoteReminder.note_id == Note.id)
        .where(
            Note.ticket_id.in_(ticket_ids),
            NoteReminder.done_at.is_(None),
            note_rows.visible_to(scope.viewer),
        )
    )
    return await load_pages(scope, open_ones, Family(ticket_ids, Note.ticket_id, order), arguments)


def _is_done_by(viewer: Viewer) -> ColumnElement[bool]:
    actor = viewer.actor
    if actor is None:
        return false()
    return and_(Event.actor_kind == actor.kind, Event.actor_id == actor.id)


def _added_since(
    rows: Select[Any], kind: _Kind, ticket_ids: Sequence[UUID], position: int
) -> Select[Any]:
    """Limit rows to those of the tickets, and of these to what events after `position` tell of.

    When something was written does not tell: mail of the past may come in late.
    """
    if position == 0:
        return rows.where(kind.model.ticket_id.in_(ticket_ids))
    # Nothing but the key leads from the events to the rows: a database that may choose reads all
    # rows of a long chat, and for each of them the events.
    added_id = cast(Event.payload[kind.id_name].as_string(), Uuid())
    return rows.join(Event, kind.model.id == added_id).where(
        Event.topic.in_([topic_named(Ticket, ticket_id) for ticket_id in ticket_ids]),
        Event.seq > position,
        Event.type == kind.event_type,
    )


def _as_changes(page: Page) -> Page:
    return replace(page, rows=[TicketChange.of(record_of(row)) for row in page.rows])
