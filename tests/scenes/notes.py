"""Notes that are edited."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import UNCHANGED, Stage, Told, of_ticket, scene_of


@scene_of("noteUpdate")
async def a_note_on_a_ticket_is_edited(stage: Stage) -> AsyncIterator[Told]:
    note: dict[str, Any] = {"noteId": stage.panel_note}
    loaded = await stage.version(stage.panel_note, "Note")
    await stage.edits("noteUpdate", **note, body="Called twice, @Nikos")
    yield of_ticket("NoteChanged", notifications=["NotificationAdded"])
    await stage.edits("noteUpdate", **note, body="Called twice, @Nikos, and he answered")
    yield of_ticket("NoteChanged")
    await stage.edits("noteUpdate", **note, remindAt="2031-01-01T09:00:00Z")
    yield of_ticket("NoteChanged")
    await stage.edits("noteUpdate", **note, remindAt=None, body="Called")
    yield of_ticket("NoteChanged")

    await stage.edits("noteUpdate", **note, remindAt=None, body="Called")
    given = {**note, "expectedVersion": loaded, "remindAt": "2032-01-01T09:00:00Z"}
    await stage.is_refused("ayse", "EditConflict", "noteUpdate", **given)
    await stage.is_refused("stranger", "NotFound", "noteUpdate", **given)
    inline = {"noteId": stage.note, "expectedVersion": 1, "body": "Nothing happened"}
    await stage.is_refused("admin", "NotAllowed", "noteUpdate", **inline)
    yield UNCHANGED


@scene_of("noteUpdate")
async def notes_on_people_and_companies_are_edited(stage: Stage) -> AsyncIterator[Told]:
    await stage.edits("noteUpdate", noteId=stage.customer_note, body="Kind")
    yield {"customer": ["NoteChanged"]}
    await stage.edits("noteUpdate", noteId=stage.company_note, body="Pays late")
    yield {"company": ["NoteChanged"]}
