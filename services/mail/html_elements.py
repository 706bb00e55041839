"""The HTML that is kept of a mail: what people write, and the tables it is laid out in."""

# Nothing that runs, loads, asks for input or leaves its place. No `style`, `class` and `id`: they
# reach into the page that shows the mail, or hide words from the agent who reads it.
ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "abbr": set(),
    "b": set(),
    "big": set(),
    "blockquote": set(),
    "br": set(),
    "caption": set(),
    "center": set(),
    "code": set(),
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "dd": set(),
    "del": set(),
    "div": {"align"},
    "dl": set(),
    "dt": set(),
    "em": set(),
    "font": {"color", "size"},
    "h1": {"align"},
    "h2": {"align"},
    "h3": {"align"},
    "h4": {"align"},
    "h5": {"align"},
    "h6": {"align"},
    "hr": set(),
    "i": set(),
    "img": {"alt", "height", "src", "width"},
    "ins": set(),
    "li": {"value"},
    "ol": {"start", "type"},
    "p": {"align"},
    "pre": set(),
    "q": set(),
    "s": set(),
    "small": set(),
    "span": set(),
    "strike": set(),
    "strong": set(),
    "sub": set(),
    "sup": set(),
    "table": {"align", "bgcolor", "border", "cellpadding", "cellspacing", "width"},
    "tbody": set(),
    "td": {"align", "bgcolor", "colspan", "height", "rowspan", "valign", "width"},
    "tfoot": set(),
    "th": {"align", "bgcolor", "colspan", "height", "rowspan", "valign", "width"},
    "thead": set(),
    "tr": {"align", "bgcolor", "valign"},
    "tt": set(),
    "u": set(),
    "ul": set(),
}
TAGS = frozenset(ATTRIBUTES) - {"*"}
VOID_TAGS = frozenset({"br", "col", "hr", "img"})

TABLE_TAGS = frozenset(
    {"caption", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
)
# Their beginning ends a paragraph that is still open.
BLOCK_TAGS = frozenset(
    {"blockquote", "center", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr"}
    | {"li", "ol", "p", "pre", "table", "ul"}
)
