"""The example connector carries a conversation between Telegram and the desk, whatever happens."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from models.viewers import ApiScope
from tests.commands import ROOT
from tests.desk import World
from tests.live import LiveWorld, served
from tests.telegram import TOKEN, BotApi, Sent, bot_api, refusal
from tests.uploading import PNG, upload

FOLDER = ROOT / "examples" / "telegram"
CHAT = 42
QUICKLY = 0.02

TICKETS = """
    { tickets { nodes {
      id channel status customer { name }
      messages { nodes {
        direction body attachments { filename size }
        delivery { state recipient reason detail }
      } }
    } } }
"""
SEND = """
    mutation ($input: MessageSendInput!) {
      messageSend(input: $input) { __typename ... on MessageSendSuccess { message { id } } }
    }
"""
RETRY = """
    mutation ($id: ID!) { messageRetry(input: {messageId: $id}) { __typename } }
"""
DELIVERIES = """
    subscription ($ticket: ID!) {
      ticketEvents(ticketId: $ticket) {
        __typename
        ... on DeliveryChanged { message { id delivery { state detail } } }
      }
    }
"""

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Bridge:
    """A desk and a bot, and what a connector needs to join them."""

    desk: LiveWorld
    api: BotApi
    token: str
    state_file: Path

    @property
    def world(self) -> World:
        return self.desk.world

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the connector; at the end it is killed."""
        connector = import_module("connector")
        settings = connector.Settings(
            starling_url=f"http://127.0.0.1:{self.desk.port}/graphql",
            starling_token=self.token,
            telegram_token=TOKEN,
            telegram_url=self.api.url,
            state_file=self.state_file,
        )
        task = asyncio.create_task(connector.main(settings))
        try:
            yield
        finally:
            task.cancel()
            async with asyncio.timeout(5):
                await asyncio.wait({task})
            assert task.cancelled()

    async def tickets(self) -> list[dict[str, Any]]:
        tickets: list[dict[str, Any]] = (await self.world.ayse.ask(TICKETS))["tickets"]["nodes"]
        return tickets

    async def messages(self) -> list[dict[str, Any]]:
        (ticket,) = await self.tickets()
        messages: list[dict[str, Any]] = ticket["messages"]["nodes"]
        return messages

    async def bodies(self) -> list[str]:
        return [message["body"] for message in await self.messages()]

    async def answer(self, body: str, **more: Any) -> str:
        """Let an agent answer in the only ticket; return the message."""
        (ticket,) = await self.tickets()
        given = {"ticketId": ticket["id"], "body": body, **more}
        return str((await self.world.ayse.act(SEND, input=given))["message"]["id"])

    async def delivery(self, state: str) -> dict[str, Any]:
        """Wait until the last message is delivered so far."""
        async with asyncio.timeout(5):
            while True:
                delivery: dict[str, Any] = (await self.messages())[-1]["delivery"]
                if delivery["state"] == state:
                    return delivery
                await asyncio.sleep(QUICKLY)

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.state_file.read_text())
        return state


@pytest.fixture
async def bridge(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bridge]:
    monkeypatch.syspath_prepend(str(FOLDER))
    for module in ("starling_desk", "telegram_bot", "incoming"):
        monkeypatch.setattr(import_module(module), "PAUSE_SECONDS", QUICKLY)
    token = (await world.integration(ApiScope.MESSAGES_WRITE, brands=[world.acme])).token
    assert token is not None
    async with served(world) as desk, bot_api() as api:
        yield Bridge(desk, api, token, tmp_path / "telegram.json")


async def test_a_customer_writes_and_is_answered(bridge: Bridge) -> None:
    async with bridge.running():
        bridge.api.says(CHAT, "Siparişim nerede? 📦")
        bridge.api.says(CHAT, "İki gün oldu.")
        await bridge.api.is_read()
        (ticket,) = await bridge.tickets()
        assert (ticket["channel"], ticket["customer"]) == ("TELEGRAM", {"name": "Elif Şahin"})
        assert await bridge.bodies() == ["Siparişim nerede? 📦", "İki gün oldu."]

        async with bridge.desk.watch("nikos", DELIVERIES, ticket=ticket["id"]) as events:
            await events.next()
            message = await bridge.answer("Yarın sizde olur.")
            assert await bridge.api.has_sent(1) == [Sent("42", "Yarın sizde olur.")]
            while (event := await events.next())["__typename"] != "DeliveryChanged":
                pass
            delivery = {"state": "SENT", "detail": None}
            assert event["message"] == {"id": message, "delivery": delivery}

        # All connections are lost, as when the desk restarts.
        await bridge.world.application.state.sockets.close_all()
        await bridge.answer("Kargo numarası: 7")
        await bridge.delivery("SENT")
    assert [sent.text for sent in bridge.api.sent] == ["Yarın sizde olur.", "Kargo numarası: 7"]


@on_sqlite
async def test_what_is_written_while_the_connector_is_away_goes_out_in_order(
    bridge: Bridge,
) -> None:
    bridge.api.says(CHAT, "Bir")
    bridge.api.says(CHAT, "İki")
    async with bridge.running():
        await bridge.api.is_read()
    answers = [f"Cevap {number}" for number in range(3)]
    for answer in answers:
        await bridge.answer(answer)
    bridge.api.says(CHAT, "Üç")

    async with bridge.running():
        await bridge.api.is_read()
        await bridge.api.has_sent(3)
        await asyncio.sleep(5 * QUICKLY)

    assert [sent.text for sent in bridge.api.sent] == answers
    assert await bridge.bodies() == ["Bir", "İki", *answers, "Üç"]


@on_sqlite
async def test_what_the_desk_had_already_is_no_second_message(bridge: Bridge) -> None:
    bridge.api.says(CHAT, "Merhaba")
    queue = list(bridge.api.updates)
    async with bridge.running():
        await bridge.api.is_read()

    # Killed before it had written down that the desk has it.
    bridge.state_file.unlink()
    bridge.api.updates = queue
    async with bridge.running():
        await bridge.api.is_read()

    assert await bridge.bodies() == ["Merhaba"]


@on_sqlite
async def test_what_telegram_took_is_not_sent_again(bridge: Bridge) -> None:
    bridge.api.says(CHAT, "Merhaba")
    async with bridge.running():
        await bridge.api.is_read()
    message = await bridge.answer("Buyurun")

    # Killed after Telegram had answered, before the desk was told.
    taken = {"attempt": 1, "parts": 1, "arrived": 1, "place": f"{CHAT}:77"}
    bridge.state_file.write_text(json.dumps({**bridge.state(), "sending": {message: taken}}))
    async with bridge.running():
        await bridge.delivery("SENT")

    assert bridge.api.sent == []
    assert bridge.state()["sending"] == {}
    echo = {"message_id": 77, "chat": {"id": CHAT, "type": "private"}, "text": "Buyurun"}
    bridge.api.tells(message=echo)
    async with bridge.running():
        await bridge.api.is_read()
    assert await bridge.bodies() == ["Merhaba", "Buyurun"]


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
async def test_telegram_is_given_the_time_it_asks_for_and_the_order_is_kept(
    bridge: Bridge,
) -> None:
    wait = 0.15
    async with bridge.running():
        bridge.api.says(CHAT, "Merhaba")
        await bridge.api.is_read()
        bridge.api.answers.append(refusal(429, "Too Many Requests", retry_after=wait))
        loop = asyncio.get_running_loop()
        began = loop.time()
        for body in ("Bir", "İki"):
            await bridge.answer(body)

        await bridge.api.has_sent(2)
        assert loop.time() - began >= wait
    assert [sent.text for sent in bridge.api.sent] == ["Bir", "İki"]


@on_sqlite
async def test_edits_and_groups_are_left_out_and_what_follows_is_not(
    bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "telegram")
    message = bridge.api.says(CHAT, "Merhaba")
    bridge.api.tells(edited_message={**message, "text": "Merhabalar"})
    group = {"id": -100, "type": "group", "title": "All"}
    bridge.api.tells(message={"message_id": 7, "chat": group, "text": "To all"})
    bridge.api.says(CHAT, sticker={"emoji": "👍🏽"})
    bridge.api.says(CHAT, location={"latitude": 41.0, "longitude": 29.0})

    async with bridge.running():
        await bridge.api.is_read()

    assert await bridge.bodies() == ["Merhaba", "👍🏽", "[?]"]
    left_out = [words for words in caplog.messages if "left out" in words]
    assert [words.partition("out: ")[2] for words in left_out] == ["an edit", "of a group"]


@on_sqlite
async def test_files_go_both_ways(bridge: Bridge) -> None:
    bridge.api.files["big"] = PNG
    photo = [{"file_id": "small"}, {"file_id": "big"}]
    async with bridge.running():
        bridge.api.says(CHAT, caption="Kırık geldi", photo=photo)
        bridge.api.says(CHAT, document={"file_id": "huge", "file_name": "huge.pdf"})
        await bridge.api.is_read()
        incoming = await bridge.messages()

        file = await upload(bridge.world.ayse, "label.png")
        await bridge.answer("Etiket ektedir", attachmentIds=[file])
        await bridge.delivery("SENT")

    assert [message["attachments"] for message in incoming] == [
        [{"filename": "photo.png", "size": len(PNG)}],  # as the bytes say
        [],
    ]
    assert [message["body"] for message in incoming] == ["Kırık geldi\n[photo.jpg]", "[huge.pdf ✗]"]
    assert bridge.api.sent == [
        Sent("42", "Etiket ektedir"),
        Sent("42", filename="label.png", content=PNG),
    ]


@on_sqlite
async def test_it_stops_where_only_other_settings_help(bridge: Bridge) -> None:
    connector, desk = import_module("connector"), import_module("starling_desk")
    both = [bridge.world.acme, bridge.world.other]
    of_two_brands = (await bridge.world.integration(ApiScope.MESSAGES_WRITE, brands=both)).token
    url = f"http://127.0.0.1:{bridge.desk.port}/graphql"

    for token in (of_two_brands, "sta_unknown"):
        settings = connector.Settings(url, token, TOKEN, bridge.api.url, bridge.state_file)
        with pytest.raises(desk.WrongSettingsError):
            await connector.main(settings)


def parts(text: str) -> list[str]:
    return list(import_module("telegram_bot").parts_of(text))


def test_a_long_text_is_cut_where_a_reader_would_cut_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))

    assert parts("") == parts("  \n ") == []
    assert parts("ş" * 4096) == ["ş" * 4096]
    assert parts("ş" * 4097) == ["ş" * 4096, "ş"]
    assert parts(f"{'a' * 3000}\n\n{'b' * 500} {'c' * 1000}") == [
        "a" * 3000,
        f"{'b' * 500} {'c' * 1000}",
    ]
    assert parts(f"{'a ' * 2000}{'b' * 500}") == [("a " * 2000).strip(), "b" * 500]
    # Pictures count as two, and none is taken apart: a family, a flag, a hand with its colour.
    for picture in ("👩‍👩‍👧", "🇹🇷", "👍🏽", "İ", "ώ"):
        found = parts(picture * 4000)
        assert "".join(found) == picture * 4000
        assert all(len(part.encode("utf-16-le")) <= 2 * 4096 for part in found)
        assert all(part == picture * (len(part) // len(picture)) for part in found)
