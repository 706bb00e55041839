"""Files that came with mail, downloaded by signed links."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from core import clock
from models.attachments import Attachment
from services.file_links import LINK_LIFETIME
from tests.archives import mail, take_in
from tests.desk import World
from tests.mail.mails import multipart, part

ATTACHMENTS = """
    { tickets { nodes { messages { nodes {
      attachments { filename contentType size url }
    } } } } }
"""
INVOICE = b"%PDF-1.7\n" + bytes(range(256))
PAGE = "<script>alert(document.domain)</script>"


def with_files() -> bytes:
    invoice = part(
        INVOICE.hex(" ", 1).replace(" ", "=").join(["=", ""]).upper(),
        'Content-Type: application/pdf; name="=?utf-8?q?Fatura_=C5=9Eubat.pdf?="',
        "Content-Disposition: attachment",
        "Content-Transfer-Encoding: quoted-printable",
    )
    page = part(
        PAGE,
        "Content-Type: text/html; charset=utf-8",
        'Content-Disposition: attachment; filename="../../page.html"',
    )
    body = multipart("mixed", part("Ekte."), invoice, page).partition(b"\n\n")[2]
    return mail("a", "Content-Type: multipart/mixed; boundary=b", body=body.decode())


async def links(world: World) -> list[dict[str, object]]:
    await take_in(world, with_files())
    (ticket,) = (await world.admin.ask(ATTACHMENTS))["tickets"]["nodes"]
    (message,) = ticket["messages"]["nodes"]
    found: list[dict[str, object]] = message["attachments"]
    return found


async def test_a_file_is_downloaded_as_it_was_sent(world: World) -> None:
    invoice, page = await links(world)
    answers = [await world.http.get(str(file["url"])) for file in (invoice, page)]

    assert [(file["filename"], file["contentType"]) for file in (invoice, page)] == [
        ("Fatura Şubat.pdf", "application/pdf"),
        ("page.html", "text/html"),
    ]
    assert [invoice["size"], page["size"]] == [len(INVOICE), len(PAGE)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.content for answer in answers] == [INVOICE, PAGE.encode()]


async def test_a_browser_saves_a_file_and_never_runs_it(world: World) -> None:
    invoice, page = await links(world)

    headers = (await world.http.get(str(page["url"]))).headers
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''page.html"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["cache-control"] == "private, no-store"
    headers = (await world.http.get(str(invoice["url"]))).headers
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''Fatura%20%C5%9Eubat.pdf"


async def test_a_link_that_was_changed_opens_nothing(world: World) -> None:
    first, second = (str(file["url"]) for file in await links(world))
    expires = int(re.findall(r"expires=(\d+)", first)[0])
    changed = [
        first.replace(first.split("?")[0], second.split("?")[0]),
        first.replace(f"expires={expires}", f"expires={expires + 1}"),
        first.replace(f"expires={expires}", f"expires=0{expires}"),
        first.replace(f"expires={expires}", "expires="),
        first.replace("signature=", "signature=A"),
        first.partition("&")[0],
        first.partition("?")[0],
    ]

    answers = [await world.http.get(url) for url in changed]

    assert [answer.status_code for answer in answers] == [403] * len(changed)
    assert {answer.text for answer in answers} == {"This link is not valid, or no longer.\n"}


async def test_a_link_ends_after_five_minutes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = str((await links(world))[0]["url"])
    start = clock.now()

    monkeypatch.setattr(clock, "now", lambda: start + LINK_LIFETIME - timedelta(seconds=5))
    assert (await world.http.get(url)).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: start + LINK_LIFETIME)
    assert (await world.http.get(url)).status_code == 403


async def test_a_file_that_is_gone_is_not_found(world: World) -> None:
    first, second = await links(world)
    async with world.desk.database.transaction() as session:
        keys = await session.execute(select(Attachment.filename, Attachment.storage_key))
        places = {row.filename: row.storage_key for row in keys}
        (world.desk.settings.storage_path / places["Fatura Şubat.pdf"]).unlink()
        await session.execute(delete(Attachment).where(Attachment.filename == "page.html"))

    for file in (first, second):
        answer = await world.http.get(str(file["url"]))
        assert (answer.status_code, answer.text) == (404, "There is no such file.\n")


async def test_a_link_is_for_its_installation(world: World) -> None:
    url = str((await links(world))[0]["url"])
    attachment_id = UUID(url.partition("?")[0].rpartition("/")[2])
    query = dict(re.findall(r"(\w+)=([\w-]+)", url))

    ours = world.desk.file_links
    assert ours.is_valid(attachment_id, query["expires"], query["signature"])
    other = type(ours)(b"another secret")
    assert not other.is_valid(attachment_id, query["expires"], query["signature"])
