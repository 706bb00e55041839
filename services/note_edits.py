"""Editing and deleting notes; inline ones are neither edited nor deleted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from models.agents import Agent
from models.notes import NOTE_CHARACTERS, Note, NoteReminder
from models.viewers import Viewer
from services import favorites, reminders
from services.changes import Edit, FieldChange, apply_edit, refuse_if_changed
from services.mentions import set_mentions
from services.notes import keep_revision
from services.notes_in_hand import Owner, take_editable_note
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

_FIELD_NAMES = {"remind_at": "remindAt", "remind_whom_id": "remindWhom"}


@dataclass(slots=True)
class _Fields:
    """What can be edited of a note. Its reminder is a row of its own, and edited as two fields."""

    body: str
    remind_at: datetime | None
    remind_whom_id: UUID | None


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    note_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Note, Edit]:
    """Edit the text of a note, and whether it is a reminder; absent fields stay as they are.

    Agents whom the text mentions and never mentioned before are told. Raises EditConflict where
    somebody else changed the same field since `expected_version`.
    """
    held = await take_editable_note(work, viewer, note_id)
    note = held.note
    cleaned = _clean(wanted)
    standing = await work.session.get(NoteReminder, note.id)
    fields = _Fields(
        note.body,
        remind_at=standing.due_at if standing else None,
        remind_whom_id=standing.agent_id if standing else None,
    )
    edit = await apply_edit(
        work,
        note,
        expected_version,
        cleaned,
        field_names=_FIELD_NAMES,
        labels=await _agent_names(work, fields.remind_whom_id, cleaned.get("remind_whom_id")),
        fields=fields,
    )
    changed = {change.field for change in edit.changes}
    if changed & {"remindAt", "remindWhom"}:
        edit = Edit(await _settle_reminder(work, note, standing, fields, edit), edit.merged_fields)
    if edit.changes:
        note.updated_at = work.now
        if "body" in changed:
            note.body = fields.body
            keep_revision(work, note)
            await set_mentions(work, note)
    await held.record_changes(edit.changes)
    return note, edit


async def delete(
    work: UnitOfWork, viewer: Viewer, note_id: UUID, expected_version: int | None = None
) -> Owner:
    """Take a note away, and its star with it; return what it belonged to.

    Its row and its revisions stay in the database. Raises EditConflict where its text is another
    one than at `expected_version`, if that is given.
    """
    held = await take_editable_note(work, viewer, note_id)
    if expected_version is not None:
        await refuse_if_changed(work, held.note, expected_version, "body")
    held.note.deleted_at = work.now
    if held.ticket_in_hand is not None:
        await favorites.remove_star(work, held.ticket_in_hand, held.note)
    await held.record("NoteDeleted", {})
    return held.owner


def _clean(wanted: Mapping[str, Any]) -> dict[str, Any]:
    check = InputCheck()
    cleaned = dict(wanted)
    if "body" in cleaned:
        cleaned["body"] = check.text("body", cleaned["body"], NOTE_CHARACTERS)
    check.raise_problems()
    return cleaned


async def _settle_reminder(
    work: UnitOfWork, note: Note, standing: NoteReminder | None, wanted: _Fields, edit: Edit
) -> list[FieldChange]:
    """Write the reminder as the note is edited; return all changes of the note.

    A moment and an agent come and go together: a new reminder is for who saves it unless told
    otherwise, and without a moment nobody is reminded. A moved one is still to be done.
    """
    agent_before = standing.agent_id if standing else None
    done_before = standing.done_at if standing else None
    is_moved = any(change.field == "remindAt" for change in edit.changes)
    changes = [change for change in edit.changes if change.field != "remindWhom"]
    is_only_cleared = wanted.remind_at is None and changes == edit.changes
    check = InputCheck()
    agent_id = await reminders.clean(
        work,
        check,
        ticket_id=note.ticket_id,
        remind_at=wanted.remind_at,
        remind_whom_id=None if is_only_cleared else wanted.remind_whom_id,
        standing=standing,
    )
    check.raise_problems()
    if agent_id != agent_before:
        names = await _agent_names(work, agent_before, agent_id)
        changes.append(FieldChange.between("remindWhom", agent_before, agent_id, names))
    if done_before is not None and (is_moved or agent_id != agent_before):
        changes.append(FieldChange.between("doneAt", done_before, None))
    if wanted.remind_at is None or agent_id is None:
        await reminders.cancel(work, note)
    else:
        await reminders.schedule(work, note, wanted.remind_at, agent_id)
    return changes


async def _agent_names(work: UnitOfWork, *agent_ids: UUID | None) -> dict[UUID, str]:
    rows = await work.session.execute(
        select(Agent.id, Agent.name).where(Agent.id.in_(filter(None, agent_ids)))
    )
    return {row.id: row.name for row in rows}
