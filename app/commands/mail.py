"""`starling import` and `starling deliver`."""

import asyncio
import sys
from pathlib import Path

from uvicorn.loops.auto import auto_loop_factory

from app import mail_command
from app.commands.running import CommandFailed, console, error_console, find_settings, run
from app.lasting_objects import spare_lasting_objects
from app.mail_archives import NothingToImport, import_archive
from app.setting_up import open_database, require_newest_schema
from core.settings import Settings
from services.mail_import import ImportStopped


def import_mail(path: Path, /, *, brand: str) -> None:
    """Take in a mail archive: .eml files, folders of them, Maildir, mbox. Known mails are left out.

    Parameters
    ----------
    path
        A file or a folder.
    brand
        The name of the brand whose tickets the mails become.

    """
    run(_import_mail(find_settings(), path, brand))


async def _import_mail(settings: Settings, path: Path, brand: str) -> None:
    async with open_database(settings) as database:
        await require_newest_schema(database)
        spare_lasting_objects()
        try:
            outcomes = await import_archive(settings, database, path, brand, console)
        except (NothingToImport, ImportStopped) as error:
            raise CommandFailed(str(error)) from error
    console.print(", ".join(f"{outcome} {count}" for outcome, count in outcomes.items()))


def deliver_mail(*, recipient: list[str] | None = None, sender: str | None = None) -> None:
    """Take in one mail from standard input, for a mail server. Exit codes are those of sysexits.h.

    Parameters
    ----------
    recipient
        The address that it was sent to; more of them by more of these options. Without one the
        mail's header says it.
    sender
        The address of the envelope that it came from, empty for reports.

    """
    content = mail_command.read_mail()
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        code, line = runner.run(
            mail_command.deliver(find_settings, content, sender, recipient or ())
        )
    if code:
        error_console.print(f"starling: {line}", markup=False)
    sys.exit(code)
