"""A desk and a Telegram bot, and the example connector that joins them."""

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
from tests.support.commands import ROOT
from tests.support.desk import World
from tests.support.live import LiveWorld, served
from tests.support.telegram import TOKEN, BotApi, bot_api

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


@asynccontextmanager
async def open_bridge(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bridge]:
    """Serve the desk and the bot's API; the connector of this process asks again quickly."""
    monkeypatch.syspath_prepend(str(FOLDER))
    for module in ("starling_desk", "telegram_bot", "incoming"):
        monkeypatch.setattr(import_module(module), "PAUSE_SECONDS", QUICKLY)
    token = (await world.integration(ApiScope.MESSAGES_WRITE, brands=[world.acme])).token
    assert token is not None
    async with served(world) as desk, bot_api() as api:
        yield Bridge(desk, api, token, folder / "telegram.json")
