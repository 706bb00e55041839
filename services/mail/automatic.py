"""Mail that a machine sent: it must not be answered by another machine (RFC 3834)."""

import re

from services.mail.addresses import Mailbox
from services.mail.headers import Headers

# Precedence is older than all standards; RFC 3834, section 2, asks to heed it.
_PRECEDENCES = {"bulk", "list", "junk", "auto_reply"}
# Names under which mail servers report (RFC 2142 and custom).
_REPORTER = re.compile(r"(?:mailer-daemon|postmaster)@", re.IGNORECASE)


def is_automatic(headers: Headers, content_type: str, sender: Mailbox | None) -> bool:
    """Tell whether a machine sent the mail: an automatic reply, a bounce or mail to many.

    List-Id alone says nothing, since support addresses are often mailing lists to which people
    write; nor does a sender called no-reply, in whose name web forms send what people wrote.
    """
    return (
        _was_auto_submitted(headers)
        or headers.token("precedence") in _PRECEDENCES
        or _suppresses_replies(headers)
        or headers.first("return-path") == b"<>"  # a bounce: RFC 5321, section 4.5.5
        or content_type == "multipart/report"
        or (sender is not None and _REPORTER.match(sender.address) is not None)
    )


def _was_auto_submitted(headers: Headers) -> bool:
    """Read Auto-Submitted, of which only "no" means a person (RFC 3834, section 5)."""
    return headers.token("auto-submitted") not in ("", "no")


def _suppresses_replies(headers: Headers) -> bool:
    """Read Microsoft's X-Auto-Response-Suppress ([MS-OXCMAIL]), of which "None" asks nothing."""
    return headers.token("x-auto-response-suppress") not in ("", "none")
