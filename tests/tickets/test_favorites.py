"""Starring messages and notes."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert, update

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id
from models.actors import ActorKind
from models.channels import Channel
from models.favorites import FAVORITES_PER_TICKET, Favorite
from models.messages import Message
from models.notes import Note
from models.tickets import Ticket
from models.viewers import ApiScope
from services.tickets import take
from tests.support.customers import add_company, customer_of
from tests.support.desk import Client, World
from tests.support.favorites import ADD, REMOVE
from tests.support.live import FAVORITES, TICKET_EVENTS, Watcher, served, watching
from tests.support.long_chats import write_long_chat
from tests.support.notes import add as add_note
from tests.support.tickets import CLOSE

LIST = """
    query ($id: ID!, $first: Int, $after: String) {
      ticket(id: $id) {
        favoriteCount
        favorites(first: $first, after: $after) {
          totalCount pageInfo { hasNextPage endCursor }
          nodes { id item { ... on Message { id } ... on Note { id } } }
        }
      }
    }
"""
TRANSFER = """
    mutation ($ticket: ID!, $team: ID, $assignee: ID) {
      ticketTransfer(input: {ticketId: $ticket, teamId: $team, assigneeId: $assignee}) {
        __typename
      }
    }
"""
HISTORY = """
    query ($id: ID!) {
      ticket(id: $id) {
        changes(last: 2) { nodes { ...Star } }
        timeline(last: 2) { nodes { ...Star } }
      }
    }
    fragment Star on TicketChange {
      action occurredAt actor { ... on Agent { name } }
      item { ... on Message { id } ... on Note { id } }
    }
"""


async def starred(client: Client, ticket: str, **given: Any) -> list[str]:
    """Return the ids of what is starred, in the order of the list."""
    found = (await client.ask(LIST, id=ticket, **given))["ticket"]["favorites"]
    return [favorite["item"]["id"] for favorite in found["nodes"]]


async def test_starring_shows_the_star_and_who_put_it_there(world: World) -> None:
    message, _ticket = await world.receive()

    result = await world.ayse.act(ADD, item=message)

    favorite = result["favorite"]
    assert favorite["item"] == {"id": message}
    assert favorite["addedBy"] == {"name": "Ayse"}
    assert result["ticket"] == {
        "favoriteCount": 1,
        "favorites": {"totalCount": 1, "nodes": [{"id": favorite["id"]}]},
    }


async def test_starring_twice_leaves_one_star_and_no_second_event(world: World) -> None:
    message, _ticket = await world.receive()
    first = await world.ayse.act(ADD, item=message)
    before = await world.counts()

    second = await world.nikos.act(ADD, item=message)

    assert second == first
    assert await world.counts() == before


async def test_a_stranger_finds_no_message_and_leaves_no_trace(world: World) -> None:
    message, _ticket = await world.receive()
    before = await world.counts()

    result = await world.stranger.act(ADD, item=message)

    assert result == {
        "__typename": "NotFound",
        "code": "NOT_FOUND",
        "message": "This does not exist, or you may not see it.",
    }
    assert await world.counts() == before


async def test_any_colleague_can_take_the_star_away_and_twice_is_once(world: World) -> None:
    message, _ticket = await world.receive()
    await world.ayse.act(ADD, item=message)

    first = await world.nikos.act(REMOVE, item=message)
    before = await world.counts()
    second = await world.ayse.act(REMOVE, item=message)

    assert first == second
    assert first["ticket"] == {"favoriteCount": 0}
    assert await world.counts() == before


async def test_who_may_not_read_notes_is_not_told_that_one_is_starred(world: World) -> None:
    message, ticket = await world.receive()
    note = (await add_note(world.ayse, ticketId=ticket, body="Secret"))["note"]["id"]
    await world.ayse.act(ADD, item=note)
    await world.ayse.act(ADD, item=message)
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    counts = "query ($id: ID!) { ticket(id: $id) { favoriteCount favorites { totalCount } } }"

    assert (await reader.ask(counts, id=ticket))["ticket"] == {
        "favoriteCount": 1,
        "favorites": {"totalCount": 1},
    }
    assert (await world.ayse.ask(counts, id=ticket))["ticket"] == {
        "favoriteCount": 2,
        "favorites": {"totalCount": 2},
    }


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.LIVE_CHAT])
async def test_messages_and_notes_of_tickets_and_chats_stand_in_the_order_of_the_conversation(
    world: World, channel: Channel
) -> None:
    message, ticket = await world.receive(channel=channel, handle="visitor@example.com")
    inline = (await add_note(world.ayse, ticketId=ticket))["note"]["id"]
    panel = (await add_note(world.ayse, "TICKET", ticketId=ticket))["note"]["id"]

    for item in (panel, message, inline):
        assert (await world.ayse.act(ADD, item=item))["__typename"] == "FavoriteAddSuccess"

    assert await starred(world.nikos, ticket) == [message, inline, panel]


async def test_what_is_of_one_moment_stands_as_in_the_conversation_on_every_page(
    world: World,
) -> None:
    _message, ticket = await world.receive()
    items = await write_long_chat(world.desk.database, decode_global_id(ticket)[1], 7, note_each=3)
    of_one_moment = {"created_at": clock.now()}
    async with world.desk.database.transaction() as session:
        await session.execute(update(Message).values(of_one_moment))
    messages = [item for place, item in enumerate(items, 1) if place % 3]
    for item in reversed(messages):
        await world.ayse.act(ADD, item=item)

    pages, after = [], None
    while True:
        found = (await world.nikos.ask(LIST, id=ticket, first=2, after=after))["ticket"]
        pages += [favorite["item"]["id"] for favorite in found["favorites"]["nodes"]]
        after = found["favorites"]["pageInfo"]["endCursor"]
        if not found["favorites"]["pageInfo"]["hasNextPage"]:
            break

    assert pages == messages


async def test_notes_that_belong_to_no_ticket_have_no_star(world: World) -> None:
    _message, ticket = await world.receive()
    customer, company = await customer_of(world, ticket), await add_company(world, "Nokta")
    on_customer = await add_note(world.ayse, "CUSTOMER", customerId=customer)
    on_company = await add_note(world.ayse, "COMPANY", companyId=company)
    before = await world.counts()

    for note in (on_customer, on_company):
        refused = await world.ayse.act(ADD, item=note["note"]["id"])
        assert refused["fields"] == [{"path": ["input", "itemId"], "code": "NOT_ALLOWED_VALUE"}]
    wrong = await world.ayse.act(ADD, item=ticket)

    assert wrong["fields"] == [{"path": ["input", "itemId"], "code": "INVALID_ID"}]
    assert await world.counts() == before


async def test_two_agents_at_once_do_not_pass_the_limit_of_500(world: World) -> None:
    message, ticket = await world.receive()
    ticket_id = decode_global_id(ticket)[1]
    items = await write_long_chat(world.desk.database, ticket_id, FAVORITES_PER_TICKET)
    await star_directly(world, ticket_id, items[:-1])

    results = await asyncio.gather(
        world.ayse.act(ADD, item=items[-1]), world.nikos.act(ADD, item=message)
    )
    full = await world.counts()
    again = await world.nikos.act(ADD, item=items[0])

    (refused,) = (result for result in results if result["__typename"] != "FavoriteAddSuccess")
    assert refused["__typename"] == "LimitReached"
    assert (refused["code"], refused["limit"]) == ("LIMIT_REACHED", 500)
    assert (await world.ayse.ask(LIST, id=ticket, first=1))["ticket"]["favoriteCount"] == 500
    assert again["__typename"] == "FavoriteAddSuccess"  # it has a star already
    assert await world.counts() == full

    await world.ayse.act(REMOVE, item=items[0])
    assert (await world.ayse.act(ADD, item=items[0]))["__typename"] == "FavoriteAddSuccess"


async def test_stars_put_and_taken_at_once_end_in_one_state_on_every_screen(world: World) -> None:
    message, ticket = await world.receive()
    async with (
        served(world) as live,
        live.watch("ayse", FAVORITES, ticket=ticket) as hers,
        live.watch("nikos", FAVORITES, ticket=ticket) as his,
        live.watch("nikos", TICKET_EVENTS, ticket=ticket) as events,
    ):
        screens = [await hers.next(), await his.next()]
        await events.next()
        for _ in range(10):
            await asyncio.gather(
                world.ayse.act(ADD, item=message),
                world.nikos.act(REMOVE, item=message),
                world.nikos.act(ADD, item=message),
                world.ayse.act(REMOVE, item=message),
            )
        await world.admin.act(ADD, item=message)
        told = await told_until_now(events, world.nikos, ticket)
        for place, watcher in enumerate((hers, his)):
            for _ in told:
                screens[place] = await watcher.next()

    in_turns = [("FavoriteAdded", 1), ("FavoriteRemoved", 0)] * len(told)
    assert told == in_turns[: len(told)]
    assert screens[0] == screens[1]
    assert screens[0]["favoriteCount"] == 1
    assert screens[0]["favorites"]["nodes"] == [{"item": {"id": message}}]
    assert await starred(world.ayse, ticket) == [message]


async def test_the_history_keeps_who_put_and_who_took_a_star_and_when(world: World) -> None:
    _message, ticket = await world.receive()
    note = (await add_note(world.ayse, ticketId=ticket))["note"]["id"]
    began = clock.now().isoformat()
    await world.ayse.act(ADD, item=note)
    await world.nikos.act(REMOVE, item=note)

    found = (await world.admin.ask(HISTORY, id=ticket))["ticket"]

    moments = [node.pop("occurredAt") for node in found["changes"]["nodes"]]
    assert began < moments[0] < moments[1]
    assert found["changes"]["nodes"] == [
        {"action": "FAVORITE_ADDED", "actor": {"name": "Ayse"}, "item": {"id": note}},
        {"action": "FAVORITE_REMOVED", "actor": {"name": "Nikos"}, "item": {"id": note}},
    ]
    assert [node.pop("occurredAt") for node in found["timeline"]["nodes"]] == moments
    assert found["timeline"] == found["changes"]


async def test_stars_go_with_the_ticket_to_whoever_gets_it(world: World) -> None:
    message, ticket = await world.receive()
    note = (await add_note(world.ayse, "TICKET", ticketId=ticket))["note"]["id"]
    for item in (message, note):
        await world.ayse.act(ADD, item=item)
    support = encode_global_id(NodeKind.TEAM, world.support.id)
    await world.ayse.act(TRANSFER, ticket=ticket, team=support)
    assert (await world.nikos.ask(LIST, id=ticket))["ticket"] is None
    assert (await world.nikos.act(REMOVE, item=message))["code"] == "NOT_FOUND"

    await world.ayse.act(TRANSFER, ticket=ticket, team=support, assignee=world.id_of("nikos"))

    assert await starred(world.nikos, ticket) == [message, note]
    removed = await world.nikos.act(REMOVE, item=message)
    assert removed["ticket"] == {"favoriteCount": 1}
    assert await starred(world.nikos, ticket) == [note]


async def test_a_closed_ticket_has_stars_put_and_taken_all_the_same(world: World) -> None:
    message, ticket = await world.receive()
    await world.ayse.act(CLOSE, ticket=ticket)

    assert (await world.nikos.act(ADD, item=message))["ticket"]["favoriteCount"] == 1
    assert (await world.ayse.act(REMOVE, item=message))["ticket"] == {"favoriteCount": 0}


async def test_who_may_not_read_notes_gets_at_no_starred_one_by_any_way(world: World) -> None:
    message, ticket = await world.receive()
    rights = (ApiScope.TICKETS_READ, ApiScope.TICKETS_WRITE)
    reader = await world.integration(*rights, brands=[world.acme])
    note = (await add_note(world.ayse, ticketId=ticket, body="Secret"))["note"]["id"]
    node = "query ($id: ID!) { node(id: $id) { __typename id } }"
    async with (
        served(world) as live,
        watching(live.port, reader.token, TICKET_EVENTS, ticket=ticket) as events,
        watching(live.port, reader.token, FAVORITES, ticket=ticket) as lists,
    ):
        await events.next()
        await lists.next()
        favorite = (await world.ayse.act(ADD, item=note))["favorite"]["id"]
        before = await world.counts()

        assert await reader.ask(node, id=favorite) == {"node": None}
        assert (await reader.act(ADD, item=note))["code"] == "NOT_FOUND"
        assert (await reader.act(REMOVE, item=note))["code"] == "NOT_FOUND"
        found = (await reader.ask(LIST, id=ticket))["ticket"]
        assert (found["favoriteCount"], found["favorites"]["totalCount"]) == (0, 0)
        assert found["favorites"]["nodes"] == []
        assert await world.counts() == before

        await world.ayse.act(REMOVE, item=note)
        own = await reader.act(ADD, item=message)
        assert own["ticket"]["favoriteCount"] == 1
        event, screen = await events.next(), await lists.next()
        assert (event["__typename"], event["favoriteCount"]) == ("FavoriteAdded", 1)
        assert screen["favorites"]["nodes"] == [{"item": {"id": message}}]


async def test_a_note_that_is_deleted_while_one_waits_for_the_ticket_gets_no_star(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _message, ticket = await world.receive()
    note = (await add_note(world.ayse, "TICKET", ticketId=ticket))["note"]["id"]
    before = await world.counts()

    async def take_after_the_note_was_deleted(work: Any, *given: Any) -> Any:
        await work.session.execute(
            update(Note)
            .where(Note.id == decode_global_id(note)[1])
            .values(deleted_at=clock.now())
            .execution_options(synchronize_session=False)
        )
        return await take(work, *given)

    monkeypatch.setattr("services.favorites.take", take_after_the_note_was_deleted)

    assert (await world.ayse.act(ADD, item=note))["code"] == "NOT_FOUND"
    assert await world.counts() == before
    assert await starred(world.ayse, ticket) == []


async def star_directly(world: World, ticket_id: Any, items: list[str]) -> None:
    """Star messages without an event for each."""
    now = clock.now()
    async with world.desk.database.transaction() as session:
        await session.execute(
            insert(Favorite),
            [
                {
                    "ticket_id": ticket_id,
                    "message_id": decode_global_id(item)[1],
                    "item_created_at": now,
                    "added_by_kind": ActorKind.AUTOMATION,
                    "added_at": now,
                }
                for item in items
            ],
        )
        await session.execute(update(Ticket).values(favorite_count=len(items)))


async def told_until_now(events: Watcher, client: Client, ticket: str) -> list[tuple[str, int]]:
    """Return the types and counts of what a stream tells until it stands where the ticket does."""
    document = "query ($id: ID!) { ticket(id: $id) { eventCursor } }"
    now = (await client.ask(document, id=ticket))["ticket"]["eventCursor"]
    told = []
    while events.cursor != now:
        event = await events.next()
        told.append((event["__typename"], event["favoriteCount"]))
    return told
