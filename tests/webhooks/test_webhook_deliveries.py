"""What webhooks are told: signed, once or more, and never less."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import WebhookVerificationError

from app.worker import worker_of, working
from core import clock
from core.database import Database
from core.ids import NodeKind, encode_global_id
from models.webhooks import WebhookDelivery
from services.outgoing_events import following, queue, sending
from services.outgoing_events.following import follow_log
from tests.calls.company_server import says
from tests.support.desk import World
from tests.support.history import change, history
from tests.support.notes import add as add_note
from tests.support.notifications import told
from tests.support.reminders import HandClock
from tests.support.webhooks import Listener, open_listener, verify

TURKISH_AND_GREEK = "Siparişim nerede? İyi günler — Πού είναι η παραγγελία μου;"
TICKET_UPDATE = """
    mutation ($input: TicketUpdateInput!) {
      ticketUpdate(input: $input) { __typename }
    }
"""


@pytest.fixture
async def listener(database_url: str, tmp_path: Path) -> AsyncIterator[Listener]:
    async with open_listener(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def hand_clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    hand_clock = HandClock()
    monkeypatch.setattr(clock, "now", lambda: hand_clock.now)
    # Pauses as they are promised, and not up to a tenth longer.
    monkeypatch.setattr(queue, "LONGER_BY", 0)
    return hand_clock


async def count(world: World, model: type[Any]) -> int:
    async with world.desk.database.reading() as connection:
        return len((await connection.execute(select(model.__table__))).all())


# ── What is told ───────────────────────────────────────────────────────────────────────────────


async def test_what_happens_is_told_signed_with_ids_of_the_api_and_nothing_of_notes(
    listener: Listener,
) -> None:
    world = listener.world
    webhook = await listener.add()
    message, ticket = await world.receive(TURKISH_AND_GREEK)
    await world.receive("Of another brand", brand=world.other, handle="other@example.com")
    await add_note(world.ayse, "INLINE", ticketId=ticket, body="Private")
    given = {"ticketId": ticket, "expectedVersion": 2, "priority": "URGENT", "title": "Kargo"}
    await world.ayse.act(TICKET_UPDATE, input=given)

    await listener.work()

    heard = listener.heard()
    told = sorted(
        (verify(listener.secrets[webhook], asked) for asked in heard),
        key=lambda body: (body["type"], body["sequence"]),
    )
    assert [body["type"] for body in told] == [
        *("CUSTOMER_CREATED", "CUSTOMER_CREATED", "MESSAGE_RECEIVED"),
        *("TICKET_CHANGED", "TICKET_CREATED"),
    ]
    assert TURKISH_AND_GREEK.encode() in b"".join(asked.body for asked in heard)
    assert b"Private" not in b"".join(asked.body for asked in heard)
    assert {(asked.method, asked.target) for asked in heard} == {("POST", "/starling?from=desk")}
    (of_message,) = (body for body in told if body["type"] == "MESSAGE_RECEIVED")
    customer = {"kind": "CUSTOMER", "id": of_message["data"]["ticket"]["customerId"]}
    assert of_message == {
        "type": "MESSAGE_RECEIVED",
        "version": 1,
        "timestamp": of_message["timestamp"],
        "sequence": 1,
        "data": {
            "actor": {"kind": "AGENT", "id": world.id_of("admin")},
            "ticket": {
                "id": ticket,
                "number": 1,
                "title": "Kargo",
                "status": "NEW",
                "priority": "MEDIUM",
                "channel": "EMAIL",
                "brandId": encode_global_id(NodeKind.BRAND, world.acme.id),
                "teamId": None,
                "assigneeId": None,
                "customerId": customer["id"],
                "companyId": None,
                "tagIds": [],
                "createdAt": of_message["data"]["ticket"]["createdAt"],
            },
            "message": {
                "id": message,
                "direction": "INCOMING",
                "channel": "EMAIL",
                "author": customer,
                "text": TURKISH_AND_GREEK,
                "isCut": False,
                "isAutomatic": False,
                "attachments": [],
                "delivery": None,
                "createdAt": of_message["data"]["message"]["createdAt"],
            },
        },
    }
    (of_change,) = (body for body in told if body["type"] == "TICKET_CHANGED")
    assert of_change["data"]["actor"] == {"kind": "AGENT", "id": world.id_of("ayse")}
    assert of_change["data"]["changes"] == [
        change("title", "My order", "Kargo"),
        change("priority", "MEDIUM", "URGENT"),
    ]
    with pytest.raises(WebhookVerificationError):
        verify("whsec_" + "A" * 44, heard[0])
    for delivery in await listener.deliveries(webhook):
        assert (delivery["state"], delivery["attempts"]) == ("DELIVERED", 1)
        assert [each["status"] for each in delivery["tries"]] == [200]


async def test_only_what_was_chosen_is_told_and_a_worker_tells_it_by_itself(
    listener: Listener,
) -> None:
    await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    async with working(worker_of(listener.world.desk)):
        await listener.world.receive()
        async with asyncio.timeout(10):
            while not listener.server.asked:
                await asyncio.sleep(0.05)

    assert [body["type"] for body in listener.told()] == ["MESSAGE_RECEIVED"]


# ── Once or more, and never less ───────────────────────────────────────────────────────────────


async def test_what_failed_is_tried_again_under_the_same_id(
    listener: Listener, hand_clock: HandClock
) -> None:
    webhook = await listener.add(eventTypes=["TICKET_CREATED"])
    listener.server.answers["/starling"] = says(b"busy", status="500 Internal Server Error")
    await listener.world.receive()
    await listener.work()

    (delivery,) = await listener.deliveries(webhook, "PENDING")
    assert (await listener.show(webhook))["failingSince"] is not None
    assert delivery["tries"] == [
        {"at": delivery["createdAt"], "status": 500, "failure": "HTTP_STATUS"}
    ]
    await listener.work()
    assert len(listener.server.asked) == 1  # its time has not come

    del listener.server.answers["/starling"]
    hand_clock.advance(timedelta(seconds=5))
    await listener.work()

    first, second = listener.heard()
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery["eventId"]
    assert first.body == second.body
    (delivery,) = await listener.deliveries(webhook, "DELIVERED")
    assert [each["status"] for each in delivery["tries"]] == [500, 200]
    assert (await listener.show(webhook))["failingSince"] is None


async def test_a_worker_that_dies_before_it_has_noted_the_end_sends_again_under_the_same_id(
    listener: Listener, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await listener.add(eventTypes=["TICKET_CREATED"])
    await listener.world.receive()
    write = following._write

    async def write_and_die(*written: Any) -> int:
        await write(*written)
        raise ConnectionError

    with monkeypatch.context() as dying:
        dying.setattr(following, "_write", write_and_die)
        await follow_log(listener.world.desk.database, lambda _records: None)
    assert await count(listener.world, WebhookDelivery) == 0
    with monkeypatch.context() as dying:
        dying.setattr(sending, "_note", _die)
        await listener.work()
    await listener.work()
    assert len(listener.server.asked) == 1  # the worker that had it may still be alive
    hand_clock.advance(timedelta(minutes=2))
    await listener.work()

    first, second = listener.heard()
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    (delivery,) = await listener.deliveries(webhook)
    assert (delivery["state"], len(delivery["tries"])) == ("DELIVERED", 1)


def _die(*_: Any, **__: Any) -> None:
    raise RuntimeError("the worker is gone")


async def test_several_workers_leave_nothing_out_and_double_nothing(listener: Listener) -> None:
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    world = listener.world
    databases = [Database(world.desk.settings.database_url) for _ in range(3)]

    async def follow(database: Database) -> None:
        for _round in range(5):
            await follow_log(database, lambda _records: None)

    async def write() -> None:
        for number in range(8):
            await world.receive(f"Message {number}", subject=f"Matter {number}")

    await asyncio.gather(write(), *map(follow, databases))
    await asyncio.gather(*map(follow, databases))
    await asyncio.gather(*(listener.work() for _ in databases))
    for database in databases:
        await database.close()

    texts = [body["data"]["message"]["text"] for body in listener.told()]
    assert texts == [f"Message {number}" for number in range(8)]
    assert len(await listener.deliveries(webhook, "DELIVERED")) == 8


# ── Paused, and going on ───────────────────────────────────────────────────────────────────────


async def test_after_a_day_of_failures_it_is_paused_admins_are_told_and_nothing_is_lost(
    listener: Listener, hand_clock: HandClock
) -> None:
    world = listener.world
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    listener.server.answers["/starling"] = says(b"", status="500 Internal Server Error")
    await world.receive("Message 0")
    began, offsets = clock.now(), []
    while (await listener.show(webhook))["pausedAt"] is None:
        await listener.work()
        offsets.append((clock.now() - began).total_seconds())
        assert len(offsets) <= queue.TRIES
        if len(offsets) < queue.TRIES:
            assert len(listener.heard()) == 1
            pause = queue.PAUSES[len(offsets) - 1]
            await hand_clock.sleep(world, days=0)
            hand_clock.advance(pause)
            await hand_clock.sleep(world, days=0)

    minute, hour = 60, 3_600
    expected = [0, 5, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 24 * hour]
    assert offsets == pytest.approx(expected, abs=10)
    shown = await listener.show(webhook)
    assert shown["pauseReason"] == "FAILING"
    (notice,) = await told(world.admin)
    assert notice["kind"] == "WEBHOOK_PAUSED"
    assert await told(world.ayse) == []

    del listener.server.answers["/starling"]
    listener.heard()
    await world.receive("Message 1")
    await hand_clock.sleep(world)
    await listener.work()
    assert listener.heard() == []

    resumed = await listener.act("webhookResume", webhook)
    assert resumed["__typename"] == "WebhookResumeSuccess"
    await listener.work()
    texts = [body["data"]["message"]["text"] for body in listener.told()]
    assert texts == ["Message 0", "Message 1"]
    assert len(await listener.deliveries(webhook, "DELIVERED")) == 2
    types = [each for each, _changes in await history(world, webhook)]
    assert types == ["WebhookCreated", "WebhookPaused", "WebhookResumed"]


async def test_who_is_gone_for_good_is_paused_at_once_and_may_go_on_from_now(
    listener: Listener,
) -> None:
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    listener.server.answers["/starling"] = says(b"", status="410 Gone")
    await listener.world.receive("Message 0")
    await listener.work()
    assert (await listener.show(webhook))["pauseReason"] == "GONE"
    assert (await listener.act("webhookPause", webhook))["webhook"]["version"] == 2
    await listener.world.receive("Message 1")
    del listener.server.answers["/starling"]
    listener.heard()

    await listener.act("webhookResume", webhook, **{"from": "NOW"})
    await listener.world.receive("Message 2")
    await listener.work()

    assert [body["data"]["message"]["text"] for body in listener.told()] == ["Message 2"]
    states = [each["state"] for each in await listener.deliveries(webhook)]
    assert states == ["SKIPPED", "DELIVERED"]


async def test_replays_send_again_after_a_cursor_or_from_a_moment_under_the_same_ids(
    listener: Listener, hand_clock: HandClock
) -> None:
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    for number in range(3):
        await listener.world.receive(f"Message {number}")
        hand_clock.advance(timedelta(minutes=10))
    await listener.work()
    sent = {asked.headers["webhook-id"]: asked.body for asked in listener.heard()}
    first, *_others = await listener.deliveries(webhook)
    moment = (clock.now() - timedelta(minutes=21)).isoformat()

    replayed = await listener.act("webhookReplay", webhook, "entryCount", after=first["cursor"])
    await listener.work()

    assert replayed["entryCount"] == 2
    again = {asked.headers["webhook-id"]: asked.body for asked in listener.heard()}
    assert again == {key: body for key, body in sent.items() if key != first["eventId"]}
    await listener.act("webhookReplay", webhook, "entryCount", **{"from": moment})
    await listener.work()
    assert {asked.headers["webhook-id"] for asked in listener.heard()} == again.keys()
    for moment, entries in (("0001-01-01T00:00:00Z", 4), ("9999-12-31T23:59:59Z", 0)):
        given = {"from": moment}
        replayed = await listener.act("webhookReplay", webhook, "entryCount", **given)
        assert replayed == {"__typename": "WebhookReplaySuccess", "entryCount": entries}
    refused = await listener.act("webhookReplay", webhook, "entryCount", after="AAAA")
    assert refused["fields"] == [{"path": ["input", "after"], "code": "INVALID_CURSOR"}]
    assert await count(listener.world, WebhookDelivery) == 3
