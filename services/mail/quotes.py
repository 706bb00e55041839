"""What somebody wrote themselves in an answer, and what they only quoted.

Nothing is lost: each line that is not blank stands in one of the two. In doubt it stands in the
first: an answer that is shown with too much is read, one that is folded away is not.
"""

import re
from collections.abc import Iterator, Sequence

from services.mail.reply_markers import (
    attribution_start,
    is_forwarded_message,
    is_marker,
    is_original_message,
    is_separator,
    is_subject_of_forward,
)

# Looking for words that introduce a quotation takes time for each line, and nobody writes more
# above one. What every line marks is found wherever it stands.
_ANSWER_CHARACTERS = 64 * 1024

# ">From " at the beginning of a line is what mbox makes of "From ".
_QUOTED_LINE = re.compile(r"\s{0,3}>(?!From )")
# RFC 3676, section 4.3; some programs lose the space.
_SIGNATURE = re.compile(r"--\s?")


def split_quoted(text: str, subject: str = "") -> tuple[str, str | None]:
    """Return the own text of an answer, and the quoted rest if there is any.

    Answers between quotations stay in the own text, with the quotations above them that they
    answer; so do signatures and mails that are passed on. `subject` tells of these, where the text
    does not. A mail that only quotes is its own text.
    """
    lines = text.split("\n")
    end = _end_of_answer(lines)
    if end is None or is_subject_of_forward(subject):
        return text, None
    own, quoted = _fold(lines[:end])
    quoted += lines[end:]
    if not _has_words(own) or not _has_words(quoted):
        return text, None
    return _joined(own), _joined(quoted)


def _end_of_answer(lines: Sequence[str]) -> int | None:
    """Return where everything below is what the answer is to, though its lines are not marked.

    None for no answer, but a mail that passes another one on.
    """
    for place, line in enumerate(_first(lines, _ANSWER_CHARACTERS)):
        if not line.strip() or _is_quoted(line):
            continue
        if is_forwarded_message(line):
            return None
        if is_marker(line) or is_original_message(lines, place):
            return _with_introduction(lines, place)
        start = attribution_start(lines, place + 1, is_quoted_below=False)
        if start is not None and not _is_quoted(_next_words(lines, place + 1)):
            return start
    return len(lines)


def _first(lines: Sequence[str], characters: int) -> Iterator[str]:
    """Return the lines that begin within so many characters."""
    for line in lines:
        if characters <= 0:
            return
        yield line
        characters -= len(line) + 1


def _with_introduction(lines: Sequence[str], place: int) -> int:
    """Return where the words and the drawn line above a quotation begin."""
    above = place
    while above and (not lines[above - 1].strip() or is_separator(lines[above - 1])):
        above -= 1
    start = attribution_start(lines, above, is_quoted_below=True)
    return above if start is None else start


def _fold(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the own lines and the quoted ones, where all that is quoted is marked."""
    end = _start_of_signature(lines)
    start = _start_of_last_quotation(lines, end)
    if start < end:
        return [*lines[:start], *lines[end:]], list(lines[start:end])
    first_own = _end_of_first_quotation(lines)
    if any(map(_is_quoted, lines[first_own:])):
        return list(lines), []  # what is answered stands above each answer
    return list(lines[first_own:]), list(lines[:first_own])


def _start_of_signature(lines: Sequence[str]) -> int:
    """Return where a signature begins that stands below the last quotation."""
    for place in range(len(lines) - 1, -1, -1):
        if _is_quoted(lines[place]):
            break
        if _SIGNATURE.fullmatch(lines[place]):
            return place
    return len(lines)


def _start_of_last_quotation(lines: Sequence[str], end: int) -> int:
    """Return where the quotation begins that ends before `end`; `end` itself if there is none."""
    start = place = end
    while place and (_is_quoted(lines[place - 1]) or not lines[place - 1].strip()):
        place -= 1
        if _is_quoted(lines[place]):
            start = place
    return _with_introduction(lines, start) if start < end else end


def _end_of_first_quotation(lines: Sequence[str]) -> int:
    """Return where the quotation ends with which the text begins; 0 if it does with other words."""
    first = next((place for place, line in enumerate(lines) if _is_quoted(line)), len(lines))
    if _has_words(lines[: _with_introduction(lines, first)]):
        return 0
    place = first
    while place < len(lines) and (_is_quoted(lines[place]) or not lines[place].strip()):
        place += 1
    return place if first < len(lines) else 0


def _next_words(lines: Sequence[str], place: int) -> str:
    """Return the first line from `place` on that is not blank."""
    words = (lines[below] for below in range(place, len(lines)) if lines[below].strip())
    return next(words, "")


def _is_quoted(line: str) -> bool:
    return _QUOTED_LINE.match(line) is not None


def _has_words(lines: Sequence[str]) -> bool:
    return any(line.strip() for line in lines)


def _joined(lines: Sequence[str]) -> str:
    """Put lines together, without blank ones at both ends."""
    written = [place for place, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[written[0] : written[-1] + 1])
