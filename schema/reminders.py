"""Ticking off reminders."""

from typing import Annotated

import strawberry

from resolvers import reminders
from schema.errors import NotAllowed, NotFound, ValidationFailed
from schema.fields import Info
from schema.notes import Note


@strawberry.input(description="Which reminder is done.")
class ReminderCompleteInput:
    """Which reminder is done."""

    note_id: strawberry.ID = strawberry.field(
        description="The note that is the reminder, an inline one too."
    )
    done: bool = strawberry.field(
        default=True, description="False takes it back: it is to be done after all."
    )


@strawberry.type(description="The reminder is as wanted, and was perhaps before.")
class ReminderCompleteSuccess:
    """The reminder is as wanted."""

    note: Note = strawberry.field(description="The note. Its `doneAt` says since when it is done.")


ReminderCompleteResult = Annotated[
    ReminderCompleteSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union(
        "ReminderCompleteResult",
        description="The note, or why nothing was done: `NotFound` also for a note that reminds "
        "nobody.",
    ),
]


@strawberry.type
class ReminderMutation:
    """Ticking off reminders."""

    @strawberry.mutation(
        description="Tick a reminder off, or take that back. Everybody who may write notes there "
        "may do so, whoever is reminded. Needs no version, and doing it twice is doing it once."
    )
    async def reminder_complete(
        self, info: Info, input: ReminderCompleteInput
    ) -> ReminderCompleteResult:
        """Tick a reminder off."""
        note = await reminders.complete(info.context, input.note_id, is_done=input.done)
        return ReminderCompleteSuccess(note=Note.from_row(note))
