"""Subjects of mails."""

import re

# What mail programs write before the subject of a mail that they answer, in English, Turkish,
# Greek, German, Dutch and Scandinavian languages. "Re[2]:" and "Re (2):" count the answers.
_REPLY_PREFIXES = re.compile(
    r"\s*(?:(?:re|yan(?:ıt)?|ynt|απ|σχετ|antw|aw|sv)\s?(?:\[\d{1,4}\]|\(\d{1,4}\))?\s?:\s*)*+",
    re.IGNORECASE,
)


def without_reply_prefixes(subject: str) -> str:
    """Return what a mail is about: "Sipariş" for "Re: YNT: Sipariş". Forwarding marks stay."""
    return _REPLY_PREFIXES.sub("", subject, count=1)
