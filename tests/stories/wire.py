"""A line to a server of the desk, on which every byte that it answers with is kept."""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

import httpx2

HOST = "127.0.0.1"
CHUNK_BYTES = 65_536
ENDS_WITHIN_SECONDS = 5  # once whoever spoke there has hung up


class Wire:
    """Where a server is reached, and what it has said there."""

    def __init__(self, server: str) -> None:
        self._server = httpx2.URL(server)
        self._heard: list[bytearray] = []  # of each connection
        self._connections: set[asyncio.Task[None]] = set()
        self.url = ""

    def told(self, words: str, *, but: str = "") -> bool:
        """Tell whether the server has said words, plain or escaped; `but` is left out."""
        text = "\n".join(heard.decode(errors="replace") for heard in self._heard)
        for form in filter(None, _forms(but)):
            text = text.replace(form, "")
        return any(form in text for form in _forms(words))

    async def open(self) -> asyncio.Server:
        """Take connections, and carry what is said on them both ways."""
        listener = await asyncio.start_server(self._connect, HOST)
        self.url = f"http://{HOST}:{listener.sockets[0].getsockname()[1]}"
        return listener

    async def end(self) -> None:
        """Wait until everybody has hung up."""
        async with asyncio.timeout(ENDS_WITHIN_SECONDS):
            await asyncio.gather(*self._connections)

    async def _connect(self, reader: StreamReader, writer: StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        from_server, to_server = await asyncio.open_connection(HOST, self._server.port)
        heard = bytearray()
        self._heard.append(heard)
        await asyncio.gather(
            _carry(reader, to_server, bytearray()), _carry(from_server, writer, heard)
        )


@asynccontextmanager
async def wire_to(server: str) -> AsyncIterator[Wire]:
    """Lay a line to a server."""
    wire = Wire(server)
    listener = await wire.open()
    try:
        yield wire
    finally:
        listener.close()
        await wire.end()


async def _carry(reader: StreamReader, writer: StreamWriter, heard: bytearray) -> None:
    with closing(writer), suppress(ConnectionError):
        while chunk := await reader.read(CHUNK_BYTES):
            heard += chunk
            writer.write(chunk)
            await writer.drain()


def _forms(words: str) -> tuple[str, str]:
    return words, json.dumps(words)[1:-1]
