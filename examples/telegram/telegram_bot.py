"""Telegram's Bot API, as a connector needs it: https://core.telegram.org/bots/api."""

import asyncio
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx2
from starling_desk import PAUSE_SECONDS, WrongSettingsError

POLL_SECONDS = 50  # Telegram holds an empty answer back for so long
FILE_TRIES = 3  # then a message goes on without the file
TEXT_UNITS = 4096  # of one message, in UTF-16: most emoji count as two


class RefusedError(Exception):
    """This will not be done, whoever asks again."""


class NotKnownError(Exception):
    """It may have been done, or not."""


class Bot:
    """Telegram's Bot API: https://core.telegram.org/bots/api."""

    def __init__(self, url: str, token: str, http: httpx2.AsyncClient) -> None:
        self._methods = f"{url}/bot{token}"
        self._files = f"{url}/file/bot{token}"
        self._http = http

    async def updates(self, offset: int | None) -> list[dict[str, Any]]:
        """Wait for what comes next. This takes all before `offset` off Telegram's queue."""
        wanted = {"timeout": POLL_SECONDS, "allowed_updates": ["message", "edited_message"]}
        if offset is not None:
            wanted["offset"] = offset
        while True:
            with suppress(NotKnownError):
                updates: list[dict[str, Any]] = await self.call("getUpdates", json=wanted)
                return updates
            await asyncio.sleep(PAUSE_SECONDS)

    async def file(self, file_id: str) -> bytes:
        """Return the bytes of a file. Raises RefusedError for one that is not to be had."""
        for _ in range(FILE_TRIES):
            with suppress(NotKnownError, httpx2.TransportError):
                path = (await self.call("getFile", json={"file_id": file_id}))["file_path"]
                answer = await self._http.get(f"{self._files}/{path}")
                if answer.status_code == 200:
                    return answer.content
            await asyncio.sleep(PAUSE_SECONDS)
        raise RefusedError("The file could not be loaded.")

    async def call(self, method: str, **request: Any) -> Any:
        """Return what a method answers. Raises RefusedError and NotKnownError."""
        while True:
            try:
                answer = await self._http.post(f"{self._methods}/{method}", **request)
                said = answer.json()
            except (httpx2.ConnectError, httpx2.ConnectTimeout):  # nothing has left
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            except (httpx2.TransportError, ValueError):
                raise NotKnownError from None
            if said["ok"]:
                return said["result"]
            code, words = said["error_code"], said["description"]
            if code == 429:
                await asyncio.sleep(said["parameters"]["retry_after"])
            elif code >= 500:
                raise NotKnownError
            elif code in {401, 404, 409}:  # 409: two programs empty the same queue
                raise WrongSettingsError(f"Telegram does not let the bot in: {words}")
            else:
                raise RefusedError(words)


def parts_of(text: str) -> Iterator[str]:
    """Split a text into what fits: between lines or words, and never within a letter."""
    while text := text.strip():
        end = fitting = _fitting(text)
        if fitting < len(text):
            blanks = (text.rfind(blank, fitting // 2, fitting) for blank in ("\n\n", "\n", " "))
            end = next((place for place in blanks if place > 0), fitting)
            while end > 1 and _is_within_letter(text, end):
                end -= 1
        yield text[:end].rstrip()
        text = text[end:]


def _fitting(text: str) -> int:
    units = 0
    for place, character in enumerate(text):
        units += 2 if character > "\uffff" else 1
        if units > TEXT_UNITS:
            return place
    return len(text)


def _is_within_letter(text: str, place: int) -> bool:
    """Tell whether what a reader takes for one letter, or one picture, goes on at a place."""
    before, after = text[place - 1], text[place]
    if "\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff":
        flags = text[:place]
        letters = len(flags) - len(flags.rstrip("".join(map(chr, range(0x1F1E6, 0x1F200)))))
        return letters % 2 == 1  # a flag is two of them
    is_mark = unicodedata.category(after) in {"Mn", "Mc", "Me", "Cf"}  # accents, joiners, tags
    return is_mark or before == "\u200d" or "\U0001f3fb" <= after <= "\U0001f3ff"
