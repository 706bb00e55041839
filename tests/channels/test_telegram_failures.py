"""What the example connector does where Telegram or the desk does not take something."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from core import clock
from services import incoming_messages
from services.file_links import DOWNLOAD_LIFETIME
from tests.support.desk import World
from tests.support.telegram import Sent, refusal
from tests.support.telegram_bridge import CHAT, QUICKLY, RETRY, Bridge, open_bridge
from tests.support.uploading import PNG, upload

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def bridge(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bridge]:
    async with open_bridge(world, tmp_path, monkeypatch) as opened:
        yield opened


@on_sqlite
async def test_where_nobody_knows_whether_it_was_sent_the_agent_decides(bridge: Bridge) -> None:
    bridge.api.says(CHAT, "Merhaba")
    async with bridge.running():
        await bridge.api.is_read()
        bridge.api.is_held = True
        message = await bridge.answer("Buyurun")
        await bridge.api.has_sent(1)
    bridge.api.is_held = False

    async with bridge.running():
        delivery = await bridge.delivery("FAILED")
        assert "not known" in delivery["detail"]
        assert len(bridge.api.sent) == 1

        await bridge.world.ayse.act(RETRY, id=message)
        await bridge.delivery("SENT")
    assert bridge.api.sent == [Sent("42", "Buyurun")] * 2


@on_sqlite
async def test_a_customer_who_blocked_the_bot_is_a_failure_that_agents_see(bridge: Bridge) -> None:
    blocked = "Forbidden: bot was blocked by the user"
    async with bridge.running():
        bridge.api.says(CHAT, "Merhaba")
        await bridge.api.is_read()
        bridge.api.answers.append(refusal(403, blocked))
        await bridge.answer("Buyurun")

        delivery = await bridge.delivery("FAILED")
        await bridge.answer("Orada mısınız?")
        await bridge.delivery("SENT")

    assert delivery["detail"] == blocked
    assert [sent.text for sent in bridge.api.sent] == ["Orada mısınız?"]


@on_sqlite
async def test_what_is_refused_in_the_middle_goes_on_from_there(bridge: Bridge) -> None:
    first, second = "a" * 4096, "b" * 500
    bridge.api.says(CHAT, "Merhaba")
    async with bridge.running():
        await bridge.api.is_read()
        file = await upload(bridge.world.ayse, "label.png")
        bridge.api.answers += [None, refusal(400, "Bad Request: no")]
        message = await bridge.answer(f"{first} {second}", attachmentIds=[file])
        delivery = await bridge.delivery("FAILED")
        assert delivery["detail"] == "Bad Request: no (1 of 3 parts have arrived.)"

        bridge.api.answers += [None, refusal(413, "Request Entity Too Large")]
        await bridge.world.ayse.act(RETRY, id=message)
        await bridge.api.has_sent(2)
        delivery = await bridge.delivery("FAILED")
        assert delivery["detail"] == "Request Entity Too Large (2 of 3 parts have arrived.)"

    # Neither a restart nor an answer that was lost makes it forget.
    async with bridge.running():
        await bridge.world.ayse.act(RETRY, id=message)
        await bridge.delivery("SENT")
    assert bridge.api.sent == [
        Sent("42", first),
        Sent("42", second),
        Sent("42", filename="label.png", content=PNG),
    ]
    assert bridge.state()["sending"] == {}


@on_sqlite
async def test_a_retry_is_sent_though_the_desk_was_told_of_the_failure_late(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = import_module("starling_desk").Desk.ask
    retried = asyncio.Event()

    async def answered_late(desk: Any, document: str, **variables: Any) -> Any:
        answer = await ask(desk, document, **variables)
        if variables.get("input", {}).get("outcome") == "FAILED":
            await retried.wait()
        return answer

    monkeypatch.setattr(import_module("starling_desk").Desk, "ask", answered_late)
    bridge.api.says(CHAT, "Merhaba")
    async with bridge.running():
        await bridge.api.is_read()
        bridge.api.answers.append(refusal(403, "Forbidden: bot was blocked by the user"))
        message = await bridge.answer("Buyurun")
        await bridge.delivery("FAILED")
        await bridge.world.ayse.act(RETRY, id=message)
        retried.set()
        await bridge.delivery("SENT")
    assert bridge.api.sent == [Sent("42", "Buyurun")]


@on_sqlite
async def test_a_file_that_does_not_come_holds_up_nobody_else(bridge: Bridge) -> None:
    bridge.api.files["slow"] = None
    bridge.api.says(CHAT, document={"file_id": "slow", "file_name": "slow.pdf"})
    bridge.api.says(CHAT, "Geldi mi?")
    bridge.api.says(CHAT + 1, "Merhaba")
    async with bridge.running():
        async with asyncio.timeout(5):
            while not await bridge.tickets():
                await asyncio.sleep(QUICKLY)
        assert await bridge.bodies() == ["Merhaba"]
        assert len(bridge.api.updates) == 3  # Telegram keeps what the desk does not have

        bridge.api.lose_files()
        await bridge.api.is_read()

    bodies = {
        tuple(message["body"] for message in ticket["messages"]["nodes"])
        for ticket in await bridge.tickets()
    }
    assert bodies == {("Merhaba",), ("[slow.pdf ✗]", "Geldi mi?")}


@on_sqlite
async def test_a_message_that_the_desk_fails_at_holds_up_nobody_and_nothing_is_lost_when_all_fail(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receive, failing = incoming_messages._receive, {"Poison", "Merhaba", "Selam"}

    async def fail(work: Any, viewer: Any, incoming: Any, row_id: Any) -> Any:
        if incoming.body in failing:
            raise RuntimeError
        return await receive(work, viewer, incoming, row_id)

    monkeypatch.setattr(incoming_messages, "_receive", fail)
    monkeypatch.setattr(import_module("starling_desk"), "FAILURES", 2)
    monkeypatch.setattr(bridge.api, "at_most", 2)
    poison = bridge.api.says(CHAT, "Poison")
    for chat, text in enumerate(("Merhaba", "Selam"), start=CHAT + 1):
        bridge.api.says(chat, text)
    async with bridge.running():
        async with asyncio.timeout(5):
            while caplog.text.count("fails again and again") < 4:
                await asyncio.sleep(QUICKLY)
        assert len(bridge.api.updates) == 3
        failing -= {"Merhaba", "Selam"}
        await bridge.api.is_read()

    assert len(await bridge.tickets()) == 2
    (left_out,) = [words for words in caplog.messages if "left out" in words]
    assert left_out.startswith(f"message {poison['message_id']} of chat {CHAT} is left out")


@on_sqlite
async def test_a_file_that_waited_for_its_turn_is_loaded_by_a_new_link(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.api.says(CHAT, "Merhaba")
    async with bridge.running():
        await bridge.api.is_read()
        file = await upload(bridge.world.ayse, "label.png")
        now = clock.now
        bridge.api.answers.append(refusal(429, "Too Many Requests", retry_after=0.15))
        await bridge.answer("Bir")
        await bridge.answer("Etiket", attachmentIds=[file])
        await asyncio.sleep(0.1)
        later = DOWNLOAD_LIFETIME + timedelta(seconds=1)
        monkeypatch.setattr(clock, "now", lambda: now() + later)
        await bridge.delivery("SENT")

    assert bridge.api.sent[-1] == Sent("42", filename="label.png", content=PNG)
