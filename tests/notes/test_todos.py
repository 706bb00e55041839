"""To-do lists of notes: ticked off by whoever sees the note, grown and cut on editable ones."""

import asyncio
from typing import Any

import pytest

from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.event_topics import topic_named
from models.events import read_events
from models.tickets import Ticket
from models.viewers import ApiScope
from tests.support.desk import Client, World
from tests.support.notes import add as add_note
from tests.support.reminders import VERSION, delete

_NOTE = "note { id version todos { id text doneAt } }"
_ERRORS = """
    __typename
    ... on ValidationFailed { fields { path code } }
    ... on UserError { code }
"""
CHECK = f"""
    mutation ($input: TodoCheckInput!) {{
      todoCheck(input: $input) {{
        {_ERRORS} ... on TodoCheckSuccess {{ todo {{ id text doneAt }} {_NOTE} }}
      }}
    }}
"""
ADD = f"""
    mutation ($input: TodoAddInput!) {{
      todoAdd(input: $input) {{
        {_ERRORS}
        ... on LimitReached {{ limit }}
        ... on TodoAddSuccess {{ todo {{ id text doneAt }} {_NOTE} }}
      }}
    }}
"""
REMOVE = f"""
    mutation ($input: TodoRemoveInput!) {{
      todoRemove(input: $input) {{ {_ERRORS} ... on TodoRemoveSuccess {{ todoId {_NOTE} }} }}
    }}
"""
TODOS = "query ($id: ID!) { node(id: $id) { ... on Note { todos { id text doneAt } } } }"
NOT_FOUND = {"__typename": "NotFound", "code": "NOT_FOUND"}
NOT_ALLOWED = {"__typename": "NotAllowed", "code": "NOT_ALLOWED"}


async def check(client: Client, todo: str, **given: Any) -> dict[str, Any]:
    return await client.act(CHECK, input={"todoId": todo, **given})


async def add(client: Client, note: str, text: str = "Call", **given: Any) -> dict[str, Any]:
    return await client.act(ADD, input={"noteId": note, "text": text, **given})


async def remove(client: Client, todo: str) -> dict[str, Any]:
    return await client.act(REMOVE, input={"todoId": todo})


async def listed(world: World, note: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.admin.ask(TODOS, id=note))["node"]["todos"]
    return found


async def texts(world: World, note: str) -> list[str]:
    return [todo["text"] for todo in await listed(world, note)]


async def note_with(world: World, *todos: str, kind: str = "TICKET") -> tuple[str, str]:
    """Write a note with a to-do list on a new ticket; return the ids of both."""
    _message, ticket = await world.receive()
    note = await add_note(world.ayse, kind, ticketId=ticket, todos=todos)
    return note["note"]["id"], ticket


async def changes_told(world: World, ticket: str) -> list[dict[str, Any]]:
    """Return the changes of notes that the stream of a ticket tells, in order."""
    topic = topic_named(Ticket, decode_global_id(ticket)[1])
    async with world.desk.database.reading() as connection:
        events = await read_events(connection, topic, 0, 1_000)
    return [
        change
        for event in events
        if event.type == "NoteChanged"
        for change in event.payload["changes"]
    ]


# ── Ticking off ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["INLINE", "TICKET"])
async def test_whoever_sees_the_note_may_tick_off_and_doing_so_twice_is_one_event(
    world: World, kind: str
) -> None:
    note, ticket = await note_with(world, "Call", "Refund", kind=kind)
    call, refund = await listed(world, note)
    version = (await world.ayse.ask(VERSION, id=note))["node"]["version"]

    first = await check(world.nikos, call["id"])
    before = await world.counts()
    second = await check(world.ayse, call["id"])

    done = {**call, "doneAt": first["todo"]["doneAt"]}
    grown = version if kind == "INLINE" else version + 1
    assert done["doneAt"] is not None
    assert (
        first
        == second
        == {
            "__typename": "TodoCheckSuccess",
            "todo": done,
            "note": {"id": note, "version": grown, "todos": [done, refund]},
        }
    )
    assert await world.counts() == before
    assert await changes_told(world, ticket) == [
        {"field": "todos", "before": "[ ] Call", "after": "[x] Call"}
    ]


async def test_a_tick_is_taken_back(world: World) -> None:
    note, ticket = await note_with(world, "Call")
    (call,) = await listed(world, note)
    await check(world.ayse, call["id"])

    result = await check(world.nikos, call["id"], done=False)
    before = await world.counts()
    again = await check(world.nikos, call["id"], done=False)

    assert result["todo"] == call
    assert again == result
    assert await world.counts() == before
    assert (await changes_told(world, ticket))[-1] == {
        "field": "todos",
        "before": "[x] Call",
        "after": "[ ] Call",
    }


async def test_two_who_tick_the_same_item_at_once_agree(world: World) -> None:
    note, ticket = await note_with(world, "Call")
    (call,) = await listed(world, note)

    results = await asyncio.gather(
        *(check(client, call["id"]) for client in (world.ayse, world.nikos, world.admin))
    )

    assert len({result["todo"]["doneAt"] for result in results}) == 1
    assert len(await changes_told(world, ticket)) == 1


async def test_two_who_tick_different_items_at_once_both_succeed(world: World) -> None:
    items = [f"Item {number}" for number in range(6)]
    note, ticket = await note_with(world, *items)
    before = await listed(world, note)

    await asyncio.gather(*(check(world.ayse, todo["id"]) for todo in before))

    assert [todo["doneAt"] is not None for todo in await listed(world, note)] == [True] * 6
    assert len(await changes_told(world, ticket)) == 6


async def test_a_tick_leaves_the_text_to_who_is_editing_it(world: World) -> None:
    note, _ticket = await note_with(world, "Call")
    (call,) = await listed(world, note)
    version = (await world.ayse.ask(VERSION, id=note))["node"]["version"]
    await check(world.nikos, call["id"])

    document = """
        mutation ($input: NoteUpdateInput!) {
          noteUpdate(input: $input) {
            ... on NoteUpdateSuccess { mergedFields note { body todos { doneAt } } }
          }
        }
    """
    edit = {"noteId": note, "expectedVersion": version, "body": "She called twice."}
    result = await world.ayse.act(document, input=edit)

    assert result["mergedFields"] == ["todos"]
    assert result["note"]["body"] == "She called twice."
    assert result["note"]["todos"][0]["doneAt"] is not None


# ── Adding and removing ────────────────────────────────────────────────────────────────────────


async def test_an_item_is_added_at_the_end(world: World) -> None:
    note, ticket = await note_with(world, "Call")

    result = await add(world.nikos, note, "  Refund \n her ")

    (call, refund) = await listed(world, note)
    assert (call["text"], refund["text"], refund["doneAt"]) == ("Call", "Refund her", None)
    assert result["todo"] == refund
    assert result["note"]["todos"] == [call, refund]
    assert await changes_told(world, ticket) == [
        {"field": "todos", "before": None, "after": "[ ] Refund her"}
    ]


async def test_an_item_is_removed_once_whoever_added_it(world: World) -> None:
    note, ticket = await note_with(world, "Call", "Refund")
    call, refund = await listed(world, note)
    await check(world.ayse, call["id"])

    first = await remove(world.nikos, call["id"])
    before = await world.counts()
    second = await remove(world.ayse, call["id"])

    assert first == second
    assert (first["todoId"], first["note"]["todos"]) == (call["id"], [refund])
    assert await world.counts() == before
    assert (await changes_told(world, ticket))[1:] == [
        {"field": "todos", "before": "[x] Call", "after": None}
    ]


async def test_a_removed_item_is_not_ticked_off(world: World) -> None:
    note, _ticket = await note_with(world, "Call")
    (call,) = await listed(world, note)
    await remove(world.ayse, call["id"])
    before = await world.counts()

    assert await check(world.ayse, call["id"]) == NOT_FOUND
    assert await world.counts() == before


async def test_what_is_added_after_a_removal_stands_at_the_end(world: World) -> None:
    note, _ticket = await note_with(world, "One", "Two")
    _one, two = await listed(world, note)
    await remove(world.ayse, two["id"])

    await add(world.ayse, note, "Three")
    await add(world.ayse, note, "Four")

    assert await texts(world, note) == ["One", "Three", "Four"]


async def test_the_same_key_adds_one_item_even_when_that_was_removed_since(world: World) -> None:
    note, _ticket = await note_with(world)
    first = await add(world.ayse, note, idempotencyKey="once")
    assert await add(world.ayse, note, idempotencyKey="once") == first
    await remove(world.nikos, first["todo"]["id"])
    before = await world.counts()

    again = await add(world.ayse, note, idempotencyKey="once")
    reused = await add(world.ayse, note, "Refund", idempotencyKey="once")

    assert again["todo"] == first["todo"]
    assert again["note"]["todos"] == []
    assert reused == {"__typename": "IdempotencyKeyReused", "code": "IDEMPOTENCY_KEY_REUSED"}
    assert await world.counts() == before


async def test_a_list_has_fifty_items_at_most(world: World) -> None:
    note, _ticket = await note_with(world, *(f"Item {number}" for number in range(49)))

    results = await asyncio.gather(*(add(world.ayse, note) for _ in range(3)))
    kinds = sorted(result["__typename"] for result in results)

    full = {"__typename": "LimitReached", "code": "LIMIT_REACHED", "limit": 50}
    assert kinds == ["LimitReached", "LimitReached", "TodoAddSuccess"]
    assert full in results
    assert len(await listed(world, note)) == 50

    *_others, last = await listed(world, note)
    await remove(world.ayse, last["id"])
    assert (await add(world.ayse, note))["__typename"] == "TodoAddSuccess"


@pytest.mark.parametrize(
    ("text", "code"), [(" \n ", "REQUIRED"), ("ş" * 2_001, "TOO_LONG")], ids=["empty", "long"]
)
async def test_an_item_has_a_text_of_at_most_2000_characters(
    world: World, text: str, code: str
) -> None:
    note, _ticket = await note_with(world)
    before = await world.counts()

    refused = await add(world.ayse, note, text)

    assert refused["fields"] == [{"path": ["input", "text"], "code": code}]
    assert await world.counts() == before
    assert (await add(world.ayse, note, "ş" * 2_000))["__typename"] == "TodoAddSuccess"


# ── Refusals ───────────────────────────────────────────────────────────────────────────────────


async def test_the_list_of_an_inline_note_is_only_ticked_off(world: World) -> None:
    note, _ticket = await note_with(world, "Call", kind="INLINE")
    (call,) = await listed(world, note)
    before = await world.counts()

    assert await add(world.admin, note) == NOT_ALLOWED
    assert await remove(world.admin, call["id"]) == NOT_ALLOWED

    assert await world.counts() == before
    assert await listed(world, note) == [call]


async def test_who_may_not_write_notes_there_changes_no_list(world: World) -> None:
    note, _ticket = await note_with(world, "Call")
    (call,) = await listed(world, note)
    reader = await world.integration(
        ApiScope.TICKETS_READ, ApiScope.NOTES_READ, brands=[world.acme]
    )
    without_notes = await world.integration(
        ApiScope.TICKETS_READ, ApiScope.NOTES_WRITE, brands=[world.acme]
    )
    before = await world.counts()

    for client, refusal in (
        (world.stranger, NOT_FOUND),
        (without_notes, NOT_FOUND),
        (reader, NOT_ALLOWED),
    ):
        assert await check(client, call["id"]) == refusal
        assert await add(client, note) == refusal
        assert await remove(client, call["id"]) == refusal
    for document, given in (
        (CHECK, {"todoId": call["id"]}),
        (ADD, {"noteId": note, "text": "Call"}),
        (REMOVE, {"todoId": call["id"]}),
    ):
        refused = await world.nobody.send(document, input=given)
        assert refused.error["extensions"]["code"] == "UNAUTHENTICATED"

    assert await world.counts() == before
    assert await listed(world, note) == [call]


async def test_what_is_not_there_is_not_found(world: World) -> None:
    note, ticket = await note_with(world, "Call")
    (call,) = await listed(world, note)
    missing = encode_global_id(NodeKind.TODO, new_id())

    assert await check(world.ayse, missing) == NOT_FOUND
    assert await remove(world.ayse, missing) == NOT_FOUND
    for refused in (await check(world.ayse, note), await remove(world.ayse, note)):
        assert refused["fields"] == [{"path": ["input", "todoId"], "code": "INVALID_ID"}]
    wrong = await add(world.ayse, ticket)
    assert wrong["fields"] == [{"path": ["input", "noteId"], "code": "INVALID_ID"}]

    await delete(world.ayse, note)
    assert await check(world.ayse, call["id"]) == NOT_FOUND
    assert await add(world.ayse, note) == NOT_FOUND
    assert await remove(world.ayse, call["id"]) == NOT_FOUND


async def test_an_item_is_no_node_of_its_own(world: World) -> None:
    note, _ticket = await note_with(world, "Call")
    (call,) = await listed(world, note)

    found = await world.admin.ask("query ($id: ID!) { node(id: $id) { id } }", id=call["id"])

    assert found == {"node": None}
