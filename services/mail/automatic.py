"""Mail that a machine sent: it must not be answered by another machine (RFC 3834)."""

import re
from enum import StrEnum

from services.mail.addresses import Mailbox
from services.mail.headers import Headers


class Automatic(StrEnum):
    """Which machine sent a mail, if one did.

    NO: a person wrote it, or a web form in the name of one. BOUNCE: a mail server reports what
    became of a mail. REPLY: a program answered by itself, or told something. LIST: it went to many,
    or wants no answer of a machine; a person may well have written it.
    """

    NO = "NO"
    BOUNCE = "BOUNCE"
    REPLY = "REPLY"
    LIST = "LIST"


# Precedence is older than all standards; RFC 3834, section 2, asks to heed it.
_PRECEDENCES_OF_LISTS = {"bulk", "list"}
_PRECEDENCES_OF_REPLIES = {"junk", "auto_reply"}
# What answering machines add of their own; "no" is what some add to other mail.
_REPLY_FIELDS = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-reply")
# Names under which mail servers report (RFC 2142 and custom).
_REPORTER = re.compile(r"(?:mailer-daemon|postmaster)@", re.IGNORECASE)
# The subjects that Outlook, Gmail and the like give to what they answer by themselves, before that
# of the mail. People write "Re:" before such a subject when they answer it.
_SUBJECT_OF_REPLY = re.compile(
    r"""
    \s*
    (?: auto(?:matic|mated)?[ -]?(?:reply|response) | auto | out\sof\s(?:the\s)?office(?:\sreply)?
      | otomatik\s(?:yanıt|cevap) | ofis\sdışında(?:yım)?
      | αυτόματη\sαπάντηση | εκτός\sγραφείου
      | automatische\santwort | abwesenheitsnotiz | réponse\sautomatique )
    \s* (?: : | \Z )
    """,
    re.IGNORECASE | re.VERBOSE,
)


def tell_automatic(
    headers: Headers, content_type: str, sender: Mailbox | None, subject: str
) -> Automatic:
    """Tell whether a machine sent the mail, and which.

    List-Id alone says nothing, since support addresses are often mailing lists to which people
    write; nor does a sender called no-reply, in whose name web forms send what people wrote.
    """
    if _is_report(headers, content_type, sender):
        return Automatic.BOUNCE
    precedence = headers.token("precedence")
    if _was_replied(headers, precedence, subject):
        return Automatic.REPLY
    if content_type == "multipart/report" or _was_auto_submitted(headers):
        return Automatic.REPLY
    # Answering machines send so, too (RFC 3834, section 3.3), but say what they are.
    if headers.first("return-path") == b"<>":  # RFC 5321, section 4.5.5
        return Automatic.BOUNCE
    # RFC 8058: who offers to unsubscribe by one click sends to many.
    if (
        precedence in _PRECEDENCES_OF_LISTS
        or "list-unsubscribe-post" in headers.fields
        or _suppresses_replies(headers)
    ):
        return Automatic.LIST
    return Automatic.NO


def _is_report(headers: Headers, content_type: str, sender: Mailbox | None) -> bool:
    """Tell whether a mail server reports; other reports (RFC 8098) tell that a mail was read."""
    is_report = content_type == "multipart/report"
    return (
        (is_report and b"delivery-status" in headers.first("content-type").lower())
        or "x-failed-recipients" in headers.fields  # Exim
        or (sender is not None and _REPORTER.match(sender.address) is not None)
    )


def _was_replied(headers: Headers, precedence: str, subject: str) -> bool:
    # People pass such subjects on; who says that no machine wrote the mail is believed.
    is_by_person = headers.token("auto-submitted") == "no"
    return (
        headers.token("auto-submitted") == "auto-replied"
        or precedence in _PRECEDENCES_OF_REPLIES
        or any(headers.token(name) not in ("", "no") for name in _REPLY_FIELDS)
        or (not is_by_person and _SUBJECT_OF_REPLY.match(subject) is not None)
    )


def _was_auto_submitted(headers: Headers) -> bool:
    """Read Auto-Submitted, of which only "no" means a person (RFC 3834, section 5)."""
    return headers.token("auto-submitted") not in ("", "no")


def _suppresses_replies(headers: Headers) -> bool:
    """Read Microsoft's X-Auto-Response-Suppress ([MS-OXCMAIL]), of which "None" asks nothing."""
    return headers.token("x-auto-response-suppress") not in ("", "none")
