"""`starling import`: a mail archive into the desk, with a progress bar."""

from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import select

from core.database import Database
from core.settings import Settings
from core.text import fold
from models.brands import Brand
from services.file_storage import FileStorage
from services.mail.archives import archive_size
from services.mail_import import MailImport, Outcome


class UnknownBrand(Exception):
    """There is no brand of this name; the message names those there are."""


async def import_archive(
    settings: Settings, database: Database, path: Path, brand_name: str, console: Console
) -> Counter[Outcome]:
    """Take the mails at `path` into a brand; say which were skipped, and count the rest.

    Raises UnknownBrand, and FileNotFoundError if there is nothing at `path`.
    """
    brand = await _find_brand(database, brand_name)
    # Live processes find the events in the log within seconds; an archive is no news.
    mail_import = MailImport(
        database, lambda _records: None, FileStorage(settings.storage_path), brand
    )
    outcomes: Counter[Outcome] = Counter(dict.fromkeys(Outcome, 0))
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("importing", total=archive_size(path))
        async for result in mail_import.run(path):
            outcomes[result.outcome] += 1
            if result.reason is not None:
                progress.console.print(f"skipped {result.source}: {result.reason}", markup=False)
            progress.update(task, completed=result.position)
    return outcomes


async def _find_brand(database: Database, name: str) -> Brand:
    async with database.transaction() as session:
        brand = await session.scalar(select(Brand).where(Brand.name_key == fold(name)))
        if brand is not None:
            return brand
        names = await session.scalars(select(Brand.name).order_by(Brand.name_key))
        raise UnknownBrand(f"There is no brand {name!r}. There are: {', '.join(names) or 'none'}.")
