"""Writing, editing and deleting notes."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.errors import FieldErrorCode, FieldProblem
from core.errors import ValidationFailed as Refused
from core.ids import NodeKind
from models.notes import NoteKind
from resolvers import notes
from resolvers.global_ids import optional_row_id, row_id_of
from schema.errors import (
    EditConflict,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info
from schema.inputs import (
    EXPECTED_VERSION,
    IDEMPOTENCY_KEY,
    MERGED_FIELDS,
    attachment_row_ids,
    present,
)
from schema.note_owners import NoteOwner
from schema.notes import Note
from schema.registry import object_of
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
        description="The text, at most 10,000 characters. `@` and the full name of an agent who "
        "may read the note mentions them: letter case and accents do not matter."
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
    corrects_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The inline note of the same ticket that this inline note corrects. A "
        "correction of a correction corrects the first note.",
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
            corrects_id=optional_row_id(self.corrects_id, NodeKind.NOTE, "input", "correctsId"),
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


@strawberry.input(
    description="Changes of a note that is not inline. Absent leaves a field, null clears it."
)
class NoteUpdateInput:
    """Changes of a note."""

    note_id: strawberry.ID = strawberry.field(description="The note.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    body: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The text, at most 10,000 characters. `@` and a full name mentions an agent; "
        "each is told of the note once. Cannot be cleared.",
    )
    remind_at: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="When it is to be remembered. A moved reminder is to be done and told anew; "
        "null makes the note no reminder any more.",
    )
    remind_whom_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The agent to be reminded; with null, or with a first `remindAt`, the one who "
        "saves unless told otherwise.",
    )

    def changes(self) -> dict[str, Any]:
        """Return the fields that are present. Raises ValidationFailed for a wrong agent id."""
        wanted = present(self, "body", "remind_at", "remind_whom_id")
        if "remind_whom_id" in wanted:
            wanted["remind_whom_id"] = optional_row_id(
                wanted["remind_whom_id"], NodeKind.AGENT, "input", "remindWhomId"
            )
        return wanted


@strawberry.type(description="The note is as the editor wants it.")
class NoteUpdateSuccess:
    """The note is as the editor wants it."""

    note: Note = strawberry.field(
        description="The note as it is now. Send its `version` with the next save."
    )
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


NoteUpdateResult = Annotated[
    NoteUpdateSuccess | ValidationFailed | NotFound | NotAllowed | EditConflict,
    strawberry.union("NoteUpdateResult", description="The note, or why nothing was changed."),
]


@strawberry.input(description="A note to delete. Inline ones stay.")
class NoteDeleteInput:
    """A note to delete."""

    note_id: strawberry.ID = strawberry.field(description="The note.")
    expected_version: int | None = strawberry.field(
        default=None,
        description="The `version` that was loaded: where the text has been changed since, nothing "
        "is deleted. Without it the note is deleted whatever it says.",
    )


@strawberry.type(description="The note is deleted, and its star with it.")
class NoteDeleteSuccess:
    """The note is deleted."""

    note_id: strawberry.ID = strawberry.field(description="The note.")
    owner: NoteOwner = strawberry.field(description="What it belonged to, as it is now.")


NoteDeleteResult = Annotated[
    NoteDeleteSuccess | ValidationFailed | NotFound | NotAllowed | EditConflict,
    strawberry.union(
        "NoteDeleteResult", description="What it belonged to, or why the note is still there."
    ),
]


def _row_id(note_id: str) -> UUID:
    return row_id_of(note_id, NodeKind.NOTE, "input", "noteId")


@strawberry.type
class NoteMutation:
    """Writing, editing and deleting notes."""

    @strawberry.mutation(
        description="Write a private note. An inline one can never be changed or removed. Who may "
        "write such notes but not read them is shown what they wrote, and nothing around it."
    )
    async def note_add(self, info: Info, input: NoteAddInput) -> NoteAddResult:
        """Write a note."""
        note = await notes.add(info.context, input.note(), input.idempotency_key)
        return NoteAddSuccess(note=Note.from_row(note))

    @strawberry.mutation(
        description="Edit a note that is not inline. Send what was typed whenever the typing "
        "pauses: each save is answered with the version to send next. Every text is kept in "
        "`revisions`."
    )
    async def note_update(self, info: Info, input: NoteUpdateInput) -> NoteUpdateResult:
        """Edit a note."""
        note, edit = await notes.update(
            info.context, _row_id(input.note_id), input.expected_version, input.changes()
        )
        return NoteUpdateSuccess(note=Note.from_row(note), merged_fields=edit.merged_fields)

    @strawberry.mutation(
        description="Delete a note that is not inline. Who deleted it and when stays in the "
        "history; nobody reads the note any more."
    )
    async def note_delete(self, info: Info, input: NoteDeleteInput) -> NoteDeleteResult:
        """Delete a note."""
        owner = await notes.delete(info.context, _row_id(input.note_id), input.expected_version)
        return NoteDeleteSuccess(note_id=input.note_id, owner=object_of(owner))
