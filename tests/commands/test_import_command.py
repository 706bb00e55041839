"""`starling import` as an operator meets it: what it says, and what accidents leave behind."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core import clock
from core.database import Database
from core.text import fold
from models.attachments import Attachment
from models.brands import Brand
from models.messages import Message
from models.tickets import Ticket
from services.mail_import import ImportStopped
from services.storage.file_storage import FileStorage
from tests.conftest import as_asyncpg
from tests.mail.mails import multipart, part
from tests.support.archives import answering, importer, mail, mbox
from tests.support.commands import Finished, starling, start
from tests.support.databases import create_database, drop_database
from tests.support.servers import PostgresServer

MAILS = 40
FEW = 5


def archive() -> Iterator[bytes]:
    """Threads of two mails with a file each."""
    file = part("text", "Content-Disposition: attachment; filename=a.txt")
    body = multipart("mixed", part("Ekte."), file).partition(b"\n\n")[2].decode()
    parts = "Content-Type: multipart/mixed; boundary=b"
    for number in range(0, MAILS, 2):
        yield mail(f"m{number}", parts, body=body)
        yield mail(f"m{number + 1}", parts, *answering(f"m{number}"), day=6, body=body)


@pytest.fixture
def archive_path(tmp_path: Path) -> Path:
    path = tmp_path / "archive.mbox"
    path.write_bytes(mbox(*archive()))
    return path


@pytest.fixture
async def brand(database_url: str) -> Brand:
    return await add_brand(database_url)


async def add_brand(database_url: str) -> Brand:
    """Add the brand Acme, and nothing else, to an empty desk."""
    row = Brand(name="Acme", name_key=fold("Acme"), language="en", created_at=clock.now())
    database = Database(database_url)
    async with database.transaction() as session:
        session.add(row)
    await database.close()
    return row


def contents(folder: Path, keys: Iterable[str]) -> set[bytes]:
    return {Path(folder, key).read_bytes() for key in keys}


async def counts(database: Database) -> tuple[int, int, int]:
    """How many tickets, messages and attachments there are."""
    async with database.reading() as connection:
        tickets, messages, files = [
            (await connection.execute(select(func.count()).select_from(model))).scalar_one()
            for model in (Ticket, Message, Attachment)
        ]
    return tickets, messages, files


async def test_a_killed_import_leaves_whole_mails_and_is_simply_repeated(
    database_url: str, brand: Brand, archive_path: Path, tmp_path: Path
) -> None:
    command = ("import", str(archive_path), "--brand", "acme")
    environment = {"DATABASE_URL": database_url, "STORAGE_PATH": str(tmp_path / "files")}
    database = Database(database_url)

    with start(command, environment) as importing:
        while (await counts(database))[1] < FEW:
            assert importing.process.poll() is None
            await asyncio.sleep(0.01)
        importing.process.kill()
    _, before, files = await counts(database)
    async with database.reading() as connection:
        counted = (await connection.execute(select(func.sum(Ticket.message_count)))).scalar_one()
    assert FEW <= before < MAILS
    assert counted == files == before

    assert starling(*command, **environment) == Finished(
        0, f"imported {MAILS - before}, known already {before}, skipped 0\n", ""
    )
    assert await counts(database) == (MAILS / 2, MAILS, MAILS)
    async with database.reading() as connection:
        keys = (await connection.execute(select(Attachment.storage_key))).scalars().all()
    await database.close()
    assert contents(tmp_path / "files", keys) == {b"text"}


def test_the_command_names_what_it_skips_and_counts_the_rest(
    sqlite_template: Path, tmp_path: Path
) -> None:
    database_path = tmp_path / "desk.sqlite3"
    shutil.copy(sqlite_template, database_path)
    asyncio.run(add_brand(f"sqlite+aiosqlite:///{database_path}"))
    environment = {
        "DATABASE_URL": f"sqlite:///{database_path}",
        "STORAGE_PATH": str(tmp_path / "files"),
    }
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "good.eml").write_bytes(mail("a"))
    (folder / "[red]\x1b[2Jbad.eml").write_bytes(b"no mail")

    assert starling("import", str(folder), "--brand", "acme", **environment) == Finished(
        0,
        "skipped [red][2Jbad.eml: it does not begin with the header of a mail\n"
        "imported 1, known already 0, skipped 1\n",
        "",
    )
    assert starling("import", str(folder), "--brand", "Acne", **environment) == Finished(
        1, "", "starling: There is no brand 'Acne'. The brands are: Acme.\n"
    )
    assert starling("import", f"{folder}/x", "--brand", "Acme", **environment) == Finished(
        1, "", f"starling: There is nothing at {folder}/x.\n"
    )


async def test_the_loss_of_postgresql_ends_the_import(
    postgres_server: PostgresServer, postgres_template: str, archive_path: Path, tmp_path: Path
) -> None:
    postgres_url = await create_database(postgres_server.url, template_url=postgres_template)
    database_url = as_asyncpg(postgres_url)
    brand = await add_brand(database_url)
    database = Database(database_url)
    results = importer(database, FileStorage(tmp_path / "files"), brand).run(archive_path)

    assert (await anext(results)).outcome == "imported"
    await drop_database(postgres_server.url, postgres_url)
    with pytest.raises(ImportStopped, match=r"\AThe database (fails|cannot be reached): [^\n]+\Z"):
        await anext(results)
    await database.close()


async def test_a_database_that_is_locked_for_long_ends_the_import(
    sqlite_template: Path, archive_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.database.SQLITE_BUSY_TIMEOUT_SECONDS", 0.1)
    path = tmp_path / "desk.sqlite3"
    shutil.copy(sqlite_template, path)
    brand = await add_brand(f"sqlite+aiosqlite:///{path}")
    database = Database(f"sqlite+aiosqlite:///{path}")
    results = importer(database, FileStorage(tmp_path / "files"), brand).run(archive_path)

    assert (await anext(results)).outcome == "imported"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ImportStopped, match=r"\AThe database fails: database is locked\Z"):
            await anext(results)
    assert await counts(database) == (1, 1, 1)
    assert len([path for path in (tmp_path / "files").rglob("*") if path.is_file()]) == 1
    await database.close()


async def test_a_storage_that_fails_ends_the_import(
    database_url: str, brand: Brand, archive_path: Path, tmp_path: Path
) -> None:
    database = Database(database_url)
    storage = FileStorage(tmp_path / "files")
    (tmp_path / "files").rmdir()
    (tmp_path / "files").write_text("in the way")

    with pytest.raises(ImportStopped, match=r"\AFiles cannot be stored: [^\n]+\Z"):
        await anext(importer(database, storage, brand).run(archive_path))
    assert await counts(database) == (0, 0, 0)
    await database.close()
