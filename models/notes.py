"""Private notes: what only the team may read. Never a kind of message."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, exists, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Mapped, aliased, mapped_column

from models import tickets
from models.actors import Authored
from models.base import (
    FREE_TEXT_CHARACTERS,
    Base,
    Key,
    LongText,
    Moment,
    UtcDateTime,
    Versioned,
    enum_column,
    limited,
    reference,
)
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer

NOTE_CHARACTERS = 10_000


class NoteKind(StrEnum):
    """What a note belongs to. An inline note stands in the conversation and never changes."""

    INLINE = "INLINE"
    TICKET = "TICKET"
    CUSTOMER = "CUSTOMER"
    COMPANY = "COMPANY"


ALL_KINDS = frozenset(NoteKind)
KINDS_OF_TICKETS = frozenset({NoteKind.INLINE, NoteKind.TICKET})


_OWNER_MATCHES_KIND = """
    (kind IN ('INLINE', 'TICKET')
        AND ticket_id IS NOT NULL AND customer_id IS NULL AND company_id IS NULL)
    OR (kind = 'CUSTOMER'
        AND customer_id IS NOT NULL AND ticket_id IS NULL AND company_id IS NULL)
    OR (kind = 'COMPANY'
        AND company_id IS NOT NULL AND ticket_id IS NULL AND customer_id IS NULL)
"""


class Note(Authored, Versioned, Base):
    """A note. Database triggers refuse every UPDATE and DELETE of an inline one.

    They also see to it that `corrects_id` leads from an inline note to another of its ticket that
    corrects none itself, and that no file is put later on an inline note: `attachment_count` are
    those that it came with, null for none.
    """

    __tablename__ = "note"
    __table_args__ = (
        CheckConstraint(_OWNER_MATCHES_KIND, name="owner_matches_kind"),
        limited("body", NOTE_CHARACTERS),
        Index(None, "ticket_id", "created_at", "id"),
        Index(None, "customer_id", "created_at", "id"),
        Index(None, "company_id", "created_at", "id"),
        Index(None, "corrects_id", "created_at", "id"),
    )

    id: Mapped[Key]
    kind: Mapped[NoteKind] = mapped_column(enum_column(NoteKind))
    ticket_id: Mapped[UUID | None] = reference("ticket.id", index=False)
    customer_id: Mapped[UUID | None] = reference("customer.id", index=False)
    company_id: Mapped[UUID | None] = reference("company.id", index=False)
    corrects_id: Mapped[UUID | None]
    attachment_count: Mapped[int | None]
    body: Mapped[LongText]
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class NoteReminder(Base):
    """When a note is to be remembered, and by whom. A table of its own: inline notes stay as is."""

    __tablename__ = "note_reminder"
    __table_args__ = (Index(None, "agent_id", "due_at"),)

    note_id: Mapped[UUID] = reference("note.id", primary_key=True, index=False)
    due_at: Mapped[Moment]
    agent_id: Mapped[UUID] = reference("agent.id", index=False)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Set with the notification, in one transaction: so it is told once.
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class NoteTodo(Base):
    """An item of a note's to-do list. Triggers let an inline note's be ticked off, nothing else."""

    __tablename__ = "note_todo"
    __table_args__ = (limited("text", FREE_TEXT_CHARACTERS), Index(None, "note_id", "position"))

    id: Mapped[Key]
    note_id: Mapped[UUID] = reference("note.id", index=False)
    position: Mapped[int]
    text: Mapped[LongText]
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class NoteMention(Base):
    """An agent whom a note mentions, or mentioned until `removed_at`, and who was told so once."""

    __tablename__ = "note_mention"

    note_id: Mapped[UUID] = reference("note.id", primary_key=True, index=False)
    agent_id: Mapped[UUID] = reference("agent.id", primary_key=True)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class NoteRevision(Authored, Base):
    """What an editable note said from `created_at` on. Triggers refuse every UPDATE and DELETE."""

    __tablename__ = "note_revision"
    __table_args__ = (Index(None, "note_id", "created_at", "id"),)

    id: Mapped[Key]
    note_id: Mapped[UUID] = reference("note.id", index=False)
    body: Mapped[LongText]
    created_at: Mapped[Moment]


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit notes to those the viewer may read; a deleted one is an absent one."""
    return readable_by(viewer) & Note.deleted_at.is_(None)


def readable_by(viewer: Viewer) -> ColumnElement[bool]:
    """Limit notes to those the viewer may read, or could read until they were deleted.

    Ticket notes follow their ticket. Notes on customers and companies are read by every agent.
    """
    if not viewer.may(ApiScope.NOTES_READ):
        return false()
    of_tickets = exists(
        select(Ticket.id).where(Ticket.id == Note.ticket_id, tickets.visible_to(viewer))
    )
    of_people = true() if viewer.may(ApiScope.CUSTOMERS_READ) else false()
    return or_(of_tickets, Note.ticket_id.is_(None) & of_people)


def kinds_open_to(viewer: Viewer) -> frozenset[NoteKind]:
    """Return the kinds of notes that the viewer may read at all, which is not each note of them.

    Who may write more kinds than that writes some that they do not read afterwards.
    """
    if not viewer.may(ApiScope.NOTES_READ):
        return frozenset()
    return ALL_KINDS if viewer.may(ApiScope.CUSTOMERS_READ) else KINDS_OF_TICKETS


def of_kinds_open_to(viewer: Viewer, note_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """Limit what belongs to the note `note_id`, which the viewer has come to see already.

    Whoever writes a note is shown it once, and nothing that others may have put there since.
    """
    kinds = kinds_open_to(viewer)
    if kinds == ALL_KINDS:
        return true()
    of_note = aliased(Note)
    return exists(select(of_note.id).where(of_note.id == note_id, of_note.kind.in_(kinds)))
