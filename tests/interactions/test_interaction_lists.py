"""The open and the recent list of an agent: closing, reopening, and all their screens live."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.channels import Channel
from models.event_topics import interactions_topic
from models.viewers import ApiScope
from services.interaction_lists import OPEN_AT_MOST
from services.interactions import NewContact, open_interaction
from tests.support.customers import NO_SUCH, create, customer_of
from tests.support.desk import World
from tests.support.edits import change
from tests.support.interactions import (
    CALLER,
    EVENTS,
    OTHER_CALLER,
    attempt,
    closed,
    does,
    lists,
    load,
    number_of,
    opened,
    trace,
)
from tests.support.live import LiveWorld, served, watching

RECENT = """
    query ($first: Int, $after: String) {
      recentInteractions(first: $first, after: $after) {
        totalCount nodes { id } pageInfo { hasNextPage endCursor }
      }
    }
"""
SNAPSHOT = "{ openInteractions { id } interactionEventCursor }"
CUSTOMER_EVENTS = """
    subscription ($id: ID!, $after: EventCursor) {
      customerEvents(customerId: $id, after: $after) {
        __typename
        ... on Event { cursor }
        ... on InteractionOpened { interaction { closedAt } }
        ... on InteractionChanged { changes { field before after } interaction { summary } }
        ... on InteractionClosed { interaction { summary } }
        ... on InteractionReopened { interaction { closedAt } }
        ... on CustomerChanged { customer { name } }
      }
    }
"""


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveWorld]:
    async with served(world) as opened_world:
        yield opened_world


def told(event: str, who: str, interaction: str) -> dict[str, Any]:
    return {"__typename": event, "actor": {"name": who}, "interaction": {"id": interaction}}


def changed(
    who: str, interaction: str, *changes: dict[str, Any], form: str | None = None
) -> dict[str, Any]:
    event = told("InteractionChanged", who, interaction)
    event["interaction"]["form"] = None if form is None else {"name": form}
    return event | {"changes": list(changes)}


# Closing and reopening


async def test_closing_moves_it_from_the_open_list_to_the_top_of_the_recent_one(
    world: World,
) -> None:
    first, second, third = [await opened(world.ayse, handle=number_of(n)) for n in range(3)]
    assert await lists(world.ayse) == ([third, second, first], [])

    await closed(world.ayse, third)
    await closed(world.ayse, first)

    assert await lists(world.ayse) == ([second], [first, third])
    assert await lists(world.nikos) == ([], [])


async def test_closing_twice_is_closing_once(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    await closed(world.ayse, interaction)
    before = await trace(world)

    again = await attempt(
        world.ayse,
        "interactionClose",
        interactionId=interaction,
        customerForm={"name": ""},
    )

    assert again["__typename"] == "InteractionCloseSuccess"
    assert again["interaction"] == await load(world.ayse, interaction)
    assert await trace(world) == before


async def test_what_never_stood_on_the_list_cannot_be_closed(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    before = await trace(world)

    refused = await attempt(
        world.admin, "interactionClose", interactionId=interaction, outcome="DISCARD"
    )

    assert (refused["code"], refused["message"]) == (
        "NOT_ALLOWED",
        "This is not on your open list. Please reopen it first.",
    )
    assert await trace(world) == before


async def test_the_newest_interaction_of_a_customer_is_reopened_by_a_colleague(
    world: World,
) -> None:
    customer = await create(world, "Elif")
    older = await opened(world.ayse, customerId=customer["id"])
    await closed(world.ayse, older)
    newest = await opened(world.ayse, customerId=customer["id"])
    await closed(world.ayse, newest)

    reopened = await does(world.nikos, "interactionReopen", customerId=customer["id"])

    assert (reopened["id"], reopened["closedAt"]) == (newest, None)
    assert await lists(world.nikos) == ([newest], [])
    assert await lists(world.ayse) == ([], [newest, older])


async def test_reopening_what_stands_on_the_open_list_is_no_change(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    before = await trace(world)

    again = await does(world.ayse, "interactionReopen", interactionId=interaction)

    assert again == await load(world.ayse, interaction)
    assert await trace(world) == before


async def test_it_is_closed_once_no_agent_has_it_open(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    await does(world.nikos, "interactionReopen", interactionId=interaction)

    await closed(world.ayse, interaction)
    still_open = await load(world.ayse, interaction)
    await closed(world.nikos, interaction)
    now_closed = await load(world.ayse, interaction)

    assert (still_open["closedAt"], still_open["version"]) == (None, 1)
    assert (now_closed["closedAt"] is None, now_closed["version"]) == (False, 2)
    assert await lists(world.ayse) == ([], [interaction])


async def test_what_is_not_there_is_not_reopened(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, handle=CALLER)
    before = await trace(world)

    unknown = await attempt(world.ayse, "interactionReopen", customerId=NO_SUCH)
    never = await attempt(world.ayse, "interactionReopen", customerId=customer["id"])
    neither = await attempt(world.ayse, "interactionReopen")
    both = await attempt(
        world.ayse, "interactionReopen", customerId=customer["id"], interactionId=interaction
    )

    assert (unknown["code"], never["code"]) == ("NOT_FOUND", "NOT_FOUND")
    assert [one["code"] for one in neither["fields"] + both["fields"]] == [
        "REQUIRED",
        "NOT_ALLOWED_VALUE",
    ]
    assert await trace(world) == before


async def test_a_full_open_list_takes_no_more_and_drops_nothing(world: World) -> None:
    old = await opened(world.ayse, handle=CALLER)
    await closed(world.ayse, old)
    async with world.work("ayse") as work:
        viewer = await world.viewer("ayse")
        for number in range(OPEN_AT_MOST):
            await open_interaction(
                work, viewer, NewContact(Channel.PHONE, handle=number_of(number))
            )
    before = await trace(world)

    refused = await attempt(world.ayse, "interactionOpen", channel="PHONE", handle=OTHER_CALLER)
    not_again = await attempt(world.ayse, "interactionReopen", interactionId=old)
    await opened(world.ayse, handle=number_of(7))

    assert [(answer["code"], answer["limit"]) for answer in (refused, not_again)] == [
        ("LIMIT_REACHED", 100)
    ] * 2
    assert await trace(world) == before
    of_open, _ = await lists(world.ayse)
    assert len(of_open) == 100


async def test_the_recent_list_comes_in_pages(world: World) -> None:
    ids = [await opened(world.ayse, handle=number_of(n)) for n in range(5)]
    for interaction in ids:
        await closed(world.ayse, interaction)

    pages: list[list[str]] = []
    cursor = None
    while len(pages) < 3:
        answer = await world.ayse.ask(RECENT, first=2, after=cursor)
        page = answer["recentInteractions"]
        pages.append([node["id"] for node in page["nodes"]])
        cursor = page["pageInfo"]["endCursor"]
        assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (5, len(pages) < 3)

    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]


async def test_lists_cost_the_same_statements_however_long(world: World) -> None:
    document = """
        {
          openInteractions { tags customer { name } ticket { title } form { name } }
          recentInteractions { totalCount nodes { tags customer { name } form { name } } }
        }
    """

    async def fill(*numbers: int) -> None:
        """Open interactions with tags and forms, and close the first of them."""
        ids = []
        for number in numbers:
            _, ticket = await world.receive(handle=f"{number}@example.com")
            ids.append(await opened(world.ayse, ticketId=ticket))
            named = {"interactionId": ids[-1]}
            await does(world.ayse, "interactionTag", **named, tag="refund")
            form = {"expectedVersion": 1, "name": f"{number}"}
            await does(world.ayse, "interactionFormSave", **named, form=form)
        await closed(world.ayse, ids[0])

    await fill(1, 2)
    async with world.counted_statements() as few:
        await world.ayse.ask(document)
    await fill(3, 4, 5)
    await fill(6, 7, 8)

    async with world.counted_statements() as many:
        await world.ayse.ask(document)

    assert len(many) == len(few)


async def test_closing_while_a_colleague_edits_loses_neither(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    await does(world.nikos, "interactionReopen", interactionId=interaction)
    await does(world.admin, "interactionReopen", interactionId=interaction)

    await asyncio.gather(
        closed(world.ayse, interaction),
        closed(world.nikos, interaction),
        does(
            world.admin,
            "interactionUpdate",
            interactionId=interaction,
            expectedVersion=1,
            summary="Refund",
        ),
        does(world.admin, "interactionTag", interactionId=interaction, tag="iade"),
    )

    left = await load(world.admin, interaction)
    assert (left["summary"], left["tags"], left["version"]) == ("Refund", ["iade"], 3)
    assert await lists(world.admin) == ([interaction], [])


async def test_agents_who_open_close_and_reopen_one_customer_at_once_all_get_their_way(
    world: World,
) -> None:
    customer = await create(world, "Elif")
    first = await opened(world.ayse, customerId=customer["id"])

    async def work_on(client: Any) -> None:
        mine = await opened(client, "VIBER", customerId=customer["id"])
        await does(client, "interactionReopen", interactionId=first)
        await does(client, "interactionTag", interactionId=mine, tag="iade")
        await closed(client, first)
        await closed(client, mine)

    await asyncio.gather(*(work_on(client) for client in (world.ayse, world.nikos, world.admin)))

    for client in (world.ayse, world.nikos, world.admin):
        of_open, recent = await lists(client)
        assert (of_open, len(recent)) == ([], 2)
    assert (await load(world.admin, first))["closedAt"] is not None


# Live on all tabs


async def test_every_tab_hears_what_happens_on_the_lists(live: LiveWorld) -> None:
    world = live.world
    async with live.watch("ayse", EVENTS) as tab, live.watch("ayse", EVENTS) as other_tab:
        for watcher in (tab, other_tab):
            assert await watcher.next() == {"__typename": "StreamReady"}

        interaction = await opened(world.ayse, handle=CALLER)
        named = {"interactionId": interaction}
        await does(world.ayse, "interactionFormSave", **named, form={"name": "Elif"})
        for watcher in (tab, other_tab):
            assert await watcher.next() == told("InteractionOpened", "Ayse", interaction)
            assert await watcher.next() == changed("Ayse", interaction, form="Elif")

        await does(world.nikos, "interactionTag", **named, tag="iade")
        for watcher in (tab, other_tab):
            assert await watcher.next() == changed(
                "Nikos", interaction, change("tags", None, "iade"), form="Elif"
            )

        await attempt(world.ayse, "interactionClose", **named)
        await closed(world.ayse, interaction)
        await closed(world.ayse, interaction)
        await does(world.ayse, "interactionReopen", **named)
        for watcher in (tab, other_tab):
            assert await watcher.next() == told("InteractionClosed", "Ayse", interaction)
            assert await watcher.next() == told("InteractionReopened", "Ayse", interaction)


async def test_a_refused_close_that_keeps_the_form_is_told_as_that(live: LiveWorld) -> None:
    world = live.world
    interaction = await opened(world.ayse, handle=CALLER)
    async with live.watch("ayse", EVENTS) as watcher:
        await watcher.next()

        await attempt(
            world.ayse,
            "interactionClose",
            interactionId=interaction,
            customerForm={"name": "Elif"},
        )

        assert await watcher.next() == changed("Ayse", interaction, form="Elif")
        await watcher.hears_nothing()


async def test_nobody_hears_what_stands_on_the_lists_of_others(live: LiveWorld) -> None:
    world = live.world
    async with live.watch("admin", EVENTS) as watcher:
        await watcher.next()

        interaction = await opened(world.ayse, handle=CALLER)
        await does(
            world.ayse, "interactionFormSave", interactionId=interaction, form={"name": "Elif"}
        )
        mine = await opened(world.admin, handle=CALLER)

        assert await watcher.next() == told("InteractionOpened", "Admin", mine)


async def test_what_a_colleague_does_changes_a_closed_one_in_its_place(live: LiveWorld) -> None:
    world = live.world
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    await closed(world.ayse, interaction)
    async with live.watch("ayse", EVENTS) as watcher:
        await watcher.next()

        await does(world.nikos, "interactionReopen", interactionId=interaction)
        await does(
            world.nikos,
            "interactionUpdate",
            interactionId=interaction,
            expectedVersion=3,
            summary="Refund",
        )

        assert await watcher.next() == changed("Nikos", interaction)
        assert await watcher.next() == changed(
            "Nikos", interaction, change("summary", None, "Refund")
        )
        assert await lists(world.ayse) == ([], [interaction])


async def test_a_new_customer_is_told_before_the_closing(live: LiveWorld) -> None:
    world = live.world
    interaction = await opened(world.ayse, handle=CALLER)
    async with live.watch("ayse", EVENTS) as watcher:
        await watcher.next()

        await does(
            world.ayse,
            "interactionClose",
            interactionId=interaction,
            outcome="CREATE",
            customerForm={"name": "Elif"},
        )

        assert await watcher.next() == changed(
            "Ayse", interaction, change("customer", None, "Elif")
        )
        assert await watcher.next() == told("InteractionClosed", "Ayse", interaction)


async def test_a_stream_goes_on_where_a_snapshot_was_taken(live: LiveWorld) -> None:
    world = live.world
    first = await opened(world.ayse, handle=CALLER)
    snapshot = await world.ayse.ask(SNAPSHOT)
    second = await opened(world.ayse, handle=OTHER_CALLER)
    await closed(world.ayse, first)

    assert snapshot["openInteractions"] == [{"id": first}]
    cursor = snapshot["interactionEventCursor"]
    async with live.watch("ayse", EVENTS, after=cursor) as watcher:
        assert await watcher.next() == told("InteractionOpened", "Ayse", second)
        cursor = watcher.cursor
    async with live.watch("ayse", EVENTS, after=cursor) as watcher:
        assert await watcher.next() == told("InteractionClosed", "Ayse", first)
        await watcher.hears_nothing()


async def test_only_agents_have_lists_to_follow(live: LiveWorld) -> None:
    shop = await live.world.integration(ApiScope.CUSTOMERS_READ)
    for token, code in ((shop.token, "NOT_ALLOWED"), (None, "UNAUTHENTICATED")):
        async with watching(live.port, token, EVENTS) as watcher:
            assert (await watcher.refusal())["extensions"] == {"code": code}
    assert len(interactions_topic(live.world.agents["ayse"].id)) <= 64


# Live on the customer's page


async def test_the_history_of_a_customer_is_live_on_their_page(live: LiveWorld) -> None:
    world = live.world
    _, ticket = await world.receive()
    customer = await customer_of(world, ticket)
    async with live.watch("nikos", CUSTOMER_EVENTS, id=customer) as watcher:
        await watcher.next()

        interaction = await opened(world.ayse, ticketId=ticket)
        named = {"interactionId": interaction}
        await does(world.ayse, "interactionUpdate", **named, expectedVersion=1, summary="Refund")
        await does(
            world.ayse, "interactionFormSave", **named, form={"expectedVersion": 1, "name": "Ela"}
        )
        await does(world.ayse, "interactionClose", **named, outcome="SAVE")
        await does(world.nikos, "interactionReopen", **named)

        assert [await watcher.next() for _ in range(5)] == [
            {"__typename": "InteractionOpened", "interaction": {"closedAt": None}},
            {
                "__typename": "InteractionChanged",
                "changes": [change("summary", None, "Refund")],
                "interaction": {"summary": "Refund"},
            },
            {"__typename": "CustomerChanged", "customer": {"name": "Ela"}},
            {"__typename": "InteractionClosed", "interaction": {"summary": "Refund"}},
            {"__typename": "InteractionReopened", "interaction": {"closedAt": None}},
        ]


async def test_who_sees_only_tickets_hears_nothing_of_interactions(live: LiveWorld) -> None:
    world = live.world
    _, ticket = await world.receive()
    customer = await customer_of(world, ticket)
    shop = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    async with watching(live.port, shop.token, CUSTOMER_EVENTS, id=customer) as watcher:
        await watcher.next()

        await opened(world.ayse, ticketId=ticket)
        await world.receive(subject="Another matter")

        assert await watcher.next() == {"__typename": "CustomerTicketOpened"}
