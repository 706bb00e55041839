"""HTML made well-formed and flat before the sanitiser parses it.

A parser that follows the HTML standard repairs misnested and unclosed elements by copying them,
and takes quadratic time and memory over a few hundred kilobytes of `<b>` or `<div>`. Here each
element that is opened is closed in order, at most 100 deep, so that nothing is left to repair. This
is no sanitiser: whatever gets through is judged by the one that follows.
"""

import html
import re
import unicodedata
from dataclasses import dataclass, field

from core.text import normalise
from services.mail.html_elements import ATTRIBUTES, BLOCK_TAGS, TABLE_TAGS, TAGS, VOID_TAGS

# A table in a table in a table takes four levels each; newsletters go down to sixty.
_LEVELS = 100

# The sanitiser takes quadratic time over the ampersands of one text. A comment, which it removes,
# makes two texts of one.
_TEXT_CHARACTERS = 4_096

# What begins and never ends reaches to the end of the text, as the HTML standard has it, and no tag
# reaches beyond the next `<`, which leaves no place to be looked at twice.
_TOKEN = re.compile(
    r"""
      <!--.*?(?:-->|\Z)
    | <(?P<hidden>script|style|title|template|iframe|noembed|noframes)\b
      .*?(?:</(?P=hidden)\b[^>]*+(?:>|\Z)|\Z)
    | <(?P<end>/?)(?P<name>[a-z][a-z0-9:-]*+)
      (?P<attributes>(?:[^<>"'=]++|=\s*+(?:"[^"<]*+"|'[^'<]*+')?+|["'])*+)>
    | <[!?/][^>]*+(?:>|\Z)
    | <[a-z][^<>]*+\Z
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(
    r"""([a-z][a-z-]{0,30})\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>][^\s>]*+))""", re.IGNORECASE
)
# In attributes, a reference by name needs its semicolon: `?a=1&copy=2` is an address.
_REFERENCE = re.compile(r"&(?:#\d{1,8}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});?", re.IGNORECASE)
_CLOSED_REFERENCE = re.compile(
    r"&(?:#\d{1,8};?|#x[0-9a-f]{1,6};?|[a-z][a-z0-9]{1,31};)", re.IGNORECASE
)

_CELLS = frozenset({"td", "th"})
_ROWS = _CELLS | {"tr"}
_ROW_GROUPS = _ROWS | {"tbody", "tfoot", "thead"}
_TABLE = frozenset({"table"})
_SCOPES = _CELLS | _TABLE | {"caption"}

# An element whose end may be left out ends where one of the same kind begins in the same
# container: name of the beginning element → (what it ends, what holds both).
_IMPLIED_ENDS = {
    **dict.fromkeys(BLOCK_TAGS, (frozenset({"p"}), _SCOPES | BLOCK_TAGS - {"p"})),
    "li": (frozenset({"li"}), frozenset({"ol", "ul"}) | _SCOPES),
    **dict.fromkeys(("dd", "dt"), (frozenset({"dd", "dt"}), frozenset({"dl"}) | _SCOPES)),
    **dict.fromkeys(_CELLS, (_CELLS, _TABLE)),
    "tr": (_ROWS, _TABLE),
    **dict.fromkeys(("tbody", "tfoot", "thead"), (_ROW_GROUPS, _TABLE)),
}


def balance(markup: str) -> str:
    """Return the same content as well-formed HTML of known elements, nested at most 100 deep.

    Scripts, styles and comments are gone. Text and attributes are in the form in which text is
    stored, with their character references resolved.
    """
    writer = _Writer()
    position = 0
    for token in _TOKEN.finditer(markup):
        writer.text(markup[position : token.start()])
        name = (token["name"] or "").lower()
        if name in TAGS:
            if token["end"]:
                writer.end(name)
            else:
                writer.begin(name, token["attributes"])
        position = token.end()
    writer.text(markup[position:])
    return writer.finish()


@dataclass(slots=True)
class _Writer:
    _written: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def text(self, text: str) -> None:
        if not text:
            return
        stored = normalise(_REFERENCE.sub(_unescape, text))
        # A mark at the beginning could, once the markup is normalised, eat the bracket before it.
        while stored and unicodedata.combining(stored[0]):
            stored = stored[1:]
        pieces = [
            html.escape(stored[start : start + _TEXT_CHARACTERS], quote=False)
            for start in range(0, len(stored), _TEXT_CHARACTERS)
        ]
        self._written.append("<!---->".join(pieces))

    def begin(self, name: str, attributes: str) -> None:
        self._end_implied(name)
        if name in VOID_TAGS:
            self._written.append(f"<{name}{_write_attributes(name, attributes)}>")
        elif len(self._open) < _LEVELS:
            self._written.append(f"<{name}{_write_attributes(name, attributes)}>")
            self._open.append(name)

    def end(self, name: str) -> None:
        scope = frozenset() if name in TABLE_TAGS else _SCOPES
        for level in reversed(range(len(self._open))):
            if self._open[level] == name:
                self._close_down_to(level)
                return
            if self._open[level] in scope:
                return

    def finish(self) -> str:
        self._close_down_to(0)
        return "".join(self._written)

    def _end_implied(self, name: str) -> None:
        if name not in _IMPLIED_ENDS:
            return
        ended, container = _IMPLIED_ENDS[name]
        outermost = len(self._open)
        for level in reversed(range(len(self._open))):
            if self._open[level] in ended:
                outermost = level
            elif self._open[level] in container:
                break
        self._close_down_to(outermost)

    def _close_down_to(self, level: int) -> None:
        self._written += [f"</{name}>" for name in reversed(self._open[level:])]
        del self._open[level:]


def _write_attributes(name: str, attributes: str) -> str:
    allowed = ATTRIBUTES[name] | ATTRIBUTES["*"]
    values: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(attributes):
        attribute = match[1].lower()
        if attribute in allowed:
            value = match[2] or match[3] or match[4] or ""
            values.setdefault(attribute, _CLOSED_REFERENCE.sub(_unescape, value))
    return "".join(
        f' {attribute}="{html.escape(normalise(value))}"' for attribute, value in values.items()
    )


def _unescape(reference: re.Match[str]) -> str:
    return html.unescape(reference[0])
