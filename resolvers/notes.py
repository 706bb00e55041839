"""Notes, as far as the viewer may read them, and what belongs to them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, false, func, select

from core.pages import Page, by_moment, select_page, to_page
from models import agents
from models.agents import Agent
from models.base import Columns, project
from models.notes import (
    Note,
    NoteKind,
    NoteMention,
    NoteReminder,
    NoteRevision,
    NoteTodo,
    of_kinds_open_to,
    readable_by,
    visible_to,
)
from models.viewers import ApiScope, Viewer
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import PageArguments, grouped, pages_by_parent, rows_by_id
from resolvers.scope import Scope
from services import note_edits, notes
from services.changes import Edit
from services.notes import NewNote
from services.notes_in_hand import Owner

OLDEST_FIRST = by_moment("created_at", Note.created_at, Note.id)
DUE_FIRST = by_moment("due_at", NoteReminder.due_at, Note.id)

by_id = rows_by_id(Note, visible_to)

# For what tells of a note that was there a moment ago, and may have been deleted since.
by_id_even_deleted = rows_by_id(Note, readable_by)


def _readable(viewer: Viewer, kind: NoteKind | None) -> list[ColumnElement[bool]]:
    """Limit the notes of tickets that the viewer has come to see already."""
    readable = Note.deleted_at.is_(None) if viewer.may(ApiScope.NOTES_READ) else false()
    return [readable] if kind is None else [readable, Note.kind == kind]


by_ticket = same_for_audience(pages_by_parent(Note, Note.ticket_id, OLDEST_FIRST, limits=_readable))

# The parents of these pages are notes that the viewer has come to see already.
revisions = same_for_audience(
    pages_by_parent(
        NoteRevision,
        NoteRevision.note_id,
        by_moment("created_at", NoteRevision.created_at, NoteRevision.id),
        limits=lambda viewer, _only: [of_kinds_open_to(viewer, NoteRevision.note_id)],
    )
)

# They stand in the ticket of the note that they correct, and are never deleted.
corrections = same_for_audience(
    pages_by_parent(
        Note,
        Note.corrects_id,
        OLDEST_FIRST,
        limits=lambda viewer, _only: [of_kinds_open_to(viewer, Note.id)],
    )
)


@same_for_audience
async def todos(
    scope: Scope, note_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Return the to-do lists of notes that the viewer has come to see."""
    rows = await scope.fetch(
        select(NoteTodo.__table__)
        .where(
            NoteTodo.note_id.in_(note_ids),
            NoteTodo.removed_at.is_(None),
            of_kinds_open_to(scope.viewer, NoteTodo.note_id),
        )
        .order_by(NoteTodo.note_id, NoteTodo.position)
    )
    return grouped(rows, "note_id")


@same_for_audience
async def mentions(
    scope: Scope, note_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Sequence[Row[Any]]]:
    """Return the agents whom notes mention now, by name."""
    rows = await scope.fetch(
        select(NoteMention.note_id, *project(Agent, columns))
        .join(Agent, Agent.id == NoteMention.agent_id)
        .where(
            NoteMention.note_id.in_(note_ids),
            NoteMention.removed_at.is_(None),
            of_kinds_open_to(scope.viewer, NoteMention.note_id),
            agents.visible_to(scope.viewer),
        )
        .order_by(Agent.name_key, Agent.id)
    )
    return grouped(rows, "note_id")


@same_for_audience
async def reminder(
    scope: Scope, note_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, Row[Any]]:
    """Return the reminders that notes are."""
    rows = await scope.fetch(
        select(NoteReminder.__table__).where(
            NoteReminder.note_id.in_(note_ids),
            of_kinds_open_to(scope.viewer, NoteReminder.note_id),
        )
    )
    return {row.note_id: row for row in rows}


@same_for_audience
async def reminded_agent(
    scope: Scope, note_ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Row[Any]]:
    """Return the agents whom notes remind."""
    rows = await scope.fetch(
        select(NoteReminder.note_id, *project(Agent, columns))
        .join(Agent, Agent.id == NoteReminder.agent_id)
        .where(
            NoteReminder.note_id.in_(note_ids),
            of_kinds_open_to(scope.viewer, NoteReminder.note_id),
            agents.visible_to(scope.viewer),
        )
    )
    return {row.note_id: row for row in rows}


async def reminders(
    scope: Scope, arguments: PageArguments, columns: Columns, *, done: bool
) -> Page:
    """Return one page of the notes that remind the viewer, the earliest due first."""
    require_signed_in(scope.viewer)
    wanted = None if columns is None else columns | {"id"}
    mine = (
        select(*project(Note, wanted), NoteReminder.due_at)
        .join(NoteReminder, NoteReminder.note_id == Note.id)
        .where(
            NoteReminder.agent_id == scope.viewer.agent_id,
            NoteReminder.done_at.is_not(None) if done else NoteReminder.done_at.is_(None),
            visible_to(scope.viewer),
        )
    )
    rows = await scope.fetch(select_page(mine, DUE_FIRST, arguments.request))
    total = None
    if arguments.with_total:
        total = (await scope.fetch(mine.with_only_columns(func.count())))[0][0]
    return to_page(rows, DUE_FIRST, arguments.request, total=total)


async def add(scope: Scope, new: NewNote, idempotency_key: str | None) -> Note:
    """Write a note."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await notes.add(work, scope.viewer, new, idempotency_key=idempotency_key)


async def update(
    scope: Scope, note_id: UUID, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Note, Edit]:
    """Edit a note."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await note_edits.update(work, scope.viewer, note_id, expected_version, wanted)


async def delete(scope: Scope, note_id: UUID, expected_version: int | None) -> Owner:
    """Delete a note; return what it belonged to."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await note_edits.delete(work, scope.viewer, note_id, expected_version)
