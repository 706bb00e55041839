"""Telegram's Bot API for tests: it keeps what bots send, and says what a test wants it to say."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.edge.live_server import serve

TOKEN = "123456:secret"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a bot sent to a chat: a text, or a file."""

    chat: str
    text: str = ""
    filename: str = ""
    content: bytes = b""


def refusal(code: int, words: str, **parameters: Any) -> dict[str, Any]:
    """Return what the API says instead of doing something."""
    said = {"ok": False, "error_code": code, "description": words}
    return {**said, "parameters": parameters} if parameters else said


@dataclass
class BotApi:
    """The API of one bot. `answers` are what it says to what is sent next; None: it takes it.

    While `is_held`, it takes what is sent and does not answer. `files` without bytes are awaited
    until `lose_files`, and not found from then on. It tells `at_most` so many updates at once.
    """

    port: int = 0
    updates: list[dict[str, Any]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    files: dict[str, bytes | None] = field(default_factory=dict)
    answers: deque[dict[str, Any] | None] = field(default_factory=deque)
    is_held: bool = False
    at_most: int = 100
    _number: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _end: asyncio.Event = field(default_factory=asyncio.Event)
    _lost: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def says(self, chat: int, text: str | None = None, **more: Any) -> dict[str, Any]:
        """Let a customer write to the bot; return the message."""
        self._number += 1
        who = {"id": chat, "type": "private", "first_name": "Elif", "last_name": "Şahin"}
        message = {"message_id": self._number, "chat": who, **more}
        if text is not None:
            message["text"] = text
        self.tells(message=message)
        return message

    def tells(self, **update: Any) -> None:
        """Put anything into the bot's queue."""
        self._number += 1
        self.updates.append({"update_id": self._number, **update})
        self._news.set()

    async def has_sent(self, count: int) -> list[Sent]:
        """Wait until so much was sent, and return it."""
        async with asyncio.timeout(5):
            while len(self.sent) < count:
                await asyncio.sleep(0.01)
        return self.sent

    async def is_read(self) -> None:
        """Wait until the bot has taken everything off its queue."""
        async with asyncio.timeout(5):
            while self.updates:
                await asyncio.sleep(0.01)

    def lose_files(self) -> None:
        """Let nobody wait for files any more."""
        self._lost.set()

    def end(self) -> None:
        """Let go of those who wait."""
        self._lost.set()
        self._news.set()
        self._end.set()

    async def get_updates(self, request: Request) -> Response:
        """Answer what is in the queue, as soon as there is something."""
        offset = (await request.json()).get("offset", 0)
        self.updates = [update for update in self.updates if update["update_id"] >= offset]
        if not self.updates:
            self._news.clear()
            await self._news.wait()
        return JSONResponse({"ok": True, "result": self.updates[: self.at_most]})

    async def send_message(self, request: Request) -> Response:
        """Take a text."""
        given = await request.json()
        return await self._take(Sent(given["chat_id"], text=given["text"]))

    async def send_document(self, request: Request) -> Response:
        """Take a file."""
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        parts = message_from_bytes(head + await request.body()).get_payload()
        chat, file = (part for part in parts if not isinstance(part, str))
        chat_id, content = chat.get_payload(), file.get_payload(decode=True)
        assert isinstance(chat_id, str)
        assert isinstance(content, bytes)
        filename = file.get_filename()
        assert filename is not None
        return await self._take(Sent(chat_id, filename=filename, content=content))

    async def get_file(self, request: Request) -> Response:
        """Say where a file is."""
        file_id = (await request.json())["file_id"]
        if file_id not in self.files:
            return JSONResponse(refusal(400, "Bad Request: file is too big"), 400)
        return JSONResponse({"ok": True, "result": {"file_path": f"documents/{file_id}"}})

    async def give_file(self, request: Request) -> Response:
        """Give the bytes of a file."""
        content = self.files[request.path_params["file_id"]]
        if content is not None:
            return Response(content)
        await self._lost.wait()
        return Response(status_code=404)

    async def _take(self, sent: Sent) -> Response:
        answer = self.answers.popleft() if self.answers else None
        if answer is not None:
            return JSONResponse(answer, answer["error_code"])
        self.sent.append(sent)
        if self.is_held:
            await self._end.wait()
        self._number += 1
        return JSONResponse({"ok": True, "result": {"message_id": self._number}})


@asynccontextmanager
async def bot_api() -> AsyncIterator[BotApi]:
    """Serve the API on a free port."""
    api = BotApi()
    methods = {
        "getUpdates": api.get_updates,
        "sendMessage": api.send_message,
        "sendDocument": api.send_document,
        "getFile": api.get_file,
    }
    routes = [
        Route(f"/bot{TOKEN}/{name}", method, methods=["POST"]) for name, method in methods.items()
    ]
    routes.append(Route(f"/file/bot{TOKEN}/documents/{{file_id}}", api.give_file))
    async with serve(Starlette(routes=routes)) as api.port:
        try:
            yield api
        finally:
            api.end()
