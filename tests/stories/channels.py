"""The chat channels that customers write on, and the connectors that carry them to the desk."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from signal import SIGTERM

from tests.stories.admin import Office
from tests.stories.person import Person, patiently
from tests.stories.shop import Writer
from tests.support.commands import ROOT
from tests.support.live import Watcher
from tests.support.processes import ServerProcess, scratch_directory
from tests.support.telegram import TOKEN, BotApi, bot_api

ARRIVES_WITHIN_SECONDS = 20  # over a connector that has just begun, on a busy machine
OWN_NUMBERS = 10_000  # of messages to the bot: those of the bot itself have others
EXAMPLE = ROOT / "examples" / "telegram" / "connector.py"
REQUESTS = """
    subscription ($channel: Channel!) {
      deliveryRequests(channel: $channel) {
        __typename
        ... on DeliveryRequested { attempt recipient message { id body } }
      }
    }
"""


class TelegramUser:
    """A customer with Telegram on their telephone."""

    def __init__(self, name: str, chat: int, api: BotApi) -> None:
        self._who = {"id": chat, "type": "private", "first_name": name}
        self._api = api
        self._written = OWN_NUMBERS
        self._read = 0

    def writes(self, text: str) -> None:
        """Write to the bot."""
        self._written += 1
        self._api.tells(message={"message_id": self._written, "chat": self._who, "text": text})

    async def reads(self) -> str:
        """Wait for the next message of the bot."""
        chat = str(self._who["id"])
        async with asyncio.timeout(ARRIVES_WITHIN_SECONDS):
            while len(texts := [sent.text for sent in self._api.sent if sent.chat == chat]) == (
                self._read
            ):
                await asyncio.sleep(0.01)
        self._read += 1
        return texts[self._read - 1]


@asynccontextmanager
async def telegram_joined_to(server: str, token: str) -> AsyncIterator[BotApi]:
    """Run the connector of the examples, as its README says, between Telegram and a server."""
    async with bot_api() as api:
        with scratch_directory() as folder:
            variables = {
                "STARLING_URL": f"{server}/graphql",
                "STARLING_TOKEN": token,
                "TELEGRAM_TOKEN": TOKEN,
                "TELEGRAM_URL": api.url,
            }
            settings = (f"{name}={value}" for name, value in variables.items())
            connector = ServerProcess(
                ["env", *settings, sys.executable, EXAMPLE],
                folder,
                is_ready=lambda: True,
                stop_signal=SIGTERM,
            )
            try:
                yield api
            finally:
                connector.kill()


class Connector(Person):
    """Carries a channel to the desk, message by message."""

    def __init__(
        self, channel: str, server: str, token: str, brand_id: str, closing: AsyncExitStack
    ) -> None:
        super().__init__(channel, server, token, closing)
        self._brand_id = brand_id
        self._requests: Watcher | None = None

    async def listens(self) -> None:
        """Hear from now on what is to be delivered."""
        watching = self._watch(REQUESTS, {"channel": self.name})
        self._requests = await self._closing.enter_async_context(watching)
        assert await self._requests.next() == {"__typename": "StreamReady"}

    async def brings(self, writer: Writer, body: str) -> None:
        """Hand in what a customer wrote."""
        await self.does(
            "messageReceive",
            brandId=self._brand_id,
            channel=self.name,
            handle=writer.handle,
            name=writer.name,
            body=body,
        )

    async def delivers(self) -> str:
        """Wait for the next answer, and deliver it; return to whom, and what it says."""
        assert self._requests is not None
        request = await patiently(self._requests.next)
        message = request["message"]
        await self.does(
            "deliveryConfirm",
            messageId=message["id"],
            attempt=request["attempt"],
            outcome="SENT",
        )
        return f"{request['recipient']}: {message['body']}"


async def connect(channel: str, server: str, office: Office, closing: AsyncExitStack) -> Connector:
    """Join a channel to a server, with the token that the office has for connectors."""
    connector = Connector(channel, server, office.connector_token, office.brand_id, closing)
    await connector.listens()
    return connector
