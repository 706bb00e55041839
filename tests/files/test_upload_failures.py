"""Uploads that fail on the way: the line, the storage or the database is away."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from obstore.exceptions import GenericError
from sqlalchemy.exc import TimeoutError as PoolTimeout

import app.arriving_file
import app.attachments
import app.uploads
from app.arriving_file import ArrivingFile
from services import uploads
from tests.support.desk import World
from tests.support.uploading import PNG, announce, put, stored


async def test_a_file_that_is_awaited_is_not_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.arriving_file, "LINGER_SECONDS", 0.05)
    file = await announce(world.ayse)

    for _ in range(2):
        for method in ("GET", "HEAD"):
            answer = await world.http.request(method, file.attachment["url"])
            assert answer.status_code == 404
        await put(world, file, PNG[:-1])  # a place in the storage is theirs from here on


async def test_a_body_that_stalls_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await announce(world.ayse)
    impatient = partial(ArrivingFile, stall_seconds=0.05)
    monkeypatch.setattr(app.uploads, "ArrivingFile", impatient)

    async def never_all() -> AsyncIterator[bytes]:
        yield PNG[:20]
        await asyncio.sleep(0.15)
        yield PNG[20:]

    answer = await put(world, file, never_all())

    told = answer.json()
    assert (answer.status_code, told["code"], told["actual"]) == (408, "STALLED", 20)
    assert stored(world) == []


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        ("No space left on device (os error 28)", 507, "STORAGE_FULL"),
        ("Connection refused (os error 111)", 503, "UNAVAILABLE"),
    ],
)
async def test_a_storage_that_fails_is_told_of(
    world: World, monkeypatch: pytest.MonkeyPatch, words: str, status: int, code: str
) -> None:
    async def fail(*_: Any) -> None:
        raise GenericError(words)

    file = await announce(world.ayse)
    monkeypatch.setattr(world.desk.file_storage, "_send", fail)

    answer = await put(world, file)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    monkeypatch.undo()
    assert (await put(world, file)).status_code == 201


async def test_a_database_that_is_away_is_a_problem_that_passes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise PoolTimeout

    first, second = await announce(world.ayse), await announce(world.ayse)
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "begin", fail)
        answers = [await put(world, first)]
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "finish", fail)
        answers.append(await put(world, second))
    with monkeypatch.context() as patch:
        patch.setattr(app.attachments, "viewer_of", fail)
        downloaded = await world.http.get(first.attachment["url"])

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(503, "UNAVAILABLE")] * 2
    assert (downloaded.status_code, downloaded.text, downloaded.headers["retry-after"]) == (
        503,
        "The database does not answer. Try again.\n",
        "10",
    )
    assert [(await put(world, one)).status_code for one in (first, second)] == [201, 201]
