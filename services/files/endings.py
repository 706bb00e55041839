"""How files end: one that was cut off, or goes on behind its end, ends otherwise."""

from dataclasses import dataclass
from typing import Final

from services.files.windows import Window


@dataclass(frozen=True, slots=True)
class _End:
    """The mark at the end of a format.

    It stands within the last `within` bytes, before `padding`; or anywhere, where that is None.
    """

    mark: bytes
    within: int | None
    padding: bytes = b""


# Telephones put films, second photos and notes of their own behind a photo.
_JPEG = _End(b"\xff\xd9", within=None)
_ENDS: Final = {
    # An empty block; then a semicolon, which old programs write twice or leave out.
    "gif": _End(b"\0", within=1, padding=b";"),
    "jfif": _JPEG,
    "jpeg": _JPEG,
    "jpg": _JPEG,
    # Readers of PDF look this far for it (Adobe, PDF Reference 1.7, appendix H).
    "pdf": _End(b"%%EOF", within=1_024, padding=b"\0\t\n\f\r "),
    # The last chunk: no data, its name, and a checksum that is always the same.
    "png": _End(b"\0\0\0\0IEND\xaeB`\x82", within=12),
}
_LONGEST_MARK = 12


class EndCheck:
    """Checks that a file ends as its format does, where the format says how."""

    def __init__(self, extension: str) -> None:
        self._end = _ENDS.get(extension)
        self._window = Window(_LONGEST_MARK)
        self._is_there = False

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        if self._end is not None and self._end.within is None and not self._is_there:
            self._is_there = self._end.mark in self._window.slide(chunk)

    def is_right(self, tail: bytes) -> bool:
        """Tell whether the file, which has these last bytes, ends right."""
        if self._end is None:
            return True
        if self._end.within is None:
            return self._is_there
        return self._end.mark in tail.rstrip(self._end.padding)[-self._end.within :]
