"""The identities by which mails refer to each other (RFC 5322, section 3.6.4)."""

import hashlib
import re

from core.text import stored_line
from models.attachments import CONTENT_ID_CHARACTERS
from models.messages import EXTERNAL_ID_CHARACTERS
from services.mail.charsets import decode_text
from services.mail.headers import Headers

# The newest are the likely parents; the first one is the thread's beginning.
_REFERENCES = 100

_IN_BRACKETS = re.compile(rb"<([^<>]+)>")
# Fields that a mail keeps on its way, unlike those that relays and mail programs add.
_LASTING_FIELDS = ("from", "to", "date", "subject")


def read_message_ids(value: bytes) -> list[str]:
    """Return the message ids in a field's value, without brackets (as RFC 8621), each once.

    White space inside one came from folding. Without any brackets, words with an @ are ids. What
    is longer than an id may be stored is none.
    """
    raw_ids = _IN_BRACKETS.findall(value) or [word for word in value.split() if b"@" in word]
    texts = (decode_text(b"".join(raw_id.split())) for raw_id in raw_ids)
    # One more character than allowed tells a long id from one that is just short enough.
    ids = (stored_line(text, EXTERNAL_ID_CHARACTERS + 1) for text in texts)
    return list(dict.fromkeys(i for i in ids if 0 < len(i) <= EXTERNAL_ID_CHARACTERS))


def read_references(value: bytes) -> tuple[str, ...]:
    """Return the thread's ids, oldest first; of a very long thread the first and the newest."""
    ids = read_message_ids(value)
    return tuple(ids if len(ids) <= _REFERENCES else [ids[0], *ids[1 - _REFERENCES :]])


def read_content_id(value: bytes) -> str | None:
    """Return by which name the HTML of a mail shows a part, without brackets (RFC 2392)."""
    name = next(iter(read_message_ids(value)), "")
    return name if 0 < len(name) <= CONTENT_ID_CHARACTERS else None


def content_digest(headers: Headers, body: bytes) -> str:
    """Return what tells a mail from all others, whatever its id: 64 hexadecimal digits.

    It depends on who wrote what, when and to whom; not on line ends, nor on fields that relays and
    mail programs add.
    """
    digest = hashlib.sha256()
    for name in _LASTING_FIELDS:
        value = b" ".join(headers.first(name).split())
        digest.update(b"%s:%d:%s\n" % (name.encode(), len(value), value))
    digest.update(body.replace(b"\r\n", b"\n").rstrip(b"\r\n"))
    return digest.hexdigest()


def synthetic_message_id(digest: str) -> str:
    """Return an id for a mail that has none of its own: `.invalid` names no host (RFC 2606)."""
    return f"{digest}@content.invalid"
