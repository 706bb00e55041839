"""Private notes: writing them, and telling the agents they mention."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import select

from core.errors import FieldErrorCode, LimitReached, NotAllowed, NotFound
from core.ids import new_id
from core.text import fold
from models import companies, customers
from models.agents import Agent
from models.base import FREE_TEXT_CHARACTERS, Base, Versioned
from models.companies import Company
from models.customers import Customer
from models.event_topics import topic_of
from models.notes import (
    NOTE_CHARACTERS,
    Note,
    NoteKind,
    NoteMention,
    NoteReminder,
    NoteRevision,
    NoteTodo,
)
from models.viewers import ApiScope, Viewer
from services import attachments, notifications
from services.directory import once_of
from services.idempotency import create_once
from services.tickets import TicketInHand, take
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

TODOS_PER_NOTE = 50
OF_TICKETS = (NoteKind.INLINE, NoteKind.TICKET)
# «@name» up to the longest name that an agent has: the words after the sign, three at most.
_MENTION = re.compile(r"@(\w[\w.'’-]*(?: \w[\w.'’-]*){0,2})")
_MARKS_IN_NAMES = ".'’-"
# Turkish suffixes follow an apostrophe: @Ayşe'ye.
_SUFFIX = re.compile(r"['’]\w*$")


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


async def add(
    work: UnitOfWork, viewer: Viewer, new: NewNote, *, idempotency_key: str | None = None
) -> Note:
    """Write a note on a ticket, a customer or a company.

    Raises NotFound where the viewer does not see what the note is to belong to.
    """
    if not viewer.may(ApiScope.NOTES_WRITE):
        raise NotAllowed
    once = once_of("noteAdd", idempotency_key, new)
    return await create_once(work, once, Note, partial(_add, work, viewer, new))


async def _add(work: UnitOfWork, viewer: Viewer, new: NewNote, row_id: UUID) -> Note:
    if new.kind in OF_TICKETS:
        hand = await take(work, viewer, new.owner_id, scope=ApiScope.NOTES_WRITE)
        note = await _write(work, await _clean(work, new), row_id)
        _record_on_ticket(hand, note)
        await hand.finish()
        return note
    owner = await _owner(work, viewer, new)
    note = await _write(work, await _clean(work, new), row_id)
    _record(work, note, owner)
    return note


async def add_comment(work: UnitOfWork, viewer: Viewer, hand: TicketInHand, comment: str) -> Note:
    """Write what somebody says to an act on a ticket, as an inline note of the same act."""
    if not viewer.may(ApiScope.NOTES_WRITE):
        raise NotAllowed
    check = InputCheck()
    body = check.text("comment", comment, NOTE_CHARACTERS)
    check.raise_problems()
    note = await _write(work, NewNote(NoteKind.INLINE, hand.ticket.id, body), new_id())
    _record_on_ticket(hand, note)
    return note


async def _owner(work: UnitOfWork, viewer: Viewer, new: NewNote) -> Customer | Company:
    owner: Customer | Company | None
    if new.kind is NoteKind.CUSTOMER:
        owner = await work.session.scalar(
            select(Customer).where(customers.visible_to(viewer), Customer.id == new.owner_id)
        )
    else:
        owner = await work.session.scalar(
            select(Company).where(companies.visible_to(viewer), Company.id == new.owner_id)
        )
    if owner is None:
        raise NotFound
    return owner


async def _clean(work: UnitOfWork, new: NewNote) -> NewNote:
    check = InputCheck()
    cleaned = replace(
        new,
        body=check.text("body", new.body, NOTE_CHARACTERS),
        remind_whom_id=await _reminded_agent(work, check, new),
        todos=[
            check.line(f"todos.{place}", text, FREE_TEXT_CHARACTERS)
            for place, text in enumerate(new.todos[: TODOS_PER_NOTE + 1])
        ],
    )
    if new.attachment_ids and new.kind is not NoteKind.INLINE:
        check.refuse("attachmentIds", FieldErrorCode.NOT_ALLOWED_VALUE)
    check.raise_problems()
    if len(cleaned.todos) > TODOS_PER_NOTE:
        raise LimitReached(TODOS_PER_NOTE)
    return cleaned


async def _reminded_agent(work: UnitOfWork, check: InputCheck, new: NewNote) -> UUID | None:
    """Return who is to be reminded: the writer, unless told otherwise."""
    if new.remind_at is None:
        if new.remind_whom_id is not None:
            check.refuse("remindAt", FieldErrorCode.REQUIRED)
        return None
    agent_id = new.remind_whom_id or work.actor.id
    agent = await work.session.get(Agent, agent_id) if agent_id else None
    if agent is None or not agent.active:
        check.refuse("remindWhomId", FieldErrorCode.UNKNOWN_REFERENCE)
    return agent_id


async def _write(work: UnitOfWork, new: NewNote, row_id: UUID) -> Note:
    note = Note(
        id=row_id,
        kind=new.kind,
        ticket_id=new.owner_id if new.kind in OF_TICKETS else None,
        customer_id=new.owner_id if new.kind is NoteKind.CUSTOMER else None,
        company_id=new.owner_id if new.kind is NoteKind.COMPANY else None,
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
        work.session.add(
            NoteReminder(note_id=note.id, due_at=new.remind_at, agent_id=new.remind_whom_id)
        )
    if note.kind is not NoteKind.INLINE:
        work.session.add(
            NoteRevision(
                note_id=note.id,
                body=note.body,
                author_kind=note.author_kind,
                author_id=note.author_id,
                created_at=work.now,
            )
        )
    await attachments.attach(work, new.attachment_ids, note_id=note.id)
    await _mention(work, note)
    return note


async def _mention(work: UnitOfWork, note: Note) -> None:
    names = {name for match in _MENTION.findall(note.body) for name in _possible_names(match)}
    if not names:
        return
    found = await work.session.scalars(
        select(Agent.id).where(Agent.name_key.in_(names), Agent.active)
    )
    mentioned = found.all()
    work.session.add_all(NoteMention(note_id=note.id, agent_id=agent_id) for agent_id in mentioned)
    await notifications.tell_mentioned(work, note, mentioned)


def _possible_names(mention: str) -> Iterator[str]:
    """Give the names that may be meant, folded: as far as a name may reach, without suffixes."""
    words = mention.split(" ")
    for count in range(1, len(words) + 1):
        name = " ".join(words[:count]).rstrip(_MARKS_IN_NAMES)
        yield fold(name)
        yield fold(_SUFFIX.sub("", name))


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
