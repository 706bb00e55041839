"""Uploads: a file is announced, then its bytes arrive, and then it may be attached."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from secrets import token_hex
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update

from core.database import Database
from core.errors import FieldErrorCode, FileRefused, LimitReached, NotAllowed, NotFound
from models.actors import ActorKind
from models.attachments import (
    CONTENT_TYPE_CHARACTERS,
    FILE_BYTES,
    UNATTACHED_KEPT_FOR,
    Attachment,
    stands_nowhere,
)
from models.viewers import ApiScope, Viewer
from services.directory import once_of
from services.file_formats import allowed_extensions
from services.files.inspection import Inspection, judge_name
from services.files.verdicts import Accepted, Refused
from services.idempotency import create_once
from services.live_chats.uploads import is_let_in, refuse_flood, refuse_flood_of_all
from services.storage.file_storage import FileStorage
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

# Twenty full forms of five files: more than anybody has in hand, and 2 GB at most.
UNATTACHED_PER_UPLOADER = 100
# 20 MiB take 12 minutes at 256 kbit/s; and the form may be filled in before that.
UPLOAD_LIFETIME = timedelta(hours=1)
# A phone that loses its connection every two minutes. Each try may leave bytes behind, and a job.
TRIES_PER_UPLOAD = 30
# Names are shortened to what file systems take; this is what is read of one.
NAME_CHARACTERS = 1_000
DISCARD = "discard_files"
_SUFFIX_BYTES = 4


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What somebody says of a file that they are about to send. `size` is in bytes."""

    filename: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class AwaitedFile:
    """A file whose bytes are arriving: they are kept under `storage_key`, nobody else's."""

    attachment_id: UUID
    filename: str
    size: int
    storage_key: str
    inspection: Inspection


class AlreadyUploaded(Exception):
    """The bytes of this file are here."""


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewUpload, *, idempotency_key: str | None = None
) -> Attachment:
    """Announce a file, whose bytes are awaited for an hour.

    Raises NotAllowed for who may write neither messages nor notes, ValidationFailed for a size that
    no file has, FileRefused for a name that the desk takes no file of, and LimitReached for who has
    uploaded 100 files that stand nowhere. For the customer of a chat there are other limits.
    """
    writes = viewer.may(ApiScope.MESSAGES_WRITE) or viewer.may(ApiScope.NOTES_WRITE)
    if not (writes or viewer.is_customer):
        raise NotAllowed
    once = once_of("attachmentUploadCreate", idempotency_key, new)
    return await create_once(work, once, Attachment, partial(_create, work, viewer, new))


async def _create(work: UnitOfWork, viewer: Viewer, new: NewUpload, row_id: UUID) -> Attachment:
    check = InputCheck()
    filename = check.line("filename", new.filename, NAME_CHARACTERS)
    content_type = check.line("contentType", new.content_type, CONTENT_TYPE_CHARACTERS)
    if new.size <= 0:
        check.refuse("size", FieldErrorCode.OUT_OF_RANGE, 1, new.size)
    if new.size > FILE_BYTES:
        check.refuse("size", FieldErrorCode.OUT_OF_RANGE, FILE_BYTES, new.size)
    check.raise_problems()
    verdict = judge_name(filename, content_type, await allowed_extensions(work.session))
    if isinstance(verdict, Refused):
        raise FileRefused(verdict.reason)
    if viewer.conversation_id is None:
        await _refuse_hoard(work)
    else:
        await refuse_flood(work, viewer, viewer.conversation_id, new.size)
    attachment = Attachment(
        id=row_id,
        filename=verdict.filename,
        content_type=verdict.content_type,
        size=new.size,
        storage_key="",
        uploader_kind=work.actor.kind,
        uploader_id=work.actor.id,
        awaited_until=work.now + UPLOAD_LIFETIME,
        created_at=work.now,
    )
    work.session.add(attachment)
    await work.session.flush()
    return attachment


async def _refuse_hoard(work: UnitOfWork) -> None:
    theirs = select(func.count()).where(
        stands_nowhere(),
        Attachment.uploader_id == work.actor.id,
        Attachment.uploader_kind == work.actor.kind,
    )
    if (await work.session.scalar(theirs) or 0) >= UNATTACHED_PER_UPLOADER:
        raise LimitReached(UNATTACHED_PER_UPLOADER)


async def begin(work: UnitOfWork, attachment_id: UUID) -> AwaitedFile:
    """Give the bytes of a file, which begin to arrive, a place of their own in the storage.

    Who sends them twice at once does not mix them up: the later beginning counts. Raises
    AlreadyUploaded, and NotFound for a file that is not awaited any more: it was tried too often,
    or the chat of the customer who announced it is closed to them. Raises Unavailable for the
    customer of a chat while too much has arrived from all of them.
    """
    attachment = await work.session.scalar(
        select(Attachment).where(Attachment.id == attachment_id).with_for_update()
    )
    if attachment is None or not await _is_wanted(work, attachment):
        raise NotFound
    if attachment.awaited_until is None:
        raise AlreadyUploaded
    if attachment.tries >= TRIES_PER_UPLOAD:
        raise NotFound
    if attachment.uploader_kind is ActorKind.CUSTOMER:
        await refuse_flood_of_all(work, attachment.size)
    attachment.tries += 1
    if attachment.storage_key:
        _discard_later(work, attachment.storage_key, after=UNATTACHED_KEPT_FOR)
    key = FileStorage.key_of(attachment_id)
    attachment.storage_key = f"{key}-{token_hex(_SUFFIX_BYTES)}"
    allowed = await allowed_extensions(work.session)
    return AwaitedFile(
        attachment_id,
        attachment.filename,
        attachment.size,
        attachment.storage_key,
        Inspection(attachment.filename, attachment.content_type, allowed),
    )


async def _is_wanted(work: UnitOfWork, attachment: Attachment) -> bool:
    is_of_chat = attachment.uploader_kind is ActorKind.CUSTOMER
    return not is_of_chat or await is_let_in(work, attachment.uploader_id)


async def finish(work: UnitOfWork, awaited: AwaitedFile, verdict: Accepted) -> None:
    """Let a file whose bytes are in the storage be attached. Raises AlreadyUploaded."""
    stored = await work.session.execute(
        update(Attachment)
        .where(
            Attachment.id == awaited.attachment_id,
            Attachment.storage_key == awaited.storage_key,
            Attachment.awaited_until.is_not(None),
        )
        .values(awaited_until=None, filename=verdict.filename, content_type=verdict.content_type)
        .returning(Attachment.id)
    )
    if stored.first() is None:
        raise AlreadyUploaded


def unattached(now: datetime) -> Select[UUID]:
    """Return the query for the ids of files that have stood nowhere for a day."""
    return select(Attachment.id).where(
        stands_nowhere(), Attachment.created_at < now - UNATTACHED_KEPT_FOR
    )


async def remove_unattached(work: UnitOfWork, attachment_id: UUID) -> None:
    """Remove a file that has stood nowhere for a day, if it stands nowhere still.

    Its bytes go by a job of the same transaction: a crash leaves no row without its bytes, and no
    bytes without a row or a job.
    """
    removed = await work.session.execute(
        delete(Attachment)
        .where(Attachment.id == attachment_id, stands_nowhere())
        .returning(Attachment.storage_key)
    )
    storage_key = removed.scalar_one_or_none()
    if storage_key:  # those that have never begun to arrive have none
        _discard_later(work, storage_key)


async def discard(database: Database, storage: FileStorage, payload: dict[str, Any]) -> None:
    """Remove the bytes of a file, unless a row still names them: a copy does."""
    key = payload["storage_key"]
    async with database.reading() as connection:
        named = select(Attachment.id).where(Attachment.storage_key == key).limit(1)
        if (await connection.execute(named)).first() is not None:
            return
    await storage.delete(key)


def _discard_later(work: UnitOfWork, key: str, *, after: timedelta = timedelta(0)) -> None:
    work.enqueue(DISCARD, {"storage_key": key}, run_at=work.now + after)
