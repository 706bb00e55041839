"""The files of a mail: the bytes are stored before the rows that name them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from core import clock
from core.database import Database
from core.ids import new_id
from models.actors import AUTOMATION
from models.attachments import UNATTACHED_KEPT_FOR, Attachment
from services.mail.parsing import MailAttachment
from services.storage.file_storage import FileStorage
from services.unit_of_work import unit_of_work
from services.uploads import DISCARD


class FilesNotStored(OSError):
    """There is no room for files, or no right to write them; the message says which."""


@dataclass(slots=True)
class StoredFiles:
    """Files whose bytes are stored, and the rows for them, in the order of the mail."""

    rows: Sequence[Attachment]
    are_kept: bool = False

    def keep(self) -> None:
        """Let the bytes stay: the act that names them is about to be committed.

        A commit that fails may have come about all the same. A file without a row is waste, which a
        job removes a day later; a row without a file is a loss.
        """
        self.are_kept = True


@asynccontextmanager
async def stored(
    database: Database, storage: FileStorage, files: Sequence[MailAttachment]
) -> AsyncIterator[StoredFiles]:
    """Store files, and remove them at the end unless they are kept. Raises FilesNotStored."""
    found = StoredFiles([_row(file, place) for place, file in enumerate(files)])
    if found.rows:
        await _discard_unless_named(database, found.rows)
    try:
        for row, file in zip(found.rows, files, strict=True):
            await _put(storage, row.storage_key, file.content)
        yield found
    finally:
        if not found.are_kept:
            for row in found.rows:
                with suppress(OSError):  # the job does it
                    await storage.delete(row.storage_key)


async def _discard_unless_named(database: Database, rows: Sequence[Attachment]) -> None:
    """Have the bytes removed in a day if no row names them then, whatever happens until then."""
    # Nobody is called: the jobs are not for now.
    async with unit_of_work(database, lambda _records: None, AUTOMATION) as work:
        for row in rows:
            payload = {"storage_key": row.storage_key}
            work.enqueue(DISCARD, payload, run_at=work.now + UNATTACHED_KEPT_FOR)


async def _put(storage: FileStorage, key: str, content: bytes) -> None:
    try:
        await storage.put(key, content)
    except OSError as error:
        raise FilesNotStored(str(error)) from error


def _row(file: MailAttachment, place: int) -> Attachment:
    file_id = new_id()
    return Attachment(
        id=file_id,
        filename=file.filename,
        content_type=file.content_type,
        size=len(file.content),
        content_id=file.content_id,
        storage_key=FileStorage.key_of(file_id),
        position=place,
        created_at=clock.now(),
    )
