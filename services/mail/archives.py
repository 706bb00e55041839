"""Mails in files and folders: single mails, mbox files, Maildir, and trees of all of these."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from services.mail.limits import MAIL_BYTES
from services.mail.mbox import split_mbox

_HEAD_BYTES = 4_096
_MBOX = re.compile(rb"\s*From \S")
_HEADER = re.compile(rb"(?:\xef\xbb\xbf)?\s*[!-9;-~]{1,76}[ \t]*:")
_MAILDIR = frozenset({"cur", "new"})
_TOO_LARGE = f"it is larger than {MAIL_BYTES // 1024**2} MiB"


@dataclass(frozen=True, slots=True)
class RawMail:
    """A mail as it lies in an archive.

    `source` says where, for people: "inbox.mbox#17". `position` is how many bytes of the archive
    have been read with it, out of its `archive_size`.
    """

    source: str
    content: bytes
    position: int


@dataclass(frozen=True, slots=True)
class SkippedSource:
    """Something in an archive that is not read, and why, for people."""

    source: str
    reason: str
    position: int


def archive_size(path: Path) -> int:
    """Return the size of an archive in bytes, for a progress bar."""
    return sum(_size(file) for file in _files(path))


def read_archive(path: Path) -> Iterator[RawMail | SkippedSource]:
    """Give the mails of a file or folder in the order of their names, one in memory at a time.

    What is no mail, cannot be read, or is larger than 64 MiB is reported in its place. Raises
    FileNotFoundError if there is nothing at `path`.
    """
    root = path if path.is_dir() else path.parent
    position = 0
    for file in _files(path):
        source = os.fsencode(file.relative_to(root)).decode("utf-8", "replace")
        try:
            yield from _read_file(file, source, position)
        except OSError as error:
            yield SkippedSource(source, error.strerror or repr(error), position + _size(file))
        position += _size(file)


def _files(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise FileNotFoundError(path)
    if not path.is_dir():
        yield path
        return
    for folder, subfolders, names in os.walk(path):
        is_maildir = _MAILDIR.issubset(subfolders)
        if is_maildir and "tmp" in subfolders:
            # Deliveries that are not finished.
            subfolders.remove("tmp")
        subfolders.sort()
        # Beside its folders, a Maildir holds the indexes of mail servers.
        for name in [] if is_maildir else sorted(names):
            yield Path(folder, name)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _read_file(file: Path, source: str, position: int) -> Iterator[RawMail | SkippedSource]:
    size = _size(file)
    if file.exists() and not file.is_file():
        # Opening a pipe would wait for ever.
        yield SkippedSource(source, "it is no regular file", position)
        return
    with file.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
        stream.seek(0)
        if _MBOX.match(head):
            yield from _read_mbox(stream, source, position)
        elif not _HEADER.match(head):
            reason = "it does not begin with the header of a mail" if head else "it is empty"
            yield SkippedSource(source, reason, position + size)
        elif size > MAIL_BYTES:
            yield SkippedSource(source, _TOO_LARGE, position + size)
        else:
            yield RawMail(source, stream.read(MAIL_BYTES), position + size)


def _read_mbox(stream: BinaryIO, source: str, position: int) -> Iterator[RawMail | SkippedSource]:
    for number, entry in enumerate(split_mbox(stream), start=1):
        name = f"{source}#{number}"
        if entry.content is None:
            yield SkippedSource(name, _TOO_LARGE, position + entry.end)
        else:
            yield RawMail(name, entry.content, position + entry.end)
