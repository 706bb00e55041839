"""One execution for each audience, over real sockets, and bytes that never reach another one."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import update

from core.ids import decode_global_id
from models.teams import TeamMember
from models.tickets import Ticket
from models.viewers import ApiScope
from tests.support.acts import CLOSE, NOTE
from tests.support.colleagues import add_colleague, add_session
from tests.support.customers import add_company, customer_of
from tests.support.customers import update as update_customer
from tests.support.desk import Client, World
from tests.support.executions import Counted
from tests.support.favorites import ADD
from tests.support.live import TICKET_EVENTS, LiveWorld, Watcher, served, watching
from tests.support.notes import add as add_note

# What viewers of different rights see differently, of the ticket that an event is about.
RICH_TICKET = """
    fragment Rich on Ticket {
      title favoriteCount messageCount
      brand { name } team { name members { totalCount nodes { name } } } assignee { name }
      notes { totalCount nodes { body author { ... on Agent { name } } } }
      favorites { totalCount nodes { item { __typename ... on Note { body } } } }
      timeline { totalCount edges { node { __typename ... on Note { body } } } }
      changes { totalCount nodes { action } }
      customer { name email company { name } notes { totalCount nodes { body } } }
    }
"""
WATCH_RICH = (
    """
    subscription ($ticket: ID!) {
      ticketEvents(ticketId: $ticket) {
        __typename
        ... on TicketChanged { ticket { ...Rich } }
        ... on FavoriteAdded { favoriteCount favorite { ticket { ...Rich } } }
      }
    }
    """
    + RICH_TICKET
)
READ_RICH = "query ($ticket: ID!) { ticket(id: $ticket) { ...Rich } }" + RICH_TICKET
WATCH_PERSONAL = """
    subscription ($ticket: ID!) {
      ticketEvents(ticketId: $ticket) {
        __typename
        ... on TicketChanged { ticket { customer { tickets { nodes { title } } } } }
      }
    }
"""


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveWorld]:
    await add_colleague(world, "eleni", like="nikos")
    async with served(world) as opened:
        yield opened


@asynccontextmanager
async def all_watching(
    live: LiveWorld, tokens: Sequence[str | None], document: str, ticket: str
) -> AsyncIterator[list[Watcher]]:
    """Subscribe once for each token; all have begun."""
    async with AsyncExitStack() as stack:
        watchers = [
            await stack.enter_async_context(watching(live.port, token, document, ticket=ticket))
            for token in tokens
        ]
        for watcher in watchers:
            assert (await watcher.next())["__typename"] == "StreamReady"
        yield watchers


def tokens_of(live: LiveWorld, *names: str) -> list[str | None]:
    return [live.world.tokens[name] for name in names]


async def test_an_event_is_executed_once_for_each_audience_however_many_listen(
    live: LiveWorld,
) -> None:
    message, ticket = await live.world.receive()
    names = ["nikos", "eleni", "ayse", "admin"] * 5
    async with all_watching(live, tokens_of(live, *names), TICKET_EVENTS, ticket) as watchers:
        counted = Counted()

        await live.world.admin.act(ADD, item=message)
        events = [await watcher.next() for watcher in watchers]

    assert all(event["__typename"] == "FavoriteAdded" for event in events)
    assert len({watcher.cursor for watcher in watchers}) == 1
    # Nikos and Eleni have the same rights and language; Ayşe has other ones, and the admin.
    assert counted.executions == 3
    assert counted.deliveries == 20


async def test_many_subscribers_cost_no_more_statements_than_one(live: LiveWorld) -> None:
    statements_of = {}
    for count in (1, 20):
        _message, ticket = await live.world.receive(handle=f"customer-of-{count}@example.com")
        names = ["nikos", "eleni"] * 10
        tokens = tokens_of(live, *names[:count])
        async with all_watching(live, tokens, WATCH_RICH, ticket) as watchers:
            async with live.world.counted_statements() as statements:
                await live.world.admin.act(CLOSE, ticket=ticket)
                for watcher in watchers:
                    assert (await watcher.next())["__typename"] == "TicketChanged"
            statements_of[count] = len(statements)

    assert statements_of[20] == statements_of[1]


async def test_those_who_resumed_share_with_those_who_came_anew(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket) as early:
        await early.next()
        seen = early.cursor
        await live.world.admin.act(NOTE, ticket=ticket)
        await early.next()
        async with live.watch("eleni", TICKET_EVENTS, ticket=ticket, after=seen) as late:
            assert (await late.next())["__typename"] == "NoteAdded"
            await late.hears_nothing()
            counted = Counted()

            await live.world.admin.act(ADD, item=message)
            assert await early.next() == await late.next()

    assert counted.executions == 1
    assert counted.deliveries == 2


async def test_subscribers_of_other_tickets_and_fields_share_nothing(live: LiveWorld) -> None:
    message, ticket = await live.world.receive()
    _message, other = await live.world.receive(handle="other@example.com")
    async with (
        live.watch("nikos", TICKET_EVENTS, ticket=ticket) as watcher,
        live.watch("nikos", WATCH_RICH, ticket=ticket) as of_other_fields,
        live.watch("nikos", TICKET_EVENTS, ticket=other) as of_other_ticket,
    ):
        for one in (watcher, of_other_fields, of_other_ticket):
            await one.next()
        counted = Counted()

        await live.world.admin.act(ADD, item=message)
        assert (await watcher.next())["favoriteCount"] == 1
        assert "notes" in (await of_other_fields.next())["favorite"]["ticket"]
        await of_other_ticket.hears_nothing()

    assert counted.executions == 2


async def test_each_viewer_is_told_what_they_would_read_and_nothing_of_others(
    live: LiveWorld,
) -> None:
    world = live.world
    message, ticket = await world.receive()
    await assign(world, ticket, "stranger")
    customer = {"id": await customer_of(world, ticket)}
    await update_customer(world.ayse, customer, 1, companyId=await add_company(world, "Nokta"))
    await add_note(world.ayse, "CUSTOMER", customerId=customer["id"], body="Only for the team")
    note = await add_note(world.ayse, ticketId=ticket, body="Only for the team")
    await world.ayse.act(ADD, item=note["note"]["id"])
    readers = [
        await world.integration(*scopes, brands=[world.acme])
        for scopes in (
            (ApiScope.TICKETS_READ,),
            (ApiScope.TICKETS_READ, ApiScope.NOTES_READ),
            (ApiScope.TICKETS_READ, ApiScope.CUSTOMERS_READ),
        )
    ]
    people = [world.ayse, world.nikos, world.eleni, world.stranger, world.admin]
    clients = [*people, *readers]
    tokens = [client.token for client in clients] * 2
    async with all_watching(live, tokens, WATCH_RICH, ticket) as watchers:
        await world.admin.act(ADD, item=message)
        events = [await watcher.next() for watcher in watchers]

    shown = [event["favorite"]["ticket"] for event in events]
    assert shown == [await read(client, ticket) for client in clients] * 2
    assert [event["favoriteCount"] for event in events[: len(clients)]] == [2, 2, 2, 2, 2, 1, 2, 1]
    for answer in (shown[5], shown[7]):
        assert "Only for the team" not in str(answer)
        assert answer["notes"]["totalCount"] == 0
    # Agents, and those who read neither notes nor companies, one of them, or the other.
    assert len({str(answer) for answer in shown}) == 4


async def assign(world: World, ticket: str, name: str) -> None:
    """Give a ticket to somebody who works for another brand."""
    async with world.desk.database.transaction() as session:
        await session.execute(
            update(Ticket)
            .where(Ticket.id == decode_global_id(ticket)[1])
            .values(assignee_id=world.agents[name].id)
        )


async def read(client: Client, ticket: str) -> Any:
    return (await client.ask(READ_RICH, ticket=ticket))["ticket"]


async def test_what_is_personal_is_answered_to_each_person_and_shared_by_their_tabs(
    live: LiveWorld,
) -> None:
    world = live.world
    _message, ticket = await world.receive(subject="Common")
    _message, secret = await world.receive(subject="For Nikos")
    await move_to_sales(world, secret, "nikos")
    tabs = [world.tokens["nikos"], await add_session(world, "nikos"), world.tokens["eleni"]]
    async with all_watching(live, tabs, WATCH_PERSONAL, ticket) as watchers:
        counted = Counted()
        await world.admin.act(CLOSE, ticket=ticket)
        events = [await watcher.next() for watcher in watchers]

    titles = [
        sorted(node["title"] for node in event["ticket"]["customer"]["tickets"]["nodes"])
        for event in events
    ]
    assert titles == [["Common", "For Nikos"], ["Common", "For Nikos"], ["Common"]]
    assert counted.executions == 2


async def move_to_sales(world: World, ticket: str, assignee: str) -> None:
    """Hide a ticket from all agents but admins and one."""
    async with world.desk.database.transaction() as session:
        await session.execute(
            update(Ticket)
            .where(Ticket.id == decode_global_id(ticket)[1])
            .values(team_id=world.sales.id, assignee_id=world.agents[assignee].id)
        )


async def test_who_gets_other_rights_shares_with_those_who_have_them(live: LiveWorld) -> None:
    world = live.world
    message, ticket = await world.receive()
    async with (
        live.watch("nikos", WATCH_RICH, ticket=ticket) as nikos,
        live.watch("ayse", WATCH_RICH, ticket=ticket) as ayse,
    ):
        await nikos.next()
        await ayse.next()
        await give_rights_of_ayse(world, "nikos")
        counted = Counted()

        await world.admin.act(ADD, item=message)
        assert await nikos.next() == await ayse.next()

    assert counted.executions == 1


async def give_rights_of_ayse(world: World, name: str) -> None:
    async with world.desk.database.transaction() as session:
        agent = await session.merge(world.agents[name])
        agent.language = world.agents["ayse"].language
        session.add(TeamMember(team_id=world.support.id, agent_id=agent.id))
    await world.desk.viewers.refresh()
