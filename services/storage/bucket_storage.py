"""Files in a bucket of a storage that speaks S3."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from obstore.exceptions import BaseError
from obstore.store import S3Store

from services.storage.file_storage import CHUNK_BYTES, FileStorage, as_os_error

if TYPE_CHECKING:
    from obstore.store import S3Config  # a name for type checkers alone

# The least that S3 takes as a part of an upload ("Amazon S3 multipart upload limits").
PART_BYTES = 5 * 1024 * 1024
# Each holds up to two parts in memory.
SENT_AT_ONCE = 1
CONNECT_SECONDS = 5
REQUEST_SECONDS = 60
RETRIES = 2
# A proxy waits a minute for our answer (nginx, `proxy_read_timeout`): ours comes before its own.
SEND_SECONDS = 55
# A request's time goes by while a slow client reads what it brought: each brings little.
READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a bucket is, and what opens it. `endpoint` is None for Amazon's own.

    Without keys, those of the machine's role are used.
    """

    name: str
    prefix: str
    region: str
    endpoint: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    allows_http: bool = False


class BucketStorage(FileStorage):
    """Keeps files in a bucket.

    They pass through a nameless file in the folder `spool` on their way: whoever sends slowly
    holds no memory and no connection to the bucket, and what is refused at its end never got there.
    Whoever reads slowly holds no connection to it either.
    """

    def __init__(self, bucket: Bucket, spool: Path) -> None:
        spool.mkdir(parents=True, exist_ok=True)
        self._spool = spool
        self._turns = asyncio.Semaphore(SENT_AT_ONCE)
        self._store = S3Store(
            bucket.name,
            prefix=bucket.prefix or None,
            client_options={
                "allow_http": bucket.allows_http,
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "timeout": timedelta(seconds=REQUEST_SECONDS),
            },
            retry_config={
                "max_retries": RETRIES,
                "retry_timeout": timedelta(seconds=REQUEST_SECONDS),
            },
            config=_config(bucket),
        )

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Return a file in pieces, as the folder does; each is asked for when it is wanted."""
        first_end = start + READ_BYTES if end is None else min(start + READ_BYTES, end)
        try:
            found = await self._store.get_async(key, options={"range": (start, first_end)})
            first = bytes(await found.bytes_async())
        except BaseError as error:
            raise as_os_error(error) from error
        return self._pieces(key, start, found.meta["size"] if end is None else end, first)

    async def _pieces(self, key: str, start: int, end: int, piece: bytes) -> AsyncIterator[bytes]:
        yield piece
        for at in range(start + READ_BYTES, end, READ_BYTES):
            try:
                found = await self._store.get_range_async(
                    key, start=at, end=min(at + READ_BYTES, end)
                )
            except BaseError as error:
                raise as_os_error(error) from error
            yield bytes(found)

    async def _send(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        with TemporaryFile(dir=self._spool) as file:
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece)
            file.seek(0)
            async with asyncio.timeout(SEND_SECONDS), self._turns:
                await self._store.put_async(
                    key, _read(file), chunk_size=PART_BYTES, max_concurrency=1
                )


async def _read(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
        yield piece


def _config(bucket: Bucket) -> "S3Config":
    config: S3Config = {"region": bucket.region}
    if bucket.endpoint is not None:
        config["endpoint"] = bucket.endpoint
    if bucket.access_key_id is not None and bucket.secret_access_key is not None:
        config["access_key_id"] = bucket.access_key_id
        config["secret_access_key"] = bucket.secret_access_key
    return config
