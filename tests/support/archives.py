"""Mail archives made for a test, and taking them in."""

from pathlib import Path

from core.database import Database
from models.brands import Brand
from services.mail_import import MailImport, Result
from services.storage.file_storage import FileStorage
from tests.support.desk import World

CUSTOMER = "Elif Şahin <elif@mail.example>"


def mail(
    mail_id: str,
    *fields: str,
    sender: str = CUSTOMER,
    to: str = "help@acme.example",
    subject: str = "Sipariş",
    day: int = 5,
    body: str = "Merhaba",
) -> bytes:
    """A mail of that day in February 2024, at noon in UTC."""
    header = [
        f"Message-ID: <{mail_id}@mail.example>",
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Date: {day} Feb 2024 12:00:00 +0000",
        *fields,
    ]
    return "\n".join([*header, "", body, ""]).encode()


def answering(*mail_ids: str) -> tuple[str, str]:
    """The fields by which a mail answers the last of these, the thread so far."""
    references = " ".join(f"<{mail_id}@mail.example>" for mail_id in mail_ids)
    return f"In-Reply-To: <{mail_ids[-1]}@mail.example>", f"References: {references}"


def mbox(*mails: bytes) -> bytes:
    return b"\n".join(b"From - Mon Feb  5 12:00:00 2024\n" + content for content in mails)


async def take_in(world: World, *mails: bytes) -> list[tuple[str, str | None]]:
    """Take mails into the brand Acme as one mbox; return what became of each, and why."""
    path = world.desk.settings.storage_path.parent / "archive.mbox"
    path.write_bytes(mbox(*mails))
    return [(result.outcome, result.reason) for result in await take_in_path(world, path)]


async def take_in_path(world: World, path: Path) -> list[Result]:
    """Take whatever lies at a path into the brand Acme."""
    desk = world.desk
    mail_import = importer(desk.database, desk.file_storage, world.acme)
    return [result async for result in mail_import.run(path)]


def importer(database: Database, storage: FileStorage, brand: Brand) -> MailImport:
    return MailImport(database, lambda _records: None, storage, brand)
