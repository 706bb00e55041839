"""Notes that an act changes: locked with what they belong to, in an order that all acts keep."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from core.errors import InlineNoteKept, NotAllowed, NotFound
from models.companies import Company
from models.customers import Customer
from models.event_topics import topic_of
from models.notes import Note, NoteKind, visible_to
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from services.changes import FieldChange
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork

Owner = Ticket | Customer | Company


class NoteInHand:
    """A note, locked with what it belongs to by the act that changes it."""

    def __init__(
        self, work: UnitOfWork, note: Note, holder: TicketInHand | Customer | Company
    ) -> None:
        self.note = note
        self.ticket_in_hand = holder if isinstance(holder, TicketInHand) else None
        self.owner: Owner = holder.ticket if isinstance(holder, TicketInHand) else holder
        self._work = work
        work.happen_after(note.updated_at)

    async def record(self, event_type: str, payload: Mapping[str, Any]) -> None:
        """Write what the act did to the note, where the events of its owner stand."""
        of_note = {"note_id": self.note.id.hex, "kind": self.note.kind, **payload}
        # The database refuses every update of an inline note: its version stays as it was written.
        versions = [] if self.note.kind is NoteKind.INLINE else [self.note]
        if self.ticket_in_hand is None:
            self._work.record(
                event_type, of_note, topic=topic_of(self.owner), versions=[self.owner, *versions]
            )
        else:
            self.ticket_in_hand.record(event_type, of_note, versions=versions)
            await self.ticket_in_hand.finish()

    async def record_changes(self, changes: Sequence[FieldChange]) -> None:
        """Write what changed of the note as one event. No change, no event."""
        if changes:
            payload = {"changes": [change.as_payload() for change in changes]}
            await self.record("NoteChanged", payload)


async def take_note(work: UnitOfWork, viewer: Viewer, note_id: UUID) -> NoteInHand:
    """Lock a note for an act that leaves its text as it is: inline notes take part.

    Raises NotFound where the viewer does not see it, NotAllowed for who may write none.
    """
    locked = await lock_note(work, visible_to(viewer), Note.id == note_id)
    if locked is None:
        raise NotFound
    if not viewer.may(ApiScope.NOTES_WRITE):
        raise NotAllowed
    note, owner = locked
    return NoteInHand(work, note, TicketInHand(work, owner) if isinstance(owner, Ticket) else owner)


async def lock_note(work: UnitOfWork, *which: ColumnElement[bool]) -> tuple[Note, Owner] | None:
    """Lock one note and what it belongs to; return both, or None where there is none.

    The owner comes first, as with all acts on it: whatever is written of a note afterwards asks
    for the owner, too, so that two acts could wait for each other.
    """
    place = (
        await work.session.execute(
            select(Note.ticket_id, Note.customer_id, Note.company_id).where(*which)
        )
    ).one_or_none()
    if place is None:
        return None
    owner: Owner
    if place.ticket_id is not None:
        owner = await work.session.get_one(Ticket, place.ticket_id, with_for_update=True)
    elif place.customer_id is not None:
        owner = await work.session.get_one(Customer, place.customer_id, with_for_update=True)
    else:
        owner = await work.session.get_one(Company, place.company_id, with_for_update=True)
    # The note may have been deleted meanwhile.
    note = await work.session.scalar(
        select(Note).where(*which).with_for_update().execution_options(populate_existing=True)
    )
    if note is None:
        return None
    if note.customer_id != place.customer_id:
        return await lock_note(work, *which)  # the customer was merged meanwhile
    return note, owner


async def take_editable_note(work: UnitOfWork, viewer: Viewer, note_id: UUID) -> NoteInHand:
    """Lock a note for an act that changes what it says.

    Raises as `take_note` does, and NotAllowed for an inline one.
    """
    held = await take_note(work, viewer, note_id)
    if held.note.kind is NoteKind.INLINE:
        raise InlineNoteKept
    return held
