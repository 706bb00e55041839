"""Zips, and the documents that are zips: what is in them, and whether they are only that.

Nothing is unpacked: a zip that would fill the disk is as harmless here as any other.
"""

import struct
from typing import Final

from core.errors import FileRefusal
from services.files.formats import PROGRAM_EXTENSIONS, Format
from services.files.names import plain_extensions
from services.files.windows import Tail, Window

_LOCAL = b"PK\x03\x04"
_CENTRAL = b"PK\x01\x02"
_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_LOCATOR_64 = b"PK\x06\x07"

# APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16.
_CENTRAL_BYTES = 46
_NAME_LENGTH_AT = 28
_END_RECORD: Final = struct.Struct("<4s4H2LH")
_LOCATOR_64_RECORD: Final = struct.Struct("<4sLQL")
_COMMENT_BYTES = 65_535
# PATH_MAX of Linux; systems write no file whose path is longer.
_NAME_BYTES = 4_096
TAIL_BYTES: Final = _END_RECORD.size + _COMMENT_BYTES  # where a zip has its end
# Twenty MiB hold no more entries with their files; whoever sends more wants to waste time.
_ENTRIES_READ = 300_000
# A zip within the tail of another file has few ends; more are there to waste time.
_ENDS_TRIED = 16

_PROGRAM_NAMES = {b"meta-inf/manifest.mf", b"androidmanifest.xml", b"classes.dex"}
_MACRO_FOLDERS = (b"basic/", b"scripts/", b"xl/macrosheets/")
_OOXML_INDEX = b"[content_types].xml"
_OOXML_FOLDERS = (b"word/", b"xl/", b"ppt/")
_OOXML_FOLDER_OF = {"d": b"word", "x": b"xl", "p": b"ppt"}  # by the extension's first letter
_MIMETYPE = b"mimetype"
_MIMETYPE_NAME_AT = 30
_LOCAL_LENGTHS_AT = 22
_LOCAL_LENGTHS: Final = struct.Struct("<L2H")


class ZipEntries:
    """Reads the names in a zip's directory as it passes by, wherever in a file it stands."""

    def __init__(self) -> None:
        self._window = Window(_CENTRAL_BYTES + _NAME_BYTES)
        self._size = 0
        self._unread_at = 0
        self._read = 0
        self._name_bytes = 0
        self.is_there = False
        self.is_endless = False
        self.has_program = False
        self.has_macros = False
        self.has_ooxml_index = False
        self.ooxml_folders: set[bytes] = set()

    def feed(self, chunk: bytes) -> None:
        """Read the names in the next bytes."""
        window = self._window.slide(chunk)
        self._size += len(chunk)
        first = self._size - len(window)
        unread = len(window) - len(_CENTRAL) + 1  # a signature may be cut
        at = window.find(_CENTRAL, max(0, self._unread_at - first))
        while at >= 0 and not self.is_endless:
            if not self._read_entry(window, at):
                unread = min(unread, at)
            at = window.find(_CENTRAL, at + len(_CENTRAL))
        self._unread_at = first + unread

    def _read_entry(self, window: bytes, at: int) -> bool:
        """Read the entry at this place of the window; tell whether it is there as a whole."""
        self.is_there = True
        length_at, name_at = at + _NAME_LENGTH_AT, at + _CENTRAL_BYTES
        length = int.from_bytes(window[length_at : length_at + 2], "little")
        end = name_at + min(length, _NAME_BYTES)
        if end > len(window):
            return False  # the next window has it whole
        self._note(window[name_at:end].lower())
        return True

    def _note(self, name: bytes) -> None:
        self._read += 1
        self._name_bytes += len(name)
        # Names take more room than there is where they overlap, which is to waste time as well.
        self.is_endless = self._read > _ENTRIES_READ or self._name_bytes > self._size
        is_program = not PROGRAM_EXTENSIONS.isdisjoint(plain_extensions(_decoded(name)))
        self.has_program |= is_program or name in _PROGRAM_NAMES
        self.has_macros |= name.endswith(b"vbaproject.bin") or name.startswith(_MACRO_FOLDERS)
        self.has_ooxml_index |= name == _OOXML_INDEX
        if name.startswith(_OOXML_FOLDERS):
            self.ooxml_folders.add(name.partition(b"/")[0])


def _decoded(name: bytes) -> str:
    """Return a name of an entry: in UTF-8, or in the character set of DOS (appendix D)."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("cp437")


class ZipCheck:
    """Checks a file that has to be a zip, or a document of an office program that is one."""

    def __init__(self, claimed: Format, head: bytes) -> None:
        self._format = claimed
        self._head = head
        self._entries = ZipEntries()
        self._tail = Tail(TAIL_BYTES)

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        self._entries.feed(chunk)
        self._tail.feed(chunk)

    def finish(self) -> FileRefusal | None:
        """Return why the file is refused, or nothing."""
        if self._entries.has_program:
            return FileRefusal.PROGRAM
        tail = self._tail.content
        if _END not in tail or self._entries.is_endless:
            return FileRefusal.CONTENT_MISMATCH
        if not self._head.startswith((_LOCAL, _END)) or not _is_whole(tail, self._tail.size):
            return FileRefusal.SEVERAL_FORMATS
        if self._entries.has_macros:
            return FileRefusal.MACROS
        return None if self._is_of_format() else FileRefusal.CONTENT_MISMATCH

    def _is_of_format(self) -> bool:
        extension = self._format.extension
        if extension == "zip":
            return True
        if extension.startswith("od"):
            return _declared_type(self._head) == self._format.content_type.encode()
        folder = _OOXML_FOLDER_OF[extension[0]]
        return self._entries.has_ooxml_index and folder in self._entries.ooxml_folders


def ends_as_zip(tail: bytes, size: int) -> bool:
    """Tell whether a reader of zips would open a file of this size that ends like this."""
    at = len(tail)
    for _ in range(_ENDS_TRIED):
        at = tail.rfind(_END, 0, at)
        if at < 0:
            break
        if len(tail) - at >= _END_RECORD.size:
            entries, length, offset = _END_RECORD.unpack_from(tail, at)[4:7]
            directory_at = size - len(tail) + at - length
            if entries and 0 <= offset <= directory_at:
                return True
    return False


def _is_whole(tail: bytes, size: int) -> bool:
    """Tell whether a zip has nothing before its first and after its last byte."""
    at = tail.rfind(_END)
    if len(tail) - at < _END_RECORD.size:
        return False
    _, _, _, _, _, length, offset, comment = _END_RECORD.unpack_from(tail, at)
    # Mail servers and old disks leave such bytes behind.
    if tail[at + _END_RECORD.size + comment :].strip(b"\0\r\n\x1a "):
        return False
    first = size - len(tail)
    located = at - _LOCATOR_64_RECORD.size
    if located >= 0 and tail.startswith(_LOCATOR_64, located):
        return _is_whole_64(tail, first, _LOCATOR_64_RECORD.unpack_from(tail, located)[2])
    return bool(offset + length == first + at)


def _is_whole_64(tail: bytes, first: int, record_offset: int) -> bool:
    """Tell the same of a zip that is written as large ones are, however small it may be."""
    at = record_offset - first
    if at < 0 or not tail.startswith(_END_64, at):
        return False
    # Section 4.3.14: the directory's size and its offset are the eight bytes each from 40 on.
    length, offset = struct.unpack_from("<2Q", tail.ljust(at + 56, b"\0"), at + 40)
    return bool(offset + length == record_offset)


def _declared_type(head: bytes) -> bytes:
    """Return what an OpenDocument file says it is: its first entry, which is not packed."""
    if not head.startswith(_MIMETYPE, _MIMETYPE_NAME_AT):
        return b""
    length, name_length, extra_length = _LOCAL_LENGTHS.unpack_from(head, _LOCAL_LENGTHS_AT)
    start = _MIMETYPE_NAME_AT + name_length + extra_length
    return head[start : start + length]
