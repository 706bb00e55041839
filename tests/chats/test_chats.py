"""Chats of customers: writing in one, following it, and losing its token."""

import asyncio
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.agent_connections import OF_ONE_CUSTOMER, AgentConnections
from core import clock
from core.errors import LimitReached
from core.ids import decode_global_id
from models.chats import SESSION_LIFETIME, ChatSession
from models.event_topics import chat_topic
from models.events import read_events
from models.tickets import Ticket
from services import chats, sessions
from services.upkeep import tidy_up
from tests.support.chats import CHAT, CHAT_EVENTS, CHAT_START, brand_id, chat_counts, start_chat
from tests.support.desk import Answer, World
from tests.support.live import INBOX_EVENTS, TICKET_EVENTS, served, watching

WEEK = timedelta(days=7)
STATUS = "query ($id: ID!) { ticket(id: $id) { status closedAt title customer { name language } } }"


# ── Writing ────────────────────────────────────────────────────────────────────────────────────


async def test_customer_and_agent_write_to_each_other(world: World) -> None:
    chat = await start_chat(world)

    sent = await chat.write("Where is my order?")
    assert (
        sent["message"].items() >= {"body": "Where is my order?", "direction": "INCOMING"}.items()
    )
    assert sent["ticket"] == {"id": chat.ticket, "status": "NEW"}
    await chat.answer("It is on its way.")

    ticket = (await chat.customer.ask(CHAT))["chat"]["ticket"]
    assert ticket["status"] == "OPEN"
    assert [(m["body"], m["direction"], m["author"]) for m in ticket["messages"]["nodes"]] == [
        ("Where is my order?", "INCOMING", {"__typename": "Customer", "name": "Elif"}),
        ("It is on its way.", "OUTGOING", {"__typename": "Agent", "name": "Ayse"}),
    ]
    assert ticket["messages"]["totalCount"] == 2


async def test_a_customer_who_writes_waits_until_an_agent_answers(world: World) -> None:
    async def waiting() -> bool:
        async with world.desk.database.reading() as connection:
            return (await connection.execute(select(Ticket.waiting_since))).scalar_one() is not None

    chat = await start_chat(world)
    await chat.write("Hello?")
    assert await waiting()
    await chat.answer("Hello.")
    assert not await waiting()
    await chat.write("Where is it?")
    assert await waiting()


@pytest.mark.parametrize("status", ["PENDING", "ON_HOLD", "RESOLVED", "CLOSED"])
async def test_writing_opens_what_was_put_aside_or_closed(world: World, status: str) -> None:
    chat = await start_chat(world)
    await world.admin.ask(
        """
        mutation ($id: ID!, $status: TicketStatus!) {
          ticketUpdate(input: {ticketId: $id, expectedVersion: 1, status: $status}) { __typename }
        }
        """,
        id=chat.ticket,
        status=status,
    )
    assert await chat.messages() == []

    assert (await chat.write("One thing more"))["ticket"]["status"] == "OPEN"

    agents_see = (await world.ayse.ask(STATUS, id=chat.ticket))["ticket"]
    assert (agents_see["status"], agents_see["closedAt"]) == ("OPEN", None)


async def test_a_message_that_is_retried_is_one_message(world: World) -> None:
    chat = await start_chat(world)

    first = await chat.write("Hello", idempotencyKey="once")
    again = await chat.write("Hello", idempotencyKey="once")

    assert first["message"]["id"] == again["message"]["id"]
    assert await chat.messages() == ["Hello"]


async def test_nobody_writes_in_the_chat_of_another(world: World) -> None:
    chat, other = await start_chat(world), await start_chat(world)
    _, mail = await world.receive()
    before = await chat_counts(world)

    for ticket in (other.ticket, mail):
        result = await chat.write("Hello", ticketId=ticket)
        assert result == {
            "__typename": "NotFound",
            "code": "NOT_FOUND",
            "why": "This does not exist, or you may not see it.",
        }
    assert await chat_counts(world) == before


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"body": " "}, "body", "REQUIRED"),
        ({"expectedVersion": 1}, "expectedVersion", "NOT_ALLOWED_VALUE"),
        ({"expectedVersion": 10_000}, "expectedVersion", "NOT_ALLOWED_VALUE"),
    ],
)
async def test_what_a_customer_may_not_say_is_refused(
    world: World, given: dict[str, Any], field: str, code: str
) -> None:
    chat = await start_chat(world)
    before = await chat_counts(world)

    result = await chat.write(**{"body": "Hello", **given})

    assert result["fields"] == [{"path": ["input", field], "code": code}]
    assert await chat_counts(world) == before


async def test_a_customer_writes_so_often_a_minute(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chats, "MESSAGES_PER_MINUTE", 2)
    chat, other = await start_chat(world), await start_chat(world)
    await chat.write("One")
    await chat.answer("Yes?")
    await chat.write("Two")

    refusal = await chat.write("Three")

    assert refusal["__typename"] == "Unavailable"
    assert 55 <= refusal["retryAfterSeconds"] <= 60
    assert await chat.messages() == ["One", "Yes?", "Two"]
    assert (await other.write("Hello"))["__typename"] == "MessageSendSuccess"


# ── Following ──────────────────────────────────────────────────────────────────────────────────


async def test_both_sides_hear_each_other_live(world: World) -> None:
    async with served(world) as live, live.watch("ayse", INBOX_EVENTS) as inbox:
        assert (await inbox.next())["__typename"] == "StreamReady"
        chat = await start_chat(world)
        assert (await inbox.next())["ticket"]["id"] == chat.ticket
        async with (
            live.watch("ayse", TICKET_EVENTS, ticket=chat.ticket) as agent,
            watching(live.port, chat.token, CHAT_EVENTS) as customer,
        ):
            assert await agent.next() == {"__typename": "StreamReady"}
            assert await customer.next() == {"__typename": "StreamReady"}
            await chat.write("Where is my order?")
            said = await agent.next()
            assert (said["__typename"], said["actor"]) == ("MessageAdded", {"name": "Elif"})
            assert said["message"]["body"] == "Where is my order?"
            assert await customer.next() == told("Where is my order?", "INCOMING", "Elif")
            await chat.answer("On its way.")
            assert await customer.next() == told("On its way.", "OUTGOING", "Ayse")


def told(body: str, direction: str, name: str) -> dict[str, Any]:
    return {
        "__typename": "ChatMessageAdded",
        "message": {"body": body, "direction": direction, "author": {"name": name}},
    }


async def test_a_chat_is_followed_from_where_it_was_fetched(world: World) -> None:
    chat = await start_chat(world)
    await chat.write("One")
    cursor = (await chat.customer.ask(CHAT))["chat"]["eventCursor"]
    await chat.answer("Two")

    async with served(world) as live:
        async with watching(live.port, chat.token, CHAT_EVENTS, after=cursor) as customer:
            assert await customer.next() == told("Two", "OUTGOING", "Ayse")
            cursor = customer.cursor
        await chat.answer("Three")
        async with watching(live.port, chat.token, CHAT_EVENTS, after=cursor) as customer:
            assert await customer.next() == told("Three", "OUTGOING", "Ayse")
            await customer.hears_nothing()


async def test_two_chats_are_told_apart_though_they_ask_the_same(world: World) -> None:
    chat, other = await start_chat(world), await start_chat(world, "Nur")
    async with (
        served(world) as live,
        watching(live.port, chat.token, CHAT_EVENTS) as one,
        watching(live.port, other.token, CHAT_EVENTS) as two,
    ):
        for watcher in (one, two):
            assert await watcher.next() == {"__typename": "StreamReady"}
        await chat.write("Mine")
        await other.write("Also mine")
        assert await one.next() == told("Mine", "INCOMING", "Elif")
        assert await two.next() == told("Also mine", "INCOMING", "Nur")
        await one.hears_nothing()


async def test_the_cursor_of_another_chat_is_one_of_another_stream(world: World) -> None:
    chat, other = await start_chat(world), await start_chat(world)
    cursor = (await other.customer.ask(CHAT))["chat"]["eventCursor"]
    async with (
        served(world) as live,
        watching(live.port, chat.token, CHAT_EVENTS, after=cursor) as customer,
    ):
        assert await customer.next() == {"__typename": "StreamReset", "reason": "TOPICS"}


async def test_the_chats_topic_holds_messages_and_nothing_else(world: World) -> None:
    chat = await start_chat(world)
    await chat.write("One")
    for kind in ("INLINE", "TICKET"):
        await world.ayse.act(
            """
            mutation ($ticket: ID!, $kind: NoteKind!) {
              noteAdd(input: {ticketId: $ticket, kind: $kind, body: "Rude"}) { __typename }
            }
            """,
            ticket=chat.ticket,
            kind=kind,
        )
    await chat.answer("Two")

    async with world.desk.database.reading() as connection:
        events = await read_events(connection, chat_topic(chat.ticket_id), 0, 10)
    assert [(event.sequence, event.type, list(event.payload)) for event in events] == [
        (1, "ChatMessageAdded", ["message_id"]),
        (2, "ChatMessageAdded", ["message_id"]),
    ]


async def test_only_chat_customers_have_a_chat(world: World) -> None:
    for client, code in (
        (world.nobody, "UNAUTHENTICATED"),
        (world.admin, "NOT_ALLOWED"),
        (await world.integration(brands=[world.acme]), "NOT_ALLOWED"),
    ):
        assert (await client.send(CHAT)).error["extensions"]["code"] == code
        async with (
            served(world) as live,
            watching(live.port, client.token, CHAT_EVENTS) as watcher,
        ):
            assert (await watcher.refusal())["extensions"]["code"] == code


# ── The token ──────────────────────────────────────────────────────────────────────────────────


async def ask_with(world: World, token: str) -> Answer:
    return await type(world.nobody)(world.http, token).send(CHAT)


async def test_a_token_ends_30_days_after_its_last_use(world: World) -> None:
    chat = await start_chat(world)
    for age, status in ((SESSION_LIFETIME * 0.99, 200), (SESSION_LIFETIME, 401)):
        async with world.desk.database.transaction() as session:
            await session.execute(update(ChatSession).values(last_used_at=clock.now() - age))
        assert (await ask_with(world, chat.token)).status == status


@pytest.mark.parametrize(
    ("change", "is_kept"),
    [
        ({"last_used_at": WEEK * 0.99 + SESSION_LIFETIME}, True),
        ({"last_used_at": WEEK * 1.01 + SESSION_LIFETIME}, False),
        ({"ended_at": WEEK * 0.99}, True),
        ({"ended_at": WEEK * 1.01}, False),
    ],
)
async def test_a_token_is_forgotten_a_week_after_its_end(
    world: World, *, change: dict[str, timedelta], is_kept: bool
) -> None:
    chat = await start_chat(world)
    moments = {name: clock.now() - age for name, age in change.items()}
    async with world.desk.database.transaction() as session:
        await session.execute(update(ChatSession).values(**moments))
    before = await chat_counts(world)

    await tidy_up(world.desk.database)

    assert await chat_counts(world) == {**before, "chat_session": int(is_kept)}
    assert (await world.ayse.ask(STATUS, id=chat.ticket))["ticket"]["status"] == "NEW"


async def test_using_a_token_prolongs_it(world: World) -> None:
    chat = await start_chat(world)
    yesterday = clock.now() - timedelta(days=1)
    async with world.desk.database.transaction() as session:
        await session.execute(update(ChatSession).values(last_used_at=yesterday))

    await ask_with(world, chat.token)

    async with world.desk.database.reading() as connection:
        used_at = (await connection.execute(select(ChatSession.last_used_at))).scalar_one()
    assert clock.now() - used_at < timedelta(minutes=1)


async def test_a_token_that_was_revoked_opens_nothing_and_closes_its_sockets(world: World) -> None:
    chat = await start_chat(world)
    async with (
        served(world) as live,
        watching(live.port, chat.token, CHAT_EVENTS) as customer,
    ):
        assert await customer.next() == {"__typename": "StreamReady"}
        async with world.desk.database.transaction() as session:
            await session.execute(update(ChatSession).values(ended_at=clock.now()))
        await chat.answer("Nobody hears this")
        code, _reason = await customer.socket.wait_closed()
        assert code == 4403
    assert (await ask_with(world, chat.token)).error["extensions"] == {"code": "UNAUTHENTICATED"}


@pytest.mark.parametrize("prefix", ["sts_", "sta_"])
async def test_a_token_is_no_token_of_another_kind(world: World, prefix: str) -> None:
    chat = await start_chat(world)

    assert (await ask_with(world, prefix + chat.token.removeprefix("stc_"))).status == 401


async def test_a_chat_can_be_read_and_its_token_works_after_the_ticket_was_closed(
    world: World,
) -> None:
    chat = await start_chat(world)
    await chat.write("Thank you")
    await world.ayse.ask(
        "mutation ($id: ID!) { ticketClose(input: {ticketId: $id}) { __typename } }",
        id=chat.ticket,
    )

    ticket = (await chat.customer.ask(CHAT))["chat"]["ticket"]

    assert (ticket["status"], await chat.messages()) == ("CLOSED", ["Thank you"])


async def test_a_customer_in_one_chat_may_start_another(world: World) -> None:
    chat = await start_chat(world)

    started = await chat.customer.act(CHAT_START, input={"brandId": brand_id(world.other)})

    assert started["ticket"]["id"] != chat.ticket
    assert decode_global_id(started["ticket"]["id"])


async def test_what_follows_a_start_in_the_same_operation_is_done_by_the_customer(
    world: World,
) -> None:
    document = CHAT_START.replace("mutation ($input", "mutation ($write: MessageSendInput!, $input")
    document = document.rstrip().removesuffix("}") + "messageSend(input: $write) { __typename } }"
    _, mail = await world.receive()

    result = await world.nobody.ask(
        document,
        input={"brandId": brand_id(world.acme)},
        write={"ticketId": mail, "body": "Let me in"},
    )

    assert result["messageSend"] == {"__typename": "NotFound"}


async def test_messages_of_one_customer_sent_at_once_are_all_there_in_one_order(
    world: World,
) -> None:
    chat = await start_chat(world)
    texts = [f"Line {number}" for number in range(8)]

    await asyncio.gather(*(chat.write(text) for text in texts))

    assert sorted(await chat.messages()) == texts
    async with world.desk.database.reading() as connection:
        events = await read_events(connection, chat_topic(chat.ticket_id), 0, 10)
    assert [event.sequence for event in events] == list(range(1, 9))


async def test_one_customer_holds_a_few_connections_at_once(world: World) -> None:
    chat = await start_chat(world)
    viewer = await sessions.authenticate(world.desk.database, f"Bearer {chat.token}")
    online = world.desk.resources.streams.online_agents
    connections = AgentConnections(100, online)

    with ExitStack() as open_ones:
        for _ in range(OF_ONE_CUSTOMER):
            open_ones.enter_context(connections.connected(viewer))
        with pytest.raises(LimitReached, match="10"):
            connections.check(viewer)
    connections.check(viewer)
