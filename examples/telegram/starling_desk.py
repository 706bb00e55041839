"""Starling, as a connector needs it: its public API over HTTP, and one subscription."""

import asyncio
import json
import logging
import mimetypes
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx2
from websockets import ConnectionClosed
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake
from websockets.typing import Subprotocol

PAUSE_SECONDS = 1.0  # before asking again
FAILURES = 60  # of one question, in a minute or more; then it may be the question

UPLOAD = """
mutation ($input: AttachmentUploadCreateInput!) {
  attachmentUploadCreate(input: $input) {
    ... on AttachmentUploadCreateSuccess { uploadUrl attachment { id } }
  }
}"""


log = logging.getLogger("telegram")


class WrongSettingsError(Exception):
    """Nothing helps but other settings."""


class DeskFailedError(Exception):
    """Starling has failed at the same question again and again."""


class Desk:
    """Starling, as a connector needs it. While it is away it is asked again and again."""

    def __init__(self, url: str, token: str, http: httpx2.AsyncClient) -> None:
        self._url = httpx2.URL(url)
        self._authorization = {"authorization": f"Bearer {token}"}
        self._http = http

    async def ask(self, document: str, **variables: Any) -> Any:
        """Return the only field of the answer."""
        while True:
            with suppress(DeskFailedError):
                return await self.try_to_ask(document, **variables)

    async def try_to_ask(self, document: str, **variables: Any) -> Any:
        """Return the only field of the answer. Raises DeskFailedError."""
        request = {"query": document, "variables": variables}
        failures = 0
        while True:
            answer = await self._send("POST", "", json=request, headers=self._authorization)
            if answer.status_code == 401:
                raise WrongSettingsError("Starling does not know the token.")
            errors = answer.json().get("errors", [])
            if not errors:
                (field,) = answer.json()["data"].values()
                return field
            codes = {error["extensions"]["code"] for error in errors}
            if codes - {"INTERNAL", "UNAVAILABLE"}:
                raise WrongSettingsError(f"Starling refused: {errors}")
            failures += "INTERNAL" in codes
            if failures == FAILURES:
                log.error("Starling fails again and again: %s", errors)
                raise DeskFailedError
            await asyncio.sleep(PAUSE_SECONDS)

    async def upload(self, filename: str, content: bytes) -> str | None:
        """Give the desk a file; return its id, or None where it does not take such a file.

        Raises DeskFailedError.
        """
        kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
        given = {"filename": filename, "contentType": kind, "size": len(content)}
        announced = await self.try_to_ask(UPLOAD, input=given)
        if not announced:
            return None
        stored = await self._send("PUT", announced["uploadUrl"], content=content)
        return announced["attachment"]["id"] if stored.status_code == 201 else None

    async def download(self, link: str) -> bytes | None:
        """Return the bytes of a file, or None where the link is too old."""
        answer = await self._send("GET", link)
        return answer.content if answer.status_code == 200 else None

    async def told(self, subscription: str) -> AsyncIterator[dict[str, Any] | None]:
        """Yield each event, and None after any gap, in which some may have been missed."""
        url = str(self._url.copy_with(scheme=self._url.scheme.replace("http", "ws")))
        first = {"type": "connection_init", "payload": self._authorization}
        then = {"id": "1", "type": "subscribe", "payload": {"query": subscription}}
        while True:
            with suppress(ConnectionClosed, InvalidHandshake, OSError):
                async with connect(
                    url, subprotocols=[Subprotocol("graphql-transport-ws")]
                ) as socket:
                    await socket.send(json.dumps(first))
                    await socket.recv()  # only after it may one go on
                    await socket.send(json.dumps(then))
                    async for text in socket:
                        said = json.loads(text)
                        if said["type"] == "ping":
                            await socket.send('{"type":"pong"}')
                        elif said["type"] == "next" and said["payload"].get("data"):
                            (event,) = said["payload"]["data"].values()
                            yield event
                        else:
                            break
            await asyncio.sleep(PAUSE_SECONDS)
            yield None  # if it was the token, the next question finds out

    async def _send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        while True:
            with suppress(httpx2.TransportError):
                answer = await self._http.request(method, self._url.join(path), **request)
                if answer.status_code not in {408, 429} and answer.status_code < 500:
                    return answer
            await asyncio.sleep(PAUSE_SECONDS)
