"""Writing notes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from core.errors import FieldErrorCode, FieldProblem
from core.errors import ValidationFailed as Refused
from core.ids import NodeKind
from models.notes import NoteKind
from resolvers import notes
from resolvers.global_ids import optional_row_id, row_id_of
from schema.errors import (
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info
from schema.inputs import IDEMPOTENCY_KEY, attachment_row_ids
from schema.notes import Note
from services.notes import NewNote

_OWNERS = {
    NoteKind.INLINE: ("ticketId", NodeKind.TICKET),
    NoteKind.TICKET: ("ticketId", NodeKind.TICKET),
    NoteKind.CUSTOMER: ("customerId", NodeKind.CUSTOMER),
    NoteKind.COMPANY: ("companyId", NodeKind.COMPANY),
}


@strawberry.input(
    description="A new note, and the one thing it belongs to: the ticket, customer or company "
    "that suits its kind."
)
class NoteAddInput:
    """A new note."""

    kind: NoteKind = strawberry.field(description="What it belongs to.")
    body: str = strawberry.field(
        description="The text, at most 10,000 characters. `@name` mentions an agent."
    )
    ticket_id: strawberry.ID | None = strawberry.field(
        default=None, description="The ticket of an inline or a ticket note."
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="The customer of a customer note."
    )
    company_id: strawberry.ID | None = strawberry.field(
        default=None, description="The company of a company note."
    )
    attachment_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Uploaded files, five at most, for inline notes only."
    )
    remind_at: datetime | None = strawberry.field(
        default=None, description="Makes the note a reminder, due at this moment."
    )
    remind_whom_id: strawberry.ID | None = strawberry.field(
        default=None, description="The agent to be reminded; the writer unless told otherwise."
    )
    todos: list[str] | None = strawberry.field(
        default=None, description="A to-do list: 50 items at most, of 2,000 characters each."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def note(self) -> NewNote:
        """Return the note to write. Raises ValidationFailed for wrong ids."""
        return NewNote(
            kind=self.kind,
            owner_id=self._owner_id(),
            body=self.body,
            attachment_ids=attachment_row_ids(self.attachment_ids),
            remind_at=self.remind_at,
            remind_whom_id=optional_row_id(
                self.remind_whom_id, NodeKind.AGENT, "input", "remindWhomId"
            ),
            todos=self.todos or (),
        )

    def _owner_id(self) -> UUID:
        wanted, node_kind = _OWNERS[self.kind]
        given = {
            "ticketId": self.ticket_id,
            "customerId": self.customer_id,
            "companyId": self.company_id,
        }
        owner_id = given.pop(wanted)
        problems = [
            FieldProblem(("input", other), FieldErrorCode.NOT_ALLOWED_VALUE)
            for other, text in given.items()
            if text is not None
        ]
        if owner_id is None:
            problems.append(FieldProblem(("input", wanted), FieldErrorCode.REQUIRED))
        if owner_id is None or problems:
            raise Refused(*problems)
        return row_id_of(owner_id, node_kind, "input", wanted)


@strawberry.type(description="The note is written.")
class NoteAddSuccess:
    """The note is written."""

    note: Note = strawberry.field(description="The note.")


NoteAddResult = Annotated[
    NoteAddSuccess | ValidationFailed | NotFound | NotAllowed | LimitReached | IdempotencyKeyReused,
    strawberry.union("NoteAddResult", description="The note, or why there is none."),
]


@strawberry.type
class NoteMutation:
    """Writing notes."""

    @strawberry.mutation(
        description="Write a private note. An inline one can never be changed or removed."
    )
    async def note_add(self, info: Info, input: NoteAddInput) -> NoteAddResult:
        """Write a note."""
        note = await notes.add(info.context, input.note(), input.idempotency_key)
        return NoteAddSuccess(note=Note.from_row(note))
