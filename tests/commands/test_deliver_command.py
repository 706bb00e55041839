"""`starling deliver` as a mail server meets it: a mail on standard input, and an exit code."""

import shutil
import subprocess
from pathlib import Path

from sqlalchemy import select

from app import mail_command
from core import clock
from core.database import Database
from core.settings import Settings
from core.text import fold
from models.brands import Brand
from models.messages import Message
from tests.support.archives import answering, mail
from tests.support.commands import ROOT, Finished, starling

EX_DATAERR, EX_NOUSER, EX_TEMPFAIL = 65, 67, 75
BRAND = "help@acme.example"


async def add_brand(database_url: str) -> None:
    database = Database(database_url)
    async with database.transaction() as session:
        session.add(
            Brand(
                name="Acme",
                name_key=fold("Acme"),
                language="en",
                email=BRAND,
                created_at=clock.now(),
            )
        )
    await database.close()


async def messages(database_url: str) -> list[str]:
    database = Database(database_url)
    async with database.reading() as connection:
        bodies = list(
            (await connection.execute(select(Message.body).order_by(Message.id))).scalars()
        )
    await database.close()
    return bodies


async def test_the_exit_code_says_what_became_of_the_mail(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path = tmp_path / "desk.sqlite3"
    shutil.copy(sqlite_template, path)
    url, files = f"sqlite+aiosqlite:///{path}", tmp_path / "files"
    await add_brand(url)

    async def deliver(content: bytes, *recipients: str) -> tuple[int, str]:
        settings = Settings(database_url=url, storage_path=files, _env_file=None)
        return await mail_command.deliver(lambda: settings, content, "", recipients)

    first, answer = mail("a", body="Nerede?"), mail("b", *answering("a"), to="x@x.example")
    envelope = ("--sender", "", "--recipient", "nobody@acme.example", "--recipient", BRAND)
    arguments = {"DATABASE_URL": f"sqlite:///{path}", "STORAGE_PATH": str(files)}
    delivered = starling("deliver", *envelope, stdin=first.decode(), **arguments)
    assert delivered == Finished(0, "", "")
    assert await deliver(answer) == (0, "taken")
    assert await deliver(answer, BRAND) == (0, "known already")
    nobody = mail("c", to="x@x.example")
    not_ours = (EX_NOUSER, "not ours: there is no such recipient")
    assert await deliver(nobody, "x@acme.example") == not_ours
    assert await deliver(b"no mail") == (EX_DATAERR, "refused: it has no header of a mail")
    assert await messages(url) == ["Nerede?", "Merhaba"]


async def test_whatever_fails_on_our_side_leaves_the_mail_with_who_brings_it() -> None:
    def fail() -> Settings:
        raise ValueError("DATABASE_URL:\nwrong")

    code, line = await mail_command.deliver(fail, mail("a"), None, [])
    assert (code, line) == (EX_TEMPFAIL, "try again later: DATABASE_URL: wrong")


def test_a_python_that_fails_or_is_missing_sends_no_mail_back(tmp_path: Path) -> None:
    script = shutil.copy(ROOT / "starling", tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"

    def code_of(command: str) -> int:
        return subprocess.run([script, command], stderr=subprocess.DEVNULL, check=False).returncode

    assert (code_of("deliver"), code_of("serve")) == (EX_TEMPFAIL, 1)
    python.parent.mkdir(parents=True)
    told = {0: 0, EX_DATAERR: EX_DATAERR, EX_NOUSER: EX_NOUSER, 1: EX_TEMPFAIL, 2: EX_TEMPFAIL}
    for ends_with, code in told.items():
        python.write_text(f"#!/bin/sh\nexit {ends_with}\n")
        python.chmod(0o755)
        assert (code_of("deliver"), code_of("serve")) == (code, ends_with)
