"""How mail programs introduce what they quote, in Turkish, Greek and English.

Gmail, Outlook, Apple Mail, Yahoo, Thunderbird and the programs of telephones; and the line that
the desk's own mails begin with.
"""

import re
from collections.abc import Sequence
from typing import Final

from core.localization import LANGUAGES, translate

# Programs break lines at 70 to 80 characters, so that names and addresses need up to four.
_LINES_OF_ATTRIBUTION = 4
_ATTRIBUTION_CHARACTERS = 600
# An answer that quotes ten header lines of Outlook's does not exist.
_LINES_OF_HEADER = 8
# So much of the marker that it is nothing else, also where a program broke its line.
_MARKER_CHARACTERS = 20

MARKERS: Final = {language: translate(language, "reply-marker") for language in LANGUAGES}
"""The first line of outgoing mails, by language: what stands below it is not new."""

# "On …, Ayşe <…> wrote:", "Ayşe <…>, … tarihinde şunu yazdı:", "Στις …, ο χρήστης … έγραψε:".
_WROTE = re.compile(r"(?:\bwrote\s?:|\bέγραψ[εα]\s?:|\byazd[ıi]\s?(?:\([^()]{4,80}\))?\s?:)\**\Z")
_WROTE_CHARACTERS = 120
# How the last line of these ends, wherever a program broke them.
_LAST_WORDS = re.compile(r"(?:\bwrote|\bέγραψ[εα]|\byazd[ıi]|[>)])\s?:\**\Z")
# Gmail in languages that it has no words for: "2024-02-05 9:12 GMT+03:00 Ayşe <…>:".
_SINCE_THEN = re.compile(r"\d{4}-\d\d-\d\d\s.{1,400}<[^<>\s]{3,254}>\s?:")
_DIGIT = re.compile(r"\d")
# Somebody's address, or a time of day.
_EVIDENCE = re.compile(r"@|\b\d\d?[:.]\d\d\b")

_ORIGINAL = re.compile(
    r"""
    [*_]*-{2,}\s*
    (?: original\s(?:message|appointment|e-?mail)
      | (?:özgün|orijinal|asıl)\s(?:ileti|mesaj|e-?posta)
      | (?:αρχικό|πρωτότυπο)\s(?:μήνυμα|e-?mail) )
    \s*-{2,}[*_]*
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FORWARDED = re.compile(
    r"""
      -{2,}\s*
      (?: forwarded\s(?:message|by\b.{0,200})
        | (?:[iİ]letilen|yönlendirilen|yönlendirilmiş)\s(?:ileti|mesaj|e-?posta)
        | προωθ(?:ημένο|ούμενο)\s(?:μήνυμα|e-?mail) )
      \s*-{2,}
    | begin\sforwarded\smessage\s*:
    | (?:[iİ]letilen|yönlendirilen|yönlendirilmiş)\s(?:ileti|mesaj|e-?posta)(?:\sbaşlangıcı)?\s*:
    | έναρξη\sπροωθ(?:ημένου|ούμενου)\sμηνύματος\s*:
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SUBJECT_OF_FORWARD = re.compile(r"\s*(?:fwd?|[iİ]lt|[iİ]let|yön|πρθ|πρ)\s?:", re.IGNORECASE)

_SENDER_FIELD = re.compile(r"[*\s]{0,4}(?:From|Kimden|Gönderen|Από)\s?:\**\s?\S", re.IGNORECASE)
_OTHER_FIELD = re.compile(
    r"""
    [*\s]{0,4}
    (?: Sent | Date | To | Cc | Bcc | Subject | Reply-To | Importance | Attachments
      | Gönderildi | Gönderilme\sTarihi | Gönderme\sTarihi | Tarih | Kime | Alıcı | Bilgi | Gizli
      | Konu | Önem | Ekler
      | Στάλθηκε | Εστάλη | Αποστολή | Ημερομηνία | Ημ/νία | Προς | Κοιν(?:οποίηση|\.)? | Θέμα
      | Σπουδαιότητα | Συνημμένα )
    \s?:
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SEPARATOR = re.compile(r"\s*(?:_{5,}|-{5,})\s*")


def is_marker(line: str) -> bool:
    """Tell whether a line is, or begins with, the one that the desk's own mails begin with."""
    start = line.strip("*_ \t")[:_MARKER_CHARACTERS]
    return any(marker[:_MARKER_CHARACTERS] == start for marker in MARKERS.values())


def is_original_message(lines: Sequence[str], place: int) -> bool:
    """Tell whether what is answered begins here, as Outlook and telephones show it."""
    line = lines[place].strip()
    if len(line) > _ATTRIBUTION_CHARACTERS:
        return False
    return _ORIGINAL.fullmatch(line) is not None or _is_header(lines, place)


def is_forwarded_message(line: str) -> bool:
    """Tell whether a mail that is passed on begins here."""
    return len(line) <= _ATTRIBUTION_CHARACTERS and _FORWARDED.match(line.strip()) is not None


def is_subject_of_forward(subject: str) -> bool:
    """Tell whether a subject says that the mail passes another one on."""
    return _SUBJECT_OF_FORWARD.match(subject) is not None


def is_separator(line: str) -> bool:
    """Tell whether a line is only drawn."""
    return len(line) <= _ATTRIBUTION_CHARACTERS and _SEPARATOR.fullmatch(line) is not None


def attribution_start(lines: Sequence[str], end: int, *, is_quoted_below: bool) -> int | None:
    """Return where the words begin that introduce a quotation and stand right above line `end`.

    Where no marked quotation stands below, people could have written them: then they must name an
    address or a time of day. Where one does, any line that names them and ends in a colon will do.
    """
    last = lines[end - 1].rstrip() if end > 0 else ""
    if not last.endswith((":", ":*")) or len(last) > _ATTRIBUTION_CHARACTERS:
        return None
    if _LAST_WORDS.search(last, max(len(last) - _WROTE_CHARACTERS, 0)) is not None:
        start = _start_of_words(lines, end, is_quoted_below=is_quoted_below)
        if start is not None:
            return start
    return end - 1 if is_quoted_below and _EVIDENCE.search(last) else None


def _start_of_words(lines: Sequence[str], end: int, *, is_quoted_below: bool) -> int | None:
    words = ""
    for start in range(end - 1, max(end - 1 - _LINES_OF_ATTRIBUTION, -1), -1):
        line = lines[start].strip()
        if not line or line.startswith(">") or len(line) > _ATTRIBUTION_CHARACTERS:
            break
        words = f"{line} {words}".strip()
        if _is_attribution(words) and (is_quoted_below or _EVIDENCE.search(words)):
            return start
    return None


def _is_attribution(words: str) -> bool:
    if _SINCE_THEN.fullmatch(words):
        return True
    wrote = _WROTE.search(words, max(len(words) - _WROTE_CHARACTERS, 0))
    if wrote is None or _DIGIT.search(words) is None:
        return False
    match wrote[0][0]:
        case "w":
            return words.startswith("On ")
        case "έ":
            return words.startswith(("Στις ", "Την ", "Τη ", "Στο ", "Το "))
        case _:
            return True  # Turkish has its verb at the end, and the name at the beginning


def _is_header(lines: Sequence[str], place: int) -> bool:
    """Tell whether the lines are the header of a mail: who wrote it, and two fields more."""
    if _SENDER_FIELD.match(lines[place]) is None:
        return False
    below = lines[place + 1 : place + 1 + _LINES_OF_HEADER]
    return sum(_OTHER_FIELD.match(line) is not None for line in below) >= 2  # noqa: PLR2004
