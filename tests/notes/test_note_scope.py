"""An integration without the scope for notes reads as if the team had never written any."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.viewers import ApiScope, Viewer
from services import sessions
from tests.support.chats import start_chat
from tests.support.customers import add_company
from tests.support.desk import Client, World
from tests.support.live import INBOX_EVENTS, TICKET_EVENTS, served, watching
from tests.support.private_desk import NOTE_WORD, PrivateDesk, private_desk, write_notes
from tests.support.private_questions import SCHEMA, askable, assert_private, everything
from tests.support.schema_paths import Questioner

ALL_BUT_NOTES = [scope for scope in ApiScope if "NOTES" not in scope]
# They count all that happens to a row. That something has happened is no secret to integrations.
COUNTERS = {"version", "updatedAt", "eventCursor", "cursor", "startCursor", "endCursor"}


async def without_notes(world: World) -> Client:
    return await world.integration(*ALL_BUT_NOTES, brands=[world.acme])


async def viewer_of(world: World, client: Client) -> Viewer:
    return await sessions.authenticate(world.desk.database, f"Bearer {client.token}")


def without_counters(answer: Any) -> Any:
    """Return an answer without what counts all that happens to a row."""
    if isinstance(answer, Mapping):
        return {
            name: without_counters(value)
            for name, value in answer.items()
            if name.partition("_")[0] not in COUNTERS and not name.endswith("EventCursor")
        }
    return [without_counters(one) for one in answer] if isinstance(answer, list) else answer


@pytest.fixture
async def desk(world: World) -> PrivateDesk:
    return await private_desk(world)


async def test_no_query_reaches_a_note(desk: PrivateDesk) -> None:
    viewer = await viewer_of(desk.world, await without_notes(desk.world))
    private = desk.private
    nodes = [private.ticket, private.customer, private.company, desk.message, *private.of_notes]

    answers = await everything(desk.world, viewer, desk.ids(private.ticket), nodes)

    assert_private(answers, *private.of_notes, '"Note"')
    assert desk.message in json.dumps(answers)


async def test_notes_change_nothing_but_counters_of_what_is_read(world: World) -> None:
    viewer = await viewer_of(world, await without_notes(world))
    chat = await start_chat(world)
    message = (await chat.write("Where is my order?"))["message"]["id"]
    await world.ayse.ask(
        "mutation ($id: ID!) { favoriteAdd(input: {itemId: $id}) { __typename } }", id=message
    )
    company = await add_company(world, "Nokta")
    given = {"ticketId": chat.ticket, "companyId": company}

    async def read() -> Any:
        nodes = [chat.ticket, message, company]
        return without_counters(await everything(world, viewer, given, nodes))

    before = await read()
    await write_notes(world, chat.ticket, message, company)
    assert differences(before, await read()) == []


def differences(before: Any, after: Any, place: str = "") -> list[str]:
    """Return where two answers differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = before.keys() | after.keys()
        places = [(before.get(n), after.get(n), f"{place}.{n}") for n in sorted(names)]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        places = [(*pair, f"{place}[]") for pair in zip(before, after, strict=True)]
    else:
        return [] if before == after else [f"{place}: {before} → {after}"]
    return [found for one in places for found in differences(*one)]


async def test_counts_are_those_of_a_desk_without_notes(desk: PrivateDesk) -> None:
    document = """
        query ($id: ID!, $word: String!) {
          tickets(search: $word) { totalCount }
          customers(search: $word) { totalCount }
          ticket(id: $id) {
            favoriteCount messageCount favorites { totalCount } notes { totalCount }
            timeline { totalCount nodes { __typename } } customer { notes { totalCount } }
          }
        }
    """
    client = await without_notes(desk.world)
    found = await client.ask(document, id=desk.private.ticket, word=NOTE_WORD)

    timeline = found["ticket"].pop("timeline")
    assert found == {
        "tickets": {"totalCount": 0},
        "customers": {"totalCount": 0},
        "ticket": {
            "favoriteCount": 1,
            "messageCount": 2,
            "favorites": {"totalCount": 1},
            "notes": {"totalCount": 0},
            "customer": {"notes": {"totalCount": 0}},
        },
    }
    assert timeline["totalCount"] == len(timeline["nodes"])
    assert {node["__typename"] for node in timeline["nodes"]} == {"Message", "TicketChange"}


@pytest.mark.parametrize("name", ["noteId", "itemId", "todoId"])
async def test_a_note_is_to_mutations_what_an_absent_one_is(desk: PrivateDesk, name: str) -> None:
    client = await without_notes(desk.world)
    hidden = desk.ids(desk.private.ticket)
    kind = decode_global_id(hidden[name])[0]
    absent = {**hidden, name: encode_global_id(kind, new_id())}
    before = await desk.world.counts()
    tried = 0

    asked = Questioner(SCHEMA, levels=0)
    questions = [list(asked.questions("mutation", given)) for given in (hidden, absent)]
    for one, other in zip(*questions, strict=True):
        if name in one.variables.get("input", ()):
            answers = [await client.send(q.document, **q.variables) for q in (one, other)]
            assert answers[0].body == answers[1].body, one.root_field
            assert_private(answers[0].body)
            tried += 1
    assert tried >= 2
    assert await desk.world.counts() == before


async def test_no_link_to_a_file_on_a_note_is_given_out(desk: PrivateDesk) -> None:
    client = await without_notes(desk.world)
    document = "query ($id: ID!) { node(id: $id) { ... on Attachment { url } } }"
    absent = encode_global_id(NodeKind.ATTACHMENT, new_id())

    (file,) = desk.private.files
    assert (await desk.world.admin.ask(document, id=file))["node"]["url"]
    for node_id in (file, absent):
        assert await client.ask(document, id=node_id) == {"node": None}


async def test_streams_tell_of_no_note(world: World) -> None:
    chat = await start_chat(world)
    message = (await chat.write("Where is my order?"))["message"]["id"]
    client = await without_notes(world)
    async with (
        served(world) as live,
        watching(live.port, client.token, TICKET_EVENTS, ticket=chat.ticket) as ticket,
        watching(live.port, client.token, INBOX_EVENTS) as inbox,
    ):
        for watcher in (ticket, inbox):
            assert await watcher.next() == {"__typename": "StreamReady"}
        private = await write_notes(world, chat.ticket, message)
        await chat.answer("On its way.")

        heard = [await ticket.next()]
        while heard[-1]["__typename"] != "MessageAdded":
            heard.append(await ticket.next())
        assert [event["__typename"] for event in heard] == ["FavoriteAdded", "MessageAdded"]
        assert heard[0]["favoriteCount"] == 1
        assert heard[0]["favorite"]["item"] == {"id": message}
        seen: list[Any] = []
        while not seen or "status" not in str(seen[-1]):
            seen.append(await inbox.next())
        assert_private([heard, seen], *private.of_notes)


async def test_every_stream_that_is_open_begins_without_a_word_of_notes(desk: PrivateDesk) -> None:
    client = await without_notes(desk.world)
    async with served(desk.world) as live:
        for question in askable("subscription", desk.ids(desk.private.notes[0])):
            async with watching(
                live.port, client.token, question.document, **question.variables
            ) as watcher:
                if question.root_field != "editWarnings":
                    told = await watcher.socket.receive()
                    assert_private(told, *desk.private.of_notes)
