"""Compound files ([MS-CFB]): what Word, Excel, PowerPoint and Outlook wrote for twenty years."""

from typing import Final

from core.errors import FileRefusal
from services.files.formats import Format
from services.files.windows import Window
from services.files.zips import ZipEntries

_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _entry(name: str) -> bytes:
    """Return a name as the directory of a compound file holds it."""
    return name.encode("utf-16-le")


# The stream that makes a compound file one of a format: [MS-DOC], [MS-XLS], [MS-PPT], [MS-OXMSG].
_MAIN_STREAMS: Final = {
    "doc": (_entry("WordDocument"),),
    "msg": (_entry("__properties_version1.0"),),
    "pps": (_entry("PowerPoint Document"),),
    "ppt": (_entry("PowerPoint Document"),),
    "xls": (_entry("Workbook"), _entry("Book\0")),
}
_MACROS = _entry("_VBA_PROJECT")  # [MS-OVBA], section 2.2.1
# The class of a package of Windows Installer: {000C1084-0000-0000-C000-000000000046}.
_INSTALLER = bytes.fromhex("84100c0000000000c000000000000046")
_LONGEST_PATTERN = 64


class CompoundCheck:
    """Checks a file that has to be a compound file. Zips may be in it, as pictures in a text."""

    def __init__(self, claimed: Format, head: bytes) -> None:
        self._begins_right = head.startswith(_SIGNATURE)
        self._main_streams = _MAIN_STREAMS[claimed.extension]
        self._window = Window(_LONGEST_PATTERN)
        self._entries = ZipEntries()
        self._has_main_stream = False
        self._has_macros = False
        self._is_installer = False

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        window = self._window.slide(chunk)
        self._has_main_stream |= any(stream in window for stream in self._main_streams)
        self._has_macros |= _MACROS in window
        self._is_installer |= _INSTALLER in window
        self._entries.feed(chunk)

    def finish(self) -> FileRefusal | None:
        """Return why the file is refused, or nothing."""
        if not self._begins_right or self._entries.is_endless:
            return FileRefusal.CONTENT_MISMATCH
        if self._is_installer or self._entries.has_program:
            return FileRefusal.PROGRAM
        if self._has_macros:
            return FileRefusal.MACROS
        return None if self._has_main_stream else FileRefusal.CONTENT_MISMATCH
