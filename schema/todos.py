"""The to-do lists of notes: ticking items off, adding and removing them."""

from typing import Annotated

import strawberry

from resolvers import todos
from schema.errors import (
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info
from schema.inputs import IDEMPOTENCY_KEY
from schema.notes import Note, Todo

_NOTE = "The note with its list as it is now."


@strawberry.input(description="Which item of a to-do list is done.")
class TodoCheckInput:
    """Which item is done."""

    todo_id: strawberry.ID = strawberry.field(
        description="The item; it may be one of an inline note."
    )
    done: bool = strawberry.field(
        default=True, description="False takes the tick away: it is to be done after all."
    )


@strawberry.type(description="The item is as wanted, and was perhaps before.")
class TodoCheckSuccess:
    """The item is as wanted."""

    todo: Todo = strawberry.field(description="The item.")
    note: Note = strawberry.field(description=_NOTE)


TodoCheckResult = Annotated[
    TodoCheckSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("TodoCheckResult", description="The item, or why nothing was done."),
]


@strawberry.input(description="What is to be done.")
class TodoAddInput:
    """What is to be done."""

    note_id: strawberry.ID = strawberry.field(
        description="A ticket, customer or company note: inline notes stay as they were written."
    )
    text: str = strawberry.field(description="One line, at most 2,000 characters.")
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.type(description="The item stands at the end of the list.")
class TodoAddSuccess:
    """The item stands at the end of the list."""

    todo: Todo = strawberry.field(description="The item.")
    note: Note = strawberry.field(description=_NOTE)


TodoAddResult = Annotated[
    TodoAddSuccess | ValidationFailed | NotFound | NotAllowed | LimitReached | IdempotencyKeyReused,
    strawberry.union(
        "TodoAddResult",
        description="The item, or why there is none: `LimitReached` at 50 items, `NotAllowed` for "
        "an inline note.",
    ),
]


@strawberry.input(description="Which item is to go.")
class TodoRemoveInput:
    """Which item is to go."""

    todo_id: strawberry.ID = strawberry.field(
        description="An item of a ticket, customer or company note."
    )


@strawberry.type(description="The item is gone, and was perhaps before.")
class TodoRemoveSuccess:
    """The item is gone."""

    todo_id: strawberry.ID = strawberry.field(description="The item.")
    note: Note = strawberry.field(description=_NOTE)


TodoRemoveResult = Annotated[
    TodoRemoveSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union(
        "TodoRemoveResult",
        description="The note, or why nothing was done: `NotAllowed` for an inline note.",
    ),
]


@strawberry.type
class TodoMutation:
    """The to-do lists of notes."""

    @strawberry.mutation(
        description="Tick an item of a to-do list off, or take that back. Needs no version, and "
        "doing it twice is doing it once."
    )
    async def todo_check(self, info: Info, input: TodoCheckInput) -> TodoCheckResult:
        """Tick an item off."""
        todo, note = await todos.check(info.context, input.todo_id, is_done=input.done)
        return TodoCheckSuccess(todo=Todo.from_row(todo), note=Note.from_row(note))

    @strawberry.mutation(description="Add an item to the to-do list of a note. Needs no version.")
    async def todo_add(self, info: Info, input: TodoAddInput) -> TodoAddResult:
        """Add an item."""
        todo, note = await todos.add(info.context, input.note_id, input.text, input.idempotency_key)
        return TodoAddSuccess(todo=Todo.from_row(todo), note=Note.from_row(note))

    @strawberry.mutation(
        description="Remove an item from the to-do list of a note. Needs no version."
    )
    async def todo_remove(self, info: Info, input: TodoRemoveInput) -> TodoRemoveResult:
        """Remove an item."""
        note = await todos.remove(info.context, input.todo_id)
        return TodoRemoveSuccess(todo_id=input.todo_id, note=Note.from_row(note))
