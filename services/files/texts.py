"""Text, which has no signature: it is known by what it does not hold."""

import codecs
import re

from core.errors import FileRefusal
from services.files.formats import Format

# What no text holds, in whatever character set: control characters other than tab, line and page
# breaks, backspace (printed manuals), escape (coloured logs) and the old mark of the end.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\b\x1b\x1a")) + b"\x7f"
_BINARY = re.compile("[\x00-\x07\x0e-\x19\x1c-\x1f]")

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_WIDE_DECODER = codecs.getincrementaldecoder("utf-16")

# RFC 5322, section 2.2: a field's name is printable ASCII without colon.
_HEADER_LINE = re.compile(rb"(?:[!-9;-~]{1,100}[ \t]*:|[ \t])")
_MAIL_PRELUDE = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:>?From [^\n]*\n)?")
_ESSENTIAL_FIELD = re.compile(
    rb"^(?:date|from|message-id|mime-version|received|return-path|delivered-to|sender|subject|to)"
    rb"[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)


class TextCheck:
    """Checks a file that has to be text: UTF-8, UTF-16 with its mark, or an older character set."""

    def __init__(self, claimed: Format, head: bytes) -> None:
        is_wide = head.startswith(_UTF_16)
        self._decoder = _WIDE_DECODER() if is_wide else None
        self._is_text = True

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        if self._is_text:
            self._is_text = (
                _is_plain(chunk) if self._decoder is None else _is_wide(chunk, self._decoder)
            )

    def finish(self) -> FileRefusal | None:
        """Return why the file is refused, or nothing."""
        return None if self._is_text else FileRefusal.CONTENT_MISMATCH


def _is_plain(chunk: bytes) -> bool:
    return len(chunk.translate(None, _CONTROLS)) == len(chunk)


def _is_wide(chunk: bytes, decoder: codecs.IncrementalDecoder) -> bool:
    try:
        return _BINARY.search(decoder.decode(chunk)) is None
    except UnicodeDecodeError:
        return False


class MailCheck:
    """Checks a file that has to be a mail: a header first, then text."""

    def __init__(self, claimed: Format, head: bytes) -> None:
        self._begins_right = _begins_as_mail(head)
        self._text = TextCheck(claimed, b"")

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        self._text.feed(chunk)

    def finish(self) -> FileRefusal | None:
        """Return why the file is refused, or nothing."""
        return self._text.finish() if self._begins_right else FileRefusal.CONTENT_MISMATCH


def _begins_as_mail(head: bytes) -> bool:
    header = re.split(rb"\r?\n\r?\n", _MAIL_PRELUDE.sub(b"", head, count=1), maxsplit=1)[0]
    lines = header.splitlines()
    if header == head and len(lines) > 1:
        lines.pop()  # the end of what is looked at may have cut it
    return all(map(_HEADER_LINE.match, lines)) and _ESSENTIAL_FIELD.search(header) is not None
