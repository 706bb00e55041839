"""The timeline of a ticket: messages, inline notes and changes, in the order they happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Subquery, case, cast, literal, select, union_all

from core.pages import Page, by_moment
from models.base import Columns
from models.event_topics import topic_named
from models.events import Event
from models.messages import Message
from models.notes import Note, NoteKind
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from resolvers import messages, notes, ticket_changes
from resolvers.batches import Family, PageArguments, load_pages
from resolvers.scope import Scope


class ItemKind(StrEnum):
    """What stands in a timeline."""

    MESSAGE = "MESSAGE"
    NOTE = "NOTE"
    CHANGE = "CHANGE"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """Something in a timeline: its place, and the row that shows it."""

    created_at: datetime
    id: UUID
    kind: ItemKind
    row: Any


async def by_ticket(
    scope: Scope, ticket_ids: Sequence[UUID], arguments: PageArguments, _columns: Columns
) -> Mapping[UUID, Page]:
    """Return one page of the timeline of each ticket that the viewer has come to see.

    The places come first, in one statement; then the rows, in one statement of each kind.
    """
    places = _places(scope.viewer, ticket_ids)
    order = by_moment("created_at", places.c.created_at, places.c.id)
    family = Family(ticket_ids, places.c.ticket_id, order)
    pages = await load_pages(scope, select(places), family, arguments)
    rows = await _rows(scope, ticket_ids, [row for page in pages.values() for row in page.rows])
    return {
        ticket_id: replace(
            page,
            rows=[
                TimelineEntry(place.created_at, place.id, ItemKind(place.kind), rows[place.id])
                for place in page.rows
                # What the viewer has lost sight of between the two reads is left out.
                if place.id in rows
            ],
        )
        for ticket_id, page in pages.items()
    }


def _places(viewer: Viewer, ticket_ids: Sequence[UUID]) -> Subquery:
    """Select where everything stands. Ticket notes do not: they have a panel of their own."""
    # PostgreSQL takes a parameter within CASE for text unless told what it is.
    ids_by_topic = {
        topic_named(Ticket, ticket_id): cast(ticket_id, Ticket.id.type) for ticket_id in ticket_ids
    }
    ticket_id = case(ids_by_topic, value=Event.topic)
    parts = [
        select(Message.ticket_id, Message.created_at, Message.id, _kind(ItemKind.MESSAGE)).where(
            Message.ticket_id.in_(ticket_ids)
        ),
        select(ticket_id, Event.created_at, Event.id, _kind(ItemKind.CHANGE)).where(
            Event.topic.in_(ids_by_topic), *ticket_changes.shown_to(viewer)
        ),
    ]
    if viewer.may(ApiScope.NOTES_READ):
        parts.append(
            select(Note.ticket_id, Note.created_at, Note.id, _kind(ItemKind.NOTE)).where(
                Note.ticket_id.in_(ticket_ids), Note.kind == NoteKind.INLINE
            )
        )
    return union_all(*parts).subquery()


def _kind(kind: ItemKind) -> Any:
    return literal(kind.value).label("kind")


def _topics(ticket_ids: Sequence[UUID]) -> list[str]:
    return [topic_named(Ticket, ticket_id) for ticket_id in ticket_ids]


async def _rows(
    scope: Scope, ticket_ids: Sequence[UUID], places: Sequence[Row[Any]]
) -> Mapping[UUID, Any]:
    ids: dict[str, list[UUID]] = {kind: [] for kind in ItemKind}
    for place in places:
        ids[place.kind].append(place.id)
    rows: dict[UUID, Any] = {}
    if ids[ItemKind.MESSAGE]:
        rows |= await messages.by_id(scope, ids[ItemKind.MESSAGE], None, None)
    if ids[ItemKind.NOTE]:
        rows |= await notes.by_id(scope, ids[ItemKind.NOTE], None, None)
    if ids[ItemKind.CHANGE]:
        rows |= await ticket_changes.by_id(scope, ids[ItemKind.CHANGE], _topics(ticket_ids))
    return rows
