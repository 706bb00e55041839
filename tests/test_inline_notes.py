"""Inline notes are evidence: the database itself keeps them, and the files on them, as they are."""

import pytest
from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.exc import IntegrityError

from models.attachments import Attachment
from models.base import Base
from models.notes import Note, NoteKind
from tests.desk import World
from tests.rows import Rows, write_rows

NOTE_KEPT = "an inline note never changes"
FILE_KEPT = "a file on an inline note never changes"
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


async def test_an_uploaded_file_can_be_put_on_an_inline_note(rows: Rows) -> None:
    uploaded = rows.file()
    async with rows.world.desk.database.transaction() as session:
        session.add(uploaded)
        await session.flush()
        uploaded.note_id = rows.notes[NoteKind.INLINE].id

    assert FILE_KEPT in (
        await rows.refusal(delete(Attachment).where(Attachment.id == uploaded.id)) or ""
    )


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("table", "reason"), [("note", NOTE_KEPT), ("attachment", FILE_KEPT), ("ticket", NOTE_KEPT)]
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
