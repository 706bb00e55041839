"""HTML of strangers, shown to agents."""

import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mail.html_balancing import balance
from services.mail.html_elements import ATTRIBUTES, TAGS
from services.mail.html_text import html_to_text
from services.mail.sanitising import sanitise

REL = 'rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("markup", "clean"),
    [
        ("<p>Merhaba <b>Ayşe</b></p>", "<p>Merhaba <b>Ayşe</b></p>"),
        ("a<script>alert(1)</script>b", "ab"),
        ("a<SCRIPT >alert(1)", "a"),
        ("a<style>p{}</style>b<title>x</title>c", "abc"),
        ("a<!-- b -->c<!-- d", "ac"),
        ("a<![if mso]>b<![endif]>c<?xml version='1.0'?>d", "abcd"),
        ("<p onclick=alert(1) style='position:fixed' class=x id=y>a</p>", "<p>a</p>"),
        ("<a href='javascript:alert(1)'>a</a>", f"<a {REL}>a</a>"),
        ("<a href='java&#10;script:alert(1)'>a</a>", f"<a {REL}>a</a>"),
        ("<a href='data:text/html,x'>a</a>", f"<a {REL}>a</a>"),
        ("<a href='/admin'>a</a>", f"<a {REL}>a</a>"),
        ("<a href='https://x.example/?a=1&copy=2'>a</a>",
         f'<a href="https://x.example/?a=1&amp;copy=2" {REL}>a</a>'),
        ("<a href=mailto:a@x.example>a</a>", f'<a href="mailto:a@x.example" {REL}>a</a>'),
        ("<img src='https://x.example/pixel.gif' alt=gül>", '<img alt="gül">'),
        ("<img src='data:image/png;base64,AAAA'>", "<img>"),
        ("<img src=cid:1@x.example>", '<img src="cid:1@x.example">'),
        ("<iframe src='https://x.example'>a</iframe>b", "b"),
        ("<form action='https://x.example'><input value=a>b</form>", "b"),
        ("<svg><a href='javascript:alert(1)'>a</a></svg>", f"<a {REL}>a</a>"),
        ("<math><mtext><table><mglyph><style><img src onerror=alert(1)>", "<table></table>"),
        ("<o:p>a</o:p>", "a"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("a &lt;script&gt; b", "a &lt;script&gt; b"),
        ("&#0;&#xd800;&#x110000;", "\ufffd\ufffd\ufffd"),
        ("<p title='a\"b>c'>d</p>", '<p title="a&quot;b&gt;c">d</p>'),
        ("<p title=it's>don't</p>", '<p title="it\'s">don\'t</p>'),
        ("<b>a<p>b</b>c</p>", "<b>a<p>b</p></b>c"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<table><tr><td>a<td>b<tr><td>c</table>d",
         "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>d"),
        ("<div><table><tr><td>a</div>b</td></tr></table></div>",
         "<div><table><tbody><tr><td>ab</td></tr></tbody></table></div>"),
        ("<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"),
        ("a<br/>b<hr>c", "a<br>b<hr>c"),
        ("<a href='http://x", ""),
        ("S\u0327", "Ş"),
        ("<b>a</b>\u0338 b", "<b>a</b> b"),
        ("<b>a</b>&#x338; b", "<b>a</b> b"),
        ("\x00<p\x00>a", "<p>a</p>"),
    ],
)  # fmt: skip
def test_what_is_dangerous_goes_and_what_is_said_stays(markup: str, clean: str) -> None:
    assert sanitise(markup) == clean


def test_nesting_stops_at_a_hundred_levels() -> None:
    assert balance("<div>" * 150 + "a" + "</div>" * 150) == "<div>" * 100 + "a" + "</div>" * 100


def test_long_text_comes_through_unchanged() -> None:
    text = "Ayşe & Ελένη " * 10_000

    assert html_to_text(sanitise(text.replace("&", "&amp;"))) == text.strip()


FRAGMENTS = [
    "<b>", "</b>", "<p>", "</p>", "<table>", "<td>", "</td>", "</table>", "<li>", "<svg>", "<!--",
    "-->", "<script>", "</script>", "<a href='", "'>", "<a title=", "<img src=", " onclick=x ",
    "javascript:", "tel:", "cid:", "&lt;", "&#x338;", "<", ">", "=", '"', "'", "\u0338", "\u0301",
    "\u1100", "\u1161", "\x00", "ş",
]  # fmt: skip
TAG_SOUP = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)


class Attributes(HTMLParser):
    """Collects (tag, attribute, value) as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, name, value or "") for name, value in attrs or [("", "")]]


@given(st.one_of(TAG_SOUP, st.text()))
def test_any_soup_becomes_safe_and_storable(markup: str) -> None:
    clean = sanitise(markup)

    assert unicodedata.is_normalized("NFC", clean)
    assert "\x00" not in clean
    assert clean.encode().decode() == clean
    parser = Attributes()
    parser.feed(clean)
    for tag, attribute, value in parser.found:
        assert tag in TAGS
        assert attribute in {"", "rel", *ATTRIBUTES[tag], *ATTRIBUTES["*"]}
        assert attribute != "href" or value.startswith(("http:", "https:", "mailto:", "tel:"))


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("  a \n b  ", "a b"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c"),
        ("<h1>a</h1>b", "a\n\nb"),
        ("<ol><li>a</li><li><p>b</p></li></ol>", "- a\n\n- b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ('<a href="https://x.example/a">b</a>', "b (https://x.example/a)"),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="mailto:a@x.example">a@x.example</a>', "a@x.example"),
        ('<a href="https://x.example/"><img alt="logo"></a>', "logo (https://x.example/)"),
        ("<a>a</a>", "a"),
        ("a<blockquote>b<blockquote>c</blockquote>d</blockquote>e",
         "a\n\n> b\n>\n> > c\n>\n> d\n\ne"),
        ("<blockquote>" * 20 + "a" + "</blockquote>" * 20, "> " * 10 + "a"),
        ("a &amp; b&nbsp;&lt;c&gt;", "a & b <c>"),
        ("", ""),
    ],
)  # fmt: skip
def test_html_reads_as_text(markup: str, text: str) -> None:
    assert html_to_text(markup) == text
