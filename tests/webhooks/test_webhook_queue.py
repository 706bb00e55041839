"""Which deliveries are sent when: no webhook waits for another, and none floods anything."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app import webhook_teller
from app.webhook_teller import webhook_teller_of
from core import clock
from core.errors import Unavailable
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from core.secrets import SecretBox
from models.event_topics import inbox_topic
from models.events import Event
from models.jobs import Job
from models.webhooks import Webhook
from services.calls.breakers import FAILURES_IN_A_ROW
from services.outgoing_events import following, sending
from services.outgoing_events.following import follow_log
from services.outgoing_events.secrets import WebhookSecrets, new_secret, seal, signing_secrets
from services.unit_of_work import UnitOfWork
from tests.calls.company_server import says
from tests.support.notifications import told
from tests.support.reminders import HandClock
from tests.support.webhooks import Listener, open_listener

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


async def test_an_entry_that_cannot_be_told_stops_a_webhook_that_may_go_on_without_it(
    listener: Listener, hand_clock: HandClock
) -> None:
    world = listener.world
    brands = [encode_global_id(NodeKind.BRAND, brand.id) for brand in (world.acme, world.other)]
    webhook = await listener.add(brandIds=brands, eventTypes=["MESSAGE_RECEIVED"])
    for number in range(5):
        await world.receive(f"Message {number}")
    await break_entry(listener, 3)
    await world.receive("Of Other", brand=world.other, handle="other@example.com")
    await listener.work()

    # A worker of a newer release may be able to tell it. What does not come after it is told.
    assert (await listener.show(webhook))["pauseReason"] is None
    assert sorted(told_texts(listener)) == ["Message 0", "Message 1", "Of Other"]
    hand_clock.advance(following.STUCK_AFTER + timedelta(seconds=1))
    for where in ("WHERE_IT_STOPPED", "WHERE_IT_STOPPED"):
        await listener.work()
        assert (await listener.show(webhook))["pauseReason"] == "STUCK"
        await listener.act("webhookResume", webhook, **{"from": where})
    await listener.work()
    assert listener.heard() == []
    assert [notice["kind"] for notice in await told(world.admin)] == ["WEBHOOK_PAUSED"] * 3

    await listener.act("webhookResume", webhook, **{"from": "AFTER_THE_ENTRY"})
    await listener.work()

    assert sorted(told_texts(listener)) == ["Message 3", "Message 4"]
    assert (await listener.show(webhook))["pauseReason"] is None


async def break_entry(listener: Listener, sequence: int) -> None:
    """Let an entry of Acme's tickets have a shape of which nobody knows what it means."""
    topic = inbox_topic(listener.world.acme.id)
    async with listener.world.desk.database.transaction() as session:
        is_entry = (Event.topic == topic, Event.seq == sequence)
        await session.execute(update(Event).where(*is_entry).values(payload={"then": {}}))


def told_texts(listener: Listener) -> list[str]:
    return [body["data"]["message"]["text"] for body in listener.told()]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_finds_a_webhook_locked_looks_again_at_once(listener: Listener) -> None:
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    await listener.world.receive()
    _kind, webhook_id = decode_global_id(webhook)
    async with listener.world.work() as work:
        assert not await following._read_on(work, webhook_id)
        async with listener.world.work() as other:
            assert await following._read_on(other, webhook_id)


async def test_a_success_is_noted_though_the_database_is_away_for_a_moment(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    await listener.world.receive()
    monkeypatch.setattr(sending, "SECONDS_BETWEEN_NOTES", (0.01, 0.01))
    note, goes = sending._note, iter((ConnectionError("away"), Unavailable(1), None))

    async def note_in_the_end(*noted: Any) -> str:
        if error := next(goes):
            raise error
        return await note(*noted)

    monkeypatch.setattr(sending, "_note", note_in_the_end)
    await listener.work()

    (delivery,) = await listener.deliveries(webhook)
    assert (delivery["state"], delivery["attempts"]) == ("DELIVERED", 1)
    assert len(listener.heard()) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_all_webhooks_together_take_few_connections(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "WRITING_AT_ONCE", 1)
    note, noting, most = sending._note, 0, 0

    async def note_slowly(*noted: Any) -> str:
        nonlocal noting, most
        noting += 1
        most = max(most, noting)
        await asyncio.sleep(0.02)
        noting -= 1
        return await note(*noted)

    monkeypatch.setattr(sending, "_note", note_slowly)
    for _ in range(3):
        await listener.add(eventTypes=["MESSAGE_RECEIVED"])
    await listener.world.receive()

    await listener.work()

    assert (len(listener.heard()), most) == (3, 1)


async def test_it_stops_in_time_while_webhooks_are_read_slowly(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await listener.add()
    await listener.world.receive()
    begun: list[UUID] = []

    async def read_slowly(_work: UnitOfWork, webhook_id: UUID) -> bool:
        begun.append(webhook_id)
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(following, "_read_on", read_slowly)
    monkeypatch.setattr(webhook_teller, "STOP_SECONDS", 0.05)
    teller = webhook_teller_of(listener.world.desk)
    run = asyncio.create_task(teller.run())
    async with asyncio.timeout(5):
        while not begun:
            await asyncio.sleep(0.01)
        teller.stop()
        await run
    assert len(begun) == 1


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
