"""Which deliveries are sent when: no webhook waits for another, and none floods anything."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.webhook_teller import webhook_teller_of
from core import clock
from core.ids import NodeKind, encode_global_id, new_id
from core.secrets import SecretBox
from models.jobs import Job
from models.webhooks import Webhook
from services.calls.breakers import FAILURES_IN_A_ROW
from services.outgoing_events import following, sending
from services.outgoing_events.following import follow_log
from services.outgoing_events.secrets import WebhookSecrets, new_secret, seal, signing_secrets
from tests.calls.company_server import says
from tests.notifications import told
from tests.reminders import HandClock
from tests.webhooks import Listener, open_listener

REFUSES = says(b"", status="503 Service Unavailable")


@pytest.fixture
async def listener(database_url: str, tmp_path: Path) -> AsyncIterator[Listener]:
    async with open_listener(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def hand_clock(monkeypatch: pytest.MonkeyPatch) -> HandClock:
    hand_clock = HandClock()
    monkeypatch.setattr(clock, "now", lambda: hand_clock.now)
    return hand_clock


async def jobs_of(listener: Listener) -> int:
    async with listener.world.desk.database.reading() as connection:
        return await connection.scalar(select(func.count()).select_from(Job)) or 0


async def read_log(listener: Listener) -> None:
    while await follow_log(listener.world.desk.database, lambda _records: None):
        pass


async def test_a_host_that_keeps_failing_is_left_alone_and_no_try_is_lost_by_that(
    listener: Listener, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "AT_ONCE", 1)
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    listener.server.answers["/starling"] = REFUSES
    for number in range(FAILURES_IN_A_ROW + 2):
        await listener.world.receive(f"Message {number}")
    jobs = await jobs_of(listener)
    await read_log(listener)

    sender = webhook_teller_of(listener.world.desk).sender
    for _look in range(3):
        await sender.begin_due()
        await sender.idle()
        hand_clock.advance(timedelta(seconds=6))

    assert len(listener.heard()) == FAILURES_IN_A_ROW
    assert await jobs_of(listener) == jobs
    attempts = [delivery["attempts"] for delivery in await listener.deliveries(webhook)]
    assert attempts == [1] * FAILURES_IN_A_ROW + [0, 0]
    del listener.server.answers["/starling"]
    await listener.work()
    assert len(await listener.deliveries(webhook, "DELIVERED")) == FAILURES_IN_A_ROW + 2


async def test_a_webhook_that_answers_late_holds_up_no_other(listener: Listener) -> None:
    is_over = asyncio.Event()
    listener.server.answers["/starling"] = lambda _writer: _until(is_over)
    await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    await listener.add(eventTypes=["MESSAGE_RECEIVED"], url=listener.url.replace("ling", "ling/2"))
    for number in range(6):
        await listener.world.receive(f"Message {number}")
    await read_log(listener)

    sender = webhook_teller_of(listener.world.desk).sender
    await sender.begin_due()
    async with asyncio.timeout(10):
        while _paths(listener).count("/starling/2") < 6:
            await asyncio.sleep(0.05)

    assert _paths(listener).count("/starling") == sending.AT_ONCE
    is_over.set()
    await sender.finish(seconds=10)
    assert _paths(listener).count("/starling") == sending.AT_ONCE


async def _until(is_over: asyncio.Event) -> None:
    await is_over.wait()


def _paths(listener: Listener) -> list[str]:
    return [asked.target.partition("?")[0] for asked in listener.server.asked]


async def test_of_what_was_taken_away_nothing_pending_is_told(
    listener: Listener, hand_clock: HandClock
) -> None:
    world = listener.world
    brands = [encode_global_id(NodeKind.BRAND, brand.id) for brand in (world.acme, world.other)]
    webhook = await listener.add(brandIds=brands, eventTypes=["MESSAGE_RECEIVED", "TICKET_CREATED"])
    listener.server.answers["/starling"] = REFUSES
    await world.receive("Of Acme")
    await world.receive("Of Other", brand=world.other, handle="other@example.com")
    await listener.work()
    listener.heard()

    await listener.act("webhookUpdate", webhook, expectedVersion=1, brandIds=brands[1:])
    await listener.act("webhookUpdate", webhook, expectedVersion=2, eventTypes=["MESSAGE_RECEIVED"])
    del listener.server.answers["/starling"]
    hand_clock.advance(timedelta(seconds=6))
    await listener.work()

    assert [body["data"]["message"]["text"] for body in listener.told()] == ["Of Other"]
    states = [each["state"] for each in await listener.deliveries(webhook)]
    assert sorted(states) == ["DELIVERED"] + ["SKIPPED"] * 3


async def test_while_too_much_is_pending_the_rest_waits_in_the_log(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PENDING_MAXIMUM", 1)
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    for number in range(2):
        await listener.world.receive(f"Message {number}")
        await read_log(listener)
    assert len(await listener.deliveries(webhook)) == 1
    assert await following._behind(listener.world.desk.database) == []

    for _round in range(2):
        await listener.work()

    texts = [body["data"]["message"]["text"] for body in listener.told()]
    assert texts == ["Message 0", "Message 1"]


async def test_a_webhook_that_stumbles_is_paused_and_goes_on_once_that_is_mended(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    await listener.world.receive()
    with monkeypatch.context() as broken:
        broken.setattr(following, "tellings_of", None)
        await listener.work()

    assert (await listener.show(webhook))["pauseReason"] == "STUCK"
    assert [notice["kind"] for notice in await told(listener.world.admin)] == ["WEBHOOK_PAUSED"]
    await listener.act("webhookResume", webhook)
    await listener.work()
    assert len(listener.heard()) == 1


def test_each_secret_signs_for_the_time_that_was_promised_and_no_longer() -> None:
    box = SecretBox(lambda: [b"k" * 32])
    began, day = datetime(2026, 5, 4, tzinfo=UTC), timedelta(days=1)
    first, second, third, fourth = (new_secret() for _ in range(4))
    kept = WebhookSecrets(first).replaced(second, began, began + day)
    kept = kept.replaced(third, began + day / 2, began + day * 3 / 2)
    row = Webhook(id=new_id(), sealed_secrets=None)
    row.sealed_secrets = seal(box, row.id, kept)

    assert signing_secrets(box, row, began + day * 3 / 4) == [third, second, first]
    assert signing_secrets(box, row, began + day) == [third, second]
    assert signing_secrets(box, row, began + day * 3 / 2) == [third]
    leaked = kept.replaced(fourth, began + day / 2, began + day / 2)
    assert (leaked.present, leaked.previous) == (fourth, [])
