"""What happens to notes, live: who hears it, and who does not."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from models.viewers import ApiScope
from tests.support.edits import EDIT_WARNINGS, change, edit
from tests.support.favorites import ADD as STAR
from tests.support.live import INBOX_EVENTS, WHO, LiveWorld, Watcher, served, watching
from tests.support.note_edits import EDITABLE, owner_id, remove, save, saved, write
from tests.support.notes import add as add_note
from tests.support.tickets import CLOSE

_NOTE_EVENTS = """
    __typename
    ... on Event { cursor }
    ... on NoteAdded { note { id body } }
    ... on NoteChanged {
      actor { ...Who } note { id version body } changes { field before after }
    }
    ... on NoteDeleted {
      actor { ...Who } noteId
      owner { __typename ... on Node { id } } ticketChange { action }
    }
"""
STREAMS: Mapping[str, str] = {
    "TICKET": f"""
        subscription ($id: ID!, $after: EventCursor) {{
          ticketEvents(ticketId: $id, after: $after) {{
            {_NOTE_EVENTS}
            ... on FavoriteRemoved {{ itemId favoriteCount }}
          }}
        }}
        {WHO}
    """,
    "CUSTOMER": f"""
        subscription ($id: ID!, $after: EventCursor) {{
          customerEvents(customerId: $id, after: $after) {{ {_NOTE_EVENTS} }}
        }}
        {WHO}
    """,
    "COMPANY": f"""
        subscription ($id: ID!, $after: EventCursor) {{
          companyEvents(companyId: $id, after: $after) {{ {_NOTE_EVENTS} }}
        }}
        {WHO}
    """,
}
RENAME = {
    "CUSTOMER": """
        mutation ($id: ID!, $version: Int!) {
          customerUpdate(input: {customerId: $id, expectedVersion: $version, name: "New"}) {
            __typename
          }
        }
    """,
    "COMPANY": """
        mutation ($id: ID!, $version: Int!) {
          companyUpdate(input: {companyId: $id, expectedVersion: $version, name: "New"}) {
            __typename
          }
        }
    """,
}
VERSION = """
    query ($id: ID!) {
      node(id: $id) { ... on Customer { version } ... on Company { version } }
    }
"""


@pytest.fixture
async def live(world: Any) -> AsyncIterator[LiveWorld]:
    async with served(world) as opened:
        yield opened


async def change_something_else(live: LiveWorld, kind: str, row_id: str) -> None:
    """Do what everybody hears who follows a ticket, a customer or a company."""
    if kind == "TICKET":
        await live.world.ayse.act(CLOSE, ticket=row_id)
        return
    version = (await live.world.ayse.ask(VERSION, id=row_id))["node"]["version"]
    await live.world.ayse.act(RENAME[kind], id=row_id, version=version)


@pytest.mark.parametrize("kind", EDITABLE)
async def test_who_follows_is_told_of_edits_and_deletions(live: LiveWorld, kind: str) -> None:
    note = await write(live.world, kind)
    owner = owner_id(note, kind)
    async with live.watch("nikos", STREAMS[kind], id=owner) as watcher:
        await watcher.next()

        typed = await saved(live.world.ayse, note, body="She called twice.")
        assert await watcher.next() == {
            "__typename": "NoteChanged",
            "actor": {"name": "Ayse"},
            "note": {"id": note["id"], "version": typed["version"], "body": "She called twice."},
            "changes": [change("body", "She called.", "She called twice.")],
        }
        await remove(live.world.admin, note)
        told = await watcher.next()
        assert told == {
            "__typename": "NoteDeleted",
            "actor": {"name": "Admin"},
            "noteId": note["id"],
            "owner": {"__typename": kind.capitalize(), "id": owner},
            "ticketChange": {"action": "NOTE_DELETED"} if kind == "TICKET" else None,
        }


@pytest.mark.parametrize("kind", EDITABLE)
async def test_who_was_away_is_told_of_the_deletion_and_shown_nothing_of_the_note(
    live: LiveWorld, kind: str
) -> None:
    note = await write(live.world, kind)
    owner = owner_id(note, kind)
    async with live.watch("nikos", STREAMS[kind], id=owner) as watcher:
        await watcher.next()
        cursor = watcher.cursor
    other = await write_beside(live, kind, owner)
    if kind == "TICKET":
        await live.world.ayse.act(STAR, item=other["id"])
    await saved(live.world.ayse, other, body="Secret, edited")
    await remove(live.world.ayse, other)

    async with live.watch("nikos", STREAMS[kind], id=owner, after=cursor) as watcher:
        told = [await watcher.next() for _ in range(2 if kind == "TICKET" else 1)]
        await saved(live.world.ayse, note, body="Still here")
        assert (await watcher.next())["note"]["body"] == "Still here"

    if kind == "TICKET":
        assert told[0] == {
            "__typename": "FavoriteRemoved",
            "itemId": other["id"],
            "favoriteCount": 0,
        }
    assert (told[-1]["__typename"], told[-1]["noteId"]) == ("NoteDeleted", other["id"])


async def write_beside(live: LiveWorld, kind: str, owner: str) -> dict[str, Any]:
    """Write another note on the same."""
    given = {f"{kind.lower()}Id": owner, "body": "Secret"}
    note: dict[str, Any] = (await add_note(live.world.ayse, kind, **given))["note"]
    return note


@pytest.mark.parametrize("kind", EDITABLE)
async def test_who_reads_no_notes_hears_of_none(live: LiveWorld, kind: str) -> None:
    world = live.world
    note = await write(world, kind)
    owner = owner_id(note, kind)
    scopes = (ApiScope.TICKETS_READ, ApiScope.CUSTOMERS_READ)
    token = (await world.integration(*scopes, brands=[world.acme])).token
    async with AsyncExitStack() as opened:

        async def follow(document: str, **variables: Any) -> Watcher:
            watcher = await opened.enter_async_context(
                watching(live.port, token, document, **variables)
            )
            await watcher.next()
            return watcher

        watcher = await follow(STREAMS[kind], id=owner)
        inbox = await follow(INBOX_EVENTS) if kind == "TICKET" else None
        if kind == "TICKET":
            await world.ayse.act(STAR, item=note["id"])
            assert inbox is not None
            await inbox.next()  # the ticket was active: what got the star is not told
        await saved(world.ayse, note, body="She called twice.")
        await remove(world.ayse, note)
        await change_something_else(live, kind, owner)

        assert (await watcher.next())["__typename"] == f"{kind.capitalize()}Changed"
        if inbox is not None:
            assert (await inbox.next())["changes"] == [{"field": "status", "after": "CLOSED"}]


async def test_lists_of_tickets_show_that_a_note_changed_and_not_what_it_says(
    live: LiveWorld,
) -> None:
    note = await write(live.world)
    async with live.watch("nikos", INBOX_EVENTS) as watcher:
        await watcher.next()

        await saved(live.world.ayse, note, body="She called twice.")

        assert await watcher.next() == {
            "__typename": "TicketUpdated",
            "ticket": note["ticket"],
            "changes": [],
        }


async def test_two_who_type_in_one_note_are_warned_and_lose_nothing(live: LiveWorld) -> None:
    ayse, nikos = live.world.ayse, live.world.nikos
    note = await write(live.world)
    opened = {"ids": [note["id"]], "versions": [note["version"]]}
    async with (
        live.watch("ayse", EDIT_WARNINGS, **opened) as to_ayse,
        live.watch("nikos", EDIT_WARNINGS, **opened) as to_nikos,
    ):
        by_ayse = await saved(ayse, note, body="She called twice.")
        warned = await to_nikos.next()
        assert warned["version"] == by_ayse["version"]
        assert warned["changedBy"] == {"name": "Ayse"}
        assert warned["changes"] == [change("body", "She called.", "She called twice.")]
        assert warned["resource"] == {"id": note["id"], "body": "She called twice."}

        # Nikos has not loaded it yet: his text is refused, his reminder is not.
        refused = await save(nikos, note, body="She wrote.")
        assert refused["fields"] == [
            {
                "field": "body",
                "base": "She called.",
                "theirs": "She called twice.",
                "yours": "She wrote.",
            }
        ]
        merged = await save(nikos, note, remindAt="2031-07-01T09:00:00Z")
        assert merged["mergedFields"] == ["body"]
        assert merged["note"]["body"] == "She called twice."
        assert (await to_ayse.next())["changes"] == [
            change("remindAt", None, "2031-07-01T09:00:00Z"),
            change("remindWhom", None, "Nikos"),
        ]

        loaded = {**note, "version": refused["currentVersion"]}
        await saved(nikos, loaded, body="She called twice, and wrote.")
        assert (await to_ayse.next())["changes"] == [
            change("body", "She called twice.", "She called twice, and wrote.")
        ]


async def test_warnings_about_a_note_end_when_it_is_deleted(live: LiveWorld) -> None:
    note = await write(live.world)
    opened = {"ids": [note["id"]], "versions": [note["version"]]}
    both = {"ids": [note["id"], note["ticket"]["id"]]}
    async with (
        live.watch("nikos", EDIT_WARNINGS, **opened) as watcher,
        live.watch("nikos", EDIT_WARNINGS, **both) as watcher_of_both,
    ):
        await saved(live.world.ayse, note, body="She called twice.")
        assert (await watcher.next())["resource"]["id"] == note["id"]
        assert (await watcher_of_both.next())["resource"]["id"] == note["id"]

        await remove(live.world.ayse, note)
        await edit(live.world.ayse, note["ticket"]["id"], title="New")

        await watcher.ended()
        assert (await watcher_of_both.next())["changes"][0]["after"] == "New"


async def test_a_correction_is_told_with_the_note_that_it_corrects(live: LiveWorld) -> None:
    first = await write(live.world, "INLINE", ticketId=(await live.world.receive())[1])
    document = """
        subscription ($id: ID!) {
          ticketEvents(ticketId: $id) { ... on NoteAdded { note { body corrects { id } } } }
        }
    """
    async with live.watch("nikos", document, id=first["ticket"]["id"]) as watcher:
        await watcher.next()

        given = {"ticketId": first["ticket"]["id"], "body": "Twice.", "correctsId": first["id"]}
        await add_note(live.world.ayse, "INLINE", **given)

        assert await watcher.next() == {"note": {"body": "Twice.", "corrects": {"id": first["id"]}}}
