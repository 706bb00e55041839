"""Notes that are deleted: absent for everybody, and kept in the history."""

import pytest

from core.ids import decode_global_id
from models.notes import Note, NoteRevision
from models.viewers import ApiScope
from tests.support.desk import World
from tests.support.favorites import ADD as STAR
from tests.support.note_edits import (
    EDITABLE,
    SUMMER,
    owner_id,
    owner_of,
    remove,
    rows,
    save,
    saved,
    write,
)
from tests.support.notes import REMINDERS
from tests.support.notes import add as add_note

NODE = "query ($id: ID!) { node(id: $id) { ... on Note { version body } } }"
HISTORY = """
    query ($id: ID!) {
      ticket(id: $id) {
        favoriteCount favorites { totalCount }
        changes { nodes { action actor { ... on Agent { name } } item { __typename } } }
        timeline { nodes { ... on TicketChange { action } } }
      }
    }
"""
SEND = """
    mutation ($ticket: ID!, $version: Int!) {
      messageSend(input: {ticketId: $ticket, body: "On its way.", expectedVersion: $version}) {
        __typename
      }
    }
"""
NOT_FOUND = {
    "__typename": "NotFound",
    "code": "NOT_FOUND",
    "message": "This does not exist, or you may not see it.",
}


@pytest.mark.parametrize("kind", EDITABLE)
async def test_a_deleted_note_is_an_absent_one_and_its_revisions_stay(
    world: World, kind: str
) -> None:
    note = await saved(world.ayse, await write(world, kind), body="She called twice.")

    result = await remove(world.nikos, note)

    assert result["__typename"] == "NoteDeleteSuccess"
    assert result["noteId"] == note["id"]
    assert result["owner"] == {"id": owner_id(note, kind), "notes": {"totalCount": 0}}
    assert await world.ayse.ask(NODE, id=note["id"]) == {"node": None}
    assert await remove(world.admin, note) == NOT_FOUND
    assert await save(world.admin, note, body="Back") == NOT_FOUND
    row_id = decode_global_id(note["id"])[1]
    assert await rows(world, NoteRevision, NoteRevision.note_id == row_id) == 2
    assert await rows(world, Note, Note.id == row_id, Note.body == "She called twice.") == 1


async def test_who_sends_a_deleted_note_again_is_not_shown_what_others_made_of_it(
    world: World,
) -> None:
    given = {**await owner_of(world, "TICKET"), "idempotencyKey": "k"}
    note = await write(world, **given)
    await saved(world.nikos, note, body="She called twice.")
    again = await add_note(world.ayse, "TICKET", **given)
    assert again["note"]["body"] == "She called twice."

    await remove(world.nikos, note)
    before = await world.counts()

    assert await add_note(world.ayse, "TICKET", **given) == {
        "__typename": "NotFound",
        "code": "NOT_FOUND",
    }
    assert await world.counts() == before


async def test_the_history_says_who_deleted_a_note_and_its_star(world: World) -> None:
    note = await write(world)
    ticket = note["ticket"]["id"]
    await world.ayse.act(STAR, item=note["id"])

    await remove(world.nikos, note)

    shown = (await world.ayse.ask(HISTORY, id=ticket))["ticket"]
    assert (shown["favoriteCount"], shown["favorites"]["totalCount"]) == (0, 0)
    assert shown["changes"]["nodes"][1:] == [
        {"action": "FAVORITE_ADDED", "actor": {"name": "Ayse"}, "item": None},
        {"action": "FAVORITE_REMOVED", "actor": {"name": "Nikos"}, "item": None},
        {"action": "NOTE_DELETED", "actor": {"name": "Nikos"}, "item": None},
    ]
    assert {"action": "NOTE_DELETED"} in shown["timeline"]["nodes"]
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    shown = (await reader.ask(HISTORY, id=ticket))["ticket"]
    assert [change["action"] for change in shown["changes"]["nodes"]] == ["CREATED"]
    assert {"action": "NOTE_DELETED"} not in shown["timeline"]["nodes"]


async def test_a_text_that_was_changed_since_is_not_deleted_unseen(world: World) -> None:
    note = await write(world)
    await saved(world.ayse, note, body="She called twice.")
    before = await world.counts()

    refused = await remove(world.nikos, note, expectedVersion=note["version"])

    assert refused["__typename"] == "EditConflict"
    assert refused["changedBy"] == {"name": "Ayse"}
    assert refused["fields"] == [
        {"field": "body", "base": "She called.", "theirs": "She called twice.", "yours": None}
    ]
    assert refused["current"] == {"body": "She called twice."}
    in_future = await remove(world.nikos, note, expectedVersion=refused["currentVersion"] + 1)
    assert in_future["fields"][0]["code"] == "VERSION_IN_FUTURE"
    assert await world.counts() == before
    seen = await remove(world.nikos, note, expectedVersion=refused["currentVersion"])
    assert seen["__typename"] == "NoteDeleteSuccess"


async def test_another_reminder_does_not_keep_a_note_from_being_deleted(world: World) -> None:
    note = await write(world)
    await saved(world.ayse, note, remindAt=SUMMER)

    result = await remove(world.nikos, note, expectedVersion=note["version"])

    assert result["__typename"] == "NoteDeleteSuccess"
    assert (await world.ayse.ask(REMINDERS))["reminders"]["totalCount"] == 0


async def test_a_deleted_note_is_no_new_activity(world: World) -> None:
    note = await write(world)
    await remove(world.ayse, note)

    seen = {"ticket": note["ticket"]["id"], "version": note["version"] - 1}

    assert await world.nikos.act(SEND, **seen) == {"__typename": "MessageSendSuccess"}
