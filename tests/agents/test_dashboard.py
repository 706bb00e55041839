"""The numbers of the desk: who is shown which, and what each of them counts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.ids import NodeKind, decode_global_id, encode_global_id
from models.actors import AUTOMATION
from models.channels import Channel
from models.messages import MessageDirection
from models.tickets import TicketPriority, TicketStatus
from models.viewers import ApiScope
from services import tickets
from services.messages import NewMessage, append
from services.tickets import take
from subscriptions.presence.online_agents import OnlineAgents
from tests.support.acts import SEND
from tests.support.dashboards import READ, given, know_who_is_online, numbers, place, read
from tests.support.desk import World

pytestmark = pytest.mark.both_databases

NO_TICKETS: dict[str, Any] = {
    "status": {},
    "priority": {},
    "channel": {},
    "team": {},
    "agent": {},
    "unassigned": 0,
    "chats": 0,
}


@pytest.fixture(autouse=True)
def online(world: World) -> OnlineAgents:
    return know_who_is_online(world)


async def receive(world: World, handle: str, **options: Any) -> str:
    _message, ticket = await world.receive(handle=f"{handle}@example.com", **options)
    return ticket


async def fill(world: World) -> None:
    """Make tickets of each kind: two open to all of Acme, one of Sales, one elsewhere."""
    urgent = await receive(world, "urgent")
    await place(world, urgent, priority=TicketPriority.URGENT, assignee_id=world.agents["ayse"].id)
    await receive(world, "chat", channel=Channel.WHATSAPP)
    of_sales = await receive(world, "sales")
    await place(world, of_sales, team_id=world.sales.id, status=TicketStatus.PENDING)
    elsewhere = await receive(world, "elsewhere", brand=world.other, channel=Channel.LIVE_CHAT)
    await place(world, elsewhere, status=TicketStatus.ON_HOLD)
    done = await receive(world, "done", channel=Channel.LIVE_CHAT)
    await place(world, done, status=TicketStatus.RESOLVED, team_id=world.support.id)
    closed = await receive(world, "closed")
    await place(world, closed, status=TicketStatus.CLOSED)


async def test_an_admin_is_shown_the_numbers_of_all_tickets(world: World) -> None:
    await fill(world)

    assert numbers(await read(world, "admin")) == {
        "status": {"NEW": 2, "PENDING": 1, "ON_HOLD": 1, "RESOLVED": 1, "CLOSED": 1},
        "priority": {"MEDIUM": 3, "URGENT": 1},
        "channel": {"EMAIL": 2, "WHATSAPP": 1, "LIVE_CHAT": 1},
        "team": {"Sales": 1, None: 3},
        "agent": {"Ayse": 1, None: 3},
        "unassigned": 3,
        "chats": 1,
    }


async def test_an_agent_is_shown_the_numbers_of_their_brands_and_teams(world: World) -> None:
    await fill(world)

    of_ayse = numbers(await read(world, "ayse"))

    assert of_ayse == {
        "status": {"NEW": 2, "RESOLVED": 1, "CLOSED": 1},
        "priority": {"MEDIUM": 1, "URGENT": 1},
        "channel": {"EMAIL": 1, "WHATSAPP": 1},
        "team": {None: 2},
        "agent": {"Ayse": 1, None: 1},
        "unassigned": 1,
        "chats": 1,
    }
    of_nikos = numbers(await read(world, "nikos"))
    assert of_nikos == of_ayse | {"status": {"NEW": 2, "CLOSED": 1}}


async def test_what_is_assigned_to_an_agent_counts_whatever_its_team(world: World) -> None:
    ticket = await receive(world, "mine")
    await place(world, ticket, team_id=world.sales.id, assignee_id=world.agents["nikos"].id)

    assert (await read(world, "nikos"))["byTeam"] == [{"team": {"name": "Sales"}, "count": 1}]
    assert numbers(await read(world, "ayse")) == NO_TICKETS


async def test_who_works_elsewhere_is_shown_nothing_of_it(world: World) -> None:
    await receive(world, "hidden")

    of_stranger = await read(world, "stranger")

    assert numbers(of_stranger) == NO_TICKETS
    assert of_stranger["oldestWaiting"] is None


async def test_each_value_of_an_enum_is_counted_also_where_there_is_none(world: World) -> None:
    empty = await read(world, "admin")

    assert empty["byStatus"] == [{"status": status, "count": 0} for status in TicketStatus]
    assert empty["byPriority"] == [{"priority": rank, "count": 0} for rank in TicketPriority]
    assert empty["byChannel"] == [{"channel": channel, "count": 0} for channel in Channel]
    assert (empty["byTeam"], empty["byAgent"]) == ([], [])


async def test_the_busiest_come_first_and_what_nobody_has_comes_last(world: World) -> None:
    for number, name in enumerate(("ayse", "nikos", "nikos")):
        ticket = await receive(world, f"{name}{number}")
        await place(world, ticket, assignee_id=world.agents[name].id)
    for number in range(3):
        await receive(world, f"nobody{number}")

    assert (await read(world, "admin"))["byAgent"] == [
        {"agent": {"name": "Nikos"}, "count": 2},
        {"agent": {"name": "Ayse"}, "count": 1},
        {"agent": None, "count": 3},
    ]


async def test_a_filter_limits_all_numbers(world: World) -> None:
    await fill(world)
    acme = encode_global_id(NodeKind.BRAND, world.acme.id)

    chats = await read(world, "admin", channels=["WHATSAPP", "LIVE_CHAT"], brandIds=[acme])

    assert numbers(chats) == {
        "status": {"NEW": 1, "RESOLVED": 1},
        "priority": {"MEDIUM": 1},
        "channel": {"WHATSAPP": 1},
        "team": {None: 1},
        "agent": {None: 1},
        "unassigned": 1,
        "chats": 1,
    }


async def test_a_filter_that_names_no_ticket_field_is_refused_by_name(world: World) -> None:
    answer = await world.admin.send(READ, filter={"teamIds": ["team one"]})

    extensions = answer.error["extensions"]
    assert extensions["code"] == "VALIDATION_FAILED"
    assert [one["path"] for one in extensions["fields"]] == [["filter", "teamIds", "0"]]


async def test_who_is_not_signed_in_is_refused(world: World) -> None:
    assert (await world.nobody.send(READ)).error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_integration_is_shown_the_tickets_and_agents_of_its_brands(
    world: World, online: OnlineAgents
) -> None:
    await fill(world)
    for name in ("ayse", "stranger"):
        online.came(world.agents[name].id)
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.other])
    writer = await world.integration(ApiScope.MESSAGES_WRITE, brands=[world.other])

    seen = (await reader.ask(READ))["dashboard"]
    assert given(seen["byStatus"], "status") == {"ON_HOLD": 1}
    assert seen["agentsOnline"] == [{"name": "Stranger"}]
    assert numbers((await writer.ask(READ))["dashboard"]) == NO_TICKETS


async def test_chats_in_progress_are_new_and_open_tickets_of_chat_channels(world: World) -> None:
    for number, (channel, status) in enumerate(
        [
            (Channel.LIVE_CHAT, TicketStatus.NEW),
            (Channel.TELEGRAM, TicketStatus.OPEN),
            (Channel.VIBER, TicketStatus.PENDING),
            (Channel.SLACK, TicketStatus.CLOSED),
            (Channel.PHONE, TicketStatus.OPEN),
            (Channel.WEB, TicketStatus.NEW),
        ]
    ):
        ticket = await receive(world, f"c{number}", channel=channel)
        await place(world, ticket, status=status)

    assert (await read(world, "admin"))["chatsInProgress"] == 2


# ── Who waits longest ──────────────────────────────────────────────────────────────────────────


async def waiting(world: World, **filters: Any) -> str | None:
    """Return the id of the ticket that waits longest."""
    found = (await read(world, "admin", **filters))["oldestWaiting"]
    return None if found is None else str(found["ticket"]["id"])


async def answer(world: World, ticket: str) -> None:
    await world.ayse.act(SEND, ticket=ticket, body="We are looking for it.")


async def test_nobody_waits_at_an_empty_desk(world: World) -> None:
    assert await waiting(world) is None


async def test_a_ticket_that_was_never_answered_waits_since_it_was_opened(world: World) -> None:
    first, second = await receive(world, "first"), await receive(world, "second")
    opened = datetime(2026, 1, 1, tzinfo=UTC)
    await place(world, second, created_at=opened, waiting_since=opened)

    assert (await read(world, "admin"))["oldestWaiting"] == {
        "ticket": {"id": second},
        "since": "2026-01-01T00:00:00Z",
    }
    await answer(world, second)
    assert await waiting(world) == first
    await answer(world, first)
    assert await waiting(world) is None


async def test_who_writes_again_waits_since_the_first_question_without_an_answer(
    world: World,
) -> None:
    asks_twice = await receive(world, "twice")
    asks_once = await receive(world, "once", subject="Other")
    await answer(world, asks_twice)
    await answer(world, asks_once)

    await receive(world, "twice", body="And now?")
    at = (await world.admin.ask(LAST_MESSAGE, id=asks_twice))["ticket"]["lastMessage"]["createdAt"]
    await receive(world, "once", body="And now?", subject="Other")
    await receive(world, "twice", body="Hello?")

    assert (await read(world, "admin"))["oldestWaiting"] == {
        "ticket": {"id": asks_twice},
        "since": at,
    }


async def test_an_answered_question_may_have_waited_longer_than_a_new_ticket(world: World) -> None:
    asks_again = await receive(world, "again")
    await answer(world, asks_again)
    await receive(world, "again", body="And now?")
    new = await receive(world, "new")

    assert await waiting(world) == asks_again
    await answer(world, asks_again)
    assert await waiting(world) == new


async def test_an_automatic_message_is_no_answer(world: World) -> None:
    ticket = await receive(world, "robot")
    await answer(world, ticket)
    await receive(world, "robot", body="Is anybody there?")

    async with world.work() as work:
        hand = await take(work, await world.viewer("admin"), decode_global_id(ticket)[1])
        reply = NewMessage(AUTOMATION, MessageDirection.OUTGOING, "We have got your message.")
        await append(work, hand, reply)
        await hand.finish()

    assert await waiting(world) == ticket


@pytest.mark.parametrize("status", list(TicketStatus)[2:])
async def test_nobody_waits_at_a_ticket_that_is_not_open(
    world: World, status: TicketStatus
) -> None:
    _kind, ticket_id = decode_global_id(await receive(world, "later"))
    async with world.work() as work:
        await tickets.update(work, await world.viewer("admin"), ticket_id, 2, {"status": status})

    assert await waiting(world) is None


async def test_who_waits_longest_is_one_of_the_filtered(world: World) -> None:
    await receive(world, "first")
    chat = await receive(world, "second", channel=Channel.LIVE_CHAT)

    assert await waiting(world, channels=["LIVE_CHAT"]) == chat


LAST_MESSAGE = "query ($id: ID!) { ticket(id: $id) { lastMessage { createdAt } } }"


# ── Who is online ──────────────────────────────────────────────────────────────────────────────


async def test_agents_online_are_those_who_are_connected_once_each_by_name(
    world: World, online: OnlineAgents
) -> None:
    for name in ("nikos", "ayse", "nikos"):
        online.came(world.agents[name].id)
    online.went(world.agents["nikos"].id)

    assert (await read(world, "stranger"))["agentsOnline"] == [{"name": "Ayse"}, {"name": "Nikos"}]


async def test_the_numbers_cost_as_many_statements_for_many_tickets_as_for_one(
    world: World, online: OnlineAgents
) -> None:
    await receive(world, "one")
    online.came(world.agents["ayse"].id)
    async with world.counted_statements() as of_one:
        await read(world, "admin")
    await fill(world)
    async with world.counted_statements() as of_many:
        await read(world, "admin")

    tables = [statement for statement in of_many if "FROM ticket" in statement]
    assert len(tables) == 2 + 1  # the counts, who waits longest, and the ticket that is shown
    assert len(of_many) <= len(of_one) + 2  # teams and agents, which one ticket had none of
