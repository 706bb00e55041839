"""The form in which text is stored, and how its characters are counted."""

import re
import unicodedata

# Line breaks as UAX #14 lists them (classes CR, BK, NL), so that no two words grow together
# where a form feed or a line separator stood.
_LINE_BREAK = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")

# NUL and lone surrogates cannot be stored by PostgreSQL. The other control characters and the
# byte order mark are debris of transport. The two overrides (LRO, RLO) show letters in another
# order than they are stored in; no language needs them, and they disguise names of files.
_UNWANTED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\u202d\u202e]")

# Thirty marks on one letter are more than any language needs: the bound of UAX #15, section 13.
# Without one, normal forms cost time that grows with the square of the marks.
_MARKS_MAXIMUM = 30
_POSSIBLE_MARKS = re.compile(rf"[^\w\s\x00-\x7f]{{{_MARKS_MAXIMUM + 1},}}")

# NFC makes at most so many code points into one: no canonical decomposition is longer.
_CODE_POINTS_PER_CHARACTER = 4


def normalise(text: str) -> str:
    """Return `text` as it is stored: NFC, one kind of line break, nothing that is not text.

    Joiners (ZWJ, ZWNJ) stay, since emoji, Persian and Indic scripts are spelled with them;
    so do the characters that embed or isolate a direction. Normalising twice changes nothing.
    """
    # Removal comes first: what then meets may be one line break, or one composed letter.
    kept = _LINE_BREAK.sub("\n", _UNWANTED.sub("", text))
    return unicodedata.normalize("NFC", _POSSIBLE_MARKS.sub(_limit_marks, kept))


def character_count(text: str) -> int:
    """Return how many characters `text` has once stored: Unicode code points of its normal form.

    PostgreSQL's and SQLite's `length()` count the same. An emoji is one character, a family
    joined out of four emoji and three joiners is seven.
    """
    return len(normalise(text))


def is_far_over(text: str, limit: int) -> bool:
    """Tell whether `text` is refused without being normalised, for its mere length.

    Folding a megabyte takes seconds, so whoever takes text asks this first. Over the limit it is
    for certain, unless most of it is white space or nothing that is text.
    """
    return len(text) > _CODE_POINTS_PER_CHARACTER * limit


def _limit_marks(run: re.Match[str]) -> str:
    kept = []
    marks = 0
    for character in run[0]:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if marks <= _MARKS_MAXIMUM:
            kept.append(character)
    return "".join(kept)
