"""Which files of a mail the desk keeps. What it does not keep is named on the message."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.attachments import FILE_BYTES
from models.messages import FileOmission
from services.files.inspection import inspect
from services.files.verdicts import Refused
from services.mail.parsing import MailAttachment

# Five is for those who can be told to send fewer. Nobody can ask a mail to come again: this is what
# a mail program on a telephone puts into one when it is asked for the photographs of an accident.
FILES_PER_MAIL = 25


@dataclass(frozen=True, slots=True)
class SortedFiles:
    """The files to keep, with names and types that are ours, and what is said of the others."""

    kept: Sequence[MailAttachment]
    omitted: Sequence[dict[str, Any]]


def sort_files(files: Iterable[MailAttachment], allowed: Collection[str]) -> SortedFiles:
    """Judge the files of a mail; `allowed` are the extensions on the allow-list."""
    kept: list[MailAttachment] = []
    omitted: list[dict[str, Any]] = []
    for file in files:
        judged = _judge(file, allowed, has_room=len(kept) < FILES_PER_MAIL)
        if isinstance(judged, MailAttachment):
            kept.append(judged)
        else:
            size = len(file.content)
            omitted.append({"filename": file.filename, "size": size, "reason": judged.value})
    return SortedFiles(kept, omitted)


def _judge(
    file: MailAttachment, allowed: Collection[str], *, has_room: bool
) -> MailAttachment | FileOmission:
    if len(file.content) > FILE_BYTES:
        return FileOmission.TOO_LARGE
    verdict = inspect(file.filename, file.content_type, file.content, allowed)
    if isinstance(verdict, Refused):
        return FileOmission(verdict.reason.value)
    if not has_room:
        return FileOmission.TOO_MANY
    return replace(file, filename=verdict.filename, content_type=verdict.content_type)
