"""The example connector carries a conversation between Telegram and the desk."""

import asyncio
import json
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import pytest

from models.viewers import ApiScope
from tests.support.desk import World
from tests.support.telegram import TOKEN, Sent, refusal
from tests.support.telegram_bridge import CHAT, FOLDER, QUICKLY, Bridge, open_bridge
from tests.support.uploading import PNG, upload

DELIVERIES = """
    subscription ($ticket: ID!) {
      ticketEvents(ticketId: $ticket) {
        __typename
        ... on DeliveryChanged { message { id delivery { state detail } } }
      }
    }
"""

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def bridge(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bridge]:
    async with open_bridge(world, tmp_path, monkeypatch) as opened:
        yield opened


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
