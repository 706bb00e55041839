"""The part of a file that a client wants (RFC 9110, section 14), and whether it wants any."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=[ \t]*(\d{0,19})-(\d{0,19})[ \t]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from `start` up to `end`, which is not part of them."""

    start: int
    end: int
    is_all: bool

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self.end - self.start


def is_held_already(headers: Mapping[str, str], etag: str) -> bool:
    """Tell whether the client has this version of a file (RFC 9110, section 13.1.2)."""
    held = {one.strip().removeprefix("W/") for one in headers.get("if-none-match", "").split(",")}
    return etag in held or "*" in held


def requested_part(headers: Mapping[str, str], size: int, etag: str) -> Part | None:
    """Return what to send of a file of so many bytes; None where the range is outside of it.

    As the RFC allows, several ranges, a range of something else, and one for another version of the
    file are answered with all of it.
    """
    whole = Part(0, size, is_all=True)
    found = _ONE_RANGE.fullmatch(headers.get("range", ""))
    if found is None or found.groups() == ("", "") or headers.get("if-range", etag) != etag:
        return whole
    first, last = found.groups()
    if not first:
        return _within(max(0, size - int(last)), size, size)
    if last and int(last) < int(first):
        return whole
    return _within(int(first), min(int(last) + 1, size) if last else size, size)


def _within(start: int, end: int, size: int) -> Part | None:
    return Part(start, end, is_all=False) if start < size and start < end else None
