"""A mail to a customer, from its words to the bytes that are sent.

All parts are base64 or quoted-printable: any server takes them, no line is longer than 76
characters, and no content can look like the line between two parts.
"""

import binascii
import html
import quopri
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO

from services.mail.addresses import Mailbox
from services.mail.wire import (
    LINE,
    attachment_field,
    date_field,
    ids_field,
    mailbox_field,
    text_field,
)

_BASE64_LINE_BYTES = 57  # 76 characters
_BASE64_LINE_CHARACTERS = 76 + len(LINE)
# "=_" is in no base64, and in no quoted-printable text either.
_BOUNDARY = "=_starling"

# What some mail program would open by itself, or read as a part of the mail, goes as mere bytes.
_BYTES = "application/octet-stream"
_CONTENT_TYPE = re.compile(r"(?:application|audio|image|text|video)/[a-z0-9][a-z0-9.+-]{0,100}")
_NEVER = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml", "text/calendar"})

_LINK = re.compile(r"https?://[^\s<>\"]+")
# What ends a sentence is rarely the end of an address.
_AFTER_LINK = ".,;:!?'»”’)]…"


@dataclass(frozen=True, slots=True)
class LetterFile:
    """A file that goes with a mail."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as people think of it. Ids have no brackets; addresses are as on the wire.

    `references` are the mails of the conversation, oldest first; it answers the last of them. No
    person wrote an automatic one.
    """

    message_id: str
    sender: Mailbox
    recipient: Mailbox
    subject: str
    text: str
    language: str
    written_at: datetime
    reply_to: str | None = None
    references: Sequence[str] = ()
    is_automatic: bool = False
    files: Sequence[LetterFile] = field(default=())


def compose(letter: Letter) -> bytes:
    """Return the mail as it is sent, with CRLF.

    It is written piece by piece: a mail may have tens of megabytes, which are here once.
    """
    words = _multipart(
        "alternative",
        [
            _text_part("plain", letter.text, letter.language),
            _text_part("html", as_html(letter.text, letter.language), letter.language),
        ],
    )
    files = [_file_part(file) for file in letter.files]
    mail = BytesIO()
    mail.write("".join(_head(letter)).encode())
    mail.writelines(_multipart("mixed", [words, *files]) if files else words)
    return mail.getvalue()


def composed_bytes(text: str, file_sizes: Iterable[int]) -> int:
    """Return how large a mail with files of these sizes becomes, or a little less."""
    files = (-(-size // _BASE64_LINE_BYTES) * _BASE64_LINE_CHARACTERS for size in file_sizes)
    return len(text) + sum(files)


def as_html(text: str, language: str) -> str:
    """Return plain text as HTML that looks the same; web addresses can be clicked on."""
    paragraphs = (
        f'<p dir="auto">{"<br>".join(map(_with_links, paragraph.split(_NEW_LINE)))}</p>'
        for paragraph in re.split(r"\n{2,}", _lines(text).strip(_NEW_LINE))
    )
    return (
        f'<!doctype html>\n<html lang="{html.escape(language)}">\n'
        '<head><meta charset="utf-8"></head>\n'
        '<body style="font-family: sans-serif; white-space: pre-wrap">'
        f"{''.join(paragraphs)}</body>\n</html>\n"
    )


_NEW_LINE = "\n"


def _lines(text: str) -> str:
    return text.replace("\r\n", _NEW_LINE).replace("\r", _NEW_LINE)


def _with_links(line: str) -> str:
    shown, place = [], 0
    for match in _LINK.finditer(line):
        address = match[0].rstrip(_AFTER_LINK)
        escaped = html.escape(address)
        shown += [html.escape(line[place : match.start()]), f'<a href="{escaped}">{escaped}</a>']
        place = match.start() + len(address)
    return "".join([*shown, html.escape(line[place:])])


def _head(letter: Letter) -> Iterable[str]:
    yield date_field(letter.written_at)
    yield mailbox_field("From", letter.sender)
    yield mailbox_field("To", letter.recipient)
    if letter.reply_to is not None:
        yield mailbox_field("Reply-To", Mailbox("", letter.reply_to))
    yield text_field("Subject", letter.subject)
    yield ids_field("Message-ID", [letter.message_id])
    if letter.references:
        yield ids_field("In-Reply-To", letter.references[-1:])
        yield ids_field("References", letter.references)
    if letter.is_automatic:
        kind = "auto-replied" if letter.references else "auto-generated"
        yield f"Auto-Submitted: {kind}{LINE}"
        # Older programs heed these instead.
        yield f"Precedence: bulk{LINE}X-Auto-Response-Suppress: All{LINE}"
    yield f"MIME-Version: 1.0{LINE}"


def _multipart(kind: str, parts: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    boundary = f"{_BOUNDARY}_{kind}"
    yield f'Content-Type: multipart/{kind}; boundary="{boundary}"{LINE}{LINE}'.encode()
    for part in parts:
        yield f"--{boundary}{LINE}".encode()
        yield from part
        yield b"\r\n"
    yield f"--{boundary}--{LINE}".encode()


def _text_part(subtype: str, text: str, language: str) -> Iterator[bytes]:
    content = _lines(text).encode()
    # Greek is shorter in base64; where most of it is ASCII, the source of a mail can be read.
    quoted = quopri.encodestring(content)
    is_shorter = len(quoted) <= len(content) * 4 / 3
    encoding = "quoted-printable" if is_shorter else "base64"
    yield (
        f"Content-Type: text/{subtype}; charset=utf-8{LINE}"
        f"Content-Language: {language}{LINE}"
        f"Content-Transfer-Encoding: {encoding}{LINE}{LINE}"
    ).encode()
    if is_shorter:
        yield _with_crlf(quoted)
    else:
        yield from _base64(_with_crlf(content))


def _file_part(file: LetterFile) -> Iterator[bytes]:
    content_type = file.content_type.lower()
    if content_type in _NEVER or not _CONTENT_TYPE.fullmatch(content_type):
        content_type = _BYTES
    yield (
        f"Content-Type: {content_type}{LINE}"
        f"{attachment_field(file.filename)}"
        f"Content-Transfer-Encoding: base64{LINE}{LINE}"
    ).encode()
    yield from _base64(file.content)


def _with_crlf(content: bytes) -> bytes:
    return content.replace(b"\n", b"\r\n")


def _base64(content: bytes) -> Iterator[bytes]:
    for row in range(0, len(content), _BASE64_LINE_BYTES):
        yield binascii.b2a_base64(content[row : row + _BASE64_LINE_BYTES], newline=False)
        yield b"\r\n"
