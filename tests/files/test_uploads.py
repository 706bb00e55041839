"""Files are announced, put to a signed link, checked while they arrive, and then attached."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import orjson
import pytest

import app.arriving_file
import app.attachments
import app.uploads
from app.application import create_application
from core import clock
from models.attachments import FILE_BYTES
from models.viewers import ApiScope
from services import uploads
from services.uploads import UPLOAD_LIFETIME
from tests.support.desk import World
from tests.support.live import served
from tests.support.uploading import PNG, UPLOAD, announce, put, rows, send, stored, upload

PAGE = b"<!doctype html><script>alert(1)</script>".ljust(len(PNG))


async def test_an_uploaded_file_goes_with_a_message(world: World) -> None:
    _message, ticket = await world.receive()
    file = await announce(world.ayse, "../Fatura Şubat.png", contentType="text/html")
    answer = await put(world, file)
    result = await send(world.ayse, ticket, file.id)

    assert file.attachment | {"url": ""} == {
        "id": file.id,
        "filename": "Fatura Şubat.png",
        "contentType": "image/png",
        "size": len(PNG),
        "url": "",
    }
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "id": file.id,
            "filename": "Fatura Şubat.png",
            "contentType": "image/png",
            "size": len(PNG),
        },
    )
    (shown,) = result["message"]["attachments"]
    assert (await world.http.get(shown.pop("url"))).content == PNG
    assert shown == {"filename": "Fatura Şubat.png", "contentType": "image/png", "size": len(PNG)}


async def test_files_stand_in_the_order_in_which_they_were_named(world: World) -> None:
    _message, ticket = await world.receive()
    first, second = [await upload(world.ayse, name) for name in ("1.png", "2.png")]

    shown = (await send(world.ayse, ticket, second, first))["message"]["attachments"]

    assert [file["filename"] for file in shown] == ["2.png", "1.png"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"size": 0}, {"path": ["input", "size"], "code": "OUT_OF_RANGE", "limit": 1, "actual": 0}),
        (
            {"size": FILE_BYTES + 1},
            {
                "path": ["input", "size"],
                "code": "OUT_OF_RANGE",
                "limit": FILE_BYTES,
                "actual": FILE_BYTES + 1,
            },
        ),
        (
            {"filename": " "},
            {"path": ["input", "filename"], "code": "REQUIRED", "limit": None, "actual": None},
        ),
    ],
)
async def test_what_no_file_can_be_is_refused(
    world: World, given: dict[str, Any], field: dict[str, Any]
) -> None:
    whole = {"filename": "a.png", "contentType": "image/png", "size": 1, **given}

    result = await world.ayse.act(UPLOAD, input=whole)

    assert (result["__typename"], result["fields"]) == ("ValidationFailed", [field])
    assert await rows(world) == []


async def test_a_name_that_no_file_is_taken_of_is_refused_in_words(world: World) -> None:
    given = {"filename": "page.xyz", "contentType": "image/png", "size": 1}

    result = await world.ayse.act(UPLOAD, input=given)

    assert (result["__typename"], result["reason"]) == ("FileRefused", "FORMAT_NOT_ALLOWED")
    assert await rows(world) == []


async def test_who_may_write_nothing_uploads_nothing(world: World) -> None:
    given = {"filename": "a.png", "contentType": "image/png", "size": 1}
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    writer = await world.integration(ApiScope.NOTES_WRITE, brands=[world.acme])

    assert (await reader.act(UPLOAD, input=given))["code"] == "NOT_ALLOWED"
    assert (await world.nobody.send(UPLOAD, input=given)).error["extensions"]["code"] == (
        "UNAUTHENTICATED"
    )
    assert await rows(world) == []
    assert await upload(writer)


async def test_nobody_hoards_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "UNATTACHED_PER_UPLOADER", 2)
    _message, ticket = await world.receive()
    first = await upload(world.ayse)
    await announce(world.ayse)
    given = {"filename": "a.png", "contentType": "image/png", "size": 1}

    assert (await world.ayse.act(UPLOAD, input=given))["limit"] == 2
    await announce(world.nikos)
    await send(world.ayse, ticket, first)
    await announce(world.ayse)


async def test_a_retried_call_awaits_the_same_file(world: World) -> None:
    first, again = [await announce(world.ayse, idempotencyKey="one") for _ in range(2)]
    await put(world, first)
    given = {"filename": "proof.png", "contentType": "image/png", "size": len(PNG)}
    late = await world.ayse.act(UPLOAD, input={**given, "idempotencyKey": "one"})

    assert (first.id, first.upload_url) == (again.id, again.upload_url)
    assert (late["attachment"]["id"], late["uploadUrl"], late["expiresAt"]) == (
        first.id, None, None,
    )  # fmt: skip


async def in_pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@pytest.mark.parametrize(
    ("content", "status", "problem"),
    [
        (PNG + b"!", 413, {"code": "TOO_LARGE", "actual": 1}),
        ([PNG, b"!"], 413, {"code": "TOO_LARGE", "actual": 1}),
        (PNG[:-1], 400, {"code": "INCOMPLETE", "actual": -1}),
        ([PNG[:9], PNG[9:-1]], 400, {"code": "INCOMPLETE", "actual": -1}),
        (PAGE, 415, {"code": "FILE_REFUSED", "reason": "WEB_PAGE"}),
    ],
    ids=["longer", "longer in pieces", "shorter", "shorter in pieces", "another format"],
)
async def test_what_is_not_the_announced_file_is_refused_and_leaves_nothing(
    world: World, content: bytes | list[bytes], status: int, problem: dict[str, Any]
) -> None:
    _message, ticket = await world.receive()
    file = await announce(world.ayse)
    body = in_pieces(*content) if isinstance(content, list) else content

    answer = await put(world, file, body)

    assert answer.status_code == status
    told = answer.json()
    assert told.pop("message")
    if "actual" in problem:
        problem = {**problem, "limit": len(PNG), "actual": len(PNG) + problem["actual"]}
    assert told == problem
    assert stored(world) == []
    refused = await send(world.ayse, ticket, file.id)
    assert refused["fields"] == [
        {"path": ["input", "attachmentIds", "0"], "code": "UNKNOWN_REFERENCE"}
    ]
    assert (await put(world, file)).status_code == 201


async def test_a_program_is_refused_before_the_rest_of_it_is_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.arriving_file, "LINGER_SECONDS", 0.05)
    file = await announce(world.ayse, "bill.pdf", size=FILE_BYTES)

    async def program() -> AsyncIterator[bytes]:
        yield b"\x7fELF" + bytes(64 * 1024)
        await asyncio.Event().wait()

    answer = await put(world, file, program())

    assert (answer.status_code, answer.json()["reason"]) == (415, "PROGRAM")
    assert stored(world) == []


async def test_a_picture_of_another_format_gets_its_own_name_and_type(world: World) -> None:
    file = await announce(world.ayse, "photo.jpg", contentType="image/jpeg")

    answer = await put(world, file)

    shown = {"filename": "photo.png", "contentType": "image/png", "size": len(PNG)}
    assert answer.json() == {"id": file.id, **shown}
    downloaded = await world.http.get(file.attachment["url"])
    assert downloaded.headers["content-type"] == "image/png"
    assert 'filename="photo.png"' in downloaded.headers["content-disposition"]


async def test_a_problem_is_told_in_the_language_of_the_request(world: World) -> None:
    file = await announce(world.ayse)

    answer = await put(world, file, PNG + b"!", **{"accept-language": "tr"})

    assert answer.json()["message"] == (
        f"Bu dosya {len(PNG)} bayttan büyük olduğu için yüklenmedi."
    )


async def test_a_link_takes_one_file_once_and_only_while_it_lasts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other = await announce(world.ayse), await announce(world.ayse)
    path, _, query = file.upload_url.partition("?")
    forged = [
        file.upload_url.replace("signature=", "signature=A"),
        other.upload_url.partition("?")[0] + "?" + query,
        file.attachment["url"].replace("/attachments/", "/uploads/"),
        path,
    ]
    answers = [await world.http.put(url, content=PNG) for url in forged]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [
        (403, "INVALID_LINK")
    ] * len(forged)

    assert (await put(world, file)).status_code == 201
    again = await put(world, file, PNG[::-1])
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_UPLOADED")
    assert (await world.http.get(file.upload_url)).status_code == 405
    assert (await world.http.get(file.attachment["url"])).content == PNG

    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + UPLOAD_LIFETIME)
    assert (await put(world, other)).json()["code"] == "INVALID_LINK"


async def test_of_two_uploads_at_once_one_counts_and_its_bytes_are_kept(world: World) -> None:
    file = await announce(world.ayse)
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield PNG[:20]
        has_begun.set()
        await may_end.wait()
        yield PNG[20:]

    first = asyncio.create_task(put(world, file, slowly()))
    await has_begun.wait()
    second = await put(world, file)
    may_end.set()

    assert (second.status_code, (await first).status_code) == (201, 409)
    assert [path.read_bytes() for path in stored(world)] == [PNG]
    assert (await world.http.get(file.attachment["url"])).content == PNG


async def test_files_are_for_who_uploaded_them_and_for_one_place(world: World) -> None:
    _message, ticket = await world.receive()
    mine, theirs, awaited = (
        await upload(world.ayse),
        await upload(world.nikos),
        (await announce(world.ayse)).id,
    )
    await send(world.nikos, ticket, theirs)
    another = await upload(world.nikos)

    for refused in (theirs, another, awaited):
        result = await send(world.ayse, ticket, mine, refused)
        assert result["fields"] == [
            {"path": ["input", "attachmentIds", "1"], "code": "UNKNOWN_REFERENCE"}
        ]
    assert (await send(world.ayse, ticket, mine))["__typename"] == "MessageSendSuccess"


async def test_pages_of_known_origins_upload_and_no_others(world: World) -> None:
    ours, elsewhere = "https://desk.example", "https://elsewhere.example"
    settings = world.desk.settings.model_copy(update={"allowed_origins": [ours]})
    application = create_application(replace(world.desk, settings=settings))
    file = await announce(world.ayse)
    asks = {
        "access-control-request-method": "PUT",
        "access-control-request-headers": "content-type",
    }
    transport = httpx2.ASGITransport(app=application)
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk") as http:
        asked = [
            await http.options(file.upload_url, headers={"origin": origin, **asks})
            for origin in (ours, elsewhere)
        ]
        told = [
            await http.put(file.upload_url, content=content, headers={"origin": ours})
            for content in (PNG[1:], PNG)
        ]

    assert [one.status_code for one in asked] == [200, 400]
    assert [one.headers.get("access-control-allow-origin") for one in (*asked, *told)] == [
        ours, None, ours, ours,
    ]  # fmt: skip
    assert [one.status_code for one in told] == [400, 201]


async def test_a_byte_too_many_is_refused_before_any_was_read(world: World) -> None:
    file = await announce(world.ayse)
    async with served(world) as live:
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        head = f"PUT {file.upload_url} HTTP/1.1\r\nHost: desk\r\nContent-Length: {FILE_BYTES + 1}"
        writer.write(f"{head}\r\n\r\n".encode())
        status = await reader.readline()
        headers = await reader.readuntil(b"\r\n\r\n")
        told = orjson.loads(await reader.readuntil(b"}"))
        writer.close()

    assert status == b"HTTP/1.1 413 Request Entity Too Large\r\n"
    assert b"connection: close" in headers
    assert told == {
        "code": "TOO_LARGE",
        "message": "This file is larger than 20,971,520 bytes, so it was not uploaded.",
        "limit": FILE_BYTES,
        "actual": FILE_BYTES + 1,
    }
    assert stored(world) == []
