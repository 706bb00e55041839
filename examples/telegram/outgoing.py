"""From the desk to Telegram: what agents and rules answer."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

from starling_desk import Desk
from state import State
from telegram_bot import Bot, NotKnownError, RefusedError, parts_of
from turns import Turns

NOT_KNOWN = "It is not known whether Telegram has it. Please look before you send it again."

REQUESTS = """
subscription {
  deliveryRequests(channel: TELEGRAM) {
    __typename
    ... on DeliveryRequested {
      attempt
      message { id body delivery { recipient } attachments { filename url } }
    }
  }
}"""
PENDING = """
query ($after: String) {
  pendingDeliveries(channel: TELEGRAM, first: 100, after: $after) {
    nodes { id body delivery { recipient attempts } attachments { filename url } }
    pageInfo { hasNextPage endCursor }
  }
}"""
CONFIRM = """
mutation ($input: DeliveryConfirmInput!) {
  deliveryConfirm(input: $input) { __typename ... on UserError { words: message } }
}"""

log = logging.getLogger("telegram")


@dataclass(frozen=True)
class Request:
    """A message to be delivered, and which request of it this is."""

    message_id: str
    attempt: int
    chat: str
    body: str
    files: tuple[dict[str, str], ...]

    @classmethod
    def of(cls, message: dict[str, Any], attempt: int) -> Self:
        """Return the request for a message."""
        chat, files = message["delivery"]["recipient"], tuple(message["attachments"])
        return cls(message["id"], attempt, chat, message["body"], files)

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from all others."""
        return self.message_id, self.attempt


class Outgoing:
    """Delivers what is asked for, the messages of a chat in order, and of several chats at once."""

    def __init__(self, desk: Desk, bot: Bot, state: State) -> None:
        self._desk = desk
        self._bot = bot
        self._state = state
        self._turns = Turns()
        self._open: set[tuple[str, int]] = set()
        self._pending: set[tuple[str, int]] = set()  # when the desk was asked last

    async def carry(self, tasks: asyncio.TaskGroup) -> None:
        """Work for ever."""
        for message_id, sending in list(self._state.sending.items()):
            if sending.attempt is not None:
                await self._confirm(message_id, sending.attempt, NOT_KNOWN)
        async for event in self._desk.told(REQUESTS):
            if event is None or event["__typename"] != "DeliveryRequested":
                await self._catch_up(tasks)
                continue
            request = Request.of(event["message"], event["attempt"])
            if request.key not in self._pending:
                self._begin(tasks, request)

    async def _catch_up(self, tasks: asyncio.TaskGroup) -> None:
        """Deliver what nobody has delivered; of some of that the desk may still tell."""
        # What ends while the desk is asked may stand in its answer all the same.
        self._pending = set(self._open)
        async for request in self._requests():
            if request.key not in self._pending:
                self._pending.add(request.key)
                self._begin(tasks, request)

    async def _requests(self) -> AsyncIterator[Request]:
        page = await self._desk.ask(PENDING)
        while page["nodes"]:
            for message in page["nodes"]:
                yield Request.of(message, message["delivery"]["attempts"] + 1)
            if not page["pageInfo"]["hasNextPage"]:
                break
            page = await self._desk.ask(PENDING, after=page["pageInfo"]["endCursor"])

    def _begin(self, tasks: asyncio.TaskGroup, request: Request) -> None:
        self._open.add(request.key)
        tasks.create_task(self._deliver(request, self._turns.of(request.chat)))

    async def _deliver(self, request: Request, turn: asyncio.Lock) -> None:
        async with turn:
            why_not = ""
            try:
                await self._send(request)
            except RefusedError as error:  # such as: the customer has blocked the bot
                why_not = str(error)
            except NotKnownError:
                why_not = NOT_KNOWN
                log.warning("message %s: nobody knows whether it was sent", request.message_id)
            await self._confirm(request.message_id, request.attempt, why_not)
        self._open.discard(request.key)

    async def _send(self, request: Request) -> None:
        """Send a message in as many parts as it takes, but for those that have arrived before."""
        to = {"chat_id": request.chat}
        documents = await self._load(request)
        parts: list[tuple[str, dict[str, Any]]] = [
            *(("sendMessage", {"json": {**to, "text": part}}) for part in parts_of(request.body)),
            *(("sendDocument", {"data": to, "files": {"document": each}}) for each in documents),
        ]
        begun = self._state.begin(request.message_id, request.attempt, len(parts))
        for method, content in parts[begun.arrived :]:
            sent = await self._bot.call(method, **content)
            self._state.arrive(request.message_id, f"{request.chat}:{sent['message_id']}")

    async def _load(self, request: Request) -> list[tuple[str, bytes]]:
        """Return the names and bytes of the files."""
        documents = []
        for place, file in enumerate(request.files):
            content = await self._desk.download(file["url"])
            if content is None:
                content = await self._load_anew(request, place)
            documents.append((file["filename"], content))
        return documents

    async def _load_anew(self, request: Request, place: int) -> bytes:
        """Load a file by another link: one that waits for its turn for five minutes is too old."""
        async for pending in self._requests():
            if pending.key == request.key:
                content = await self._desk.download(pending.files[place]["url"])
                if content is not None:
                    return content
        raise RefusedError(f"{request.files[place]['filename']} could not be loaded.")

    async def _confirm(self, message_id: str, attempt: int, why_not: str) -> None:
        """Tell the desk where in Telegram a message stands, or why not all of it does."""
        sending = self._state.sending.get(message_id)
        said: dict[str, Any] = {"messageId": message_id, "attempt": attempt}
        if sending is not None and sending.is_whole:
            said |= {"outcome": "SENT", "externalId": sending.place}
        else:
            if sending is not None and sending.arrived:
                why_not += f" ({sending.arrived} of {sending.parts} parts have arrived.)"
            said |= {"outcome": "FAILED", "detail": why_not}
        confirmed = await self._desk.ask(CONFIRM, input=said)
        if "words" in confirmed:
            log.error("message %s: %s", message_id, confirmed["words"])
        self._state.end(message_id)
