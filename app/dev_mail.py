"""The dev mailbox in a browser: what would have been sent, for who sits at this very machine.

It shows what is written to customers, and asks for no sign-in. So it is there only where no mail
server is set, the desk is reached by a name of this machine, and the demo's people can sign in or
DEV_MAILBOX says so: a proxy may hide whom it speaks for, and then, without the setting, nothing is
shown that the demo's password does not show. Even there it is only for a browser on the same
machine that asked by a name of this machine: whoever comes through a proxy that says so, or was led
here by another site's name, finds nothing.
"""

import asyncio
import html
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Row
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app.desk import Desk
from services.outgoing_mail.dev_mailbox import MAILS_KEPT, DevMailbox

PATH = "/dev/mail"
_PAGES = Path(__file__).resolve().parent.parent / "console" / "dev-mail"
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_OF_PROXIES = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")

_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_OF_PAGES = _HEADERS | {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
# What a mail's own HTML may do: look as it says, and nothing else.
_OF_MAILS = _HEADERS | {
    "content-security-policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "frame-ancestors 'self'"
    )
}

Page = Callable[[Request], Awaitable[Response]]


def open_mailbox(desk: Desk) -> DevMailbox | None:
    """Return the mailbox if it is there to be looked at."""
    mailbox, settings = desk.mail_transport, desk.settings
    names = {settings.host}
    if settings.public_url is not None:
        names.add(urlsplit(settings.public_url).hostname or "")
    is_wanted = desk.has_demo if settings.dev_mailbox is None else settings.dev_mailbox
    is_shown = is_wanted and names <= _THIS_MACHINE
    return mailbox if is_shown and isinstance(mailbox, DevMailbox) else None


def dev_mail_routes(desk: Desk) -> list[Route]:
    """Return the routes of the mailbox; none where it is not to be looked at."""
    mailbox = open_mailbox(desk)
    if mailbox is None:
        return []
    pages = _Pages(mailbox)
    of_mail = f"{PATH}/{{mail_id:uuid}}"
    return [
        Route(PATH, _for_this_machine(pages.show_list)),
        Route(of_mail, _for_this_machine(pages.show_mail)),
        Route(f"{of_mail}/html", _for_this_machine(pages.show_html)),
        Route(f"{of_mail}/raw", _for_this_machine(pages.download)),
    ]


class _Pages:
    def __init__(self, mailbox: DevMailbox) -> None:
        self._mailbox = mailbox

    async def show_list(self, _request: Request) -> Response:
        mails = await self._mailbox.newest()
        rows = "".join(_list_row(mail) for mail in mails) or _NONE_YET
        return _page("list.html", rows=rows, count=len(mails), kept=MAILS_KEPT)

    async def show_mail(self, request: Request) -> Response:
        # Parsing tens of megabytes takes seconds, in which others are to be served.
        return await asyncio.to_thread(_mail_page, await self._find(request))

    async def show_html(self, request: Request) -> Response:
        return await asyncio.to_thread(_html_of, await self._find(request))

    async def download(self, request: Request) -> Response:
        row = await self._find(request)
        name = f'attachment; filename="{row.id.hex}.eml"'
        headers = _HEADERS | {"content-disposition": name}
        return Response(row.content, media_type="message/rfc822", headers=headers)

    async def _find(self, request: Request) -> Row[Any]:
        row = await self._mailbox.find(request.path_params["mail_id"])
        if row is None:
            raise HTTPException(404)
        return row


def _mail_page(row: Row[Any]) -> Response:
    mail = _parsed(row)
    return _page(
        "mail.html",
        id=row.id,
        subject=_escape(row.subject or _NO_SUBJECT),
        fields="".join(_field(name, value) for name, value in _fields(row, mail)),
        files=_files(mail),
        text=_escape(_content(mail, "plain")),
    )


def _html_of(row: Row[Any]) -> Response:
    return HTMLResponse(_content(_parsed(row), "html"), headers=_OF_MAILS)


def _parsed(row: Row[Any]) -> EmailMessage:
    return message_from_bytes(row.content, policy=policy.default)


def _for_this_machine(page: Page) -> Page:
    async def guarded(request: Request) -> Response:
        if not _is_of_this_machine(request):
            raise HTTPException(404)
        return await page(request)

    return guarded


def _is_of_this_machine(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in _OF_PROXIES):
        return False
    try:
        is_near = ip_address(request.client.host).is_loopback
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        return False
    return is_near and host in _THIS_MACHINE


def _page(name: str, **values: object) -> Response:
    template = Template((_PAGES / name).read_text(encoding="utf-8"))
    return HTMLResponse(template.substitute(values), headers=_OF_PAGES)


_NO_SUBJECT = "(no subject)"
_NONE_YET = '<li class="none">No mail yet. Answer a customer, and it shows here.</li>'


def _list_row(mail: Row[UUID, str, str, int, datetime]) -> str:
    subject, recipient = _escape(mail.subject or _NO_SUBJECT), _escape(mail.recipient)
    moment = mail.kept_at
    return (
        f'<li><a href="{PATH}/{mail.id}"><b dir="auto">{subject}</b>'
        f'<span>{recipient}</span><time datetime="{moment.isoformat()}">'
        f"{moment:%Y-%m-%d %H:%M:%S} UTC</time></a></li>"
    )


def _fields(row: Row[Any], mail: EmailMessage) -> Iterable[tuple[str, str]]:
    yield "Envelope", f"{row.sender} → {row.recipient}"
    for name, value in mail.items():
        yield name, str(value)


def _field(name: str, value: str) -> str:
    return f'<dt>{_escape(name)}</dt><dd dir="auto">{_escape(value)}</dd>'


def _files(mail: EmailMessage) -> str:
    files = [
        f"<li>{_escape(part.get_filename() or 'a file without a name')} "
        f"<span>{_escape(part.get_content_type())}, {len(_bytes(part)):,} bytes</span></li>"
        for part in mail.iter_attachments()
    ]
    return f'<h2>Files</h2><ul class="files">{"".join(files)}</ul>' if files else ""


def _bytes(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _content(mail: EmailMessage, subtype: str) -> str:
    body = mail.get_body((subtype,))
    return "" if body is None else str(body.get_content())


def _escape(text: str) -> str:
    return html.escape(text)
