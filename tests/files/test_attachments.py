"""Files are downloaded by signed links, by who may see them at that moment."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from app.attachments import content_disposition
from app.byte_ranges import requested_part
from core import clock
from core.ids import decode_global_id
from models.agents import Agent
from models.api_tokens import ApiToken
from models.attachments import Attachment
from models.brands import BrandMember
from models.chats import ChatSession
from models.viewers import ApiScope
from services import sessions
from services.file_links import DOWNLOAD_LIFETIME, Holder, HolderKind
from tests.mail.mails import multipart, part
from tests.support.archives import mail, take_in
from tests.support.chats import CHAT, MESSAGE_SEND, start_chat
from tests.support.desk import World
from tests.support.uploading import upload

ATTACHMENTS = """
    { tickets { nodes { messages { nodes {
      attachments { filename contentType size url }
    } } } } }
"""
NOTE_ADD = """
    mutation ($input: NoteAddInput!) {
      noteAdd(input: $input) { ... on NoteAddSuccess { note { id } } }
    }
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
    assert headers["content-disposition"] == 'attachment; filename="page.html"'
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["cache-control"] == "private, no-store"
    headers = (await world.http.get(str(invoice["url"]))).headers
    assert headers["content-disposition"] == (
        "attachment; filename=\"Fatura _ubat.pdf\"; filename*=UTF-8''Fatura%20%C5%9Eubat.pdf"
    )


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

    monkeypatch.setattr(clock, "now", lambda: start + DOWNLOAD_LIFETIME - timedelta(seconds=5))
    assert (await world.http.get(url)).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: start + DOWNLOAD_LIFETIME)
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


async def test_a_link_is_for_its_installation_and_for_one_person(world: World) -> None:
    url = str((await links(world))[0]["url"])
    attachment_id = UUID(url.partition("?")[0].rpartition("/")[2])
    query = dict(re.findall(r"(\w+)=([\w-]+)", url))

    ours = world.desk.resources.file_links
    admin = Holder(HolderKind.AGENT, world.agents["admin"].id)
    assert ours.downloader(attachment_id, query) == admin
    assert type(ours)(b"another secret").downloader(attachment_id, query) is None
    nikos = {**query, "for": str(Holder(HolderKind.AGENT, world.agents["nikos"].id))}
    assert ours.downloader(attachment_id, nikos) is None


async def test_a_link_opens_what_its_holder_may_see_now(world: World) -> None:
    await take_in(world, with_files())
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    urls = [
        (await who.ask(ATTACHMENTS))["tickets"]["nodes"][0]["messages"]["nodes"][0]["attachments"][
            0
        ]["url"]
        for who in (world.ayse, world.nikos, reader)
    ]
    assert [(await world.http.get(url)).status_code for url in urls] == [200] * 3

    async with world.desk.database.transaction() as session:
        await session.execute(
            delete(BrandMember).where(BrandMember.agent_id == world.agents["ayse"].id)
        )
        nikos = await session.get_one(Agent, world.agents["nikos"].id)
        nikos.active = False
        await session.execute(update(ApiToken).values(revoked_at=clock.now()))

    answers = [await world.http.get(url) for url in urls]
    assert [(one.status_code, one.text) for one in answers] == [
        (404, "There is no such file.\n")
    ] * 3


async def test_a_chat_customer_opens_files_of_their_chat_and_never_those_of_a_note(
    world: World,
) -> None:
    chat = await start_chat(world)
    sent, private = await upload(world.ayse), await upload(world.ayse)
    answer = {"ticketId": chat.ticket, "body": "See here"}
    await world.ayse.act(MESSAGE_SEND, input={**answer, "attachmentIds": [sent]})
    noted = {**answer, "kind": "INLINE", "attachmentIds": [private]}
    await world.ayse.ask(NOTE_ADD, input=noted)
    shown = (await chat.customer.ask(CHAT))["chat"]["ticket"]["messages"]["nodes"][0]
    customer = await sessions.authenticate(world.desk.database, f"Bearer {chat.token}")
    # Nobody is given such a link; if one were made, it would open nothing.
    to_private = world.desk.resources.file_links.download_link(
        decode_global_id(private)[1], customer
    )
    urls = [shown["attachments"][0]["url"], to_private]

    answers = [await world.http.get(url) for url in urls]
    assert [one.status_code for one in answers] == [200, 404]

    async with world.desk.database.transaction() as session:
        await session.execute(update(ChatSession).values(ended_at=clock.now()))
    assert (await world.http.get(urls[0])).status_code == 404


async def test_a_part_of_a_file_is_sent_to_who_asks_for_it(world: World) -> None:
    url = str((await links(world))[0]["url"])
    whole = await world.http.get(url)
    etag = whole.headers["etag"]
    asked = [
        {"range": "bytes=3-6"},
        {"range": "bytes=-5"},
        {"range": f"bytes=7-{2**62}", "if-range": etag},
        {"range": "bytes=0-3", "if-range": '"another"'},
        {"range": f"bytes={len(INVOICE)}-"},
    ]

    answers = [await world.http.get(url, headers=headers) for headers in asked]

    size = len(INVOICE)
    assert [one.status_code for one in answers] == [206, 206, 206, 200, 416]
    assert [one.content for one in answers] == [
        INVOICE[3:7], INVOICE[-5:], INVOICE[7:], INVOICE, b"",
    ]  # fmt: skip
    assert [one.headers.get("content-range") for one in answers] == [
        f"bytes 3-6/{size}", f"bytes {size - 5}-{size - 1}/{size}", f"bytes 7-{size - 1}/{size}",
        None, f"bytes */{size}",
    ]  # fmt: skip
    held = [
        await world.http.request(method, url, headers={"if-none-match": tags})
        for method, tags in (("GET", f'"b", W/{etag}'), ("HEAD", "*"), ("GET", '"b"'))
    ]
    assert [(one.status_code, one.content) for one in held] == [
        (304, b""), (304, b""), (200, INVOICE),
    ]  # fmt: skip
    assert held[0].headers["etag"] == etag
    head = await world.http.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))
    assert head.headers["etag"] == etag


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-", 5, 10),
        ("bytes=-99", 0, 10),
        ("bytes=3-2", 0, 10),
        ("bytes=-", 0, 10),
        ("bytes=0-1,4-5", 0, 10),
        ("rows=0-1", 0, 10),
        (f"bytes={'9' * 5_000}-", 0, 10),
    ],
)
def test_which_part_a_range_is(asked: str, start: int, end: int) -> None:
    part = requested_part({"range": asked}, 10, '"a"')

    assert part is not None
    assert (part.start, part.end) == (start, end)


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_which_range_is_outside_of_a_file(asked: str) -> None:
    assert requested_part({"range": asked}, 10, '"a"') is None


@pytest.mark.parametrize(
    ("filename", "plain", "encoded"),
    [
        ("a b.pdf", "a b.pdf", None),
        ('q"uote%41.pdf', "q_uote_41.pdf", "q%22uote%2541.pdf"),
        ("τιμή.pdf", "____.pdf", "%CF%84%CE%B9%CE%BC%CE%AE.pdf"),
    ],
)
def test_a_name_in_a_header(filename: str, plain: str, encoded: str | None) -> None:
    more = "" if encoded is None else f"; filename*=UTF-8''{encoded}"
    assert content_disposition(filename) == f'attachment; filename="{plain}"{more}'
