"""Taking mail archives in: each mail becomes a message of a ticket, once.

Its Message-ID tells whether a mail is known. Each mail is one transaction, so that a run which is
cut off leaves whole mails only, and is simply repeated.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from core.database import Database
from core.errors import DomainError
from models.actors import AUTOMATION
from models.agents import Agent
from models.brands import Brand
from models.channels import Channel
from models.messages import Message
from services.external_ids import known_message
from services.mail.archives import SkippedSource, read_archive
from services.mail.parsing import ParsedMail, UnreadableMail, parse_mail
from services.mail_files import FilesNotStored, stored
from services.mail_tickets import MailDesk, NoPlaceForMail, add_mail, take_mail_turn
from services.references import refer_to_brand
from services.storage.file_storage import FileStorage
from services.unit_of_work import Announce, unit_of_work


class ImportStopped(Exception):
    """The import cannot go on, whatever the next mail is; the message says why."""


class _MailRefused(Exception):
    """A mail whose content the desk does not accept; the message says why."""


class Outcome(StrEnum):
    """What became of a mail."""

    IMPORTED = "imported"
    KNOWN = "known already"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mail of the archive, why, and how many bytes have been read by then."""

    source: str
    outcome: Outcome
    position: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MailImport:
    """Imports into one brand."""

    database: Database
    announce: Announce
    storage: FileStorage
    brand: Brand

    async def run(self, path: Path) -> AsyncIterator[Result]:
        """Take in the mails at `path`, and tell what became of each.

        Raises FileNotFoundError if there is nothing at `path`, and ImportStopped where the
        database fails, or files cannot be stored.
        """
        desk = MailDesk(self.brand, await self._read_agents())
        for found in read_archive(path):
            if isinstance(found, SkippedSource):
                yield Result(found.source, Outcome.SKIPPED, found.position, found.reason)
                continue
            try:
                outcome = await self._take_in(desk, parse_mail(found.content))
            except (UnreadableMail, NoPlaceForMail, _MailRefused) as error:
                yield Result(found.source, Outcome.SKIPPED, found.position, str(error))
            else:
                yield Result(found.source, outcome, found.position)

    async def _read_agents(self) -> dict[str, UUID]:
        async with self.database.reading() as connection:
            rows = await connection.execute(select(Agent.email_key, Agent.id))
            return {row.email_key: row.id for row in rows}

    async def _take_in(self, desk: MailDesk, mail: ParsedMail) -> Outcome:
        try:
            return Outcome.KNOWN if await self._is_known(mail) else await self._write(desk, mail)
        except DomainError as error:
            raise _MailRefused(str(error)) from error
        except SQLAlchemyError as error:
            await self._stop_if_the_database_fails(error)
            raise _MailRefused(f"the database refuses it: {_reason(error)}") from error
        except FilesNotStored as error:
            raise ImportStopped(f"Files cannot be stored: {error}") from error
        except OSError as error:
            raise ImportStopped(f"The database cannot be reached: {error}") from error

    async def _is_known(self, mail: ParsedMail) -> bool:
        statement = select(Message.id).where(
            Message.brand_id == self.brand.id,
            Message.channel == Channel.EMAIL,
            Message.external_id == mail.message_id,
        )
        async with self.database.reading() as connection:
            return (await connection.execute(statement)).first() is not None

    async def _write(self, desk: MailDesk, mail: ParsedMail) -> Outcome:
        async with (
            stored(self.database, self.storage, mail.attachments) as files,
            unit_of_work(self.database, self.announce, AUTOMATION) as work,
        ):
            await take_mail_turn(work, self.brand.id)
            if await refer_to_brand(work, self.brand.id) is None:
                raise NoPlaceForMail("its brand was deleted")
            if await known_message(work, self.brand.id, Channel.EMAIL, mail.message_id):
                # Another import was quicker, or the mail itself came in.
                return Outcome.KNOWN
            await add_mail(work, desk, mail, files.rows)
            files.keep()
        return Outcome.IMPORTED

    async def _stop_if_the_database_fails(self, error: SQLAlchemyError) -> None:
        """Tell a mail that the database refuses from a database that will refuse the next, too."""
        # SQLite's way to say that it is locked, that the disk is full or cannot be read.
        has_failed = isinstance(error, OperationalError)
        if has_failed or not await self.database.is_reachable():
            raise ImportStopped(f"The database fails: {_reason(error)}") from error


def _reason(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", error)).partition("\n")[0]
