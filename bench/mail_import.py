"""How fast an archive of mail is taken in on SQLite and PostgreSQL, and how much memory it takes.

The archive is made up: threads of one to six mails between customers and an agent, with quoted
text, some of it HTML, some with a file.
"""

import random
import resource
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from app import migrations
from app.lasting_objects import spare_lasting_objects
from core import clock
from core.database import Database
from core.settings import Settings
from core.text import fold
from models.brands import Brand
from services.mail_import import MailImport, Outcome
from services.storage.file_storage import FileStorage
from tests.support.servers import start_postgres

MAILS = 10_000
CUSTOMERS = 400
LONGEST_THREAD = 6
WORDS_PER_MAIL = 120
HTML_SHARE = 0.4
FILE_SHARE = 0.05
FILE_BYTES = 60_000
SUPPORT = "support@desk.example"
START = datetime(2024, 1, 1, tzinfo=UTC)

_SYLLABLES = ("ka", "le", "mi", "ru", "şa", "tö", "ği", "al", "ter", "lik", "ρα", "λο", "με", "στη")


async def run() -> None:
    """Measure and print."""
    with TemporaryDirectory(prefix="starling-bench-") as folder:
        archive = _write_archive(Path(folder, "archive.mbox"))
        await _measure("SQLite", f"sqlite+aiosqlite:///{folder}/desk.sqlite3", archive)
        with start_postgres() as server:
            url = server.url.replace("postgresql://", "postgresql+asyncpg://", 1)
            await _measure("PostgreSQL", url, archive)
    print(f"  most memory held  {_peak_mib():6.0f} MiB")


async def _measure(name: str, database_url: str, archive: Path) -> None:
    spare_lasting_objects()
    async with _brand_import(database_url, archive.parent / name) as mail_import:
        first = await _seconds(mail_import, archive, Outcome.IMPORTED)
        again = await _seconds(mail_import, archive, Outcome.KNOWN)
    print(f"  {name:16}  {MAILS / first:6.0f} mails/s,  again {MAILS / again:6.0f} mails/s")


async def _seconds(mail_import: MailImport, archive: Path, expected: Outcome) -> float:
    started = time.perf_counter()
    outcomes = [result.outcome async for result in mail_import.run(archive)]
    assert outcomes == [expected] * MAILS
    return time.perf_counter() - started


@asynccontextmanager
async def _brand_import(database_url: str, files: Path) -> AsyncIterator[MailImport]:
    settings = Settings(database_url=database_url, _env_file=None)
    database = Database(settings.database_url)
    await migrations.upgrade(database)
    brand = Brand(name="Acme", name_key=fold("Acme"), language="en", created_at=clock.now())
    async with database.transaction() as session:
        session.add(brand)
    try:
        yield MailImport(database, lambda _records: None, FileStorage(files), brand)
    finally:
        await database.close()


def _write_archive(path: Path) -> Path:
    with path.open("wb") as archive:
        archive.writelines(_mbox(MAILS))
        print(f"import of {MAILS:,} mails, {archive.tell() / 1024**2:.1f} MiB")
    return path


def _peak_mib() -> float:
    """Return the most memory this process ever held; macOS counts bytes, Linux KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 ** (2 if sys.platform == "darwin" else 1)


def _mbox(count: int) -> Iterator[bytes]:
    chance = random.Random(1)
    vocabulary = ["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) for _ in range(8_000)]
    number = 0
    while number < count:
        customer = f"customer{chance.randrange(CUSTOMERS)}@mail.example"
        subject = " ".join(chance.choices(vocabulary, k=5))
        thread: list[str] = []
        for _ in range(min(chance.randint(1, LONGEST_THREAD), count - number)):
            mail = _mail(chance, vocabulary, number, thread, customer, subject)
            yield b"From - Mon Jan  1 00:00:00 2024\n" + mail.as_bytes() + b"\n"
            thread.append(mail["Message-ID"])
            number += 1


def _mail(
    chance: random.Random,
    vocabulary: list[str],
    number: int,
    thread: list[str],
    customer: str,
    subject: str,
) -> EmailMessage:
    mail = EmailMessage()
    sender, recipient = (SUPPORT, customer) if len(thread) % 2 else (customer, SUPPORT)
    mail["From"], mail["To"] = f"{sender.title()} <{sender}>", recipient
    mail["Subject"] = f"Re: {subject}" if thread else subject
    mail["Date"] = format_datetime(START + timedelta(minutes=number))
    mail["Message-ID"] = f"<{number}.{chance.getrandbits(64):x}@mail.example>"
    if thread:
        mail["In-Reply-To"], mail["References"] = thread[-1], " ".join(thread)
    text = " ".join(chance.choices(vocabulary, k=WORDS_PER_MAIL))
    mail.set_content("\n".join(f"> {line}" for line in thread) + "\n" + text)
    if chance.random() < HTML_SHARE:
        mail.add_alternative(f"<div><p>{text}</p></div>", subtype="html")
    if chance.random() < FILE_SHARE:
        content = chance.randbytes(FILE_BYTES)
        mail.add_attachment(content, maintype="application", subtype="pdf", filename="a.pdf")
    return mail
