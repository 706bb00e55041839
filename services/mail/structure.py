"""The tree of parts that a mail consists of (RFC 2046).

The boundaries are looked for with one regular expression a level, in the bytes themselves: the
standard library's parser compares every line with the boundaries of all levels, fails on deep
nesting, and does not keep an attached mail as it was sent.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from services.mail.headers import Headers, parse_parameters, read_headers

# Forwarding a mail that was forwarded adds one or two levels a time.
_LEVELS = 30
# Mails with a hundred photographs exist.
_PARTS = 1_000

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_LIKELY_BOUNDARY = re.compile(rb"\n--([^\s-][^\r\n]{0,199}?)[ \t]*\r?\n(?=content-)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A part with its children, or with its body as it was sent, still encoded.

    `disposition` is "attachment", "inline", another keyword or empty. `filename` is what the
    sender calls it, not yet safe to use.
    """

    headers: Headers
    content_type: str
    parameters: Mapping[str, str]
    disposition: str
    filename: str | None
    body: bytes = b""
    children: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Structure:
    """A mail taken apart; `is_cut` tells whether it had more parts than are read."""

    root: Part
    body_start: int
    is_cut: bool


def read_structure(content: bytes) -> Structure:
    """Take a mail apart. Never raises: what cannot be divided is one part of plain text."""
    reader = _StructureReader(content)
    root, body_start = reader.read(0, len(content), "text/plain", level=0)
    return Structure(root, body_start, is_cut=reader.is_cut)


class _StructureReader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._parts_left = _PARTS
        self.is_cut = False

    def read(self, start: int, end: int, default_type: str, level: int) -> tuple[Part, int]:
        """Return the part between two places, and the place where its body begins."""
        headers, body_start = read_headers(self._content, start, end)
        type_field = headers.first("content-type")
        disposition_field = headers.first("content-disposition")
        parameters = parse_parameters(type_field)
        filename = parse_parameters(disposition_field).get("filename") or parameters.get("name")
        content_type = headers.token("content-type") or default_type
        children: tuple[Part, ...] = ()
        if content_type.startswith("multipart/") and level < _LEVELS:
            children = tuple(
                self._read_children(body_start, end, content_type, parameters, level + 1)
            )
            content_type = content_type if children else "text/plain"
        part = Part(
            headers=headers,
            content_type=_valid_type(content_type, is_file=filename is not None),
            parameters=parameters,
            disposition=headers.token("content-disposition"),
            filename=filename,
            body=b"" if children else self._content[body_start:end],
            children=children,
        )
        return part, body_start

    def _read_children(
        self, start: int, end: int, content_type: str, parameters: Mapping[str, str], level: int
    ) -> Iterator[Part]:
        default_type = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
        for child_start, child_end in self._divide(start, end, parameters.get("boundary", "")):
            if self._parts_left <= 0:
                self.is_cut = True
                return
            self._parts_left -= 1
            yield self.read(child_start, child_end, default_type, level)[0]

    def _divide(self, start: int, end: int, declared: str) -> list[tuple[int, int]]:
        boundary = declared.strip().encode("utf-8", "replace")
        spans = self._first_spans(start, end, boundary) if boundary else []
        if spans:
            return spans
        likely = _LIKELY_BOUNDARY.search(self._content, max(start - 1, 0), end)
        return self._first_spans(start, end, likely[1]) if likely else []

    def _first_spans(self, start: int, end: int, boundary: bytes) -> list[tuple[int, int]]:
        # One more than are read tells that there are more.
        return list(islice(self._spans(start, end, boundary), self._parts_left + 1))

    def _spans(self, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
        """Give the places between the lines of a boundary; the line break before one is its own."""
        pattern = re.compile(rb"\n--" + re.escape(boundary) + rb"(--)?[ \t]*\r?(?=\n|\Z)")
        opened = None
        # The line break of the blank line after the header may be that of the first boundary.
        for match in pattern.finditer(self._content, max(start - 1, 0), end):
            if opened is not None:
                closed = match.start() - self._content.startswith(b"\r", match.start() - 1)
                yield min(opened, closed), closed
            if match[1]:
                return
            opened = match.end() + 1
        if opened is not None:
            yield min(opened, end), end


def _valid_type(content_type: str, *, is_file: bool) -> str:
    if _MEDIA_TYPE.fullmatch(content_type):
        return content_type
    return "application/octet-stream" if is_file else "text/plain"
