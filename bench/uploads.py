"""How much memory a server takes to take in five files of 20 MiB at once, and how soon it refuses.

The server is a real one in a process of its own; files go to a folder, and then to a bucket of
moto's server, which is a process of its own as well.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from core.database import Database
from models.attachments import FILE_BYTES
from tests.support.buckets import NAME, bucket_server
from tests.support.commands import Served, served
from tests.support.desk import Client, migrate
from tests.support.people import settle_in
from tests.support.uploading import announce

FILES = 5
SAMPLE_SECONDS = 0.01
PIECE = b"\n".join([b"0123456789abcdef" * 4] * 1_000)[: 64 * 1024]
MIB = 1024 * 1024


async def run() -> None:
    """Measure and print."""
    async with _desk() as (server, client):
        await _measure("folder", server, client)
        await _measure_refusal(server, client)
    with bucket_server() as storage:
        settings = {
            "STORAGE_URL": f"s3://{NAME}/desk",
            "S3_ENDPOINT": storage.endpoint,
            "S3_ALLOW_HTTP": "true",
            "S3_ACCESS_KEY_ID": "key",
            "S3_SECRET_ACCESS_KEY": "secret",
        }
        async with _desk(**settings) as (server, client):
            await _measure("bucket", server, client)


@asynccontextmanager
async def _desk(**settings: str) -> AsyncIterator[tuple[Served, Client]]:
    async with AsyncExitStack() as cleanup:
        folder = cleanup.enter_context(TemporaryDirectory(prefix="starling-bench-"))
        database_url = f"sqlite+aiosqlite:///{folder}/desk.sqlite3"
        await migrate(database_url)
        database = Database(database_url)
        people = await settle_in(database)
        await database.close()
        server = cleanup.enter_context(
            served(
                DATABASE_URL=database_url,
                STORAGE_PATH=f"{folder}/files",
                LOG_LEVEL="ERROR",
                WORKER_IN_WEB="false",
                **settings,
            )
        )
        http = await cleanup.enter_async_context(
            httpx2.AsyncClient(base_url=server.url, timeout=120)
        )
        yield server, Client(http, people.tokens["ayse"])


async def _measure(where: str, server: Served, client: Client) -> None:
    await _upload_all(client, files=1)  # so that what is loaded once is loaded
    before = _resident_bytes(server)
    watch = asyncio.create_task(_highest(server))
    started = time.perf_counter()
    await _upload_all(client, files=FILES)
    seconds = time.perf_counter() - started
    watch.cancel()
    highest = await watch
    print(
        f"  {where}: {FILES} × 20 MiB in {seconds:5.2f} s,"
        f"  the server grew by {(highest - before) / MIB:5.1f} MiB at most"
    )


async def _upload_all(client: Client, *, files: int) -> None:
    announced = [
        await announce(client, "log.txt", FILE_BYTES, contentType="text/plain")
        for _ in range(files)
    ]
    answers = await asyncio.gather(
        *(client.http.put(file.upload_url, content=_content(FILE_BYTES)) for file in announced)
    )
    for answer in answers:
        if answer.status_code != httpx2.codes.CREATED:
            raise RuntimeError(answer.text)


async def _measure_refusal(server: Served, client: Client) -> None:
    """Send a byte too many, said in the header; count what was sent until the answer came."""
    file = await announce(client, "log.txt", FILE_BYTES, contentType="text/plain")
    url = httpx2.URL(server.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    started = time.perf_counter()
    head = (
        f"PUT {file.upload_url} HTTP/1.1\r\nHost: desk\r\nContent-Length: {FILE_BYTES + 1}\r\n\r\n"
    )
    writer.write(head.encode() + PIECE)
    status = await reader.readline()
    seconds = time.perf_counter() - started
    writer.close()
    print(
        f"  20 MiB and a byte: {status.decode().strip()!r} after {seconds * 1_000:.1f} ms,"
        f"  {len(PIECE) // 1024} KiB were sent"
    )


async def _content(size: int) -> AsyncIterator[bytes]:
    left = size
    while left:
        piece = PIECE[:left]
        left -= len(piece)
        yield piece


async def _highest(server: Served) -> int:
    """Return the most that the server held, when this is cancelled."""
    highest = 0
    try:
        while True:
            highest = max(highest, _resident_bytes(server))
            await asyncio.sleep(SAMPLE_SECONDS)
    except asyncio.CancelledError:
        return highest


def _resident_bytes(server: Served) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024
