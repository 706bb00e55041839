"""The text of a mail that was sent as HTML only."""

import re
from html.parser import HTMLParser

# As mail programs mark what is quoted; more levels only push the words to the right.
_QUOTE_MARK = "> "
_QUOTE_LEVELS = 10
_PARAGRAPHS = frozenset(
    {"blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"}
)
_LINES = frozenset({"br", "caption", "center", "dd", "div", "dt", "hr", "li", "tr"})
_SCHEME = re.compile(r"(?:https?://|mailto:|tel:)")


def html_to_text(markup: str) -> str:
    """Return the text of sanitised HTML: paragraphs apart, lists and quotations marked.

    A link is followed by its address unless its text shows it already.
    """
    writer = _TextWriter()
    writer.feed(markup)
    writer.close()
    return writer.finish()


class _TextWriter(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line: list[str] = []
        self._item_mark = ""
        self._quote_level = 0
        self._preformatted_level = 0
        self._link = ""
        self._link_start = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._begin_line(tag)
        match tag:
            case "blockquote":
                self._quote_level += 1
            case "pre":
                self._preformatted_level += 1
            case "li":
                self._item_mark = "- "
            case "td" | "th":
                self._line.append(" ")
            case "img":
                self._line.append(dict(attrs).get("alt") or "")
            case "a":
                self._link = dict(attrs).get("href") or ""
                self._link_start = len(self._line)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._finish_link()
        if tag in _PARAGRAPHS or tag in _LINES:
            self._end_line()
        if tag == "pre":
            self._preformatted_level -= 1
        if tag == "blockquote":
            self._quote_level -= 1
        if tag in _PARAGRAPHS:
            self._leave_space()

    def handle_data(self, data: str) -> None:
        if not self._preformatted_level:
            self._line.append(data)
            return
        *complete, last = data.split("\n")
        for line in complete:
            self._line.append(line)
            self._end_line(keep_empty=True)
        self._line.append(last)

    def finish(self) -> str:
        self._end_line()
        while self._lines and not self._lines[-1].strip(_QUOTE_MARK):
            self._lines.pop()
        return "\n".join(self._lines)

    def _begin_line(self, tag: str) -> None:
        if tag in _PARAGRAPHS or tag in _LINES:
            self._end_line(keep_empty=tag == "br")
        if tag in _PARAGRAPHS:
            self._leave_space()

    def _end_line(self, *, keep_empty: bool = False) -> None:
        text = "".join(self._line)
        if not self._preformatted_level:
            text = " ".join(text.split())
        self._line.clear()
        if text:
            text = self._item_mark + text
            self._item_mark = ""
        if text or keep_empty:
            self._lines.append((self._quote_mark() + text).rstrip())

    def _leave_space(self) -> None:
        if self._lines and self._lines[-1].strip(_QUOTE_MARK):
            self._lines.append(self._quote_mark().rstrip())

    def _quote_mark(self) -> str:
        return _QUOTE_MARK * min(self._quote_level, _QUOTE_LEVELS)

    def _finish_link(self) -> None:
        shown = "".join(self._line[self._link_start :]).strip()
        if shown and self._link and _bare(shown) != _bare(self._link):
            self._line.append(f" ({self._link})")
        self._link = ""


def _bare(address: str) -> str:
    return _SCHEME.sub("", address).rstrip("/")
