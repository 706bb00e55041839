"""Notes on customers that move to another one.

The version of a note is a place in the log of whom it is on. So it gets another one with the move,
and what was loaded before cannot be compared with what is changed after.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select

from models.customers import Customer
from models.notes import Note
from services.changes import FieldChange
from services.unit_of_work import UnitOfWork


async def move(work: UnitOfWork, which: ColumnElement[bool], becomes: Customer) -> Sequence[Note]:
    """Put notes on another customer, and return them."""
    rows = await work.session.scalars(
        select(Note)
        .where(which)
        .order_by(Note.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    notes = rows.all()
    for note in notes:
        note.customer_id = becomes.id
    return notes


def as_payload(note: Note) -> dict[str, Any]:
    """Return what the log keeps of a note that moved: each field counts as changed.

    Whoever saves over what they loaded before is told to load it again, since nobody could say
    what was changed in between.
    """
    fields = ("body", "remindAt", "remindWhom")
    return {
        "note_id": note.id.hex,
        "changes": [FieldChange(field, None, None).as_payload() for field in fields],
    }
