"""Customers, strangers and recipients of mail learn nothing of what the team writes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.events import Event
from models.jobs import Job
from models.messages import Message
from models.viewers import Viewer
from schema.customer_access import OPEN_FIELDS
from services import sessions
from tests.edge.graphql_socket import open_socket
from tests.support.chats import CHAT_EVENTS, CHAT_START, MESSAGE_SEND, brand_id, start_chat
from tests.support.desk import World
from tests.support.live import served, watching
from tests.support.private_desk import (
    NOTE_WORD,
    TEAM_WORD,
    PrivateDesk,
    private_desk,
    write_private,
)
from tests.support.private_questions import SCHEMA, askable, assert_private, everything
from tests.support.schema_paths import Questioner

OPEN_LEVELS = 3
# All that these may be asked for is open; what that is, the tests of each say.
WHOLLY_OPEN = {
    *("chatTranscript", "chatStateSet", "chatTranscriptSend", "chatEvents", "signOut"),
    *("profileVerificationSend", "profileVerify", "attachmentFormats", "attachmentLimits"),
}


# ── What is answered ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def desk(world: World) -> PrivateDesk:
    return await private_desk(world)


async def read_by(desk: PrivateDesk, viewer: Viewer) -> str:
    private = desk.private
    nodes = [private.ticket, private.customer, desk.message, *private.ids]
    return json.dumps(await everything(desk.world, viewer, desk.ids(private.ticket), nodes))


async def test_the_team_reads_what_is_private(desk: PrivateDesk) -> None:
    """Else the tests below would prove nothing."""
    text = await read_by(desk, await desk.world.viewer("admin"))

    assert NOTE_WORD in text
    assert TEAM_WORD in text
    assert [one for one in desk.private.of_notes if one not in text] == desk.private.notifications


@pytest.mark.parametrize("word", ["query", "mutation"])
async def test_a_customers_token_opens_nothing_but_the_open_fields(
    desk: PrivateDesk, word: str
) -> None:
    before = await desk.world.counts()
    for question in askable(word, desk.ids(desk.private.notes[0])):
        if question.root_field in WHOLLY_OPEN:
            continue
        answer = await desk.chat.customer.send(question.document, **question.variables)
        assert answer.body.get("data") is None
        assert answer.error["extensions"] == {"code": "NOT_ALLOWED"}, question.root_field
        assert_private(answer.body, TEAM_WORD)
    assert await desk.world.counts() == before


async def test_what_is_open_to_a_customer_shows_nothing_private(desk: PrivateDesk) -> None:
    asked = Questioner(SCHEMA, OPEN_LEVELS, OPEN_FIELDS)
    for node_id in (desk.private.ticket, desk.message, *desk.private.ids):
        for question in asked.questions("query", desk.ids(node_id)):
            if question.root_field == "nodes":
                continue  # a hundred conversations at once are too dear
            answer = await desk.chat.customer.send(question.document, **question.variables)
            assert_private(answer.body, TEAM_WORD, *desk.private.ids)
            if question.root_field == "node":
                is_theirs = node_id in (desk.private.ticket, desk.message)
                assert (answer.data["node"] is not None) is is_theirs


async def test_behind_the_gate_there_is_a_wall(desk: PrivateDesk) -> None:
    """Even one who passed the gate would read no note: rows are hidden in the query that loads."""
    customer = await sessions.authenticate(desk.world.desk.database, f"Bearer {desk.chat.token}")

    assert_private(await read_by(desk, customer), *desk.private.of_notes)


async def test_what_the_team_does_changes_no_answer_that_a_customer_gets(world: World) -> None:
    chat = await start_chat(world)
    message = (await chat.write("Where is my order?"))["message"]["id"]

    async def answers() -> list[str]:
        ids = {"id": chat.ticket, "ids": chat.ticket, "around": message}
        asked = Questioner(SCHEMA, OPEN_LEVELS, OPEN_FIELDS).questions("query", ids)
        return [
            json.dumps(await chat.customer.ask(question.document, **question.variables))
            for question in asked
            if question.root_field != "nodes"  # a hundred conversations at once are too dear
        ]

    before = await answers()
    await write_private(world, chat.ticket, message)
    assert await answers() == before


async def test_a_hidden_object_takes_what_an_absent_one_takes(desk: PrivateDesk) -> None:
    async def statements(node_id: str) -> tuple[list[str], Any]:
        async with desk.world.counted_statements() as found:
            answer = await desk.chat.customer.send(
                "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }", id=node_id
            )
        return found, answer

    for hidden in (*desk.private.ids, desk.private.customer, desk.world.id_of("ayse")):
        absent = encode_global_id(decode_global_id(hidden)[0], new_id())
        assert await statements(hidden) == await statements(absent)
    _, mail = await desk.world.receive()
    absent = encode_global_id(NodeKind.TICKET, new_id())
    assert await statements(mail) == await statements(absent)
    around = "query ($id: ID!) { chat { ticket { messages(around: $id) { totalCount } } } }"
    answers = [
        (await desk.chat.customer.send(around, id=node_id)).body
        for node_id in (desk.private.notes[0], encode_global_id(NodeKind.NOTE, new_id()))
    ]
    assert answers[0] == answers[1]


async def test_a_refusal_is_the_same_whatever_there_is(desk: PrivateDesk) -> None:
    document = "query ($id: ID!) { ticket(id: $id) { notes { totalCount } } }"
    absent = encode_global_id(NodeKind.TICKET, new_id())

    one, other = [
        await desk.chat.customer.send(document, id=ticket) for ticket in (desk.chat.ticket, absent)
    ]

    assert one == other
    assert one.error["message"] == "A chat customer may not ask for 'Ticket.notes'."
    assert one.error["extensions"] == {"code": "NOT_ALLOWED"}


async def test_who_starts_a_chat_may_ask_no_more_than_its_customer(world: World) -> None:
    document = CHAT_START.replace("ticket { id number", "ticket { id notes { totalCount } number")
    before = await world.counts()

    answer = await world.nobody.send(document, input={"brandId": brand_id(world.acme)})

    assert answer.error["message"] == "A chat customer may not ask for 'Ticket.notes'."
    assert await world.counts() == before


# ── What is told live ──────────────────────────────────────────────────────────────────────────


async def test_while_the_team_writes_a_customer_hears_nothing_and_misses_nothing(
    world: World,
) -> None:
    chat = await start_chat(world)
    message = (await chat.write("One"))["message"]["id"]
    async with (
        served(world) as live,
        watching(live.port, chat.token, CHAT_EVENTS) as customer,
        event_stream(live.port, chat.token, CHAT_EVENTS) as stream,
    ):
        assert await customer.next() == {"__typename": "StreamReady"}
        assert "StreamReady" in await anext(stream)
        await write_private(world, chat.ticket, message)
        await customer.hears_nothing()
        await chat.answer("Two")
        assert (await customer.next())["message"]["body"] == "Two"
        told = await anext(stream)
        assert '"Two"' in told
        assert NOTE_WORD not in told


async def test_a_customer_can_follow_nothing_but_their_chat(desk: PrivateDesk) -> None:
    async with served(desk.world) as live, open_socket(live.port) as socket:
        await socket.initialise(desk.chat.token)
        for question in askable("subscription", desk.ids(desk.private.notes[0])):
            if question.root_field in WHOLLY_OPEN:
                continue
            await socket.subscribe("1", question.document, variables=question.variables)
            refusal = await socket.receive()
            assert refusal["type"] == "error"
            assert refusal["payload"][0]["extensions"] == {"code": "NOT_ALLOWED"}
            async with event_stream(
                live.port, desk.chat.token, question.document, question.variables
            ) as stream:
                told = await anext(stream)
            assert json.loads(told.removeprefix("data: ")) == {"errors": refusal["payload"]}
            assert_private(told, TEAM_WORD)


@asynccontextmanager
async def event_stream(
    port: int, token: str, document: str, variables: dict[str, Any] | None = None
) -> AsyncIterator[AsyncIterator[str]]:
    """Subscribe over server-sent events; give what each event says."""
    async with (
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
        http.stream(
            "POST",
            "/graphql",
            json={"query": document, "variables": variables or {}},
            headers={"accept": "text/event-stream", "authorization": f"Bearer {token}"},
        ) as response,
    ):
        yield (line async for line in response.aiter_lines() if line.startswith("data: "))


# ── Strangers ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("word", ["query", "mutation"])
async def test_a_stranger_is_told_nothing(desk: PrivateDesk, word: str) -> None:
    for question in askable(word, desk.ids(desk.private.notes[0])):
        answer = await desk.world.nobody.send(question.document, **question.variables)
        assert_private(answer.body, TEAM_WORD, *desk.private.ids)
        assert "errors" in answer.body or word == "mutation", question.root_field


async def test_a_stranger_follows_nothing(desk: PrivateDesk) -> None:
    async with served(desk.world) as live, open_socket(live.port) as socket:
        await socket.initialise()
        for question in askable("subscription", desk.ids(desk.private.notes[0])):
            await socket.subscribe("1", question.document, variables=question.variables)
            refusal = await socket.receive()
            assert refusal["type"] == "error"
            assert refusal["payload"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_without_a_signature_a_file_that_is_there_is_like_one_that_is_not(
    desk: PrivateDesk,
) -> None:
    answers = [
        await desk.world.http.get(f"/attachments/{row_id}?expires=4102444800&signature=AAAA")
        for row_id in (decode_global_id(desk.private.files[0])[1], new_id())
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content


# ── Recipients of mail, and whatever goes out ──────────────────────────────────────────────────


async def test_what_goes_to_customers_names_messages_and_nothing_else(world: World) -> None:
    message, ticket = await world.receive()
    chat = await start_chat(world)
    await write_private(world, ticket, message)
    for to in (ticket, chat.ticket):
        await world.ayse.ask(MESSAGE_SEND, input={"ticketId": to, "body": "On its way."})

    async with world.desk.database.reading() as connection:
        messages = {row.id.hex for row in await connection.execute(select(Message.id))}
        texts = (await connection.execute(select(Message.body, Message.body_html))).all()
        jobs = select(Job.payload).where(Job.kind.in_(OUTBOUND_JOBS))
        events = select(Event.payload).where(Event.topic.like("chat:%"))
        payloads = [
            *(await connection.execute(jobs)).scalars(),
            *(await connection.execute(events)).scalars(),
        ]
        kinds = set((await connection.execute(select(Job.kind))).scalars())
    assert len(payloads) == 2
    assert [sorted(payload) for payload in payloads] == [["message_id"]] * 2
    assert {payload["message_id"] for payload in payloads} <= messages
    assert kinds <= OUTBOUND_JOBS | JOBS_OF_THE_TEAM
    assert_private(repr(texts))


OUTBOUND_JOBS = {"deliver_message"}
JOBS_OF_THE_TEAM = {"remind", "company_people", "deletion"}  # they end in rows and notifications
