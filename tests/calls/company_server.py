"""A company's own system, as callbacks ask it: over real TLS, and as hostile as a test wants."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import trustme

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]

HOST = "crm.example"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class CompanyServer:
    """Answers each path with what `answers` has for it, or with `{"ok": true}`.

    It says its `greeting` before anybody has asked.
    """

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    greeting: bytes = b""
    answers: dict[str, Answer] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.connections += 1
        writer.write(self.greeting)
        try:
            # The client breaks off whatever is too slow or too large.
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                asked = await _read(reader)
                self.asked.append(asked)
                answer = self.answers.get(asked.target.partition("?")[0], says(b'{"ok": true}'))
                await answer(writer)
                await writer.drain()
        finally:
            writer.transport.abort()


@dataclass(frozen=True)
class Certificates:
    """An authority that nobody knows, and a server's proof that it is `crm.example`."""

    ca_file: Path
    server: ssl.SSLContext


def make_certificates(folder: Path, host: str = HOST) -> Certificates:
    """Found an authority and let it sign the certificate of a host."""
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return Certificates(ca_file, context)


@asynccontextmanager
async def company_server(tls: ssl.SSLContext | None) -> AsyncIterator[CompanyServer]:
    """Serve on a free port of 127.0.0.1; without `tls` unencrypted."""
    company = CompanyServer()
    server = await asyncio.start_server(company.serve, "127.0.0.1", 0, ssl=tls)
    company.port = server.sockets[0].getsockname()[1]
    try:
        yield company
    finally:
        server.close()
        await server.wait_closed()


def says(body: bytes, *headers: str, status: str = "200 OK") -> Answer:
    """Return the answer with this body."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)

    return answer


def sends(*pieces: bytes, pause: float = 0.0) -> Answer:
    """Return the answer that consists of these bytes and no others, one after the other."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


def breaks_tls_after(piece: bytes) -> Answer:
    """Return the answer that goes on in clear text after these bytes."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(piece)
        await writer.drain()
        os.write(writer.get_extra_info("socket").fileno(), b"in clear text")

    return answer


async def never(writer: asyncio.StreamWriter) -> None:
    """Answer nothing, and keep the connection."""
    await asyncio.sleep(2)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _version = head[0].split(" ")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    exact = dict(line.split(": ", 1) for line in head[1:] if line)
    assert len(exact) == len(headers) == len(head) - 3, head  # no header stands twice
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, {name.lower(): value for name, value in exact.items()}, body)
