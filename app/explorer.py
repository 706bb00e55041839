"""What a browser gets: the explorer of the API, offline, and the page at /."""

from pathlib import Path
from string import Template

from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).resolve().parent.parent / "console" / "explorer"
STATIC_FOLDER = FOLDER / "static"

# The pages show what strangers wrote to the desk, so nothing but the files beside them runs. Fonts
# and small pictures stand within GraphiQL's stylesheet.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_PAGE_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": _CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class _ExplorerFiles(StaticFiles):
    """The files that the pages load; those of others lie in folders named by version."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        is_versioned = path.startswith("vendor/")
        response.headers["cache-control"] = (
            "public, max-age=31536000, immutable" if is_versioned else "no-cache"
        )
        response.headers["x-content-type-options"] = "nosniff"
        return response


def explorer_page() -> Response:
    """Return the explorer, which explores the API at the address where it is served."""
    # At that address programs get JSON: a cache must not mix the two up.
    return HTMLResponse(_read("index.html"), headers=_PAGE_HEADERS | {"vary": "accept"})


def home_page(*, shows_demo: bool) -> Response:
    """Return what stands at / until the console does; `shows_demo` adds the demo's sign-ins."""
    demo_sign_ins = _read("demo-sign-ins.html") if shows_demo else ""
    page = Template(_read("home.html")).substitute(demo_sign_ins=demo_sign_ins)
    return HTMLResponse(page, headers=_PAGE_HEADERS)


def explorer_routes() -> list[Mount]:
    """Return the routes of the files that both pages load."""
    return [Mount("/explorer", _ExplorerFiles(directory=STATIC_FOLDER))]


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
