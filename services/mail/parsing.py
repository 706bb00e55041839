"""One mail, from the bytes that were sent to values that can be stored."""

import re
from dataclasses import dataclass
from datetime import datetime

from core.text import stored_line
from models.attachments import CONTENT_TYPE_CHARACTERS
from models.base import FREE_TEXT_CHARACTERS
from services.files.names import clean_filename
from services.mail.addresses import Mailbox, parse_mailboxes
from services.mail.automatic import Automatic, tell_automatic
from services.mail.bodies import read_body, select_parts
from services.mail.bounces import Bounce, read_bounce
from services.mail.dates import read_sent_at
from services.mail.headers import decode_header
from services.mail.identifiers import (
    content_digest,
    read_content_id,
    read_message_ids,
    read_references,
    synthetic_message_id,
)
from services.mail.limits import MAIL_BYTES
from services.mail.structure import Part, Structure, read_structure
from services.mail.transfer import decode_transfer

# What some programs write before the header: a byte order mark, blank lines, mbox's separator.
_PRELUDE = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:>?From [^\n]*\n\s*)?")
# What Postfix, qmail and Exim add when they bring a mail to where it belongs.
_DELIVERY_FIELDS = ("delivered-to", "x-original-to", "envelope-to")
# How a mail of which something was left out is called where it is kept as a file.
_WHOLE_MAIL = "message.eml"
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

    `filename` is safe to show and to store. HTML shows the file as `cid:` and its `content_id`.
    """

    filename: str
    content_type: str
    content: bytes
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """A mail in the form in which it is stored: all text is NFC, without NUL and surrogates.

    `message_id`, `in_reply_to` and `references` (oldest first) have no brackets; a mail without a
    usable id has one made of its content. A mail of which something was left out is its own first
    attachment. `digest` tells a mail from others that
    have its id. `delivered_to` is where mail servers say that they
    brought it, the last one first. `subject` may be empty. `sent_at` is in UTC and None if
    nobody said a believable date. `text` holds quoted text as it came. `bounce` is what a mail
    server reports of another mail.
    """

    message_id: str
    digest: str
    in_reply_to: str | None
    references: tuple[str, ...]
    subject: str
    sender: Mailbox | None
    reply_to: tuple[Mailbox, ...]
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    delivered_to: tuple[Mailbox, ...]
    sent_at: datetime | None
    text: str
    html: str | None
    attachments: tuple[MailAttachment, ...]
    automatic: Automatic
    bounce: Bounce | None

    @property
    def is_automatic(self) -> bool:
        """Whether a machine wrote it: nobody waits for an answer."""
        return self.automatic in (Automatic.BOUNCE, Automatic.REPLY)


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
    subject = stored_line(decode_header(headers.first("subject"), hint), FREE_TEXT_CHARACTERS)
    automatic = tell_automatic(headers, root.content_type, sender, subject)
    is_bounce = automatic is Automatic.BOUNCE
    files = [_read_attachment(part) for part in selection.attached]
    if body.is_cut or structure.is_cut:
        # The first: of too many files those are left out that come last.
        files.insert(0, MailAttachment(_WHOLE_MAIL, "message/rfc822", content))
    digest = content_digest(headers, content[structure.body_start :])
    return ParsedMail(
        message_id=own_id or synthetic_message_id(digest),
        digest=digest,
        in_reply_to=next(iter(read_message_ids(headers.first("in-reply-to"))), None),
        references=read_references(headers.first("references")),
        subject=subject,
        sender=sender,
        reply_to=parse_mailboxes(headers.all("reply-to"), hint),
        to=parse_mailboxes(headers.all("to"), hint),
        cc=parse_mailboxes(headers.all("cc"), hint),
        delivered_to=parse_mailboxes(
            [value for name in _DELIVERY_FIELDS for value in headers.all(name)], hint
        ),
        sent_at=read_sent_at(headers.first("date"), headers.all("received")),
        text=body.text,
        html=body.html,
        attachments=tuple(files),
        automatic=automatic,
        bounce=read_bounce(root, body.text, subject) if is_bounce else None,
    )


def _read_attachment(part: Part) -> MailAttachment:
    return MailAttachment(
        filename=clean_filename(part.filename, part.content_type),
        content_type=part.content_type[:CONTENT_TYPE_CHARACTERS],
        content=decode_transfer(part.body, part.headers.token("content-transfer-encoding")),
        content_id=read_content_id(part.headers.first("content-id")),
    )
