"""How chats end and go on, and how customers are shut out of them."""

import asyncio
from typing import Any

from sqlalchemy import select

from core import clock
from core.ids import decode_global_id
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.chats import ChatSession
from models.tickets import Ticket, TicketStatus
from services import tickets
from services.live_chats import ends
from tests.support.chats import (
    CHAT_END,
    CHAT_EVENTS,
    CHAT_REVOKE,
    CHAT_START,
    Chat,
    brand_id,
    chat_counts,
    start_chat,
)
from tests.support.connectors import receive
from tests.support.desk import World
from tests.support.live import served, watching

SEEN_BY_DESK = """
    query ($id: ID!) {
      ticket(id: $id) {
        status chat { endedAt endedBy revokedAt customerIsHere }
        changes { nodes { action actor { ... on Agent { name } ... on Customer { name } } } }
      }
    }
"""
SEEN_BY_CUSTOMER = "{ chat { startedAt endedAt endedBy ticket { status } } }"
TICKET_EVENTS = """
    subscription ($ticket: ID!) {
      ticketEvents(ticketId: $ticket) {
        __typename
        ... on ChatEnded { endedBy change { action } ticket { chat { endedBy } } }
        ... on ChatResumed { change { action } ticket { chat { endedBy } } }
        ... on ChatRevoked { change { action } ticket { chat { endedBy } } }
      }
    }
"""
UPDATE = """
    mutation ($id: ID!, $status: TicketStatus!) {
      ticketUpdate(input: {ticketId: $id, expectedVersion: 100, status: $status}) { __typename }
    }
"""


async def desk_ends(world: World, ticket: str, **given: Any) -> dict[str, Any]:
    return await world.ayse.act(CHAT_END, input={"ticketId": ticket, **given})


async def hand_in(chat: Chat, body: str, **more: Any) -> None:
    """Let what its customer wrote come in from elsewhere, by their handle."""
    async with chat.world.desk.database.reading() as connection:
        of_ticket = select(ChannelProfile.handle).join(
            Ticket, Ticket.profile_id == ChannelProfile.id
        )
        handle = await connection.scalar(of_ticket.where(Ticket.id == chat.ticket_id))
    given = {"channel": "LIVE_CHAT", "handle": handle, **more}
    taken = await receive(chat.world.admin, chat.world.acme, body, **given)
    assert taken["ticket"]["id"] == chat.ticket


async def ended_by(chat: Chat) -> str | None:
    side: str | None = (await chat.customer.ask(SEEN_BY_CUSTOMER))["chat"]["endedBy"]
    return side


async def status_of(chat: Chat) -> str:
    status: str = (await chat.customer.ask(SEEN_BY_CUSTOMER))["chat"]["ticket"]["status"]
    return status


async def test_an_agent_ends_a_chat_and_it_goes_on_when_the_customer_writes(world: World) -> None:
    chat = await start_chat(world)
    await chat.write("Where is my order?")

    ended = await desk_ends(world, chat.ticket, status="PENDING")

    assert ended["ticket"] == {"status": "PENDING"}
    seen = (await chat.customer.ask(SEEN_BY_CUSTOMER))["chat"]
    assert seen["startedAt"] < seen["endedAt"] == ended["endedAt"]
    assert (seen["endedBy"], seen["ticket"]["status"]) == ("DESK", "PENDING")
    before = await chat_counts(world)
    assert await desk_ends(world, chat.ticket, status="PENDING") == ended
    assert await chat_counts(world) == before

    assert (await chat.write("Hello?"))["ticket"]["status"] == "OPEN"
    ticket = (await world.ayse.ask(SEEN_BY_DESK, id=chat.ticket))["ticket"]
    assert ticket["chat"] == {
        "endedAt": None,
        "endedBy": None,
        "revokedAt": None,
        "customerIsHere": False,
    }
    assert [(one["action"], one["actor"]["name"]) for one in ticket["changes"]["nodes"]] == [
        ("CREATED", "Elif"),
        ("CHAT_ENDED", "Ayse"),
        ("FIELDS_CHANGED", "Ayse"),
        ("CHAT_RESUMED", "Elif"),
        ("FIELDS_CHANGED", "Elif"),
    ]


async def test_a_chat_goes_on_with_what_is_handed_in_by_its_handle_unless_a_machine_wrote(
    world: World,
) -> None:
    chat = await start_chat(world)
    await chat.write("Where is my order?")
    await desk_ends(world, chat.ticket, status="PENDING")
    async with (
        served(world) as live,
        watching(live.port, chat.token, CHAT_EVENTS) as page,
        live.watch("ayse", TICKET_EVENTS, ticket=chat.ticket) as screen,
    ):
        for watcher in (page, screen):
            assert await watcher.next() == {"__typename": "StreamReady"}

        await hand_in(chat, "I am away.", isAutomatic=True)
        assert (await page.next())["message"]["body"] == "I am away."
        assert await ended_by(chat) == "DESK"
        assert await status_of(chat) == "PENDING"

        await hand_in(chat, "Hello?")
        assert await page.next() == {"__typename": "ChatResumed"}
        assert (await page.next())["message"]["body"] == "Hello?"
        assert await ended_by(chat) is None
        assert await status_of(chat) == "OPEN"
        told = [(await screen.next())["__typename"] for _ in range(4)]
        assert told == ["MessageAdded", "ChatResumed", "MessageAdded", "TicketChanged"]


async def test_who_was_shut_out_of_a_chat_does_not_let_it_go_on(world: World) -> None:
    chat = await start_chat(world)
    await chat.write("Where is my order?")
    await world.ayse.act(CHAT_REVOKE, ticket=chat.ticket)

    await hand_in(chat, "Hello?")

    seen = (await world.ayse.ask(SEEN_BY_DESK, id=chat.ticket))["ticket"]["chat"]
    assert (seen["endedBy"], seen["endedAt"]) == ("DESK", seen["revokedAt"])


async def test_a_customer_who_ends_a_chat_leaves_no_question_behind_that_nobody_sees(
    world: World,
) -> None:
    said_nothing, asked, answered = [await start_chat(world) for _ in range(3)]
    await asked.write("Where is my order?")
    await answered.write("Where is my order?")
    await answered.answer("On its way.")

    for chat, status in ((said_nothing, "RESOLVED"), (asked, "NEW"), (answered, "RESOLVED")):
        assert (await chat.end())["ticket"]["status"] == status
        seen = (await chat.customer.ask(SEEN_BY_CUSTOMER))["chat"]
        assert (seen["endedBy"], seen["ticket"]["status"]) == ("CUSTOMER", status)

    # What the desk put aside stays there, and a second end undoes nothing that was done since.
    await answered.write("Thanks")
    for status in ("PENDING", "OPEN"):
        await world.admin.act(
            UPDATE.replace("100", str(await version(world, answered))),
            id=answered.ticket,
            status=status,
        )
        await answered.end()
        assert await status_of(answered) == status


async def version(world: World, chat: Chat) -> int:
    document = "query ($id: ID!) { ticket(id: $id) { version } }"
    return int((await world.admin.ask(document, id=chat.ticket))["ticket"]["version"])


async def test_a_refusal_to_end_a_chat_leaves_no_trace(world: World) -> None:
    chat, other = await start_chat(world), await start_chat(world)
    _message, mail = await world.receive()
    before = await chat_counts(world)

    given_status = await chat.end(status="CLOSED")
    assert given_status["fields"] == [{"path": ["input", "status"], "code": "NOT_ALLOWED_VALUE"}]
    assert (await chat.end(ticketId=other.ticket))["code"] == "NOT_FOUND"
    assert (await chat.end(ticketId=mail))["code"] == "NOT_FOUND"
    no_chat = await desk_ends(world, mail)
    assert no_chat["fields"] == [{"path": ["input", "ticketId"], "code": "NOT_ALLOWED_VALUE"}]
    hidden = await world.stranger.act(CHAT_END, input={"ticketId": chat.ticket})
    assert hidden["code"] == "NOT_FOUND"
    assert (await world.stranger.act(CHAT_REVOKE, ticket=chat.ticket))["code"] == "NOT_FOUND"

    assert await chat_counts(world) == before
    assert (await chat.customer.ask(SEEN_BY_CUSTOMER))["chat"]["endedAt"] is None


async def test_where_nobody_can_be_told_only_the_status_is_set(world: World) -> None:
    _message, telegram = await world.receive(channel=Channel.TELEGRAM, handle="@elif")
    row_id = decode_global_id(telegram)[1]
    for is_new in (True, False):
        async with world.work() as work:
            hand = await tickets.take(work, await world.viewer("admin"), row_id)
            assert await ends.end_chat(work, hand, TicketStatus.PENDING) is is_new
            await hand.finish()

    ticket = (await world.ayse.ask(SEEN_BY_DESK, id=telegram))["ticket"]
    assert (ticket["status"], ticket["chat"]) == ("PENDING", None)
    assert [one["action"] for one in ticket["changes"]["nodes"]] == ["CREATED", "FIELDS_CHANGED"]


async def test_both_sides_hear_the_end_of_a_chat_and_that_one_is_shut_out(world: World) -> None:
    chat = await start_chat(world)
    async with (
        served(world) as live,
        live.watch("ayse", TICKET_EVENTS, ticket=chat.ticket) as agent,
        watching(live.port, chat.token, CHAT_EVENTS) as customer,
    ):
        assert await agent.next() == {"__typename": "StreamReady"}
        assert await customer.next() == {"__typename": "StreamReady"}
        await chat.end()
        assert await customer.next() == {"__typename": "ChatEnded", "endedBy": "CUSTOMER"}
        told = await agent.next()
        assert (told["__typename"], told["endedBy"]) == ("ChatEnded", "CUSTOMER")
        assert told["change"] == {"action": "CHAT_ENDED"}
        assert (await agent.next())["__typename"] == "TicketChanged"

        await chat.write("One thing more")
        assert await customer.next() == {"__typename": "ChatResumed"}
        assert (await customer.next())["message"]["body"] == "One thing more"
        assert (await agent.next())["ticket"] == {"chat": {"endedBy": None}}
        assert [(await agent.next())["__typename"] for _ in range(2)] == [
            "MessageAdded",
            "TicketChanged",
        ]

        revoked = await world.ayse.act(CHAT_REVOKE, ticket=chat.ticket)
        assert await world.nikos.act(CHAT_REVOKE, ticket=chat.ticket) == revoked
        assert await customer.next() == {"__typename": "ChatEnded", "endedBy": "DESK"}
        code, _reason = await customer.socket.wait_closed()
        assert code == 4403
        assert (await agent.next())["endedBy"] == "DESK"
        assert await agent.next() == {
            "__typename": "ChatRevoked",
            "change": {"action": "CHAT_REVOKED"},
            "ticket": {"chat": {"endedBy": "DESK"}},
        }
        await agent.hears_nothing()
    assert (await chat.customer.send(SEEN_BY_CUSTOMER)).status == 401


# ── Tokens ─────────────────────────────────────────────────────────────────────────────────────


async def retry_of(world: World, key: str) -> dict[str, Any]:
    given = {"brandId": brand_id(world.acme), "name": "Elif", "idempotencyKey": key}
    return await world.nobody.act(CHAT_START, input=given)


async def live_tokens(world: World, ticket: str) -> int:
    async with world.desk.database.reading() as connection:
        statement = select(ChatSession.id).where(
            ChatSession.ticket_id == decode_global_id(ticket)[1], ChatSession.ended_at.is_(None)
        )
        return len((await connection.execute(statement)).all())


async def test_who_was_shut_out_does_not_get_in_by_starting_the_chat_anew(world: World) -> None:
    keys = [f"a key that nobody guesses {number}" for number in range(4)]
    for key in keys:
        chat = await start_chat(world, idempotencyKey=key)

        started, _revoked = await asyncio.gather(
            retry_of(world, key), world.ayse.act(CHAT_REVOKE, ticket=chat.ticket)
        )

        assert started["__typename"] == "ChatStartSuccess"
        assert await live_tokens(world, chat.ticket) == 0
        assert (await retry_of(world, key))["ticket"]["id"] != chat.ticket


async def test_signing_out_ends_the_token_that_was_sent_and_no_other(world: World) -> None:
    key = "a key that nobody guesses"
    chat = await start_chat(world, idempotencyKey=key)
    again = await retry_of(world, key)
    before = clock.now()

    out = await chat.customer.act("mutation { signOut { ... on SignOutSuccess { signedOutAt } } }")

    assert out["signedOutAt"] >= before.isoformat()[:19]
    assert (await chat.customer.send(SEEN_BY_CUSTOMER)).status == 401
    assert (await Chat(world, again["token"], chat.ticket).write("Me"))["ticket"]["status"] == "NEW"
