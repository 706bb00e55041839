"""To-do lists of notes: ticked off, grown and cut."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import UNCHANGED, Stage, Told, of_ticket, scene_of


async def list_todos(stage: Stage, kind: str, **given: Any) -> list[str]:
    """Let ayse write a note with a to-do list; return the ids of its items."""
    note = {"kind": kind, "body": "For tomorrow", "todos": ["Call", "Refund"], **given}
    added = await stage.does("ayse", "noteAdd", "note { todos { id } }", **note)
    return [todo["id"] for todo in added["note"]["todos"]]


@scene_of("todoCheck")
async def items_are_ticked_off(stage: Stage) -> AsyncIterator[Told]:
    for kind in ("INLINE", "TICKET"):
        call, refund = await list_todos(stage, kind, ticketId=stage.ticket)
        yield of_ticket("NoteAdded")
        await stage.does("nikos", "todoCheck", todoId=refund)
        yield of_ticket("NoteChanged")
        await stage.does("ayse", "todoCheck", todoId=refund, done=False)
        yield of_ticket("NoteChanged")

        await stage.does("ayse", "todoCheck", todoId=call, done=False)
        await stage.is_refused("stranger", "NotFound", "todoCheck", todoId=call)
        yield UNCHANGED

    call, _refund = await list_todos(stage, "CUSTOMER", customerId=stage.customer)
    yield {"customer": ["NoteAdded"]}
    await stage.does("nikos", "todoCheck", todoId=call)
    yield {"customer": ["NoteChanged"]}


@scene_of("todoAdd")
async def items_are_added(stage: Stage) -> AsyncIterator[Told]:
    item = {"noteId": stage.panel_note, "text": "Call"}
    await stage.does("ayse", "todoAdd", **item, idempotencyKey="once")
    yield of_ticket("NoteChanged")
    await stage.does("nikos", "todoAdd", **item)
    yield of_ticket("NoteChanged")

    await stage.does("ayse", "todoAdd", **item, idempotencyKey="once")
    await stage.is_refused("ayse", "ValidationFailed", "todoAdd", **item | {"text": " "})
    await stage.is_refused("stranger", "NotFound", "todoAdd", **item)
    await stage.is_refused("ayse", "NotAllowed", "todoAdd", **item | {"noteId": stage.note})
    yield UNCHANGED


@scene_of("todoRemove")
async def items_are_removed(stage: Stage) -> AsyncIterator[Told]:
    call, refund = await list_todos(stage, "TICKET", ticketId=stage.ticket)
    yield of_ticket("NoteAdded")
    await stage.does("nikos", "todoRemove", todoId=call)
    yield of_ticket("NoteChanged")

    await stage.does("ayse", "todoRemove", todoId=call)
    await stage.is_refused("stranger", "NotFound", "todoRemove", todoId=refund)
    yield UNCHANGED

    (of_company, _refund) = await list_todos(stage, "COMPANY", companyId=stage.company)
    yield {"company": ["NoteAdded"]}
    await stage.does("nikos", "todoRemove", todoId=of_company)
    yield {"company": ["NoteChanged"]}
