"""Tags on tickets, out of those that there are."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert, select

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id
from core.text import fold
from models.tags import Tag, TicketTag
from models.viewers import ApiScope
from services.ticket_tags import TAGS_PER_TICKET
from tests.support.desk import Client, World
from tests.support.history import unlike
from tests.support.live import INBOX_EVENTS, TICKET_EVENTS, served
from tests.support.tags import ADD, add
from tests.support.tickets import CLOSE, update

REMOVE = """
    mutation ($input: TicketUntagInput!) {
      ticketUntag(input: $input) {
        __typename
        ... on TicketUntagSuccess { tag { id name } ticket { version tags { name } } }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on UserError { code }
      }
    }
"""
HISTORY = """
    query ($id: ID!) {
      ticket(id: $id) {
        version
        changes(last: 1) { nodes {
          action actor { ... on Agent { name } } changes { field before after }
        } }
      }
    }
"""


async def remove(client: Client, ticket: str, **given: Any) -> dict[str, Any]:
    return await client.act(REMOVE, input={"ticketId": ticket, **given})


async def make_tags(world: World, *names: str) -> list[str]:
    """Put tags on the list that admins keep; return their global ids."""
    tags = [Tag(name=name, name_key=fold(name), created_at=clock.now()) for name in names]
    async with world.desk.database.transaction() as session:
        session.add_all(tags)
    return [encode_global_id(NodeKind.TAG, tag.id) for tag in tags]


async def trace(world: World) -> tuple[dict[str, int], int]:
    """Return how much there is of everything, also of tags on tickets."""
    async with world.desk.database.reading() as connection:
        placed = (await connection.execute(select(TicketTag.tag_id))).all()
    return await world.counts(), len(placed)


async def test_a_ticket_gets_a_tag_and_its_history_tells_who_put_it_there(world: World) -> None:
    _message, ticket = await world.receive()
    urgent, gift = await make_tags(world, "urgent", "gift")

    await add(world.ayse, ticket, tagId=urgent)
    result = await add(world.ayse, ticket, tagId=gift)
    found = (await world.nikos.ask(HISTORY, id=ticket))["ticket"]

    assert result == {
        "__typename": "TicketTagSuccess",
        "tag": {"id": gift, "name": "gift"},
        "ticket": {"version": 4, "tags": [{"name": "gift"}, {"name": "urgent"}]},
    }
    assert found["version"] == 4
    assert found["changes"]["nodes"] == [
        {
            "action": "FIELDS_CHANGED",
            "actor": {"name": "Ayse"},
            "changes": [{"field": "tags", "before": "urgent", "after": "gift, urgent"}],
        }
    ]


async def test_a_ticket_loses_a_tag_and_its_history_tells_who_took_it(world: World) -> None:
    _message, ticket = await world.receive()
    (urgent,) = await make_tags(world, "urgent")
    await add(world.ayse, ticket, tagId=urgent)

    result = await remove(world.nikos, ticket, tagId=urgent)
    found = (await world.ayse.ask(HISTORY, id=ticket))["ticket"]

    assert result["ticket"] == {"version": 4, "tags": []}
    assert found["changes"]["nodes"] == [
        {
            "action": "FIELDS_CHANGED",
            "actor": {"name": "Nikos"},
            "changes": [{"field": "tags", "before": "urgent", "after": ""}],
        }
    ]


async def test_tagging_twice_and_untagging_twice_is_once(world: World) -> None:
    _message, ticket = await world.receive()
    (urgent,) = await make_tags(world, "urgent")

    first = await add(world.ayse, ticket, tagId=urgent)
    tagged = await trace(world)
    second = await add(world.nikos, ticket, tagId=urgent)
    assert second == first
    assert await trace(world) == tagged

    first = await remove(world.nikos, ticket, tagId=urgent)
    untagged = await trace(world)
    second = await remove(world.ayse, ticket, tagId=urgent)
    assert second == first
    assert await trace(world) == untagged


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("e-mail requested", "E-MAIL  Requested"),
        ("Işık", "IŞIK"),
        ("Işık", "isik"),
        ("İade", "iade"),
        ("επείγον", "ΕΠΕΙΓΟΝ"),
        ("πελάτης", "ΠΕΛΑΤΗΣ"),
    ],
)
async def test_a_tag_is_found_by_its_name_whatever_case_and_accents(
    world: World, name: str, typed: str
) -> None:
    _message, ticket = await world.receive()
    (tag,) = await make_tags(world, name)

    put = await add(world.ayse, ticket, name=typed)
    taken = await remove(world.ayse, ticket, name=typed)

    assert put["tag"] == taken["tag"] == {"id": tag, "name": name}
    assert put["ticket"]["tags"] == [{"name": name}]
    assert taken["ticket"]["tags"] == []


@pytest.mark.parametrize("act", [add, remove])
async def test_a_tag_that_does_not_exist_is_refused_and_not_made(world: World, act: Any) -> None:
    _message, ticket = await world.receive()
    (urgent,) = await make_tags(world, "urgent")
    before = await trace(world)

    for given, path, code in (
        ({"tagId": unlike(urgent)}, "tagId", "UNKNOWN_REFERENCE"),
        ({"tagId": ticket}, "tagId", "INVALID_ID"),
        ({"name": "urgently"}, "name", "UNKNOWN_REFERENCE"),
        ({"name": "\u200b"}, "name", "REQUIRED"),
        ({"name": " "}, "name", "REQUIRED"),
        ({}, "tagId", "REQUIRED"),
        ({"tagId": urgent, "name": "urgent"}, "name", "NOT_ALLOWED_VALUE"),
    ):
        refused = await act(world.ayse, ticket, **given)
        assert refused["fields"] == [
            {"path": ["input", path], "code": code, "limit": None, "actual": None}
        ], given
    too_long = await act(world.ayse, ticket, name="u" * 51)

    assert too_long["fields"] == [
        {"path": ["input", "name"], "code": "TOO_LONG", "limit": 50, "actual": 51}
    ]
    assert await trace(world) == before


@pytest.mark.parametrize("act", [add, remove])
async def test_who_does_not_see_the_ticket_finds_none(world: World, act: Any) -> None:
    _message, ticket = await world.receive()
    (urgent,) = await make_tags(world, "urgent")
    await add(world.ayse, ticket, tagId=urgent)
    before = await trace(world)

    hidden = await act(world.stranger, ticket, tagId=urgent)
    absent = await act(world.stranger, unlike(ticket), tagId=urgent)

    assert hidden == absent == {"__typename": "NotFound", "code": "NOT_FOUND"}
    assert await trace(world) == before


@pytest.mark.parametrize("act", [add, remove])
async def test_a_token_that_only_reads_may_not_tag(world: World, act: Any) -> None:
    _message, ticket = await world.receive()
    (urgent,) = await make_tags(world, "urgent")
    await add(world.ayse, ticket, tagId=urgent)
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    before = await trace(world)

    refused = await act(reader, ticket, tagId=urgent)

    assert refused == {"__typename": "NotAllowed", "code": "NOT_ALLOWED"}
    assert await trace(world) == before


async def test_nobody_tags_without_signing_in(world: World) -> None:
    _message, ticket = await world.receive()
    (urgent,) = await make_tags(world, "urgent")
    given = {"ticketId": ticket, "tagId": urgent}

    for document in (ADD, REMOVE):
        refused = await world.nobody.send(document, input=given)
        assert refused.error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_two_agents_at_once_do_not_pass_the_limit(world: World) -> None:
    _message, ticket = await world.receive()
    names = [f"tag {place}" for place in range(TAGS_PER_TICKET + 1)]
    *placed, next_to_last, last = await make_tags(world, *names)
    ticket_id = decode_global_id(ticket)[1]
    async with world.desk.database.transaction() as session:
        rows = [{"ticket_id": ticket_id, "tag_id": decode_global_id(tag)[1]} for tag in placed]
        await session.execute(insert(TicketTag), rows)

    results = await asyncio.gather(
        add(world.ayse, ticket, tagId=next_to_last), add(world.nikos, ticket, tagId=last)
    )
    before = await trace(world)
    again = await add(world.ayse, ticket, tagId=placed[0])

    assert sorted(result["__typename"] for result in results) == [
        "LimitReached",
        "TicketTagSuccess",
    ]
    assert [result["limit"] for result in results if "limit" in result] == [50]
    assert again["__typename"] == "TicketTagSuccess"  # it stands there already
    assert await trace(world) == before


async def test_the_same_tag_put_by_two_at_once_is_one_event(world: World) -> None:
    _message, ticket = await world.receive()
    (urgent,) = await make_tags(world, "urgent")
    before = await trace(world)

    results = await asyncio.gather(
        add(world.ayse, ticket, tagId=urgent), add(world.nikos, ticket, name="Urgent")
    )

    assert results[0] == results[1]
    assert results[0]["ticket"] == {"version": 3, "tags": [{"name": "urgent"}]}
    counts, placed = await trace(world)
    assert placed == before[1] + 1
    assert counts == before[0] | {"event": before[0]["event"] + 2}  # the ticket's and the inbox's


async def test_a_closed_ticket_is_tagged_all_the_same(world: World) -> None:
    _message, ticket = await world.receive()
    (urgent,) = await make_tags(world, "urgent")
    await world.ayse.act(CLOSE, ticket=ticket)

    result = await add(world.ayse, ticket, tagId=urgent)

    assert result["ticket"]["tags"] == [{"name": "urgent"}]


async def test_a_tag_put_meanwhile_is_merged_with_an_edit_of_the_ticket(world: World) -> None:
    _message, ticket = await world.receive()
    (urgent,) = await make_tags(world, "urgent")
    await add(world.nikos, ticket, tagId=urgent)

    edited = await update(world.ayse, ticket, 2, title="Order 17")

    assert edited["mergedFields"] == ["tags"]


async def test_who_looks_at_the_ticket_sees_its_tags_at_once(world: World) -> None:
    _message, ticket = await world.receive()
    (urgent,) = await make_tags(world, "urgent")
    async with (
        served(world) as live,
        live.watch("nikos", TICKET_EVENTS, ticket=ticket) as watcher,
    ):
        await watcher.next()
        await add(world.ayse, ticket, tagId=urgent)
        assert await watcher.next() == {
            "__typename": "TicketChanged",
            "changes": [{"field": "tags", "before": "", "after": "urgent"}],
            "ticket": {"status": "NEW"},
        }


async def test_a_ticket_enters_and_leaves_lists_by_its_tags(world: World) -> None:
    _message, ticket = await world.receive(subject="Order")
    urgent, gift = await make_tags(world, "urgent", "gift")
    async with (
        served(world) as live,
        live.watch("nikos", INBOX_EVENTS, filter={"tagIds": [urgent]}) as watcher,
    ):
        await watcher.next()

        await add(world.ayse, ticket, tagId=gift)  # of which this list is told nothing
        await add(world.ayse, ticket, tagId=urgent)
        assert await watcher.next() == {
            "__typename": "TicketEntered",
            "ticket": {"id": ticket, "title": "Order"},
        }

        await remove(world.ayse, ticket, tagId=gift)
        assert await watcher.next() == {
            "__typename": "TicketUpdated",
            "ticket": {"id": ticket},
            "changes": [{"field": "tags", "after": "urgent"}],
        }

        await remove(world.ayse, ticket, tagId=urgent)
        assert await watcher.next() == {"__typename": "TicketLeft", "ticketId": ticket}
