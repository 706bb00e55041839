"""Words and addresses as they stand in the head of a mail (RFC 5322, RFC 2047, RFC 2231).

Nothing here lets a line end through: what people wrote can add no field to a mail.
"""

import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

import idna

from services.mail.addresses import Mailbox

LINE = "\r\n"
# RFC 2047, section 2: lines that hold encoded words, and each of those.
_LINE_CHARACTERS = 76
_MARKS_CHARACTERS = len("=?utf-8?B??=")
_WORD_BYTES = 45  # 60 characters of base64

_PRINTABLE = re.compile(r"[ -~]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_PLAIN_FILENAME = re.compile(r"[A-Za-z0-9._ -]{1,60}")
_ADDRESS = re.compile(r"([^\s@<>()\[\]\\,;:\"]+)@([^\s@<>()\[\]\\,;:\"]+)")
_PERCENT_CHARACTERS = 60
# RFC 5321, section 4.5.3.1: what stands before an @, and after it.
_LOCAL_PART_BYTES = 64
_DOMAIN_BYTES = 255


class UnusableAddress(ValueError):
    """No mail can be sent to or from this address."""


def wire_address(address: str) -> str:
    """Return an address with its domain in ASCII. Raises UnusableAddress."""
    match = _ADDRESS.fullmatch(address)
    if match is None or not match[1].isprintable():
        raise UnusableAddress(address)
    try:
        domain = idna.encode(match[2], uts46=True).decode()
    except UnicodeError as error:
        # Names of machines in a house, such as `mail_1`, are no names of the world's domains.
        if not match[2].isascii() or not match[2].isprintable():
            raise UnusableAddress(address) from error
        domain = match[2]
    if len(match[1].encode()) > _LOCAL_PART_BYTES or len(domain) > _DOMAIN_BYTES:
        raise UnusableAddress(address)
    return f"{match[1]}@{domain}"


def text_field(name: str, text: str) -> str:
    """Return a field of free text, such as the subject."""
    clean = _without_controls(text)
    if _is_plain(clean):
        return _folded(name, clean.split(" "))
    first = _LINE_CHARACTERS - len(name) - len(": ") - _MARKS_CHARACTERS
    return f"{name}: {_encoded(clean, first // 4 * 3)}{LINE}"


def mailbox_field(name: str, mailbox: Mailbox) -> str:
    """Return a field that names one mailbox, whose address is as on the wire."""
    clean = " ".join(_without_controls(mailbox.name).split())
    if not clean:
        return f"{name}: {mailbox.address}{LINE}"
    first = _LINE_CHARACTERS - len(name) - len(": ") - _MARKS_CHARACTERS
    return f"{name}: {_phrase(clean, first // 4 * 3)}{LINE} <{mailbox.address}>{LINE}"


def ids_field(name: str, ids: Sequence[str]) -> str:
    """Return a field of message ids, which come without brackets."""
    return _folded(name, [f"<{each}>" for each in ids])


def date_field(moment: datetime) -> str:
    """Return when the mail was written, in UTC."""
    return f"Date: {format_datetime(moment.astimezone(UTC))}{LINE}"


def attachment_field(filename: str) -> str:
    """Return the field that makes a part a file of this name."""
    clean = _without_controls(filename)
    if _PLAIN_FILENAME.fullmatch(clean):
        return f'Content-Disposition: attachment; filename="{clean}"{LINE}'
    # RFC 2231, sections 3 and 4: in pieces, since a line has its limit.
    pieces = _percent_encoded(f"utf-8''{{}}{clean}")
    parameters = (f";{LINE} filename*{place}*={piece}" for place, piece in enumerate(pieces))
    return f"Content-Disposition: attachment{''.join(parameters)}{LINE}"


def is_message_id(text: str) -> bool:
    """Tell whether other mail programs will understand this id, given without brackets."""
    return len(text) <= _ID_CHARACTERS and _MESSAGE_ID.fullmatch(text) is not None


# With brackets and a field's name far below the 998 characters that a line may have.
_ID_CHARACTERS = 512
_MESSAGE_ID = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")


def _without_controls(text: str) -> str:
    """Put spaces where something could end a line, or change how others are read."""
    return "".join(
        " " if unicodedata.category(each) in ("Cc", "Zl", "Zp", "Cs") else each for each in text
    ).strip()


def _is_plain(text: str) -> bool:
    return (
        _PRINTABLE.fullmatch(text) is not None
        and "=?" not in text
        and "  " not in text  # a fold there would make a line of nothing
        and all(len(word) < _LINE_CHARACTERS for word in text.split(" "))
    )


def _folded(name: str, words: Sequence[str]) -> str:
    lines = [f"{name}:"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > _LINE_CHARACTERS and len(lines[-1]) > len(name) + 1:
            lines.append("")
        lines[-1] += f" {word}"
    return LINE.join(lines) + LINE


def _phrase(name: str, first_bytes: int) -> str:
    if len(name) <= first_bytes and _ATOMS.fullmatch(name) and "=?" not in name:
        return name
    if len(name) <= first_bytes and _PRINTABLE.fullmatch(name) and "=?" not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return _encoded(name, first_bytes)


def _encoded(text: str, first_bytes: int) -> str:
    """Return text as encoded words, one on each line; characters stay whole."""
    return f"{LINE} ".join(
        f"=?utf-8?B?{b64encode(piece).decode()}?=" for piece in _pieces(text, first_bytes)
    )


def _pieces(text: str, first_bytes: int) -> Iterator[bytes]:
    piece, room = b"", first_bytes
    for character in text:
        encoded = character.encode()
        if len(piece) + len(encoded) > room:
            yield piece
            piece, room = b"", _WORD_BYTES
        piece += encoded
    yield piece


def _percent_encoded(template: str) -> Iterator[str]:
    prefix, _, text = template.partition("{}")
    piece = prefix
    for character in text:
        encoded = quote(character, safe="")
        if len(piece) + len(encoded) > _PERCENT_CHARACTERS:
            yield piece
            piece = ""
        piece += encoded
    yield piece
