"""Judging a file: first its name, then its bytes as they come."""

from collections.abc import Callable, Collection
from typing import Final, Protocol

from core.errors import FileRefusal
from services.files.binaries import BinaryCheck
from services.files.compound import CompoundCheck
from services.files.formats import (
    FORMATS,
    MACRO_EXTENSIONS,
    PAGE_EXTENSIONS,
    PROGRAM_EXTENSIONS,
    SERVER_EXTENSIONS,
    Container,
    Format,
    extension_of,
    inner_extensions_of,
)
from services.files.names import clean_filename, with_extension
from services.files.signatures import format_of, hides_another, is_page, is_program, is_signed_as
from services.files.texts import MailCheck, TextCheck
from services.files.verdicts import Accepted, Refused, Verdict
from services.files.zips import ZipCheck

# The header of a mail that went through ten servers fits in.
_HEAD_BYTES = 16 * 1024
# More at once would be held twice.
_SLICE_BYTES = 64 * 1024


class _ContentCheck(Protocol):
    """Looks at all bytes of a file, the head included, and then says why it is refused."""

    def feed(self, chunk: bytes) -> None: ...

    def finish(self) -> FileRefusal | None: ...


_CHECKS: Final[dict[Container, Callable[[Format, bytes], _ContentCheck]]] = {
    Container.OWN: BinaryCheck,
    Container.ZIP: ZipCheck,
    Container.COMPOUND: CompoundCheck,
    Container.TEXT: TextCheck,
    Container.MAIL: MailCheck,
}


def judge_name(filename: str | None, declared_type: str, allowed: Collection[str]) -> Verdict:
    """Judge a file by its name alone, before its bytes are there.

    `declared_type` is what the sender calls it: it names a file that has no name, and decides
    nothing. `allowed` are the extensions on the allow-list (services/file_formats.py).
    """
    name = clean_filename(filename, declared_type)
    reason = _refusal_of_name(name, allowed)
    if reason is not None:
        return Refused(name, reason)
    return Accepted(name, FORMATS[extension_of(name)].content_type)


def _refusal_of_name(name: str, allowed: Collection[str]) -> FileRefusal | None:
    extension = extension_of(name)
    inner = inner_extensions_of(name)
    if not extension:
        return FileRefusal.NO_EXTENSION
    if _is_dangerous(extension):
        is_disguised = any(one in FORMATS for one in inner)
        return FileRefusal.DOUBLE_EXTENSION if is_disguised else _refusal_of_dangerous(extension)
    if extension not in FORMATS or extension not in allowed:
        return FileRefusal.FORMAT_NOT_ALLOWED
    # Names often hold the name of a web site, which may end as old programs of DOS do.
    if any(_is_dangerous(one) for one in inner if one != "com"):
        return FileRefusal.DOUBLE_EXTENSION
    return None


def _is_dangerous(extension: str) -> bool:
    return _refusal_of_dangerous(extension) is not None


def _refusal_of_dangerous(extension: str) -> FileRefusal | None:
    if extension in PROGRAM_EXTENSIONS or extension in SERVER_EXTENSIONS:
        return FileRefusal.PROGRAM
    if extension in PAGE_EXTENSIONS:
        return FileRefusal.WEB_PAGE
    return FileRefusal.MACROS if extension in MACRO_EXTENSIONS else None


class Inspection:
    """Judges a file while its bytes pass by; keeps less than 256 KiB of them.

    Feed it all bytes in order, in chunks of any size, then ask for the verdict.
    """

    def __init__(self, filename: str | None, declared_type: str, allowed: Collection[str]) -> None:
        named = judge_name(filename, declared_type, allowed)
        self._filename = named.filename
        self._refusal = named.reason if isinstance(named, Refused) else None
        self._allowed = allowed
        self._head = bytearray()
        self._check: _ContentCheck | None = None

    @property
    def refusal(self) -> FileRefusal | None:
        """Why the file is refused, where its beginning tells: the rest need not come."""
        return self._refusal

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        for start in range(0, len(chunk), _SLICE_BYTES):
            self._look_at(chunk[start : start + _SLICE_BYTES])

    def finish(self) -> Verdict:
        """Return the verdict on all that was fed."""
        if self._check is None and self._refusal is None:
            self._begin()
        if self._check is not None and self._refusal is None:
            self._refusal = self._check.finish()
        if self._refusal is not None:
            return Refused(self._filename, self._refusal)
        return Accepted(self._filename, FORMATS[extension_of(self._filename)].content_type)

    def _look_at(self, chunk: bytes) -> None:
        if self._refusal is not None:
            return
        if self._check is not None:
            self._check.feed(chunk)
            return
        self._head += chunk
        if len(self._head) >= _HEAD_BYTES:
            self._begin()

    def _begin(self) -> None:
        """Judge the head, and choose who looks at all bytes from here on."""
        head = bytes(self._head)
        named = FORMATS[extension_of(self._filename)]
        found = format_of(named, head, self._allowed)
        if found is not named:
            self._filename = with_extension(self._filename, found.extension)
        self._refusal = _refusal_of_head(found, head)
        self._check = _CHECKS[found.container](found, head)
        self._check.feed(head)


def _refusal_of_head(claimed: Format, head: bytes) -> FileRefusal | None:
    if not head:
        return FileRefusal.EMPTY
    if is_program(head):
        return FileRefusal.PROGRAM
    if is_page(head):
        return FileRefusal.WEB_PAGE
    if claimed.container is Container.OWN and not is_signed_as(claimed.extension, head):
        return FileRefusal.SEVERAL_FORMATS if hides_another(head) else FileRefusal.CONTENT_MISMATCH
    return None


def inspect(
    filename: str | None, declared_type: str, content: bytes, allowed: Collection[str]
) -> Verdict:
    """Judge a file whose bytes are all there."""
    inspection = Inspection(filename, declared_type, allowed)
    inspection.feed(content)
    return inspection.finish()
