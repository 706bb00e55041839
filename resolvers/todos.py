"""The to-do lists of notes: ticking items off, adding and removing them."""

from core.ids import NodeKind
from models.notes import Note, NoteTodo
from resolvers.access import require_signed_in
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from services import todos


async def check(scope: Scope, todo_id: str, *, is_done: bool) -> tuple[NoteTodo, Note]:
    """Tick an item off, or take that back; return it and its note."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(todo_id, NodeKind.TODO, "input", "todoId")
    async with scope.unit_of_work() as work:
        return await todos.check(work, scope.viewer, row_id, is_done=is_done)


async def add(
    scope: Scope, note_id: str, text: str, idempotency_key: str | None
) -> tuple[NoteTodo, Note]:
    """Add an item; return it and its note."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(note_id, NodeKind.NOTE, "input", "noteId")
    async with scope.unit_of_work() as work:
        return await todos.add(work, scope.viewer, row_id, text, idempotency_key=idempotency_key)


async def remove(scope: Scope, todo_id: str) -> Note:
    """Remove an item; return the note."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(todo_id, NodeKind.TODO, "input", "todoId")
    async with scope.unit_of_work() as work:
        return await todos.remove(work, scope.viewer, row_id)
