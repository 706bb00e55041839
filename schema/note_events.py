"""What happens to notes, as the streams of tickets, customers and companies tell it."""

import strawberry

from core.ids import NodeKind, encode_global_id
from resolvers import note_owners, notes, ticket_changes
from schema.events import EventFields, EventRow
from schema.field_changes import FieldChange
from schema.fields import derived, relation
from schema.note_owners import NoteOwner, note_owner
from schema.notes import Note
from schema.ticket_changes import TicketChange


@strawberry.type(description="Somebody wrote a private note.")
class NoteAdded(EventFields):
    """Somebody wrote a note."""

    note: Note = relation("The note.", notes.by_id_even_deleted, key="note_id")


@strawberry.type(
    description="Somebody edited a note, or ticked off its reminder or an item of its to-do list. "
    "The text of an inline note never changes."
)
class NoteChanged(EventFields):
    """Somebody edited a note, or ticked something off."""

    note: Note = relation(
        "The note as it is now, which may be after later events.",
        notes.by_id_even_deleted,
        key="note_id",
    )
    changes: list[FieldChange] = derived(
        "What changed.",
        lambda row: [FieldChange.from_payload(change) for change in row.payload["changes"]],
        needs=("payload",),
    )


def _ticket_change(row: EventRow) -> TicketChange | None:
    if row.ticket_id is None or row.record is None:
        return None
    return TicketChange.from_row(ticket_changes.TicketChange.of(row.record))


@strawberry.type(description="Somebody deleted a note. Inline notes are never deleted.")
class NoteDeleted(EventFields):
    """Somebody deleted a note."""

    note_id: strawberry.ID = derived(
        "The note.",
        lambda row: encode_global_id(NodeKind.NOTE, row.note_id),
        needs=("note_id",),
    )
    owner: NoteOwner = relation(
        "What it belonged to, as it is now.",
        note_owners.by_key,
        key=("ticket_id", "customer_id", "company_id"),
        wrap=note_owner,
    )
    ticket_change: TicketChange | None = derived(
        "The event as the ticket's `changes` and `timeline` show it; null for a note on a customer "
        "or a company.",
        _ticket_change,
        needs=("ticket_id", "record"),
    )
