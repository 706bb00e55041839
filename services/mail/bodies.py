"""What of a mail is its text, and what is attached to it (after RFC 8621, section 4.1.4)."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.text import normalise
from models.messages import STORED_CHARACTERS
from services.mail.charsets import decode_text
from services.mail.html_text import html_to_text
from services.mail.sanitising import sanitise
from services.mail.structure import Part
from services.mail.transfer import decode_transfer

_PLAIN = "text/plain"
_HTML = "text/html"
_ALTERNATIVE = "multipart/alternative"

# Tags take time, up to a second for so many. Five times what Gmail shows of a mail before it cuts.
_HTML_CHARACTERS = 512 * 1024

# The HTML standard looks for the declaration in the first 1,024 bytes. One that can be read as
# ASCII does not itself stand in UTF-16 or UTF-32, whatever it says.
_DECLARATION = re.compile(
    rb"<meta[^>]{1,200}charset\s{0,9}=\s{0,9}[\"']?(?!utf-?(?:16|32))([\w.:-]{1,40})", re.IGNORECASE
)
_DECLARATION_BYTES = 1_024


@dataclass(frozen=True, slots=True)
class Selection:
    """The parts shown as plain text, those shown as HTML, and those attached, each in order.

    Where a text has one form only, its part is in both of the first two.
    """

    plain: Sequence[Part] = ()
    html: Sequence[Part] = ()
    attached: Sequence[Part] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """The readable text and, if there is any, the sanitised HTML; and whether either was cut."""

    text: str
    html: str | None
    is_cut: bool


def select_parts(part: Part, *, is_first: bool = True) -> Selection:
    """Tell the parts of a mail that are its body from those that are attached."""
    if not part.children:
        if _is_text(part, is_first=is_first):
            return Selection(plain=[part], html=[part])
        return Selection(attached=[part])
    is_alternative = part.content_type == _ALTERNATIVE
    selections = [
        select_parts(child, is_first=place == 0 or is_alternative)
        for place, child in enumerate(part.children)
    ]
    attached = [file for selection in selections for file in selection.attached]
    if is_alternative:
        plain, marked_up = _choose(selections)
        return Selection(plain, marked_up, attached)
    return Selection(
        [text for selection in selections for text in selection.plain],
        [text for selection in selections for text in selection.html],
        attached,
    )


def read_body(selection: Selection) -> Body:
    """Return the text of a mail, up to 1,048,576 characters, and the HTML made of 524,288.

    A mail without a text of its own has the text of its HTML.
    """
    is_plain = all(part.content_type == _PLAIN for part in selection.plain)
    text = _normalise("\n".join(map(_decode, selection.plain))) if is_plain else ""
    if all(part.content_type != _HTML for part in selection.html):
        return Body(text[:STORED_CHARACTERS], None, len(text) > STORED_CHARACTERS)
    source = "\n".join(map(_as_html, selection.html))
    markup = sanitise(source[:_HTML_CHARACTERS])
    if not text.strip():
        text = _normalise(html_to_text(markup))
    # Sanitised markup cannot be cut without breaking it.
    is_too_long = len(markup) > STORED_CHARACTERS
    return Body(
        text[:STORED_CHARACTERS],
        None if is_too_long or not markup.strip() else markup,
        is_too_long or len(source) > _HTML_CHARACTERS or len(text) > STORED_CHARACTERS,
    )


def _is_text(part: Part, *, is_first: bool) -> bool:
    """Tell text to read from a text file: that has a name, and something else stands before it."""
    return (
        part.content_type in (_PLAIN, _HTML)
        and part.disposition != "attachment"
        and (is_first or part.filename is None)
    )


def _choose(selections: Sequence[Selection]) -> tuple[Sequence[Part], Sequence[Part]]:
    """Return the plainest and the richest of alternatives; the richest stands last (RFC 2046)."""
    plain = [s.plain for s in selections if _holds(s.plain, _PLAIN)]
    marked_up = [s.html for s in selections if _holds(s.html, _HTML)]
    if not plain:
        plain = marked_up[-1:]
    if not marked_up:
        marked_up = plain[:1]
    return (plain[0], marked_up[-1]) if plain else ((), ())


def _holds(parts: Sequence[Part], content_type: str) -> bool:
    return any(part.content_type == content_type for part in parts)


def _normalise(text: str) -> str:
    """Return text as it is stored, and of one that is too long at least a character too much."""
    # Blank lines at its ends count for nothing; normalising makes some characters two.
    return normalise(text.strip("\r\n")[: STORED_CHARACTERS + 1]).strip("\n")


def _as_html(part: Part) -> str:
    text = _decode(part)
    if part.content_type == _HTML or not text.strip():
        return text
    return f"<pre>{html.escape(text)}</pre>"


def _decode(part: Part) -> str:
    raw = decode_transfer(part.body, part.headers.token("content-transfer-encoding"))
    charset = part.parameters.get("charset")
    if charset is None and part.content_type == _HTML:
        declaration = _DECLARATION.search(raw, 0, _DECLARATION_BYTES)
        charset = declaration[1].decode("ascii") if declaration else None
    return decode_text(raw, charset)
