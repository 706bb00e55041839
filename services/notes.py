"""Private notes: writing them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select

from core.errors import FieldErrorCode, LimitReached, NotAllowed, NotFound
from core.ids import new_id
from models import companies, customers, tickets
from models.base import FREE_TEXT_CHARACTERS, Base, Versioned
from models.companies import Company
from models.customers import Customer
from models.event_topics import topic_of
from models.notes import (
    KINDS_OF_TICKETS,
    NOTE_CHARACTERS,
    Note,
    NoteKind,
    NoteRevision,
    NoteTodo,
    kinds_open_to,
    visible_to,
)
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from services import attachments, reminders
from services.customers import hold_known
from services.directory import once_of
from services.idempotency import create_once
from services.mentions import set_mentions
from services.tickets import TicketInHand, take
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

TODOS_PER_NOTE = 50


@dataclass(frozen=True, slots=True)
class NewNote:
    """What a note is to say, and what it belongs to."""

    kind: NoteKind
    owner_id: UUID
    body: str
    attachment_ids: Sequence[UUID] = field(default_factory=tuple)
    remind_at: datetime | None = None
    remind_whom_id: UUID | None = None
    todos: Sequence[str] = field(default_factory=tuple)
    corrects_id: UUID | None = None


async def add(
    work: UnitOfWork, viewer: Viewer, new: NewNote, *, idempotency_key: str | None = None
) -> Note:
    """Write a note on a ticket, a customer or a company.

    A note that was written before under the same key is shown as it is now, or to those who may
    write but not read such notes as they wrote it. Raises NotFound where the viewer does not see
    what the note is to belong to, and for a note written before that they may read no more.
    """
    if not viewer.may(ApiScope.NOTES_WRITE):
        raise NotAllowed
    once = once_of("noteAdd", idempotency_key, new)
    write = partial(_add, work, viewer, new)
    if new.kind in kinds_open_to(viewer):
        return await create_once(work, once, Note, write, shown=[visible_to(viewer)])
    # They would take NotFound for a note that was never written, and write it again.
    note = await create_once(work, once, Note, write, shown=[_stands_where_seen_by(viewer)])
    return await _as_written(work, note)


def _stands_where_seen_by(viewer: Viewer) -> ColumnElement[bool]:
    """Limit notes, deleted or not, to those on what the viewer sees."""
    return or_(
        exists(select(Ticket.id).where(Ticket.id == Note.ticket_id, tickets.visible_to(viewer))),
        exists(
            select(Customer.id).where(Customer.id == Note.customer_id, customers.visible_to(viewer))
        ),
        exists(
            select(Company.id).where(Company.id == Note.company_id, companies.visible_to(viewer))
        ),
    )


async def _as_written(work: UnitOfWork, note: Note) -> Note:
    """Return a note as the act wrote it that made it, whatever others have made of it since."""
    if note.updated_at == note.created_at:
        return note
    first = await work.session.scalars(
        select(NoteRevision.body)
        .where(NoteRevision.note_id == note.id)
        .order_by(NoteRevision.created_at, NoteRevision.id)
        .limit(1)
    )
    # What is shown of it now must not be written.
    work.session.expunge(note)
    note.body = first.one()
    note.updated_at = note.created_at
    return note


async def _add(work: UnitOfWork, viewer: Viewer, new: NewNote, row_id: UUID) -> Note:
    if new.kind in KINDS_OF_TICKETS:
        hand = await take(work, viewer, new.owner_id, scope=ApiScope.NOTES_WRITE)
        note = await _write(work, await _clean(work, viewer, new), row_id)
        _record_on_ticket(hand, note)
        await hand.finish()
        return note
    owner = await _owner(work, viewer, new)
    new = replace(new, owner_id=owner.id)  # who was merged is another customer by now
    note = await _write(work, await _clean(work, viewer, new), row_id)
    _record(work, note, owner)
    return note


async def add_comment(work: UnitOfWork, viewer: Viewer, hand: TicketInHand, comment: str) -> Note:
    """Write what somebody says to an act on a ticket, as an inline note of the same act."""
    check = InputCheck()
    body = check.text("comment", comment, NOTE_CHARACTERS)
    check.raise_problems()
    return await add_inline(work, viewer, hand, body)


async def add_inline(
    work: UnitOfWork, viewer: Viewer, hand: TicketInHand, body: str, *, file_count: int = 0
) -> Note:
    """Write an inline note of an act on a ticket; so many files are put on it in the same act.

    The body is clean. It may be empty where there are files: then they are the note.
    """
    if not viewer.may(ApiScope.NOTES_WRITE):
        raise NotAllowed
    new = NewNote(NoteKind.INLINE, hand.ticket.id, body)
    note = await _write(work, new, new_id(), file_count=file_count)
    _record_on_ticket(hand, note)
    return note


async def _owner(work: UnitOfWork, viewer: Viewer, new: NewNote) -> Customer | Company:
    if new.kind is NoteKind.CUSTOMER:
        return await hold_known(work, viewer, new.owner_id)
    company = await work.session.scalar(
        select(Company)
        .where(companies.visible_to(viewer), Company.id == new.owner_id)
        .with_for_update()
    )
    if company is None:
        raise NotFound
    return company


async def _clean(work: UnitOfWork, viewer: Viewer, new: NewNote) -> NewNote:
    check = InputCheck()
    cleaned = replace(
        new,
        body=check.text("body", new.body, NOTE_CHARACTERS),
        remind_whom_id=await reminders.clean(
            work,
            check,
            ticket_id=new.owner_id if new.kind in KINDS_OF_TICKETS else None,
            remind_at=new.remind_at,
            remind_whom_id=new.remind_whom_id,
        ),
        corrects_id=await _first_of(work, viewer, check, new),
        todos=[
            check.line(f"todos.{place}", text, FREE_TEXT_CHARACTERS)
            for place, text in enumerate(new.todos[: TODOS_PER_NOTE + 1])
        ],
    )
    if new.kind is not NoteKind.INLINE:
        if new.attachment_ids:
            check.refuse("attachmentIds", FieldErrorCode.NOT_ALLOWED_VALUE)
        if new.corrects_id is not None:
            check.refuse("correctsId", FieldErrorCode.NOT_ALLOWED_VALUE)
    check.raise_problems()
    if len(cleaned.todos) > TODOS_PER_NOTE:
        raise LimitReached(TODOS_PER_NOTE)
    return cleaned


async def _first_of(
    work: UnitOfWork, viewer: Viewer, check: InputCheck, new: NewNote
) -> UUID | None:
    """Return the note that is corrected, or for a correction the one that this corrects."""
    if new.corrects_id is None or new.kind is not NoteKind.INLINE:
        return None
    corrected = await work.session.scalar(
        select(Note).where(
            visible_to(viewer),
            Note.id == new.corrects_id,
            Note.kind == NoteKind.INLINE,
            Note.ticket_id == new.owner_id,
        )
    )
    if corrected is None:
        check.refuse("correctsId", FieldErrorCode.UNKNOWN_REFERENCE)
        return None
    return corrected.corrects_id or corrected.id


async def _write(work: UnitOfWork, new: NewNote, row_id: UUID, *, file_count: int = 0) -> Note:
    note = Note(
        id=row_id,
        kind=new.kind,
        ticket_id=new.owner_id if new.kind in KINDS_OF_TICKETS else None,
        customer_id=new.owner_id if new.kind is NoteKind.CUSTOMER else None,
        company_id=new.owner_id if new.kind is NoteKind.COMPANY else None,
        corrects_id=new.corrects_id,
        attachment_count=file_count or len(set(new.attachment_ids)) or None,
        body=new.body,
        author_kind=work.actor.kind,
        author_id=work.actor.id,
        created_at=work.now,
        updated_at=work.now,
        version=1,
    )
    work.session.add(note)
    await work.session.flush()
    work.session.add_all(
        NoteTodo(note_id=note.id, position=place, text=text) for place, text in enumerate(new.todos)
    )
    if new.remind_at is not None and new.remind_whom_id is not None:
        await reminders.schedule(work, note, new.remind_at, new.remind_whom_id)
    if note.kind is not NoteKind.INLINE:
        keep_revision(work, note)
    await attachments.attach(work, new.attachment_ids, note)
    await set_mentions(work, note)
    return note


def keep_revision(work: UnitOfWork, note: Note) -> None:
    """Keep what an editable note says from now on, and who wrote it so."""
    work.session.add(
        NoteRevision(
            note_id=note.id,
            body=note.body,
            author_kind=work.actor.kind,
            author_id=work.actor.id,
            created_at=work.now,
        )
    )


def _record_on_ticket(hand: TicketInHand, note: Note) -> None:
    # The database refuses every update of an inline note, so its version stays as it was written.
    versions = [] if note.kind is NoteKind.INLINE else [note]
    hand.record("NoteAdded", {"note_id": note.id.hex, "kind": note.kind}, versions=versions)


def _record(work: UnitOfWork, note: Note, owner: Base) -> None:
    versions = [row for row in (owner, note) if isinstance(row, Versioned)]
    work.record(
        "NoteAdded",
        {"note_id": note.id.hex, "kind": note.kind},
        topic=topic_of(owner),
        versions=versions,
    )
