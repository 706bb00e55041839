"""The pages for browsers: whole, offline, and with nothing on them but what is theirs."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx2
import pytest
import pytest_asyncio
from graphql import parse, validate
from starlette.applications import Starlette
from starlette.routing import Route

from app.explorer import FOLDER, STATIC_FOLDER, explorer_page, explorer_routes, home_page
from schema.schema import build_schema

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
KEPT = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"

every_page = pytest.mark.parametrize("path", ["/", "/graphql"])
OUR_FILES = sorted(
    path
    for path in FOLDER.rglob("*")
    if path.is_file() and path.suffix != ".md" and "vendor" not in path.parts
)


class Addresses(HTMLParser):
    """Collects the addresses of a page: what it loads, and where it leads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.all: list[str] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        found = [attributes[name] for name in ("src", "href") if name in attributes]
        self.all += [address or "" for address in found]
        if tag in {"script", "link", "img"}:
            self.loaded += [address or "" for address in found]
        if tag == "style" or (tag == "script" and "src" not in attributes):
            self.inline.append(tag)
        self.inline += [name for name in attributes if name == "style" or name.startswith("on")]


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[httpx2.AsyncClient]:
    application = Starlette(
        routes=[
            Route("/", home_page(shows_demo=True), methods=["GET"]),
            Route("/graphql", explorer_page(), methods=["GET"]),
            *explorer_routes(),
        ]
    )
    transport = httpx2.ASGITransport(app=application)
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk") as client:
        yield client


@every_page
async def test_page_is_html_that_runs_nothing_but_its_own_files(
    browser: httpx2.AsyncClient, path: str
) -> None:
    page = await browser.get(path)

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert page.headers["cache-control"] == ASKED_AGAIN
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert Addresses(page.text).inline == []


@every_page
async def test_every_file_that_a_page_loads_is_served_as_what_it_is(
    browser: httpx2.AsyncClient, path: str
) -> None:
    loaded = Addresses((await browser.get(path)).text).loaded
    assert loaded

    for address in loaded:
        file = await browser.get(address)
        assert file.status_code == 200, address
        assert file.headers["content-type"] == CONTENT_TYPES[address[address.rindex(".") :]]
        assert file.headers["x-content-type-options"] == "nosniff"
        assert file.headers["cache-control"] == (KEPT if "/vendor/" in address else ASKED_AGAIN)


@every_page
async def test_page_leads_nowhere_else(browser: httpx2.AsyncClient, path: str) -> None:
    addresses = Addresses((await browser.get(path)).text).all
    assert addresses

    assert [address for address in addresses if not re.match(r"/(?!/)", address)] == []


@pytest.mark.parametrize("name", [path.relative_to(FOLDER).as_posix() for path in OUR_FILES])
def test_our_files_name_no_other_host(name: str) -> None:
    named = re.findall(r"\w+://[\w.-]+", (FOLDER / name).read_text(encoding="utf-8"))

    # The name of SVG's vocabulary looks like an address, but nobody goes there.
    assert [address for address in named if address != "http://www.w3.org"] == []


def test_stylesheets_of_others_hold_their_fonts_and_pictures() -> None:
    stylesheets = sorted(STATIC_FOLDER.glob("vendor/*/*.css"))
    assert stylesheets

    for stylesheet in stylesheets:
        text = stylesheet.read_text(encoding="utf-8")
        assert re.findall(r"""@import|url\((?!["']?(?:data:|#))[^)]*\)""", text) == []


def test_readme_and_page_name_every_vendored_package_in_its_version() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    folders = {path.name for path in (STATIC_FOLDER / "vendor").iterdir()}
    rows = re.findall(r"^\| `(?:@\w+/)?([\w-]+)` \| ([\d.]+) \|", readme, re.MULTILINE)

    assert folders == {f"{package}-{version}" for package, version in rows}
    assert folders == set(re.findall(r'"/explorer/vendor/([^/]+)/', page))


async def test_file_that_a_browser_has_is_not_sent_again(browser: httpx2.AsyncClient) -> None:
    first = await browser.get("/explorer/explorer.js")
    again = await browser.get(
        "/explorer/explorer.js", headers={"if-none-match": first.headers["etag"]}
    )

    assert again.status_code == 304
    assert again.headers["cache-control"] == ASKED_AGAIN
    assert again.content == b""


@pytest.mark.parametrize(
    "path",
    [
        "/explorer/",
        "/explorer/vendor/",
        "/explorer/absent.js",
        "/explorer/%2e%2e/README.md",
        "/explorer/..%2frenew.sh",
    ],
)
async def test_nothing_beside_the_static_files_is_served(
    browser: httpx2.AsyncClient, path: str
) -> None:
    assert (await browser.get(path)).status_code == 404


async def test_explorer_is_not_mixed_up_with_the_answers_of_the_api(
    browser: httpx2.AsyncClient,
) -> None:
    assert (await browser.get("/graphql")).headers["vary"] == "accept"


def test_demo_sign_ins_show_only_where_asked_for() -> None:
    shown = bytes(home_page(shows_demo=True).body).decode()
    hidden = bytes(home_page(shows_demo=False).body).decode()

    assert re.findall(r"\S+@demo\.example(?=<)", shown) != []
    assert "demo" not in hidden.lower()
    assert "$" not in shown + hidden


def test_first_steps_are_what_the_api_understands() -> None:
    script = (STATIC_FOLDER / "first-steps.js").read_text(encoding="utf-8")
    _before, document, _after = script.split("`")

    assert validate(build_schema()._schema, parse(document)) == []
