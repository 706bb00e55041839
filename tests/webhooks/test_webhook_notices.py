"""What webhooks are told of each kind of thing that happens."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from models.event_records import EventRecord
from models.webhooks import WebhookEventType
from services.outgoing_events.notices import notices_of
from tests.support.connectors import answer, confirm, connector, receive
from tests.support.customers import customer_of
from tests.support.history import change
from tests.support.merges import merged, unmerge
from tests.support.tags import CREATE as CREATE_TAG
from tests.support.tags import add as add_tag
from tests.support.webhooks import Listener, open_listener


@pytest.fixture
async def listener(database_url: str, tmp_path: Path) -> AsyncIterator[Listener]:
    async with open_listener(database_url, tmp_path) as opened:
        yield opened


async def test_what_becomes_of_an_answer_is_told_by_whomever_it_is_said(
    listener: Listener,
) -> None:
    world = listener.world
    await listener.add(eventTypes=["MESSAGE_SENT", "DELIVERY_CHANGED"])
    bot = await connector(world)
    incoming = await receive(bot, world.acme)
    _message, mail_ticket = await world.receive()
    ticket = (await world.ayse.ask(TICKET_OF, id=incoming["message"]["id"]))["node"]["ticket"]["id"]
    read, refused = [(await answer(world.ayse, ticket))["id"] for _ in range(2)]
    for message, outcome in ((read, "SENT"), (read, "READ"), (refused, "FAILED")):
        await confirm(bot, message, outcome)
        await listener.work()
    by_mail = (await answer(world.ayse, mail_ticket))["id"]
    await listener.work()

    told = [
        (body["type"], body["data"]["message"]["id"], body["data"]["message"]["delivery"])
        for body in sorted(listener.told(), key=lambda body: int(body["sequence"]))
    ]
    sent = {"state": "SENT", "reason": None}
    assert told == [
        ("MESSAGE_SENT", read, sent),
        ("MESSAGE_SENT", refused, {"state": "QUEUED", "reason": None}),
        ("DELIVERY_CHANGED", read, sent),
        ("DELIVERY_CHANGED", read, {"state": "READ", "reason": None}),
        ("DELIVERY_CHANGED", refused, {"state": "FAILED", "reason": "REJECTED"}),
        ("MESSAGE_SENT", by_mail, sent),
        ("DELIVERY_CHANGED", by_mail, sent),
    ]


async def test_tags_and_merges_are_told_with_ids_of_the_api(listener: Listener) -> None:
    world = listener.world
    _message, ticket = await world.receive()
    _message, other = await world.receive(handle="maria@example.com", name="Maria Kaya")
    elif_, maria = await customer_of(world, ticket), await customer_of(world, other)
    tag = (await world.admin.act(CREATE_TAG, name="vip"))["tag"]["id"]
    await listener.add(eventTypes=["TICKET_TAGGED", "CUSTOMER_CREATED", "CUSTOMER_MERGED"])

    await add_tag(world.ayse, ticket, tagId=tag)
    merge = await merged(world.admin, maria, elif_)
    await listener.work()
    of_tag, of_merge = sorted(listener.told(), key=lambda body: str(body["type"]), reverse=True)
    await unmerge(world.admin, merge)
    await listener.work()
    (undone,) = listener.told()

    assert of_tag["data"]["ticket"]["tagIds"] == [tag]
    assert of_tag["data"]["changes"] == [
        change("tags", "", "vip") | {"beforeIds": [], "afterIds": [tag]}
    ]
    assert of_merge["type"] == "CUSTOMER_MERGED"
    customer = of_merge["data"]["customer"]
    assert (customer["id"], customer["name"]) == (maria, "Maria Kaya")
    assert customer["mergedIntoId"] == elif_
    assert (undone["type"], undone["data"]["customer"]["id"]) == ("CUSTOMER_CREATED", maria)
    assert undone["data"]["customer"]["createdAt"] == customer["createdAt"]


TICKET_OF = "query ($id: ID!) { node(id: $id) { ... on Message { ticket { id } } } }"


# ── What an entry of the log gives to tell ─────────────────────────────────────────────────────


def entry(event_type: str, **payload: Any) -> EventRecord:
    moment = datetime(2026, 5, 4, tzinfo=UTC)
    topic = "inbox:0" if event_type == "InboxChanged" else "customers:0"
    return EventRecord(topic, 1, EVENT, event_type, "AUTOMATION", None, payload, moment)


EVENT = UUID(int=7)
MESSAGE = UUID(int=8)
A_CHANGE, TAGS = change("status", "NEW", "OPEN"), change("tags", "", "vip")


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            entry(
                "InboxChanged",
                before=None,
                acts=["TicketCreated", "NoteAdded", "MessageAdded", "TicketChanged"],
                items=[None, UUID(int=9).hex, MESSAGE.hex, None],
                changes=[A_CHANGE, TAGS],
            ),
            {
                "created": WebhookEventType.TICKET_CREATED,
                "2": None,
                "tagged": WebhookEventType.TICKET_TAGGED,
                "changed": WebhookEventType.TICKET_CHANGED,
            },
        ),
        (entry("InboxChanged", before={}, acts=["MessageAdded"], changes=[]), {}),
        (
            entry("InboxChanged", before={}, acts=["NoteChanged"], items=[EVENT.hex], changes=[]),
            {},
        ),
        (
            entry("InboxDeliveryChanged", message_id=MESSAGE.hex, after={}),
            {"delivery": WebhookEventType.DELIVERY_CHANGED},
        ),
        (
            entry("CustomerListChanged", before={}, after=None, changes=[]),
            {"merged": WebhookEventType.CUSTOMER_MERGED},
        ),
        (entry("CustomerListChanged", before={}, after={}, changes=[]), {}),
        (entry("CompanyRenamed", before="A", after="B"), {}),
    ],
)
def test_of_notes_and_of_what_is_told_elsewhere_nothing_is_told(
    event: EventRecord, told: dict[str, WebhookEventType | None]
) -> None:
    assert {notice.id: notice.type for notice in notices_of(event)} == {
        f"evt_{EVENT.hex}_{part}": of_type for part, of_type in told.items()
    }
