"""One ticket: reading it, editing it, closing and reopening it."""

import unicodedata
from typing import Any

import pytest

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id
from core.text import fold
from models.topics import Topic
from models.viewers import ApiScope
from subscriptions.log.cursors import decode_cursor
from tests.support.desk import Client, World
from tests.support.tickets import CLOSE, READ, update

REOPEN = """
    mutation ($ticket: ID!) {
      ticketReopen(input: {ticketId: $ticket}) {
        __typename
        ... on TicketReopenSuccess { ticket { status closedAt version } }
        ... on UserError { code }
      }
    }
"""


async def read(client: Client, ticket: str) -> dict[str, Any]:
    found = (await client.ask(READ, id=ticket))["ticket"]
    assert isinstance(found, dict)
    return found


async def add_topic(world: World, name: str, *, of_other_brand: bool = False) -> str:
    brand = world.other if of_other_brand else world.acme
    async with world.desk.database.transaction() as session:
        topic = Topic(brand_id=brand.id, name=name, name_key=fold(name), created_at=clock.now())
        session.add(topic)
    return encode_global_id(NodeKind.TOPIC, topic.id)


async def test_a_new_ticket_shows_what_the_customer_wrote(world: World) -> None:
    _message, ticket = await world.receive()

    found = await read(world.ayse, ticket)

    positions = decode_cursor(found.pop("eventCursor"), world.desk.resources.epoch)
    assert isinstance(positions, dict)
    assert list(positions.values()) == [2]
    assert found == {
        "id": ticket,
        "number": 1,
        "version": 2,
        "title": "My order",
        "description": None,
        "status": "NEW",
        "priority": "MEDIUM",
        "channel": "EMAIL",
        "emailSubject": "My order",
        "closedAt": None,
        "firstResponseAt": None,
        "messageCount": 1,
        "favoriteCount": 0,
        "brand": {"name": "Acme"},
        "topic": None,
        "team": None,
        "assignee": None,
        "customer": {"name": "Elif Şahin", "email": "customer@example.com"},
        "tags": [],
        "lastMessage": {"body": "Where is my order?"},
        "changes": {
            "totalCount": 1,
            "nodes": [{"action": "CREATED", "actor": {"name": "Admin"}, "changes": []}],
        },
    }


async def test_a_ticket_is_found_by_its_number(world: World) -> None:
    _message, ticket = await world.receive()

    found = await world.ayse.ask("query { ticket(number: 1) { id } }")

    assert found == {"ticket": {"id": ticket}}


async def test_a_ticket_of_another_brand_is_null(world: World) -> None:
    _message, ticket = await world.receive()

    assert await world.stranger.ask(READ, id=ticket) == {"ticket": None}
    assert await world.stranger.ask(READ, number=1) == {"ticket": None}


async def test_whoever_is_not_signed_in_is_told_so(world: World) -> None:
    _message, ticket = await world.receive()

    answer = await world.nobody.send(READ, id=ticket)

    assert answer.error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_id_of_another_type_is_refused(world: World) -> None:
    message, _ticket = await world.receive()

    answer = await world.ayse.send(READ, id=message)

    assert answer.error["extensions"] == {
        "code": "VALIDATION_FAILED",
        "fields": [{"path": ["id"], "code": "INVALID_ID", "limit": None, "actual": None}],
    }


async def test_only_the_fields_sent_are_changed_and_null_clears(world: World) -> None:
    _message, ticket = await world.receive()
    topic = await add_topic(world, "Delivery")
    first = await update(world.ayse, ticket, description="Parcel lost", topicId=topic)

    second = await update(world.ayse, ticket, 3, description=None, priority="HIGH")

    assert first["ticket"]["topic"] == {"name": "Delivery"}
    assert second == {
        "__typename": "TicketUpdateSuccess",
        "mergedFields": [],
        "ticket": {
            "version": 4,
            "title": "My order",
            "description": None,
            "status": "NEW",
            "priority": "HIGH",
            "topic": {"name": "Delivery"},
        },
    }
    assert (await read(world.ayse, ticket))["changes"]["nodes"][1:] == [
        {
            "action": "FIELDS_CHANGED",
            "actor": {"name": "Ayse"},
            "changes": [
                {"field": "description", "before": None, "after": "Parcel lost"},
                {"field": "topic", "before": None, "after": "Delivery"},
            ],
        },
        {
            "action": "FIELDS_CHANGED",
            "actor": {"name": "Ayse"},
            "changes": [
                {"field": "description", "before": "Parcel lost", "after": None},
                {"field": "priority", "before": "MEDIUM", "after": "HIGH"},
            ],
        },
    ]


async def test_saving_what_is_there_already_leaves_no_event(world: World) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await update(world.ayse, ticket, title="My order", priority="MEDIUM")

    assert result["ticket"]["version"] == 2
    assert await world.counts() == before


@pytest.mark.parametrize("field", ["title", "status", "priority"])
async def test_what_every_ticket_has_cannot_be_cleared(world: World, field: str) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await update(world.ayse, ticket, 2, **{field: None})

    assert result["fields"] == [
        {"path": ["input", field], "code": "REQUIRED", "limit": None, "actual": None}
    ]
    assert await world.counts() == before


@pytest.mark.parametrize("field", ["title", "description"])
async def test_2000_characters_fit_whatever_they_are(world: World, field: str) -> None:
    _message, ticket = await world.receive()
    decomposed = unicodedata.normalize("NFD", "ü" * 2_000)
    assert len(decomposed) == 4_000

    emoji = await update(world.ayse, ticket, 2, **{field: "😀" * 2_000})
    composed = await update(world.ayse, ticket, 3, **{field: decomposed})

    assert emoji["ticket"][field] == "😀" * 2_000
    assert composed["ticket"][field] == "ü" * 2_000


@pytest.mark.parametrize("field", ["title", "description"])
async def test_2001_characters_do_not_fit_and_leave_no_trace(world: World, field: str) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await update(world.ayse, ticket, 2, **{field: "😀" * 2_001})

    assert result == {
        "__typename": "ValidationFailed",
        "code": "VALIDATION_FAILED",
        "fields": [{"path": ["input", field], "code": "TOO_LONG", "limit": 2_000, "actual": 2_001}],
    }
    assert await world.counts() == before


async def test_edits_of_different_fields_are_merged(world: World) -> None:
    _message, ticket = await world.receive()
    await update(world.ayse, ticket, 2, title="Order 17")

    result = await update(world.nikos, ticket, 2, description="Not delivered")

    assert result["mergedFields"] == ["title"]
    assert result["ticket"] == {
        "version": 4,
        "title": "Order 17",
        "description": "Not delivered",
        "status": "NEW",
        "priority": "MEDIUM",
        "topic": None,
    }


async def test_an_edit_over_an_unseen_one_shows_both_and_changes_nothing(world: World) -> None:
    _message, ticket = await world.receive()
    topic = await add_topic(world, "Delivery")
    other_topic = await add_topic(world, "Returns")
    await update(world.ayse, ticket, 2, title="Order 17", topicId=topic)
    before = await world.counts()

    result = await update(
        world.nikos, ticket, 2, title="Order 18", topicId=other_topic, priority="HIGH"
    )

    assert result == {
        "__typename": "EditConflict",
        "code": "EDIT_CONFLICT",
        "currentVersion": 3,
        "changedBy": {"name": "Ayse"},
        "fields": [
            {"field": "title", "base": "My order", "theirs": "Order 17", "yours": "Order 18"},
            {"field": "topic", "base": None, "theirs": "Delivery", "yours": "Returns"},
        ],
        "current": {"version": 3, "title": "Order 17"},
    }
    assert await world.counts() == before
    assert (await read(world.ayse, ticket))["priority"] == "MEDIUM"


async def test_two_who_want_the_same_have_no_conflict(world: World) -> None:
    _message, ticket = await world.receive()
    await update(world.ayse, ticket, 2, title="Order 17")

    result = await update(world.nikos, ticket, 2, title="Order 17")

    assert (result["__typename"], result["ticket"]["version"]) == ("TicketUpdateSuccess", 3)


async def test_a_version_that_does_not_exist_yet_is_refused(world: World) -> None:
    _message, ticket = await world.receive()

    result = await update(world.ayse, ticket, 3, title="Order 17")

    assert result["fields"] == [
        {"path": ["input", "expectedVersion"], "code": "VERSION_IN_FUTURE", "limit": 2, "actual": 3}
    ]


async def test_a_topic_of_another_brand_is_refused(world: World) -> None:
    _message, ticket = await world.receive()
    topic = await add_topic(world, "Delivery", of_other_brand=True)

    result = await update(world.admin, ticket, topicId=topic)

    assert result["fields"] == [
        {"path": ["input", "topicId"], "code": "UNKNOWN_REFERENCE", "limit": None, "actual": None}
    ]


async def test_closing_twice_is_one_event_and_one_moment(world: World) -> None:
    _message, ticket = await world.receive()

    first = await world.ayse.act(CLOSE, ticket=ticket)
    before = await world.counts()
    second = await world.nikos.act(CLOSE, ticket=ticket)

    assert first == second
    assert first["ticket"]["status"] == "CLOSED"
    assert first["ticket"]["closedAt"] is not None
    assert await world.counts() == before


async def test_reopening_twice_is_one_event(world: World) -> None:
    _message, ticket = await world.receive()
    await world.ayse.act(CLOSE, ticket=ticket)

    first = await world.ayse.act(REOPEN, ticket=ticket)
    before = await world.counts()
    second = await world.nikos.act(REOPEN, ticket=ticket)

    assert first == second
    assert first["ticket"] == {"status": "OPEN", "closedAt": None, "version": 4}
    assert await world.counts() == before


async def test_a_new_ticket_is_not_reopened(world: World) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await world.ayse.act(REOPEN, ticket=ticket)

    assert result["ticket"]["status"] == "NEW"
    assert await world.counts() == before


async def test_closing_by_an_edit_sets_the_moment_and_another_status_clears_it(
    world: World,
) -> None:
    _message, ticket = await world.receive()

    await update(world.ayse, ticket, 2, status="CLOSED")
    closed = await read(world.ayse, ticket)
    await update(world.ayse, ticket, 3, status="PENDING")
    pending = await read(world.ayse, ticket)

    assert closed["closedAt"] is not None
    assert pending["closedAt"] is None


async def test_another_brands_ticket_is_not_there_for_any_act(world: World) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    answers = [
        await update(world.stranger, ticket, title="Mine now"),
        await world.stranger.act(CLOSE, ticket=ticket),
        await world.stranger.act(REOPEN, ticket=ticket),
    ]

    assert answers == [{"__typename": "NotFound", "code": "NOT_FOUND"}] * 3
    assert await world.counts() == before


async def test_a_token_that_only_reads_may_not_edit(world: World) -> None:
    _message, ticket = await world.receive()
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    before = await world.counts()

    answers = [
        await update(reader, ticket, title="Mine now"),
        await reader.act(CLOSE, ticket=ticket),
    ]

    assert answers == [{"__typename": "NotAllowed", "code": "NOT_ALLOWED"}] * 2
    assert await world.counts() == before


async def test_nobody_edits_without_signing_in(world: World) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    answer = await world.nobody.send(CLOSE, ticket=ticket)

    assert answer.error["extensions"]["code"] == "UNAUTHENTICATED"
    assert await world.counts() == before


async def rename_topic(world: World, topic: str, name: str) -> None:
    async with world.desk.database.transaction() as session:
        row = await session.get_one(Topic, decode_global_id(topic)[1])
        row.name, row.name_key = name, fold(name)


async def test_a_topic_that_was_renamed_meanwhile_is_no_conflict(world: World) -> None:
    _message, ticket = await world.receive()
    delivery, returns = await add_topic(world, "Delivery"), await add_topic(world, "Returns")
    await update(world.ayse, ticket, 2, topicId=delivery)
    await update(world.ayse, ticket, 3, topicId=returns)
    await rename_topic(world, delivery, "Shipping")

    result = await update(world.nikos, ticket, 3, topicId=delivery, title="Order 17")

    assert result["ticket"]["title"] == "Order 17"
    assert result["ticket"]["topic"] == {"name": "Returns"}


async def test_another_topic_of_the_same_name_is_a_conflict_and_not_lost(world: World) -> None:
    _message, ticket = await world.receive()
    delivery, returns = await add_topic(world, "Delivery"), await add_topic(world, "Returns")
    await update(world.ayse, ticket, 2, topicId=delivery)
    await update(world.ayse, ticket, 3, topicId=returns)
    await rename_topic(world, delivery, "Old")
    namesake = await add_topic(world, "Delivery")

    result = await update(world.nikos, ticket, 3, topicId=namesake)

    assert result["fields"] == [
        {"field": "topic", "base": "Delivery", "theirs": "Returns", "yours": "Delivery"}
    ]
