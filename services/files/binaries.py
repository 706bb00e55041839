"""Pictures, sound, films, PDF and RTF: formats that begin with a signature of their own."""

import re

from core.errors import FileRefusal
from services.files.endings import EndCheck
from services.files.formats import Format
from services.files.signatures import hides_another
from services.files.windows import Tail, Window
from services.files.zips import TAIL_BYTES, ZipEntries, ends_as_zip

# Long enough never to stand in packed data by chance: that happens once in ten million files.
_PAGE = re.compile(
    rb"<(?i:script[\s>/]|html[\s>]|!doctype\s{1,8}html|iframe[\s>/]|\?php\s"
    rb"|(?:body|img|svg)[\s/](?:[^<>]{0,64}[\s/])?on[a-z]{3})"  # what runs when it is shown
)
_LONGEST_PATTERN = 96


class BinaryCheck:
    """Checks that a file that begins as its format does ends so, and that nothing else hides."""

    def __init__(self, claimed: Format, head: bytes) -> None:
        self._has_another = hides_another(head)
        self._window = Window(_LONGEST_PATTERN)
        self._entries = ZipEntries()
        self._end = EndCheck(claimed.extension)
        self._tail = Tail(TAIL_BYTES)

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        self._has_another = self._has_another or _PAGE.search(self._window.slide(chunk)) is not None
        self._entries.feed(chunk)
        self._end.feed(chunk)
        self._tail.feed(chunk)

    def finish(self) -> FileRefusal | None:
        """Return why the file is refused, or nothing."""
        tail = self._tail.content
        has_zip = self._entries.is_there and ends_as_zip(tail, self._tail.size)
        if self._has_another or has_zip:
            return FileRefusal.SEVERAL_FORMATS
        return None if self._end.is_right(tail) else FileRefusal.CONTENT_MISMATCH
