"""The header fields of a mail or of one of its parts, as bytes, and their values as text."""

import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from services.mail.charsets import decode_text
from services.mail.transfer import decode_base64

# Beyond this nothing is kept of a field: 1,500 recipients, or a chain of 800 references.
_VALUE_BYTES = 64 * 1024
# Relays add some 50 fields to what a mail program writes.
_FIELDS = 1_000

# RFC 5322, section 2.2, with lines that end in LF or CRLF.
_FIELD = re.compile(rb"([!-9;-~]{1,76})[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)")
_BLANK_LINE = re.compile(rb"\r?\n")
_END_OF_HEADER = re.compile(rb"\n\r?\n")
KNOWN_FIELD = re.compile(
    rb"(?:from|to|cc|bcc|subject|date|message-id|in-reply-to|references|reply-to|sender|received"
    rb"|return-path|delivered-to|status|mime-version|content-[a-z-]{1,40}|x-[!-9;-~]{1,76})[ \t]*:",
    re.IGNORECASE,
)

# RFC 2047, section 2. Not so strict: programs put spaces and question marks into the text.
_ENCODED_WORD = re.compile(rb"=\?([^?\s]{1,64})\?([bq])\?(.*?)\?=", re.IGNORECASE | re.DOTALL)

# RFC 2045, section 5.1, and the continuations and character sets of RFC 2231. Not so strict: a
# file's name may hold spaces without quotation marks, and the closing mark may be missing.
_PARAMETER = re.compile(
    rb';\s*+([^\s=;*]{1,64})(?:\*(\d{1,3}))?(\*)?\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^;]*+))',
    re.DOTALL,
)
_QUOTED_PAIR = re.compile(rb'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Headers:
    """Fields by their name in lower case. A value is unfolded, and otherwise as it was sent."""

    fields: Mapping[str, Sequence[bytes]]

    def first(self, name: str) -> bytes:
        """Return the value of the first field of this name, empty if there is none."""
        return self.all(name)[0] if name in self.fields else b""

    def all(self, name: str) -> Sequence[bytes]:
        """Return the values of all fields of this name, in their order."""
        return self.fields.get(name, ())

    def token(self, name: str) -> str:
        """Return the first word of a field of keywords, in lower case, without its parameters."""
        return keyword(self.first(name))


def read_headers(content: bytes, start: int, end: int) -> tuple[Headers, int]:
    """Return the header fields of `content[start:end]` and the place where its body begins.

    A line that is no field, in the midst of fields, is skipped: programs break long lines wrongly.
    Elsewhere it is the body, which the blank line should have come before.
    """
    fields: dict[str, list[bytes]] = {}
    position = start
    for _ in range(_FIELDS):
        if field := _FIELD.match(content, position, end):
            value = content[field.start(2) : min(field.end(2), field.start(2) + _VALUE_BYTES)]
            fields.setdefault(field[1].decode("ascii").lower(), []).append(_unfold(value))
            position = field.end()
        elif blank_line := _BLANK_LINE.match(content, position, end):
            return Headers(fields), blank_line.end()
        else:
            next_line = content.find(b"\n", position, end) + 1
            if not next_line or not KNOWN_FIELD.match(content, next_line, end):
                return Headers(fields), min(position, end)
            position = next_line
    rest = _END_OF_HEADER.search(content, max(position - 1, start), end)
    return Headers(fields), rest.end() if rest else end


def decode_header(value: bytes, hint: str | None = None) -> str:
    """Return a field's value as text: encoded words (RFC 2047), raw bytes, and both mixed.

    `hint` is the character set that raw bytes are likely to be in. White space between two encoded
    words is none (section 6.2), and a character split between them is put together again.
    """
    runs: list[tuple[str | None, bytes]] = []
    position = 0
    # Where no word can end, none begins: without this bound each false start would look for one.
    for word in _ENCODED_WORD.finditer(value, 0, value.rfind(b"?=") + 2):
        between = value[position : word.start()]
        if not runs or between.strip():
            runs.append((None, between))
        charset = word[1].partition(b"*")[0].decode("ascii", "replace").lower()
        decoded = _decode_word(word[2], word[3])
        if runs[-1][0] == charset:
            decoded = runs.pop()[1] + decoded
        runs.append((charset, decoded))
        position = word.end()
    runs.append((None, value[position:]))
    return "".join(decode_text(raw, charset, hint) for charset, raw in runs)


def keyword(value: bytes) -> str:
    """Return what stands before the parameters and comments of a value, in lower case."""
    words = value.partition(b";")[0].split()
    return words[0].decode("ascii", "replace").lower() if words else ""


def parse_parameters(value: bytes) -> dict[str, str]:
    """Return the parameters of a Content-Type or Content-Disposition by name, in lower case."""
    pieces: dict[str, dict[int, tuple[bool, bytes]]] = {}
    for match in _PARAMETER.finditer(value):
        name = match[1].decode("ascii", "replace").lower()
        section = int(match[2] or 0)
        quoted = match[4]
        text = match[5].strip() if quoted is None else _QUOTED_PAIR.sub(rb"\1", quoted)
        pieces.setdefault(name, {}).setdefault(section, (match[3] is not None, text))
    return {name: _join_pieces(sections) for name, sections in pieces.items()}


def _unfold(value: bytes) -> bytes:
    return value.replace(b"\r", b"").replace(b"\n", b"").strip()


def _decode_word(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"bB":
        return decode_base64(text)
    return binascii.a2b_qp(text, header=True)


def _join_pieces(sections: Mapping[int, tuple[bool, bytes]]) -> str:
    """Put a parameter together (RFC 2231, sections 3 and 4); encoded words are tolerated."""
    ordered = [sections[number] for number in sorted(sections)]
    if not ordered[0][0]:
        return decode_header(b"".join(text for _, text in ordered))
    charset, _, rest = ordered[0][1].partition(b"'")
    ordered[0] = (True, rest.partition(b"'")[2])
    raw = b"".join(unquote_to_bytes(text) if extended else text for extended, text in ordered)
    return decode_text(raw, charset.decode("ascii", "replace"))
