"""The to-do lists of notes: a set of items, each ticked off or not. Two who tick at once agree."""

from functools import partial
from uuid import UUID

from sqlalchemy import func, select

from core.errors import LimitReached, NotFound
from models.base import FREE_TEXT_CHARACTERS
from models.notes import Note, NoteTodo, visible_to
from models.viewers import Viewer
from services.changes import FieldChange
from services.idempotency import Once, create_once
from services.notes import TODOS_PER_NOTE
from services.notes_in_hand import NoteInHand, take_editable_note, take_note
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck


async def check(
    work: UnitOfWork, viewer: Viewer, todo_id: UUID, *, is_done: bool
) -> tuple[NoteTodo, Note]:
    """Tick an item off, or take that back. Doing so twice is one event.

    Raises NotFound where the viewer does not see its note, or it was removed.
    """
    todo = await _find(work, todo_id)
    held = await take_note(work, viewer, todo.note_id)
    await work.session.refresh(todo)
    if todo.removed_at is not None:
        raise NotFound
    if (todo.done_at is not None) is not is_done:
        before = _readable(todo)
        todo.done_at = work.now if is_done else None
        await _record(held, before, _readable(todo))
    return todo, held.note


async def add(
    work: UnitOfWork,
    viewer: Viewer,
    note_id: UUID,
    text: str,
    *,
    idempotency_key: str | None = None,
) -> tuple[NoteTodo, Note]:
    """Add an item at the end of the list of an editable note.

    Raises LimitReached at 50 items, NotAllowed for an inline note, and NotFound where the viewer
    does not see the note.
    """
    once = None
    if idempotency_key is not None:
        once = Once(idempotency_key, "todoAdd", {"note_id": note_id, "text": text})
    todo = await create_once(work, once, NoteTodo, partial(_add, work, viewer, note_id, text))
    note = await work.session.scalar(select(Note).where(visible_to(viewer), Note.id == note_id))
    if note is None:
        raise NotFound
    return todo, note


async def _add(
    work: UnitOfWork, viewer: Viewer, note_id: UUID, text: str, row_id: UUID
) -> NoteTodo:
    held = await take_editable_note(work, viewer, note_id)
    check = InputCheck()
    line = check.line("text", text, FREE_TEXT_CHARACTERS)
    check.raise_problems()
    of_note = select(NoteTodo).where(NoteTodo.note_id == note_id)
    count = of_note.with_only_columns(func.count()).where(NoteTodo.removed_at.is_(None))
    if (await work.session.scalar(count) or 0) >= TODOS_PER_NOTE:
        raise LimitReached(TODOS_PER_NOTE)
    end = of_note.with_only_columns(func.coalesce(func.max(NoteTodo.position) + 1, 0))
    position = await work.session.scalar(end) or 0
    todo = NoteTodo(id=row_id, note_id=note_id, position=position, text=line)
    work.session.add(todo)
    await _record(held, None, _readable(todo))
    return todo


async def remove(work: UnitOfWork, viewer: Viewer, todo_id: UUID) -> Note:
    """Remove an item of an editable note; return the note. Doing so twice is one event.

    Raises NotFound where the viewer does not see the note, NotAllowed for an inline one.
    """
    todo = await _find(work, todo_id)
    held = await take_editable_note(work, viewer, todo.note_id)
    await work.session.refresh(todo)
    if todo.removed_at is None:
        todo.removed_at = work.now
        await _record(held, _readable(todo), None)
    return held.note


async def _find(work: UnitOfWork, todo_id: UUID) -> NoteTodo:
    """Return an item. Who has locked its note is to look again what has become of it."""
    todo = await work.session.get(NoteTodo, todo_id)
    if todo is None:
        raise NotFound
    return todo


async def _record(held: NoteInHand, before: str | None, after: str | None) -> None:
    await held.record_changes([FieldChange("todos", before, after)])


def _readable(todo: NoteTodo) -> str:
    """Return an item as the history shows it, the way Markdown writes lists of tasks."""
    return f"[{'x' if todo.done_at else ' '}] {todo.text}"
