"""Inline notes are evidence: the database itself keeps them, and what came with them, as they are.

So it keeps the revisions of the notes that are edited.
"""

import pytest
from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from core import clock
from core.ids import decode_global_id, new_id
from models.actors import ActorKind
from models.attachments import Attachment
from models.base import Base
from models.notes import Note, NoteKind, NoteMention, NoteRevision, NoteTodo
from models.tickets import Ticket
from tests.support.desk import World
from tests.support.rows import Rows, write_rows

pytestmark = pytest.mark.both_databases

NOTE_KEPT = "an inline note never changes"
FILE_KEPT = "a file on an inline note never changes"
FILE_LATE = "an inline note gets no file later"
KIND_KEPT = "the kind of a note never changes"
MENTION_KEPT = "a mention of an inline note never changes"
TODO_KEPT = "a to-do item of an inline note is ticked off and never changes otherwise"
REVISION_KEPT = "a revision of a note never changes"
WRONG_CORRECTION = "a correction is an inline note that corrects the first one of its ticket"
EDITABLE = (NoteKind.TICKET, NoteKind.CUSTOMER, NoteKind.COMPANY)


@pytest.fixture
async def rows(world: World) -> Rows:
    return await write_rows(world)


async def count(rows: Rows, model: type[Base], *conditions: ColumnElement[bool]) -> int:
    async with rows.world.desk.database.reading() as connection:
        statement = select(func.count()).select_from(model).where(*conditions)
        return (await connection.execute(statement)).scalar_one()


async def test_an_inline_note_is_neither_changed_nor_removed(rows: Rows) -> None:
    inline = rows.notes[NoteKind.INLINE].id
    for attempt in (
        update(Note).where(Note.id == inline).values(body="Nothing happened"),
        update(Note).where(Note.id == inline).values(body=Note.body),
        update(Note).where(Note.id == inline).values(kind=NoteKind.TICKET),
        update(Note).values(version=Note.version + 1),
        delete(Note).where(Note.id == inline),
        delete(Note),
    ):
        assert NOTE_KEPT in (await rows.refusal(attempt) or "")


async def test_the_act_that_changes_an_inline_note_fails_as_a_whole(rows: Rows) -> None:
    async def act() -> None:
        async with rows.world.desk.database.transaction() as session:
            await session.execute(update(Note).where(Note.kind.in_(EDITABLE)).values(body="Gone"))
            await session.execute(delete(Note).where(Note.kind == NoteKind.INLINE))

    with pytest.raises(IntegrityError, match=NOTE_KEPT):
        await act()

    assert await count(rows, Note) == len(NoteKind)
    assert await count(rows, Note, Note.body == "Gone") == 0


async def test_a_file_on_an_inline_note_is_neither_changed_nor_removed(rows: Rows) -> None:
    inline = rows.files[NoteKind.INLINE].id
    for attempt in (
        update(Attachment).where(Attachment.id == inline).values(storage_key="another"),
        update(Attachment).where(Attachment.id == inline).values(note_id=None),
        delete(Attachment).where(Attachment.id == inline),
        delete(Attachment),
    ):
        assert FILE_KEPT in (await rows.refusal(attempt) or "")


async def test_other_notes_and_files_are_changed_and_removed(rows: Rows) -> None:
    ticket_file = Attachment.id == rows.files[NoteKind.TICKET].id
    async with rows.world.desk.database.transaction() as session:
        await session.execute(update(Attachment).where(ticket_file).values(storage_key="another"))
        await session.execute(update(Note).where(Note.kind.in_(EDITABLE)).values(body="Edited"))

    assert await count(rows, Attachment, ticket_file, Attachment.storage_key == "another") == 1
    assert await count(rows, Note, Note.body == "Edited") == len(EDITABLE)

    async with rows.world.desk.database.transaction() as session:
        await session.execute(delete(Attachment).where(ticket_file))
        await session.execute(text("DELETE FROM note_todo"))
        await session.execute(delete(Note).where(Note.kind.in_(EDITABLE)))

    assert await count(rows, Attachment) == 1
    assert await count(rows, Note) == 1


async def test_the_files_of_an_inline_note_come_with_it_and_none_later(rows: Rows) -> None:
    note = rows.note(NoteKind.INLINE, ticket_id=rows.ticket_id)
    first, second = rows.file(), rows.file()
    note.attachment_count = 2
    async with rows.world.desk.database.transaction() as session:
        session.add_all([note, first, second])
        await session.flush()
        first.note_id = second.note_id = note.id

    spare = rows.file()
    async with rows.world.desk.database.transaction() as session:
        session.add(spare)
    for late in (
        rows.file(note_id=note.id),
        update(Attachment).where(Attachment.id == spare.id).values(note_id=note.id),
        update(Attachment)
        .where(Attachment.id == rows.files[NoteKind.TICKET].id)
        .values(note_id=rows.notes[NoteKind.INLINE].id),
    ):
        assert FILE_LATE in (await rows.refusal(late) or "")
    assert FILE_KEPT in (
        await rows.refusal(delete(Attachment).where(Attachment.id == second.id)) or ""
    )


async def test_an_inline_note_without_files_gets_none(rows: Rows) -> None:
    note = rows.note(NoteKind.INLINE, ticket_id=rows.ticket_id)
    note.attachment_count = None
    async with rows.world.desk.database.transaction() as session:
        session.add(note)

    assert FILE_LATE in (await rows.refusal(rows.file(note_id=note.id)) or "")


async def test_no_note_becomes_an_inline_one_or_changes_its_kind(rows: Rows) -> None:
    for attempt in (
        update(Note).where(Note.kind == NoteKind.TICKET).values(kind=NoteKind.INLINE),
        update(Note)
        .where(Note.kind == NoteKind.TICKET)
        .values(kind=NoteKind.CUSTOMER, ticket_id=None, customer_id=rows.owners["customer_id"]),
    ):
        assert KIND_KEPT in (await rows.refusal(attempt) or "")


async def test_an_upsert_changes_no_inline_note(rows: Rows) -> None:
    inline = rows.notes[NoteKind.INLINE]
    columns = [column.name for column in Note.__table__.columns]
    same = select(Note.__table__).where(Note.id == inline.id)
    insert = (postgresql if not rows.world.desk.database.is_sqlite else sqlite).insert(Note)
    upsert = insert.from_select(columns, same).on_conflict_do_update(
        index_elements=[Note.id], set_={"body": "Nothing happened"}
    )

    assert NOTE_KEPT in (await rows.refusal(upsert) or "")


async def test_a_ticket_with_inline_notes_is_not_deleted(rows: Rows) -> None:
    refusal = await rows.refusal(delete(Ticket).where(Ticket.id == rows.ticket_id))

    assert "foreign key" in (refusal or "").lower()


async def test_a_mention_of_an_inline_note_stays_and_others_go(rows: Rows) -> None:
    ayse, nikos = (rows.world.agents[name].id for name in ("ayse", "nikos"))
    async with rows.world.desk.database.transaction() as session:
        session.add_all(
            NoteMention(note_id=rows.notes[kind].id, agent_id=ayse)
            for kind in (NoteKind.INLINE, NoteKind.TICKET)
        )
    of_inline = NoteMention.note_id == rows.notes[NoteKind.INLINE].id
    of_ticket = NoteMention.note_id == rows.notes[NoteKind.TICKET].id

    for attempt in (
        update(NoteMention).where(of_inline).values(agent_id=nikos),
        update(NoteMention).where(of_inline).values(removed_at=clock.now()),
        delete(NoteMention).where(of_inline),
        delete(NoteMention),
    ):
        assert MENTION_KEPT in (await rows.refusal(attempt) or "")
    assert await rows.refusal(delete(NoteMention).where(of_ticket)) is None


async def test_an_item_of_an_inline_note_is_ticked_off_and_stays_as_it_is(rows: Rows) -> None:
    inline, panel = (rows.notes[kind].id for kind in (NoteKind.INLINE, NoteKind.TICKET))
    async with rows.world.desk.database.transaction() as session:
        session.add(NoteTodo(note_id=inline, position=0, text="Pay 10 back"))
    of_inline, of_panel = NoteTodo.note_id == inline, NoteTodo.note_id == panel
    for done_at in (clock.now(), None):
        tick = update(NoteTodo).where(of_inline).values(done_at=done_at)
        assert await rows.refusal(tick) is None
    for attempt in (
        update(NoteTodo).where(of_inline).values(text="Pay 100 back"),
        update(NoteTodo).where(of_inline).values(position=1),
        update(NoteTodo).where(of_inline).values(id=new_id()),
        update(NoteTodo).where(of_inline).values(note_id=panel),
        update(NoteTodo).where(of_inline).values(removed_at=clock.now()),
        update(NoteTodo).where(of_panel).values(note_id=inline),
        delete(NoteTodo).where(of_inline),
        delete(NoteTodo),
    ):
        assert TODO_KEPT in (await rows.refusal(attempt) or "")
    for attempt in (
        update(NoteTodo).where(of_panel).values(text="Call", removed_at=clock.now()),
        delete(NoteTodo).where(of_panel),
    ):
        assert await rows.refusal(attempt) is None


@pytest.mark.parametrize("kind", EDITABLE)
async def test_what_a_note_said_before_is_neither_changed_nor_removed(
    rows: Rows, kind: NoteKind
) -> None:
    async with rows.world.desk.database.transaction() as session:
        session.add(revision_of(rows.notes[kind]))

    for attempt in (
        update(NoteRevision).values(body="Nothing was said"),
        update(NoteRevision).values(author_kind=ActorKind.AGENT),
        update(NoteRevision).values(created_at=clock.now()),
        delete(NoteRevision),
    ):
        assert REVISION_KEPT in (await rows.refusal(attempt) or "")
    assert (
        "foreign key"
        in (await rows.refusal(delete(Note).where(Note.id == rows.notes[kind].id)) or "").lower()
    )


def revision_of(note: Note) -> NoteRevision:
    return NoteRevision(
        note_id=note.id, body=note.body, author_kind=note.author_kind, created_at=note.created_at
    )


async def test_a_correction_leads_to_the_first_inline_note_of_its_ticket(rows: Rows) -> None:
    def correction(of: Note, kind: NoteKind = NoteKind.INLINE) -> Note:
        note = rows.note(kind, ticket_id=rows.ticket_id)
        note.corrects_id = of.id
        return note

    first, panel = rows.notes[NoteKind.INLINE], rows.notes[NoteKind.TICKET]
    second = correction(first)
    async with rows.world.desk.database.transaction() as session:
        session.add(second)
    _message, other_ticket = await rows.world.receive(subject="Other")
    elsewhere = rows.note(NoteKind.INLINE, ticket_id=decode_global_id(other_ticket)[1])
    elsewhere.corrects_id = first.id
    unknown = correction(rows.note(NoteKind.INLINE, ticket_id=rows.ticket_id))

    for wrong in (
        correction(second),
        correction(panel),
        correction(first, NoteKind.TICKET),
        elsewhere,
        unknown,
        update(Note).where(Note.id == panel.id).values(corrects_id=first.id),
    ):
        assert WRONG_CORRECTION in (await rows.refusal(wrong) or "")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("note", NOTE_KEPT),
        ("attachment", FILE_KEPT),
        ("note_mention", MENTION_KEPT),
        ("note_todo", TODO_KEPT),
        ("note_revision", REVISION_KEPT),
        ("ticket", NOTE_KEPT),
    ],
)
async def test_tables_with_evidence_are_not_emptied_at_one_stroke(
    rows: Rows, table: str, reason: str
) -> None:
    assert reason in (await rows.refusal(text(f"TRUNCATE {table} CASCADE")) or "")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_inline_note_is_not_replaced(rows: Rows) -> None:
    inline = rows.notes[NoteKind.INLINE].id.hex
    columns = ", ".join(column.name for column in Note.__table__.columns)
    changed = columns.replace("body", "'Nothing happened'")
    for attempt in (
        f"REPLACE INTO note ({columns}) SELECT {changed} FROM note WHERE id = '{inline}'",
        f"UPDATE OR REPLACE note SET id = '{inline}' WHERE kind = 'TICKET'",
    ):
        assert NOTE_KEPT in (await rows.refusal(text(attempt)) or "")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nothing_takes_the_place_of_evidence_in_its_table(rows: Rows) -> None:
    inline, panel = rows.notes[NoteKind.INLINE], rows.notes[NoteKind.TICKET]
    ayse, nikos = (rows.world.agents[name].id for name in ("ayse", "nikos"))
    kept, other = revision_of(panel), revision_of(panel)
    async with rows.world.desk.database.transaction() as session:
        session.add_all(NoteMention(note_id=note.id, agent_id=ayse) for note in (inline, panel))
        session.add_all([kept, other, NoteTodo(note_id=inline.id, position=0, text="Pay back")])
    of_inline = f"note_id = '{inline.id.hex}'"
    for model, evidence, reason in (
        (Note, f"id = '{inline.id.hex}'", NOTE_KEPT),
        (Attachment, of_inline, FILE_KEPT),
        (NoteMention, of_inline, MENTION_KEPT),
        (NoteTodo, of_inline, TODO_KEPT),
        (NoteRevision, f"id = '{kept.id.hex}'", REVISION_KEPT),
    ):
        table = model.__tablename__
        columns = ", ".join(column.name for column in model.__table__.columns)
        new_key = {"id": f"'{new_id().hex}'", "agent_id": f"'{nikos.hex}'"}
        values = ", ".join(
            new_key.get(column.name, column.name) for column in model.__table__.columns
        )
        place = f"(SELECT rowid FROM {table} WHERE {evidence})"
        others = f"{table} WHERE NOT {evidence} LIMIT 1"
        for attempt in (
            f"REPLACE INTO {table} (rowid, {columns}) SELECT {place}, {values} FROM {others}",
            f"REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE {evidence}",
            f"UPDATE OR REPLACE {table} SET rowid = {place} WHERE NOT {evidence}",
        ):
            assert reason in (await rows.refusal(text(attempt)) or ""), attempt


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_row_takes_the_key_of_evidence(rows: Rows) -> None:
    inline, panel = rows.notes[NoteKind.INLINE], rows.notes[NoteKind.TICKET]
    todo, ayse = new_id(), rows.world.agents["ayse"].id
    async with rows.world.desk.database.transaction() as session:
        session.add_all(NoteMention(note_id=note.id, agent_id=ayse) for note in (inline, panel))
        session.add(NoteTodo(id=todo, note_id=inline.id, position=0, text="Pay back"))

    for attempt, reason in (
        (f"note_mention SET note_id = '{inline.id.hex}'", MENTION_KEPT),
        (f"note_todo SET id = '{todo.hex}'", TODO_KEPT),
    ):
        of_panel = f"WHERE note_id = '{panel.id.hex}'"
        refusal = await rows.refusal(text(f"UPDATE OR REPLACE {attempt} {of_panel}"))
        assert reason in (refusal or ""), attempt
