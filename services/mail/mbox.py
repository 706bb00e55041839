"""Mailboxes in one file: mboxo, mboxrd, and what programs make of them (RFC 4155)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, pairwise
from typing import BinaryIO

from services.mail.headers import KNOWN_FIELD
from services.mail.limits import MAIL_BYTES

# What follows this in a line is read as its continuation, so that no line fills the memory.
_LINE_BYTES = 64 * 1024

_BLANK_LINES = (b"\n", b"\r\n")
# As asctime writes it, with a weekday; Google's archives put the zone before the year.
_DATED = re.compile(
    rb"From .{0,300}\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? .{0,40}\b\d\d?:\d\d.{0,20}\b(?:19|20)\d\d\b"
)
_ANY_FIELD = re.compile(rb"[!-9;-~]{1,76}:(?!//)")
_QUOTED = re.compile(rb">+From ")


@dataclass(frozen=True, slots=True)
class MboxEntry:
    """One mail of a mailbox: its bytes, or None if it is larger than a mail may be.

    `end` is the place in the file where it ends, in bytes.
    """

    content: bytes | None
    end: int


def split_mbox(stream: BinaryIO) -> Iterator[MboxEntry]:
    """Give the mails of a mailbox one by one, reading each byte once.

    The first line that is not blank separates, whatever it is. Later, "From " begins a mail where
    the line has a date and the next line is a header field, and also without a date where a blank
    line stands before it and a well-known field behind it. A mail that somebody pasted into
    another with all its header, unquoted, is the one case in which this is wrong.

    One `>` is taken away from ">From ", ">>From " and so on, as mboxrd demands. In an mboxo file
    this takes a quotation mark too much from a line that the sender had quoted; nothing in the
    file tells the two apart.
    """
    lines: list[bytes] = []
    size = 0
    end = 0
    previous = b""
    has_begun = False
    read_line = partial(stream.readline, _LINE_BYTES)
    for line, following in pairwise(chain(iter(read_line, b""), [b""])):
        if not has_begun:
            has_begun = line not in _BLANK_LINES
        elif _separates(previous, line, following):
            yield MboxEntry(_join(lines, size), end)
            lines, size = [], 0
        elif size <= MAIL_BYTES:
            lines.append(_unquote(line))
            size += len(line)
        end += len(line)
        previous = line
    if has_begun:
        yield MboxEntry(_join(lines, size), end)


def _separates(previous: bytes, line: bytes, following: bytes) -> bool:
    if not (line.startswith(b"From ") and previous.endswith(b"\n")):
        return False
    if _DATED.match(line):
        return _ANY_FIELD.match(following) is not None
    return previous in _BLANK_LINES and KNOWN_FIELD.match(following) is not None


def _unquote(line: bytes) -> bytes:
    return line[1:] if line.startswith(b">") and _QUOTED.match(line) else line


def _join(lines: list[bytes], size: int) -> bytes | None:
    if size > MAIL_BYTES:
        return None
    if lines and lines[-1] in _BLANK_LINES:
        # It belongs to the separator.
        lines.pop()
    return b"".join(lines)
