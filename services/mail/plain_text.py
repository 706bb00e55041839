"""Decoded text of a mail in the form in which it is stored."""

import re
import unicodedata

from core.text import normalise, single_line

# Unicode Standard Annex #15, "Stream-Safe Text Format": no language stacks more marks than this
# on one letter. Sorting them takes quadratic time, so a longer stack is an attack.
_STACKED_MARKS = 30
# Combining marks stand between the first block of diacritics and the first emoji.
_MARKS = "".join(
    character for character in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(character)
)
_TALL_STACK = re.compile(f"([{_MARKS}]{{{_STACKED_MARKS}}})[{_MARKS}]+")
_LEADING_MARKS = re.compile(f"[{_MARKS}]+")


def stored_text(text: str) -> str:
    """Return `text` normalised, so without NUL and surrogates, in linear time."""
    return normalise(_flatten_stacks(text))


def stored_line(text: str, limit: int) -> str:
    """Return `text` as one line of at most `limit` characters, its white space folded."""
    folded = " ".join(text.split())[:limit]
    return single_line(_flatten_stacks(folded))[:limit].rstrip()


def without_leading_marks(text: str) -> str:
    """Return `text` without marks at its beginning, which would join what is put before it."""
    match = _LEADING_MARKS.match(text)
    return text[match.end() :] if match else text


def _flatten_stacks(text: str) -> str:
    return text if text.isascii() else _TALL_STACK.sub(r"\1", text)
