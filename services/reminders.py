"""Reminders: whom a note reminds and when, told once when due, and ticked off.

Whoever changes a reminder has locked its note, so that one act comes after the other.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select

from core.errors import FieldErrorCode, NotFound
from models.agents import Agent
from models.notes import Note, NoteReminder
from models.tickets import Ticket
from models.viewers import Viewer
from services import notifications
from services.changes import FieldChange
from services.jobs import Payload
from services.notes_in_hand import Owner, lock_note, take_note
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

REMIND = "remind"  # the kind of the job
# «Now» may have passed by the time it arrives, and clocks differ.
GRACE = timedelta(minutes=1)
# Who may read a note changes when tickets change hands, which can wait for the next working day.
TRIED_AGAIN_AFTER = timedelta(days=1)


async def clean(
    work: UnitOfWork,
    check: InputCheck,
    *,
    ticket_id: UUID | None,
    remind_at: datetime | None,
    remind_whom_id: UUID | None,
    standing: NoteReminder | None = None,
) -> UUID | None:
    """Return whom a note is to remind: its writer, unless told otherwise; None for no reminder.

    `ticket_id` is the ticket that the note belongs to, None for notes on customers and companies.
    A moment in the past is refused, unless it is that of the reminder as it stands.
    """
    if remind_at is None:
        if remind_whom_id is not None:
            check.refuse("remindAt", FieldErrorCode.REQUIRED)
        return None
    if remind_at < work.now - GRACE and (standing is None or standing.due_at != remind_at):
        check.refuse("remindAt", FieldErrorCode.MOMENT_IN_PAST)
    agent_id = remind_whom_id or work.actor.id
    reminded = await work.session.scalar(
        select(Agent.id).where(
            Agent.id == agent_id,
            Agent.active,
            await notifications.may_read_notes(work, ticket_id),
        )
    )
    if reminded is None:
        check.refuse("remindWhomId", FieldErrorCode.UNKNOWN_REFERENCE)
    return reminded


async def schedule(work: UnitOfWork, note: Note, due_at: datetime, agent_id: UUID) -> None:
    """Let a note remind an agent, and no other moment or agent that it reminded before.

    A reminder that is moved, or given to somebody else, is to be done and told anew.
    """
    reminder = await work.session.get(NoteReminder, note.id)
    if reminder is None:
        work.session.add(NoteReminder(note_id=note.id, due_at=due_at, agent_id=agent_id))
    elif (reminder.due_at, reminder.agent_id) == (due_at, agent_id):
        return
    else:
        reminder.due_at = due_at
        reminder.agent_id = agent_id
        reminder.done_at = None
        reminder.told_at = None
    _ask_to_be_told(work, note, due_at)


async def cancel(work: UnitOfWork, note: Note) -> None:
    """Let a note remind nobody any more."""
    await work.session.execute(delete(NoteReminder).where(NoteReminder.note_id == note.id))


async def complete(work: UnitOfWork, viewer: Viewer, note_id: UUID, *, is_done: bool) -> Note:
    """Tick a reminder off, or take that back. Doing so twice is one event.

    Raises NotFound where the viewer does not see the note, or it is no reminder.
    """
    held = await take_note(work, viewer, note_id)
    reminder = await work.session.get(NoteReminder, note_id)
    if reminder is None:
        raise NotFound
    if (reminder.done_at is not None) is not is_done:
        before = reminder.done_at
        reminder.done_at = work.now if is_done else None
        if not is_done and reminder.told_at is None:
            # Its job may have found it done.
            _ask_to_be_told(work, held.note, reminder.due_at)
        await held.record_changes([FieldChange.between("doneAt", before, reminder.done_at)])
    return held.note


def _ask_to_be_told(work: UnitOfWork, note: Note, due_at: datetime) -> None:
    work.enqueue(REMIND, payload_of(note.id, due_at), run_at=due_at)


def payload_of(note_id: UUID, due_at: datetime) -> Payload:
    """Return what the job of a reminder is about; one that is moved has another job."""
    return {"note_id": note_id.hex, "due_at": due_at.isoformat()}


async def remind(work: UnitOfWork, payload: Payload) -> None:
    """Do the job of a reminder: tell once that it is due.

    Nothing is told where it was moved, done or cancelled since the job was asked for, or its note
    deleted. While nobody whom it concerns may read the note, another job tries again each day.
    That it was told is written with the notification, so the job may be done twice.
    """
    note_id = UUID(payload["note_id"])
    locked = await lock_note(work, Note.id == note_id, Note.deleted_at.is_(None))
    reminder = await work.session.get(NoteReminder, note_id)
    if locked is None or reminder is None or not _is_to_be_told(reminder, payload):
        return
    note, owner = locked
    agent_id = await _who_is_told(work, reminder, note, owner)
    if agent_id is None:
        work.enqueue(REMIND, payload, run_at=work.now + TRIED_AGAIN_AFTER)
    else:
        reminder.told_at = work.now
        notifications.tell_reminded(work, note, agent_id)


def _is_to_be_told(reminder: NoteReminder, payload: Payload) -> bool:
    is_still_due = reminder.due_at == datetime.fromisoformat(payload["due_at"])
    return is_still_due and reminder.done_at is None and reminder.told_at is None


async def _who_is_told(
    work: UnitOfWork, reminder: NoteReminder, note: Note, owner: Owner
) -> UUID | None:
    """Return who of those whom a reminder concerns may read it: the first one.

    The agent it is for may have lost the ticket meanwhile. They are told nothing then, and the
    note is not forgotten: its author is told, or else who has the ticket now.
    """
    assignee_id = owner.assignee_id if isinstance(owner, Ticket) else None
    concerned = [reminder.agent_id, note.author_id, assignee_id]
    readers = await work.session.scalars(
        select(Agent.id).where(
            Agent.id.in_([agent_id for agent_id in concerned if agent_id]),
            Agent.active,
            await notifications.may_read_notes(work, note.ticket_id),
        )
    )
    may_read = set(readers)
    return next((agent_id for agent_id in concerned if agent_id in may_read), None)
