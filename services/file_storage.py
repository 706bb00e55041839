"""Where the bytes of files are kept: a local folder."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from obstore.exceptions import BaseError
from obstore.store import LocalStore

_CHUNK_BYTES = 256 * 1024


class FileStorage:
    """Keeps files by keys of its own; names that people gave never reach the file system."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._store = LocalStore(folder)

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
            # What follows the first line is for the library's developers.
            raise OSError(str(error).partition("\n")[0]) from error

    async def delete(self, key: str) -> None:
        """Remove a file. One that is gone already is no error."""
        with suppress(FileNotFoundError):
            await self._store.delete_async(key)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """Return a file in pieces. Raises FileNotFoundError before the first of them."""
        found = await self._store.get_async(key)
        return _pieces(found.stream(min_chunk_size=_CHUNK_BYTES))


async def _pieces(stream: AsyncIterator[object]) -> AsyncIterator[bytes]:
    async for piece in stream:
        yield bytes(piece)  # type: ignore[call-overload]
