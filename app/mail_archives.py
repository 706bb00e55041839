"""`starling import`: a mail archive into the desk, with a progress bar."""

from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import select

from app.file_storage import open_file_storage
from core.database import Database
from core.settings import Settings
from core.text import fold, single_line
from models.base import is_there
from models.brands import Brand
from services.mail.archives import archive_size
from services.mail_import import MailImport, Outcome


class NothingToImport(Exception):
    """There is nothing at the path, or no brand of the name; the message says which."""


async def import_archive(
    settings: Settings, database: Database, path: Path, brand_name: str, console: Console
) -> Counter[Outcome]:
    """Take the mails at `path` into a brand; say which were skipped, and count them all.

    Raises NothingToImport, and ImportStopped where the database or the storage of files fails.
    """
    try:
        size = archive_size(path)
    except FileNotFoundError as error:
        raise NothingToImport(f"There is nothing at {path}.") from error
    brand = await _find_brand(database, brand_name)
    # Live processes find the events in the log within seconds; an archive is no news.
    mail_import = MailImport(database, lambda _records: None, open_file_storage(settings), brand)
    outcomes: Counter[Outcome] = Counter(dict.fromkeys(Outcome, 0))
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("Mail", total=size)
        async for result in mail_import.run(path):
            outcomes[result.outcome] += 1
            if result.reason is not None:
                # Names of files may hold what commands a terminal.
                line = single_line(f"skipped {result.source}: {result.reason}")
                console.print(line, markup=False)
            progress.update(task, completed=result.position)
    return outcomes


async def _find_brand(database: Database, name: str) -> Brand:
    async with database.transaction() as session:
        brand = await session.scalar(select(Brand).where(Brand.name_key == fold(name)))
        if brand is not None:
            return brand
        names = await session.scalars(
            select(Brand.name).where(*is_there(Brand)).order_by(Brand.name_key)
        )
    known = ", ".join(names)
    raise NothingToImport(f"There is no brand {name!r}. The brands are: {known or 'none yet'}.")
