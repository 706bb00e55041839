"""One mail, from the bytes that were sent to values that can be stored."""

import html
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from models.attachments import CONTENT_TYPE_CHARACTERS
from models.base import FREE_TEXT_CHARACTERS, NAME_CHARACTERS
from services.mail.addresses import Mailbox, parse_mailboxes
from services.mail.automatic import is_automatic
from services.mail.bodies import Body, read_body, select_parts
from services.mail.dates import read_sent_at
from services.mail.filenames import clean_filename
from services.mail.headers import decode_header
from services.mail.identifiers import read_message_ids, read_references, synthetic_message_id
from services.mail.limits import MAIL_BYTES
from services.mail.plain_text import stored_line
from services.mail.structure import Part, Structure, read_structure
from services.mail.transfer import decode_transfer

# What some programs write before the header: a byte order mark, blank lines, mbox's separator.
_PRELUDE = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:>?From [^\n]*\n\s*)?")
_IMAGE_REFERENCE = re.compile(r'src="cid:([^"]{1,1000})"')
# One of these at least makes a text a mail.
_ESSENTIAL_FIELDS = frozenset(
    {"date", "from", "message-id", "received", "return-path", "sender", "subject", "to"}
)


class UnreadableMail(Exception):
    """The bytes are no mail, or none that can be read. `reason` says why, for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class MailAttachment:
    """A file that came with a mail. A mail attached to a mail is kept as it was sent.

    `filename` is safe to show and to store. `is_inline`: the mail's HTML shows it, and refers to
    it by its `content_id`.
    """

    filename: str
    content_type: str
    content: bytes
    content_id: str | None
    is_inline: bool


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """A mail in the form in which it is stored: all text is NFC, without NUL and surrogates.

    `message_id`, `in_reply_to` and `references` (oldest first) have no brackets; a mail without a
    usable id has one made of its content. `subject` may be empty. `sent_at` is in UTC and None if
    nobody said a believable date. `text` holds quoted text as it came. `is_truncated` tells that
    text, HTML or parts beyond the bounds were left out.
    """

    message_id: str
    in_reply_to: str | None
    references: tuple[str, ...]
    subject: str
    sender: Mailbox | None
    reply_to: tuple[Mailbox, ...]
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    sent_at: datetime | None
    text: str
    html: str | None
    attachments: tuple[MailAttachment, ...]
    is_automatic: bool
    is_truncated: bool


def parse_mail(content: bytes) -> ParsedMail:
    """Read one mail, however damaged or hostile. Raises UnreadableMail, and nothing else."""
    content = _prepare(content)
    try:
        return _read(content, read_structure(content))
    except UnreadableMail:
        raise
    except Exception as error:
        # Senders are more inventive than we are: one mail must not end the import of the others.
        raise UnreadableMail(f"reading it failed: {error!r}") from error


def _prepare(content: bytes) -> bytes:
    if len(content) > MAIL_BYTES:
        raise UnreadableMail(f"it is larger than {MAIL_BYTES // 1024**2} MiB")
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    content = _PRELUDE.sub(b"", content, count=1)
    if not content:
        raise UnreadableMail("it is empty")
    return content


def _read(content: bytes, structure: Structure) -> ParsedMail:
    root = structure.root
    headers = root.headers
    if _ESSENTIAL_FIELDS.isdisjoint(headers.fields):
        raise UnreadableMail("it has no header of a mail")
    selection = select_parts(root)
    body = read_body(selection)
    # Raw bytes in the header are most likely in the character set of the body.
    hint = next(iter(selection.plain), root).parameters.get("charset")
    senders = parse_mailboxes([*headers.all("from"), *headers.all("sender")], hint)
    sender = next(iter(senders), None)
    own_id = next(iter(read_message_ids(headers.first("message-id"))), None)
    return ParsedMail(
        message_id=own_id or synthetic_message_id(headers, content[structure.body_start :]),
        in_reply_to=next(iter(read_message_ids(headers.first("in-reply-to"))), None),
        references=read_references(headers.first("references")),
        subject=stored_line(decode_header(headers.first("subject"), hint), FREE_TEXT_CHARACTERS),
        sender=sender,
        reply_to=parse_mailboxes(headers.all("reply-to"), hint),
        to=parse_mailboxes(headers.all("to"), hint),
        cc=parse_mailboxes(headers.all("cc"), hint),
        sent_at=read_sent_at(headers.first("date"), headers.all("received")),
        text=body.text,
        html=body.html,
        attachments=_read_attachments(selection.attached, body),
        is_automatic=is_automatic(headers, root.content_type, sender),
        is_truncated=body.is_cut or not structure.is_complete,
    )


def _read_attachments(parts: Sequence[Part], body: Body) -> tuple[MailAttachment, ...]:
    shown = _shown_images(body.html or "")
    return tuple(_read_attachment(part, shown) for part in parts)


def _read_attachment(part: Part, shown: Collection[str]) -> MailAttachment:
    headers = part.headers
    content_id = decode_header(headers.first("content-id")).strip().strip("<>")
    content_id = stored_line(content_id, NAME_CHARACTERS)
    return MailAttachment(
        filename=clean_filename(part.filename, part.content_type),
        content_type=part.content_type[:CONTENT_TYPE_CHARACTERS],
        content=decode_transfer(part.body, headers.token("content-transfer-encoding")),
        content_id=content_id or None,
        is_inline=content_id in shown,
    )


def _shown_images(markup: str) -> set[str]:
    """Return the content ids of the images in sanitised HTML (RFC 2392: they are URL-encoded)."""
    return {unquote(html.unescape(reference)) for reference in _IMAGE_REFERENCE.findall(markup)}
