"""Bytes of a mail as text, whatever character set they claim to be in."""

import re
from codecs import BOM_UTF8
from contextlib import suppress
from encodings import normalize_encoding
from encodings.aliases import aliases

import chardet

_LABEL = re.compile(r"[\s\"']*([a-z0-9][a-z0-9._:+-]{0,39})", re.IGNORECASE)
_WINDOWS = re.compile(r"(?:x_)?(?:windows|win|cp|ms)_?(125\d)")

# Python's aliases list character sets, and some transformations of bytes. Codecs without an alias
# (escape sequences, IDNA, Punycode) are no character sets; those that are follow.
_CHARACTER_SETS = (
    frozenset(aliases.values())
    - {"base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec"}
    - {"ascii", "mbcs"}
) | {"cp720", "cp737", "cp874", "koi8_u"}

# What senders call by the name on the left contains the characters of the set on the right, as
# browsers have it (WHATWG Encoding Standard, "Names and labels").
_SUPERSETS = {
    "latin_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
# ISO 8859-7 has control characters where the Greek set of Windows has quotation marks and dashes.
_GREEK, _GREEK_OF_WINDOWS = "iso8859_7", "cp1253"
_CONTROL_BYTES = re.compile(rb"[\x80-\x9f]")

_MULTIBYTE = ("gb", "big5", "cp932", "cp949", "cp950", "euc", "shift", "johab")
# Chinese words of two characters are known to be valid UTF-8 by accident.
_ACCIDENTS = 8
# Sets in which bytes below 128 need not mean ASCII.
_SHIFTING = ("utf_7", "utf_16", "utf_32", "hz", "iso2022")

# The scripts that reach the desk without a label. Short texts give little to judge by, so rarer
# sets would mostly be wrong guesses.
_GUESSES = ("windows-1254", "windows-1253", "windows-1252", "windows-1251")
# Differs from the Turkish set in six letters only, which are Icelandic.
_WESTERN, _TURKISH = "Windows-1252", "cp1254"
_GUESSING_BYTES = 4096
_ASCII = bytes(range(128))
_DAMAGE = "\ufffd"


def decode_text(raw: bytes, label: str | None = None, hint: str | None = None) -> str:
    """Return `raw` as text, by its label, by the `hint` if it has no known label, or by a guess.

    Bytes that are valid UTF-8 are UTF-8 even where a single-byte set is declared: text in such a
    set practically never forms valid sequences, and in a multi-byte set only if it is very short.
    Never raises: what cannot be decoded becomes U+FFFD. The result may hold NUL and lone
    surrogates.
    """
    if raw.startswith(BOM_UTF8):
        return raw.decode("utf-8-sig", "replace")
    codec = _codec(label) or _codec(hint)
    if codec == _GREEK and _CONTROL_BYTES.search(raw):
        codec = _GREEK_OF_WINDOWS
    if codec.startswith(_SHIFTING):
        return raw.decode(codec, "replace")
    if raw.isascii():
        return raw.decode("ascii")
    accidents = _ACCIDENTS if codec.startswith(_MULTIBYTE) else 0
    with suppress(UnicodeDecodeError):
        text = raw.decode("utf-8")
        if _count_not_ascii(text) > accidents:
            return text
    if codec in ("", "utf_8"):
        return _damaged_utf8(raw) or _guess(raw)
    return raw.decode(codec, "replace")


def _codec(label: str | None) -> str:
    """Return Python's name of a set; nothing for ASCII, which says nothing of other bytes."""
    match = _LABEL.match(label or "")
    if match is None:
        return ""
    name = normalize_encoding(match[1].lower())
    windows = _WINDOWS.fullmatch(name)
    name = f"cp{windows[1]}" if windows else aliases.get(name, name)
    name = _SUPERSETS.get(name, name)
    return name if name in _CHARACTER_SETS else ""


def _damaged_utf8(raw: bytes) -> str | None:
    """Decode what is UTF-8 but for a few broken characters."""
    text = raw.decode("utf-8", "replace")
    return text if 2 * text.count(_DAMAGE) <= _count_not_ascii(text) else None


def _count_not_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _guess(raw: bytes) -> str:
    sample = raw.lstrip(_ASCII)[:_GUESSING_BYTES]
    found = chardet.detect(sample, include_encodings=_GUESSES)["encoding"]
    return raw.decode(_TURKISH if found in (None, _WESTERN) else found, "replace")
