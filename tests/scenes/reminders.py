"""Reminders that are ticked off."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import UNCHANGED, Stage, Told, of_ticket, scene_of

WHEN = "2030-01-01T09:00:00Z"


async def remind(stage: Stage, kind: str, **given: Any) -> str:
    """Let ayse write a note that is to be remembered; return its id."""
    note = {"kind": kind, "body": "Call her", "remindAt": WHEN, **given}
    return str((await stage.does("ayse", "noteAdd", "note { id }", **note))["note"]["id"])


@scene_of("reminderComplete")
async def reminders_of_a_ticket_are_ticked_off(stage: Stage) -> AsyncIterator[Told]:
    for kind in ("INLINE", "TICKET"):
        note = await remind(stage, kind, ticketId=stage.ticket)
        yield of_ticket("NoteAdded")
        await stage.does("nikos", "reminderComplete", noteId=note)
        yield of_ticket("NoteChanged")
        await stage.does("ayse", "reminderComplete", noteId=note, done=False)
        yield of_ticket("NoteChanged")

        await stage.does("ayse", "reminderComplete", noteId=note, done=False)
        await stage.is_refused("stranger", "NotFound", "reminderComplete", noteId=note)
        await stage.is_refused("ayse", "NotFound", "reminderComplete", noteId=stage.note)
        yield UNCHANGED


@scene_of("reminderComplete")
async def reminders_of_people_and_companies_are_ticked_off(stage: Stage) -> AsyncIterator[Told]:
    of_customer = await remind(stage, "CUSTOMER", customerId=stage.customer)
    yield {"customer": ["NoteAdded"]}
    await stage.does("nikos", "reminderComplete", noteId=of_customer)
    yield {"customer": ["NoteChanged"]}
    of_company = await remind(stage, "COMPANY", companyId=stage.company)
    yield {"company": ["NoteAdded"]}
    await stage.does("nikos", "reminderComplete", noteId=of_company)
    yield {"company": ["NoteChanged"]}
