"""What mail servers report of a mail that did not arrive, or not yet.

Most report as RFC 3464 says; the others write a text, of which the usual forms are read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.text import stored_line
from services.mail.headers import Headers, decode_header, read_headers
from services.mail.identifiers import read_message_ids
from services.mail.structure import Part
from services.mail.transfer import decode_transfer

DIAGNOSTIC_CHARACTERS = 500
# A report has one group of fields for the mail and one for each recipient; ours have a few.
_GROUPS = 100
# The words of a report stand at its beginning, the mail itself below.
_TEXT_CHARACTERS = 16 * 1024

# Where no field says which recipient it is, the reason stands right below the address.
_LINES_OF_REASON = 5

_REPORT_TYPES = ("message/delivery-status", "message/global-delivery-status")
_RETURNED_TYPES = (
    *("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"),
    *("message/global", "message/global-headers"),
)

_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_REPLY_CODE = re.compile(r"\b([45])\d\d[ -]")
_ADDRESS = re.compile(r"[^\s@<>\"(),;:]{1,64}@[^\s@<>\"(),;:]{1,190}")
# qmail and its heirs name each recipient on a line; Exim and others push it to the right.
_RECIPIENT_LINE = re.compile(rf"^[ \t]*<?({_ADDRESS.pattern})>?:?[ \t]*$", re.MULTILINE)
_RETURNED_ID = re.compile(r"^[> \t]*Message-ID:\s*(<[^<>\s]{1,998}>)", re.IGNORECASE | re.MULTILINE)
_DELAY = re.compile(
    r"delayed|will (?:be retried|(?:continue|keep) trying)|still trying|temporary problem"
    r"|gecik|teslim edilmeye çalışıl|καθυστέρηση|καθυστερεί",
    re.IGNORECASE,
)


class BounceAction(StrEnum):
    """What became of the mail: the server gave up, or tries again."""

    FAILED = "FAILED"
    DELAYED = "DELAYED"


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report on one mail of ours; what the report does not say is None.

    `message_id` is the mail's, without brackets. `status` is the code of RFC 3463, as "5.1.1".
    `diagnostic` is what the other server said, at most 500 characters: it comes from outside.
    Reports can be forged: believe one only of a mail that was sent to that recipient. `is_guessed`
    tells one that was read out of words, which may be no report at all.
    """

    message_id: str | None
    recipient: str | None
    action: BounceAction
    status: str | None
    diagnostic: str | None
    is_guessed: bool = False


def read_bounce(root: Part, text: str, subject: str) -> Bounce | None:
    """Read the report in a mail of a mail server, whose own words are `text`.

    None for what reports nothing bad, and for a mail that only looks like a report.
    """
    parts = list(_leaves(root))
    reports = [part for part in parts if part.content_type in _REPORT_TYPES]
    message_id = _returned_id(parts) or _answered_id(root.headers)
    if reports:
        return _read_report(reports[0], message_id)
    return _read_words(root.headers, text[:_TEXT_CHARACTERS], subject, message_id)


def _leaves(part: Part) -> Iterator[Part]:
    if not part.children:
        yield part
    for child in part.children:
        yield from _leaves(child)


def _read_report(report: Part, message_id: str | None) -> Bounce | None:
    by_action: dict[BounceAction, Headers] = {}
    for group in _groups(_content(report)):
        action = group.token("action").upper()
        if action in BounceAction.__members__:
            by_action.setdefault(BounceAction[action], group)
    # Of several recipients the one that is lost counts most.
    worst_action = next((one for one in BounceAction if one in by_action), None)
    if worst_action is None:
        return None
    worst = by_action[worst_action]
    return Bounce(
        message_id=message_id,
        recipient=_recipient(worst),
        action=worst_action,
        status=_status(_value(worst, "status")) or _status(_diagnostic(worst)),
        diagnostic=_shortened(_diagnostic(worst)),
    )


def _groups(content: bytes) -> Iterator[Headers]:
    start = 0
    for _ in range(_GROUPS):
        group, end = read_headers(content, start, len(content))
        if end <= start:
            return
        if group.fields:
            yield group
        start = end


def _recipient(group: Headers) -> str | None:
    """Return the address that failed: "rfc822; ayse@example.com" (RFC 3464, section 2.3.2)."""
    for name in ("final-recipient", "original-recipient"):
        address = _ADDRESS.search(_value(group, name))
        if address is not None:
            return address[0]
    return None


def _diagnostic(group: Headers) -> str:
    """Return what the other server said, without the kind of server that it was."""
    return _value(group, "diagnostic-code").removeprefix("smtp;").removeprefix("SMTP;")


def _value(group: Headers, name: str) -> str:
    return decode_header(group.first(name))


def _read_words(headers: Headers, text: str, subject: str, message_id: str | None) -> Bounce | None:
    recipient, words = _failed_recipient(headers, text)
    status = _status(words)
    if status is None or recipient is None:
        return None
    returned = _RETURNED_ID.search(text)
    ids = read_message_ids(returned[1].encode()) if returned else []
    is_delayed = _DELAY.search(subject) or _DELAY.search(text)
    return Bounce(
        message_id=next(iter(ids), message_id),
        recipient=recipient,
        action=BounceAction.DELAYED if is_delayed else BounceAction.FAILED,
        status=status,
        diagnostic=_shortened(_words_of_server(words)),
        is_guessed=True,
    )


def _failed_recipient(headers: Headers, text: str) -> tuple[str | None, str]:
    """Return who was not reached, and the words in which the reason is to be looked for."""
    # Exim says so in the header as well.
    if named := _ADDRESS.search(_value(headers, "x-failed-recipients")):
        return named[0], text
    for line in _RECIPIENT_LINE.finditer(text):
        below = text[line.end() + 1 :].split("\n", _LINES_OF_REASON)
        reason = "\n".join(below[:_LINES_OF_REASON])
        if _status(reason) is not None:
            return line[1], reason
    return None, ""


def _status(text: str) -> str | None:
    """Return the code that a text holds; of a plain SMTP reply only whether it is for good."""
    if status := _STATUS.search(text):
        return status[0]
    reply = _REPLY_CODE.search(text)
    return f"{reply[1]}.0.0" if reply else None


def _words_of_server(text: str) -> str:
    """Return the first line that holds a code."""
    lines = (line for line in text.splitlines() if _status(line) is not None)
    return next(lines, "")


def _returned_id(parts: list[Part]) -> str | None:
    """Return the id of the mail that was sent back, whole or as its header only."""
    for part in parts:
        if part.content_type in _RETURNED_TYPES:
            content = _content(part)
            ids = read_message_ids(read_headers(content, 0, len(content))[0].first("message-id"))
            if ids:
                return ids[0]
    return None


def _answered_id(headers: Headers) -> str | None:
    for name in ("in-reply-to", "references"):
        if ids := read_message_ids(headers.first(name)):
            return ids[-1]
    return None


def _content(part: Part) -> bytes:
    return decode_transfer(part.body, part.headers.token("content-transfer-encoding"))


def _shortened(text: str) -> str | None:
    return stored_line(text, DIAGNOSTIC_CHARACTERS) or None
