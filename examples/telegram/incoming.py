"""From Telegram to the desk: what customers write."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from starling_desk import PAUSE_SECONDS, Desk, DeskFailedError, WrongSettingsError
from state import State
from telegram_bot import Bot, RefusedError
from turns import Turns

# The files that a message may come with, and what they are called where Telegram does not say.
FILES = {
    "document": "document",
    "photo": "photo.jpg",
    "voice": "voice.ogg",
    "audio": "audio.mp3",
    "video": "video.mp4",
}
RECEIVE = """
mutation ($input: MessageReceiveInput!) {
  messageReceive(input: $input) { __typename ... on UserError { words: message } }
}"""

log = logging.getLogger("telegram")


class Incoming:
    """Hands in what comes, the messages of a chat in order, and of several chats at once.

    Telegram forgets all updates before the one that is asked for: that is the first of which the
    desk may know nothing. So it tells some of them again, and those that have begun are left alone.
    """

    def __init__(self, desk: Desk, bot: Bot, state: State, brand_id: str) -> None:
        self._desk = desk
        self._bot = bot
        self._state = state
        self._brand_id = brand_id
        self._turns = Turns()
        self._begun: dict[int, asyncio.Task[None]] = {}
        self._received = 0

    async def carry(self, tasks: asyncio.TaskGroup) -> None:
        """Work for ever."""
        while True:
            for update in await self._bot.updates(self._state.offset):
                if update["update_id"] not in self._begun:
                    self._begin(tasks, update)
            if self._begun:
                # One that takes longer holds up nobody else.
                await asyncio.wait(self._begun.values(), timeout=PAUSE_SECONDS)
                self._go_on()

    def _begin(self, tasks: asyncio.TaskGroup, update: dict[str, Any]) -> None:
        message = update.get("message")
        chat = str(message["chat"]["id"]) if message else ""
        taking = tasks.create_task(self._take(update, self._turns.of(chat)))
        self._begun[update["update_id"]] = taking

    def _go_on(self) -> None:
        waiting = (number for number, taking in self._begun.items() if not taking.done())
        offset = min(waiting, default=max(self._begun) + 1)
        self._begun = {number: taking for number, taking in self._begun.items() if number >= offset}
        self._state.offset = offset

    async def _take(self, update: dict[str, Any], turn: asyncio.Lock) -> None:
        message = update.get("message")
        if message is None:
            # The desk keeps what was said first: an agent may have answered that.
            log.info("update %s is left out: an edit", update["update_id"])
        elif message["chat"]["type"] != "private":
            log.info("update %s is left out: of a group", update["update_id"])
        else:
            async with turn:
                await self._receive(message)

    async def _receive(self, message: dict[str, Any]) -> None:
        """Hand a message in. Where the desk fails at it, and takes others, it is left out.

        Where it takes no others either, nothing is lost: they wait together until it does.
        """
        received_before = self._received
        while self._received == received_before:
            with suppress(DeskFailedError):
                await self._hand_in(message)
                self._received += 1
                return
        chat_id, message_id = message["chat"]["id"], message["message_id"]
        log.error("message %s of chat %s is left out: the desk fails at it", message_id, chat_id)

    async def _hand_in(self, message: dict[str, Any]) -> None:
        chat = message["chat"]
        body, file_ids = await self._content_of(message)
        given = {
            "channel": "TELEGRAM",
            "brandId": self._brand_id,
            "handle": str(chat["id"]),
            "externalId": f"{chat['id']}:{message['message_id']}",
            "name": " ".join(filter(None, (chat.get("first_name"), chat.get("last_name")))),
            "body": body,
            "attachmentIds": file_ids,
        }
        received = await self._desk.try_to_ask(RECEIVE, input=given)
        if received["__typename"] in {"NotAllowed", "NotFound"}:
            raise WrongSettingsError(f"Starling takes no messages: {received['words']}")
        if "words" in received:
            log.error("a message of chat %s was refused: %s", chat["id"], received["words"])

    async def _content_of(self, message: dict[str, Any]) -> tuple[str, list[str]]:
        """Return what a message says, and the ids of its files at the desk."""
        lines = [message.get("text") or message.get("caption") or ""]
        file_ids = []
        for kind in FILES.keys() & message.keys():
            file = message[kind][-1] if kind == "photo" else message[kind]  # the last is largest
            filename = file.get("file_name", FILES[kind])
            file_id = await self._carry_file(filename, file["file_id"])
            lines.append(f"[{filename}]" if file_id else f"[{filename} ✗]")
            file_ids += [file_id] if file_id else []
        lines.append(message.get("sticker", {}).get("emoji", ""))
        # A place, a poll, whatever Telegram thinks of next: an agent can ask what it was.
        return "\n".join(filter(None, lines)) or "[?]", file_ids

    async def _carry_file(self, filename: str, telegram_id: str) -> str | None:
        """Return the desk's id of a file, or None where one side refuses it."""
        with suppress(RefusedError):
            return await self._desk.upload(filename, await self._bot.file(telegram_id))
        return None
