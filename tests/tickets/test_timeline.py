"""The timeline of a ticket, and pages around one of its items."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.actors import ActorKind
from models.channels import Channel
from models.messages import Message, MessageDirection
from models.notes import NoteKind
from models.viewers import ApiScope
from resolvers import messages
from services.messages import OutgoingMessage, send
from services.notes import NewNote
from services.notes import add as write_note
from tests.support.desk import Client, World
from tests.support.favorites import ADD as STAR
from tests.support.favorites import REMOVE as UNSTAR
from tests.support.messages import SEND
from tests.support.notes import add as add_note
from tests.support.tickets import update

TIMELINE = """
    query (
      $id: ID!, $around: ID, $first: Int, $after: String, $last: Int, $before: String
    ) {
      ticket(id: $id) {
        timeline(around: $around, first: $first, after: $after, last: $last, before: $before) {
          totalCount
          nodes {
            __typename
            ... on Message { id body }
            ... on Note { id body kind }
            ... on TicketChange {
              id action changes { field after } item { __typename }
              actor { ... on Agent { name } }
            }
          }
          edges { cursor }
          pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
        }
      }
    }
"""
MESSAGES = """
    query ($id: ID!, $around: ID, $first: Int, $after: String) {
      ticket(id: $id) {
        messages(around: $around, first: $first, after: $after) {
          totalCount nodes { id body } pageInfo { hasPreviousPage hasNextPage endCursor }
        }
      }
    }
"""


async def timeline(client: Client, ticket: str, **arguments: Any) -> dict[str, Any]:
    found = (await client.ask(TIMELINE, id=ticket, **arguments))["ticket"]["timeline"]
    assert isinstance(found, dict)
    return found


def bodies(page: dict[str, Any]) -> list[str]:
    return [node.get("body") or node["action"] for node in page["nodes"]]


async def write_messages(world: World, ticket: str, count: int) -> list[str]:
    """Write messages of one moment, as an import does; their ids are their order."""
    ticket_id = decode_global_id(ticket)[1]
    ids: list[UUID] = sorted(new_id() for _ in range(count))
    now = clock.now()
    async with world.desk.database.transaction() as session:
        session.add_all(
            Message(
                id=row_id,
                ticket_id=ticket_id,
                brand_id=world.acme.id,
                author_kind=ActorKind.AUTOMATION,
                channel=Channel.EMAIL,
                direction=MessageDirection.INCOMING,
                body=f"message {place}",
                created_at=now,
            )
            for place, row_id in enumerate(ids)
        )
    return [encode_global_id(NodeKind.MESSAGE, row_id) for row_id in ids]


async def test_everything_stands_in_the_order_it_happened(world: World) -> None:
    message, ticket = await world.receive()
    await add_note(world.ayse, ticketId=ticket, body="Inline")
    await add_note(world.ayse, "TICKET", ticketId=ticket, body="In the panel, not here")
    await update(world.nikos, ticket, 4, title="Order 17")
    await world.ayse.act(STAR, item=message)
    await world.ayse.act(UNSTAR, item=message)

    found = await timeline(world.ayse, ticket)

    assert found["totalCount"] == 6
    assert sorted(bodies(found)[:2]) == ["CREATED", "Where is my order?"]
    assert [{**node, "id": None} for node in found["nodes"][2:]] == [
        {"__typename": "Note", "id": None, "body": "Inline", "kind": "INLINE"},
        {
            "__typename": "TicketChange",
            "id": None,
            "action": "FIELDS_CHANGED",
            "changes": [{"field": "title", "after": "Order 17"}],
            "item": None,
            "actor": {"name": "Nikos"},
        },
        {
            "__typename": "TicketChange",
            "id": None,
            "action": "FAVORITE_ADDED",
            "changes": [],
            "item": {"__typename": "Message"},
            "actor": {"name": "Ayse"},
        },
        {
            "__typename": "TicketChange",
            "id": None,
            "action": "FAVORITE_REMOVED",
            "changes": [],
            "item": {"__typename": "Message"},
            "actor": {"name": "Ayse"},
        },
    ]


async def test_pages_of_the_timeline_join_without_gap_and_overlap(world: World) -> None:
    _message, ticket = await world.receive()
    for place in range(5):
        await add_note(world.ayse, ticketId=ticket, body=f"note {place}")
        await update(world.ayse, ticket, 3 + 2 * place, title=f"title {place}")
    whole = await timeline(world.ayse, ticket)

    forwards, after = [], None
    while True:
        page = await timeline(world.ayse, ticket, first=5, after=after)
        forwards += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    backwards: list[Any] = []
    before = None
    while True:
        page = await timeline(world.ayse, ticket, last=5, before=before)
        backwards = page["nodes"] + backwards
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break

    assert len(whole["nodes"]) == 12
    assert forwards == backwards == whole["nodes"]


async def test_who_may_not_read_notes_sees_and_counts_none(world: World) -> None:
    _message, ticket = await world.receive()
    note = (await add_note(world.ayse, ticketId=ticket, body="Secret"))["note"]["id"]
    await world.ayse.act(STAR, item=note)
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])

    seen = await timeline(reader, ticket)
    changes = await reader.ask(
        "query ($id: ID!) { ticket(id: $id) { changes { totalCount nodes { action } } } }",
        id=ticket,
    )
    refused = await reader.send(TIMELINE, id=ticket, around=note)

    assert seen["totalCount"] == 2
    assert sorted(bodies(seen)) == ["CREATED", "Where is my order?"]
    assert changes["ticket"]["changes"] == {"totalCount": 1, "nodes": [{"action": "CREATED"}]}
    assert refused.error["extensions"]["fields"][0]["code"] == "UNKNOWN_REFERENCE"


async def test_a_page_around_an_item_has_it_in_its_middle(world: World) -> None:
    _message, ticket = await world.receive()
    ids = await write_messages(world, ticket, 300)

    page = (await world.ayse.ask(MESSAGES, id=ticket, around=ids[150], first=11))["ticket"][
        "messages"
    ]

    assert [node["id"] for node in page["nodes"]] == ids[145:156]
    assert (page["totalCount"], page["pageInfo"]["hasPreviousPage"]) == (301, True)
    assert page["pageInfo"]["hasNextPage"] is True


async def test_one_reads_on_from_a_page_around_an_item(world: World) -> None:
    _message, ticket = await world.receive()
    ids = await write_messages(world, ticket, 300)
    page = (await world.ayse.ask(MESSAGES, id=ticket, around=ids[150], first=11))["ticket"][
        "messages"
    ]

    following = await world.ayse.ask(
        MESSAGES, id=ticket, after=page["pageInfo"]["endCursor"], first=10
    )

    nodes = following["ticket"]["messages"]["nodes"]
    assert [node["id"] for node in nodes] == ids[156:166]


async def test_a_page_around_the_last_item_ends_with_it(world: World) -> None:
    _message, ticket = await world.receive()
    ids = await write_messages(world, ticket, 300)

    page = (await world.ayse.ask(MESSAGES, id=ticket, around=ids[-1], first=11))["ticket"][
        "messages"
    ]

    assert [node["id"] for node in page["nodes"]] == ids[-6:]
    assert page["pageInfo"]["hasNextPage"] is False


async def test_the_timeline_is_found_around_notes_and_changes_too(world: World) -> None:
    _message, ticket = await world.receive()
    await write_messages(world, ticket, 10)
    note = (await add_note(world.ayse, ticketId=ticket, body="Here"))["note"]["id"]
    await update(world.ayse, ticket, 3, title="And here")
    await write_messages(world, ticket, 10)

    around_note = await timeline(world.ayse, ticket, around=note, first=3)
    change = around_note["nodes"][2]["id"]
    around_change = await timeline(world.ayse, ticket, around=change, first=3)

    assert bodies(around_note) == ["message 9", "Here", "FIELDS_CHANGED"]
    assert bodies(around_change) == ["Here", "FIELDS_CHANGED", "message 0"]
    assert around_note["totalCount"] == 24


@pytest.mark.parametrize("document", [MESSAGES, TIMELINE], ids=["messages", "timeline"])
async def test_an_item_of_another_ticket_is_not_the_middle_of_this_one(
    world: World, document: str
) -> None:
    _message, ticket = await world.receive()
    other_message, _other_ticket = await world.receive(subject="Another")

    answer = await world.ayse.send(document, id=ticket, around=other_message)

    assert answer.error["extensions"]["fields"] == [
        {"path": ["around"], "code": "UNKNOWN_REFERENCE", "limit": None, "actual": None}
    ]


@pytest.mark.parametrize("document", [MESSAGES, TIMELINE], ids=["messages", "timeline"])
async def test_what_is_no_item_is_not_the_middle_of_anything(world: World, document: str) -> None:
    _message, ticket = await world.receive()

    answer = await world.ayse.send(document, id=ticket, around=ticket)

    assert answer.error["extensions"]["fields"] == [
        {"path": ["around"], "code": "INVALID_ID", "limit": None, "actual": None}
    ]


@pytest.mark.parametrize("more", [{"last": 3}, {"after": "x"}, {"before": "x"}])
async def test_around_goes_with_no_cursor_and_no_end(world: World, more: dict[str, Any]) -> None:
    message, ticket = await world.receive()

    answer = await world.ayse.send(TIMELINE, id=ticket, around=message, **more)

    assert answer.error["extensions"]["fields"] == [
        {"path": ["around"], "code": "NOT_ALLOWED_VALUE", "limit": None, "actual": None}
    ]


async def test_a_page_around_an_item_has_at_least_the_item(world: World) -> None:
    message, ticket = await world.receive()

    one = await timeline(world.ayse, ticket, around=message, first=1)
    none = await world.ayse.send(TIMELINE, id=ticket, around=message, first=0)

    assert bodies(one) == ["Where is my order?"]
    assert none.error["extensions"]["fields"] == [
        {"path": ["first"], "code": "OUT_OF_RANGE", "limit": 1, "actual": 0}
    ]


async def test_the_statements_of_a_timeline_do_not_grow_with_it(world: World) -> None:
    _message, short = await world.receive()
    _message, long = await world.receive(subject="Long")
    for ticket, notes in ((short, 1), (long, 8)):
        for _ in range(notes):
            await add_note(world.ayse, ticketId=ticket)

    async with world.counted_statements() as of_short:
        await timeline(world.ayse, short)
    async with world.counted_statements() as of_long:
        await timeline(world.ayse, long)

    assert len(of_short) == len(of_long)


async def test_who_waited_for_a_ticket_writes_after_those_waited_for(world: World) -> None:
    _message, ticket = await world.receive("Hello?")
    ticket_id = decode_global_id(ticket)[1]
    nikos = await world.viewer("nikos")
    for place in range(2):
        await world.ayse.act(SEND, input={"ticketId": ticket, "body": f"ayse {place}"})
        async with world.work("nikos") as work:
            work.now -= timedelta(minutes=1)  # his act began before hers
            await send(work, nikos, OutgoingMessage(ticket_id, f"nikos {place}"))
        async with world.work("nikos") as work:
            work.now -= timedelta(minutes=1)
            await write_note(work, nikos, NewNote(NoteKind.INLINE, ticket_id, f"note {place}"))

    found = await timeline(world.ayse, ticket)
    last = await world.ayse.ask(
        "query ($id: ID!) { ticket(id: $id) { lastMessage { body } messages { nodes { body } } } }",
        id=ticket,
    )

    written = ["ayse 0", "nikos 0", "note 0", "ayse 1", "nikos 1", "note 1"]
    assert [body for body in bodies(found) if body in written] == written
    assert last["ticket"]["lastMessage"] == {"body": "nikos 1"}
    assert [node["body"] for node in last["ticket"]["messages"]["nodes"]] == [
        *("Hello?", "ayse 0", "nikos 0", "ayse 1", "nikos 1")
    ]


async def test_what_is_lost_from_sight_between_two_reads_is_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _message, ticket = await world.receive()

    async def none_visible(*_: object) -> dict[UUID, Any]:
        return {}

    monkeypatch.setattr(messages, "by_id", none_visible)

    assert bodies(await timeline(world.ayse, ticket)) == ["CREATED"]
