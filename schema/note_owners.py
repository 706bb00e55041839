"""What a note belongs to."""

from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from schema.companies import Company
from schema.customers import Customer
from schema.registry import from_row_of
from schema.tickets import Ticket

NoteOwner = Annotated[
    Ticket | Customer | Company,
    strawberry.union("NoteOwner", description="What a note belongs to."),
]


def note_owner(found: tuple[NodeKind, Any] | None) -> Any:
    """Return the object that shows the owner of a note."""
    return None if found is None else from_row_of(found[0])(found[1])
