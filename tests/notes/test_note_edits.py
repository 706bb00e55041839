"""Notes that are edited and corrected, and who may do so."""

import pytest

from core.ids import NodeKind, encode_global_id
from models.notes import NoteRevision
from models.notifications import Notification
from models.viewers import ApiScope
from tests.support.desk import World
from tests.support.note_edits import (
    AUTUMN,
    EDITABLE,
    SUMMER,
    owner_of,
    remove,
    rows,
    save,
    saved,
    write,
)
from tests.support.notes import REMINDERS, of_ticket
from tests.support.notes import add as add_note

CORRECTIONS = """
    query ($id: ID!) {
      node(id: $id) { ... on Note {
        corrects { body } corrections { totalCount nodes { body corrects { id } } }
      } }
    }
"""
TRANSFER = """
    mutation ($input: TicketTransferInput!) { ticketTransfer(input: $input) { __typename } }
"""


@pytest.mark.parametrize("kind", EDITABLE)
async def test_each_save_is_answered_with_the_version_to_send_next(world: World, kind: str) -> None:
    note = await write(world, kind)

    typed = await saved(world.nikos, note, body="She called tw")
    again = await saved(world.nikos, typed, body="She called twice.")

    assert (typed["version"], again["version"]) == (note["version"] + 1, note["version"] + 2)
    assert again[kind.lower()]["version"] == again["version"]
    assert again["revisions"]["nodes"] == [
        {"body": "She called.", "author": {"name": "Ayse"}},
        {"body": "She called tw", "author": {"name": "Nikos"}},
        {"body": "She called twice.", "author": {"name": "Nikos"}},
    ]


async def test_saving_what_stands_there_is_no_event_and_no_revision(world: World) -> None:
    note = await write(world, remindAt=SUMMER)
    before = await world.counts(), await rows(world, NoteRevision)

    result = await save(
        world.nikos,
        note,
        body="She called.",
        remindAt=SUMMER,
        remindWhomId=world.id_of("ayse"),
    )

    assert result["note"]["version"] == note["version"]
    assert (await world.counts(), await rows(world, NoteRevision)) == before


async def test_a_note_becomes_a_reminder_is_moved_and_is_one_no_more(world: World) -> None:
    note = await write(world)

    first = await saved(world.nikos, note, remindAt=SUMMER, remindWhomId=None)
    moved = await saved(world.nikos, first, remindAt=AUTUMN)
    given = await saved(world.nikos, moved, remindWhomId=world.id_of("ayse"))
    typed = await saved(world.nikos, given, body="She called twice.")
    cleared = await saved(world.nikos, typed, remindAt=None)

    assert [(each["remindAt"], each["remindWhom"]) for each in (first, moved, given, typed)] == [
        (SUMMER, {"name": "Nikos"}),
        (AUTUMN, {"name": "Nikos"}),
        (AUTUMN, {"name": "Ayse"}),
        (AUTUMN, {"name": "Ayse"}),
    ]
    assert (cleared["remindAt"], cleared["remindWhom"]) == (None, None)
    assert (await world.ayse.ask(REMINDERS))["reminders"]["totalCount"] == 0


async def test_edits_of_the_text_and_of_the_reminder_are_merged(world: World) -> None:
    note = await write(world)
    await saved(world.ayse, note, body="She called twice.")

    result = await save(world.nikos, note, body="She called.", remindAt=SUMMER)

    assert result["mergedFields"] == ["body"]
    assert result["note"]["body"] == "She called twice."
    assert (result["note"]["remindAt"], result["note"]["remindWhom"]) == (SUMMER, {"name": "Nikos"})


@pytest.mark.parametrize("kind", EDITABLE)
async def test_two_texts_are_a_conflict_that_shows_both(world: World, kind: str) -> None:
    note = await write(world, kind)
    await saved(world.ayse, note, body="She called twice.")
    before = await world.counts()

    refused = await save(world.nikos, note, body="She wrote.")

    assert refused == {
        "__typename": "EditConflict",
        "code": "EDIT_CONFLICT",
        "message": refused["message"],
        "currentVersion": note["version"] + 1,
        "changedBy": {"name": "Ayse"},
        "fields": [
            {
                "field": "body",
                "base": "She called.",
                "theirs": "She called twice.",
                "yours": "She wrote.",
            }
        ],
        "current": {"body": "She called twice.", "remindAt": None},
    }
    assert await world.counts() == before


async def test_two_moments_are_a_conflict_and_what_happens_around_a_note_is_none(
    world: World,
) -> None:
    note = await write(world)
    other = await write(world, ticketId=note["ticket"]["id"], body="Another")
    await saved(world.ayse, other, body="Another, edited")
    await saved(world.ayse, note, remindAt=SUMMER)

    refused = await save(world.nikos, note, remindAt=AUTUMN)

    assert refused["fields"] == [
        {"field": "remindAt", "base": None, "theirs": SUMMER, "yours": AUTUMN}
    ]


async def test_inline_notes_are_neither_edited_nor_deleted(world: World) -> None:
    note = await write(world, "INLINE", ticketId=(await owner_of(world, "TICKET"))["ticketId"])
    before = await world.counts()

    refused = {
        "__typename": "NotAllowed",
        "code": "NOT_ALLOWED",
        "message": "An inline note is never changed or deleted. Please write a correction instead.",
    }
    assert await save(world.admin, note, body="Nothing happened.") == refused
    assert await remove(world.admin, note) == refused
    assert (await remove(world.ayse, note))["message"].startswith("Satır içi notlar")
    assert await world.counts() == before
    assert (await of_ticket(world.ayse, note["ticket"]["id"]))["notes"]["nodes"] == [
        {"kind": "INLINE", "body": "She called."}
    ]


async def test_who_does_not_read_a_note_neither_edits_nor_deletes_it(world: World) -> None:
    note = await write(world)
    write_only = await world.integration(
        ApiScope.TICKETS_READ, ApiScope.NOTES_WRITE, brands=[world.acme]
    )
    read_only = await world.integration(
        ApiScope.TICKETS_READ, ApiScope.NOTES_READ, brands=[world.acme]
    )
    before = await world.counts()

    for client, error in (
        (world.stranger, "NotFound"),
        (write_only, "NotFound"),
        (read_only, "NotAllowed"),
    ):
        assert (await save(client, note, body="Gone"))["__typename"] == error
        assert (await remove(client, note))["__typename"] == error
    assert await world.counts() == before


async def test_an_integration_that_may_read_and_write_notes_edits_them(world: World) -> None:
    note = await write(world)
    scopes = (ApiScope.TICKETS_READ, ApiScope.NOTES_READ, ApiScope.NOTES_WRITE)
    shop = await world.integration(*scopes, brands=[world.acme])

    assert (await saved(shop, note, body="Paid."))["body"] == "Paid."
    assert (await save(shop, await saved(shop, note), remindAt=SUMMER))["fields"] == [
        {"path": ["input", "remindWhomId"], "code": "UNKNOWN_REFERENCE"}
    ]


async def test_what_cannot_be_saved_leaves_no_trace(world: World) -> None:
    note = await write(world)
    before = await world.counts()
    of_ayse = {"remindWhomId": world.id_of("ayse")}
    for edits, field, code in (
        ({"body": " "}, "body", "REQUIRED"),
        ({"body": None}, "body", "REQUIRED"),
        ({"body": "x" * 10_001}, "body", "TOO_LONG"),
        (of_ayse, "remindAt", "REQUIRED"),
        ({"remindAt": "2020-01-01T00:00:00Z", **of_ayse}, "remindAt", "MOMENT_IN_PAST"),
        (
            {"remindAt": SUMMER, "remindWhomId": world.id_of("stranger")},
            "remindWhomId",
            "UNKNOWN_REFERENCE",
        ),
        ({"remindAt": SUMMER, "remindWhomId": note["id"]}, "remindWhomId", "INVALID_ID"),
        ({"expectedVersion": note["version"] + 1}, "expectedVersion", "VERSION_IN_FUTURE"),
    ):
        refused = await save(world.ayse, note, **edits)
        assert refused["fields"] == [{"path": ["input", field], "code": code}]
    assert await world.counts() == before


async def test_only_those_whom_the_text_did_not_mention_before_are_told(world: World) -> None:
    note = await write(world, body="@Nikos look")

    both = await saved(world.ayse, note, body="@Nikos and @Admin look")
    other = await saved(world.ayse, both, body="Only @Admin need look")

    assert [each["name"] for each in both["mentions"]] == ["Admin", "Nikos"]
    assert other["mentions"] == [{"name": "Admin"}]
    for name in ("nikos", "admin"):
        assert await rows(world, Notification, Notification.agent_id == world.agents[name].id) == 1


async def test_corrections_lead_to_the_first_note(world: World) -> None:
    ticket = (await owner_of(world, "TICKET"))["ticketId"]
    first = await write(world, "INLINE", ticketId=ticket, body="She paid 10.")

    second = await write(world, "INLINE", ticketId=ticket, body="20.", correctsId=first["id"])
    third = await write(world, "INLINE", ticketId=ticket, body="30.", correctsId=second["id"])

    assert (await world.nikos.ask(CORRECTIONS, id=first["id"]))["node"] == {
        "corrects": None,
        "corrections": {
            "totalCount": 2,
            "nodes": [
                {"body": "20.", "corrects": {"id": first["id"]}},
                {"body": "30.", "corrects": {"id": first["id"]}},
            ],
        },
    }
    assert (await world.nikos.ask(CORRECTIONS, id=third["id"]))["node"] == {
        "corrects": {"body": "She paid 10."},
        "corrections": {"totalCount": 0, "nodes": []},
    }


async def test_only_inline_notes_of_the_same_ticket_are_corrected(world: World) -> None:
    ticket, other = [(await world.receive(subject=subject))[1] for subject in ("One", "Other")]
    inline = await write(world, "INLINE", ticketId=ticket)
    elsewhere = await write(world, "INLINE", ticketId=other)
    panel = await write(world, ticketId=ticket)
    before = await world.counts()
    for kind, corrected, code in (
        ("INLINE", elsewhere["id"], "UNKNOWN_REFERENCE"),
        ("INLINE", panel["id"], "UNKNOWN_REFERENCE"),
        ("INLINE", ticket, "INVALID_ID"),
        ("TICKET", inline["id"], "NOT_ALLOWED_VALUE"),
    ):
        refused = await add_note(world.ayse, kind, ticketId=ticket, correctsId=corrected)
        assert refused["fields"] == [{"path": ["input", "correctsId"], "code": code}]
    assert await world.counts() == before


async def test_a_transferred_ticket_keeps_its_notes_for_its_new_agent(world: World) -> None:
    note = await write(world)
    ticket = note["ticket"]["id"]
    await write(world, "INLINE", ticketId=ticket, body="Between us")
    support = encode_global_id(NodeKind.TEAM, world.support.id)
    await world.ayse.act(TRANSFER, input={"ticketId": ticket, "teamId": support})
    assert (await save(world.nikos, note, body="Mine"))["code"] == "NOT_FOUND"

    given = {"ticketId": ticket, "assigneeId": world.id_of("nikos"), "comment": "Yours"}
    await world.ayse.act(TRANSFER, input=given)

    assert (await of_ticket(world.nikos, ticket))["notes"]["nodes"] == [
        {"kind": "TICKET", "body": "She called."},
        {"kind": "INLINE", "body": "Between us"},
        {"kind": "INLINE", "body": "Yours"},
    ]
    edited = await saved(world.nikos, note, body="She called twice.")
    assert edited["revisions"]["nodes"][-1]["author"] == {"name": "Nikos"}
    added = await add_note(world.nikos, "INLINE", ticketId=ticket, body="I take over.")
    assert added["note"]["author"] == {"name": "Nikos"}
    assert (await remove(world.nikos, edited))["__typename"] == "NoteDeleteSuccess"
