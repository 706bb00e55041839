"""The key by which two spellings of the same text are recognised as equal."""

import re
import unicodedata

from core.text.normalisation import normalise

# Letters that Unicode does not decompose into a base letter and a mark. The dotless i makes
# I, ı, İ and i one letter: upper and lower case of a Turkish word then fold alike, whichever
# alphabet the software that changed its case believed in.
_PLAIN_LETTERS = str.maketrans(
    {
        "ı": "i",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ł": "l",
        "ŧ": "t",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)

# Accents of the European scripts (the blocks of combining diacritical marks). Marks of other
# scripts are letters to their readers (the Japanese voicing mark, Indic vowels) and stay.
_DIACRITICS = r"\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"

# What Unicode declares to have no shape of its own (Default_Ignorable_Code_Point in
# DerivedCoreProperties.txt).
_INVISIBLE = (
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)

_DROPPED = re.compile(f"[{_DIACRITICS}{_INVISIBLE}]")


def fold(text: str) -> str:
    """Return the key that is equal for spellings which people take for the same text.

    Built like Unicode's NFKC_Casefold (The Unicode Standard, section 3.13), and beyond it without
    European diacritics, with one letter i, and with runs of white space as one space. Folding
    twice changes nothing. The key may be longer than the text (one ligature can unfold into 18
    characters), and is empty if nothing of the text can be seen.
    """
    stored = normalise(text)
    if stored.isascii():
        return _collapse(stored.lower())
    # Case is folded before marks are dropped, since the Greek iota subscript is a mark whose
    # capital is the letter iota; and twice, since decomposing brings out further capitals.
    decomposed = unicodedata.normalize("NFKD", stored).casefold()
    decomposed = unicodedata.normalize("NFKD", decomposed).casefold()
    plain = _DROPPED.sub("", decomposed).translate(_PLAIN_LETTERS)
    return _collapse(unicodedata.normalize("NFC", plain))


def _collapse(text: str) -> str:
    return " ".join(text.split())
