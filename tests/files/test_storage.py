"""The storages of files: a folder and a bucket keep the same promises."""

import asyncio
import errno
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

import services.storage.bucket_storage
from app.application import create_application
from app.file_storage import open_file_storage
from core.ids import new_id
from core.settings import Settings
from services.storage.bucket_storage import PART_BYTES, BucketStorage
from services.storage.file_storage import FileStorage
from tests.support.buckets import BucketServer, bucket_server
from tests.support.desk import World
from tests.support.processes import free_port
from tests.support.uploading import PNG, announce

# More than one part, and no multiple of anything.
LARGE = bytes(range(251)) * ((PART_BYTES + 200_000) // 251)


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> FileStorage:
    if request.param == "folder":
        return FileStorage(tmp_path / "files")
    running: BucketServer = request.getfixturevalue("server")
    return BucketStorage(running.bucket, tmp_path / "spool")


def a_key() -> str:
    return FileStorage.key_of(new_id())


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def in_pieces(content: bytes, size: int = 60_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def content_of(storage: FileStorage, key: str, *part: int) -> bytes:
    return b"".join([piece async for piece in await storage.read(key, *part)])


async def test_what_was_kept_is_read_whole_or_in_part_until_it_is_deleted(
    storage: FileStorage,
) -> None:
    short, long = a_key(), a_key()
    await storage.put(short, PNG)
    await storage.write(long, in_pieces(LARGE))

    assert await content_of(storage, short) == PNG
    assert await content_of(storage, long) == LARGE
    assert await content_of(storage, long, 250, 300_000) == LARGE[250:300_000]
    assert await content_of(storage, long, len(LARGE) - 3) == LARGE[-3:]

    await storage.delete(long)
    await storage.delete(long)
    with pytest.raises(FileNotFoundError):
        await storage.read(long)


async def test_what_did_not_arrive_as_a_whole_is_not_there(
    storage: FileStorage, tmp_path: Path
) -> None:
    key = a_key()

    async def torn() -> AsyncIterator[bytes]:
        yield LARGE
        raise EOFError("the line is dead")

    with pytest.raises(EOFError, match="the line is dead"):
        await storage.write(key, torn())

    with pytest.raises(FileNotFoundError):
        await storage.read(key)
    assert files_in(tmp_path) == []


async def test_who_reads_slowly_is_sent_a_file_from_a_bucket_to_its_end(
    server: BucketServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = a_key()
    await BucketStorage(server.bucket, tmp_path).put(key, LARGE)
    monkeypatch.setattr(services.storage.bucket_storage, "REQUEST_SECONDS", 0.5)
    storage = BucketStorage(server.bucket, tmp_path)

    received = b""
    async for piece in await storage.read(key, 1):
        received += piece
        await asyncio.sleep(0.15)

    assert received == LARGE[1:]


async def test_who_waits_too_long_for_a_bucket_is_told(
    server: BucketServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.storage.bucket_storage, "SEND_SECONDS", 0.05)
    storage = BucketStorage(server.bucket, tmp_path)
    # Somebody else's file never ends.
    monkeypatch.setattr(storage, "_turns", asyncio.Semaphore(0))

    with pytest.raises(OSError, match=r"\A\Z") as caught:
        await storage.write(a_key(), in_pieces(PNG))

    assert isinstance(caught.value, TimeoutError)
    assert files_in(tmp_path) == []


async def test_a_bucket_that_is_away_is_an_error_of_the_system(
    server: BucketServer, tmp_path: Path
) -> None:
    nowhere = replace(server.bucket, endpoint=f"http://127.0.0.1:{free_port()}")
    storage = BucketStorage(nowhere, tmp_path)

    for attempt in (
        storage.put("a", PNG),
        storage.write("a", in_pieces(PNG)),
        storage.read("a"),
        storage.delete("a"),
    ):
        with pytest.raises(OSError, match="error sending request") as caught:
            await attempt
        assert caught.value.errno == errno.EIO


async def test_settings_name_the_bucket_and_files_come_and_go_there(
    server: BucketServer, world: World, tmp_path: Path
) -> None:
    settings = Settings(
        storage_url="s3://starling-files/of/acme/",
        storage_path=tmp_path / "spool",
        s3_endpoint=server.endpoint,
        s3_access_key_id="key",
        s3_secret_access_key="secret",
        s3_allow_http=True,
        _env_file=None,
    )
    desk = replace(world.desk, file_storage=open_file_storage(settings))
    file = await announce(world.ayse)
    transport = httpx2.ASGITransport(app=create_application(desk))
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk") as http:
        assert (await http.put(file.upload_url, content=PNG)).status_code == 201
        assert (await http.get(file.attachment["url"])).content == PNG
        part = await http.get(file.attachment["url"], headers={"range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")
    for folder in (settings.storage_path, world.desk.settings.storage_path):
        assert files_in(folder) == []


@pytest.mark.parametrize("url", ["s3://", "s3://a b", "https://bucket", "files"])
def test_what_names_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="storage_url"):
        Settings(storage_url=url, _env_file=None)
