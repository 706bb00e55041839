"""Where the bytes of files are kept: a local folder, unless the settings name a bucket."""

import errno
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

if TYPE_CHECKING:
    from obstore import GetOptions  # a name for type checkers alone

CHUNK_BYTES = 256 * 1024
# How the library reports a full disk: in words, since it has no error for it.
_NO_SPACE = f"os error {errno.ENOSPC})"


class FileStorage:
    """Keeps files by keys of its own; names that people gave never reach the file system."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._store: LocalStore | S3Store = LocalStore(folder)

    @staticmethod
    def key_of(attachment_id: UUID) -> str:
        """Return the key for a new file; two levels of folders keep each folder small."""
        name = attachment_id.hex
        return f"{name[-2:]}/{name[-4:-2]}/{name}"

    async def put(self, key: str, content: bytes) -> None:
        """Keep a file. Raises OSError where there is no room, or no right to write."""
        try:
            await self._store.put_async(key, content)
        except BaseError as error:
            raise as_os_error(error) from error

    async def write(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        """Keep a file while it arrives. It is there when all of it is, or not at all.

        What `pieces` raises is raised, and leaves nothing behind. Raises OSError as `put` does,
        with ENOSPC for a full disk.
        """
        try:
            await self._send(key, pieces)
        except BaseError as error:
            raise as_os_error(error) from error

    async def delete(self, key: str) -> None:
        """Remove a file. One that is gone already is no error. Raises OSError as `put` does."""
        try:
            with suppress(FileNotFoundError):
                await self._store.delete_async(key)
        except BaseError as error:
            raise as_os_error(error) from error

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Return a file in pieces, from `start` up to `end`, which is not part of it.

        Raises FileNotFoundError before the first of them, and OSError where the storage is away.
        """
        options: GetOptions = {"range": {"offset": start} if end is None else (start, end)}
        try:
            found = await self._store.get_async(key, options=options)
        except BaseError as error:
            raise as_os_error(error) from error
        return _pieces(found.stream(min_chunk_size=CHUNK_BYTES))

    async def _send(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        await self._store.put_async(key, pieces, chunk_size=CHUNK_BYTES, max_concurrency=1)


def as_os_error(error: BaseError) -> OSError:
    """Return what the library reports as an error of the system."""
    # What follows the first line is for the library's developers.
    words = str(error).partition("\n")[0]
    return OSError(errno.ENOSPC if _NO_SPACE in str(error) else errno.EIO, words)


async def _pieces(stream: AsyncIterator[object]) -> AsyncIterator[bytes]:
    async for piece in stream:
        yield bytes(piece)  # type: ignore[call-overload]
