"""Mail that arrives: each becomes a message of the ticket it belongs to, once.

Nothing is lost: whoever brings a mail is told that it was taken once it is written, and is asked to
bring it again where that cannot be done now. A mail proves nothing about who wrote it, so nobody is
an agent here: what comes from an agent's address is the mail of a customer with that address, and
is never sent out.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import structlog

from core.database import Database, is_passing
from models.actors import AUTOMATION
from models.messages import MessageDirection
from services.file_formats import allowed_extensions
from services.incoming_mail.bounces import DeliveryGoesOn, heed_bounce
from services.incoming_mail.copies import Known, find_copy
from services.incoming_mail.files import sort_files
from services.incoming_mail.messages import Answer, add_answer, read_answer
from services.incoming_mail.places import Addressees, Place, find_place
from services.mail.bounces import Bounce, BounceAction
from services.mail.parsing import ParsedMail, UnreadableMail, parse_mail
from services.mail.reply_addresses import ReplyAddresses
from services.mail_files import stored
from services.storage.file_storage import FileStorage
from services.unit_of_work import Announce, unit_of_work

_log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What became of a mail."""

    TAKEN = "taken"
    KNOWN = "known already"
    BOUNCE = "bounce"
    IGNORED = "ignored"
    NOT_OURS = "not ours"
    REFUSED = "refused"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mail to one recipient, and why; the message that was made of it, if any."""

    outcome: Outcome
    reason: str | None = None
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class IncomingMail:
    """Takes mail in, for whoever brings it: the listener, or `starling deliver`."""

    database: Database
    announce: Announce
    storage: FileStorage
    replies: ReplyAddresses

    async def accepts(self, recipient: str) -> bool:
        """Tell whether mail to an address is taken in."""
        async with self.database.reading() as connection:
            return (await Addressees.read(connection, self.replies)).include(recipient)

    async def take_in(
        self, content: bytes, sender: str | None, recipients: Sequence[str]
    ) -> list[Result]:
        """Take in one mail, and tell what became of it for each recipient, in their order.

        `sender` and `recipients` are those of the envelope; an empty sender is that of a report.
        Without recipients the header says to whom it was written, and there is one result.
        """
        try:
            mail = await asyncio.to_thread(parse_mail, content)
        except UnreadableMail as error:
            return [Result(Outcome.REFUSED, error.reason)] * max(1, len(recipients))
        return [await self._take_in(mail, sender, each) for each in recipients or (None,)]

    async def _take_in(self, mail: ParsedMail, sender: str | None, recipient: str | None) -> Result:
        try:
            return await self._find_and_write(mail, sender, recipient)
        except Exception as error:  # noqa: BLE001  # whatever it is, the mail must not be lost
            if is_passing(error):
                _log.warning("mail cannot be taken in now", error=str(error).partition("\n")[0])
                return Result(Outcome.RETRY, "the desk cannot write it down now")
            # Whoever brings it tries again for days: time enough to mend what is wrong here.
            _log.exception("mail cannot be taken in")
            return Result(Outcome.RETRY, "the desk failed")

    async def _find_and_write(
        self, mail: ParsedMail, sender: str | None, recipient: str | None
    ) -> Result:
        async with self.database.reading() as connection:
            addressees = await Addressees.read(connection, self.replies)
            place = await find_place(connection, addressees, mail, recipient)
            if place is None:
                return Result(Outcome.NOT_OURS, "there is no such recipient")
            found = await find_copy(connection, place.brand_id, mail)
        if isinstance(found, Known):
            return _known(found)
        reported = await self._heed(mail.bounce, place) if mail.bounce else None
        if reported is not None:
            return reported
        author = addressees.author_of(mail, sender)
        if author is None:
            return Result(Outcome.REFUSED, "it names nobody else who wrote it")
        is_automatic = mail.is_automatic or sender == ""
        # Quotations are looked for in a thread: in a long mail it takes a while.
        answer = await asyncio.to_thread(read_answer, mail, author, is_automatic=is_automatic)
        return await self._write(place, answer)

    async def _heed(self, bounce: Bounce, place: Place) -> Result | None:
        """Heed what a mail reports; None where it is a message like any other.

        Words may only look like a report; and one that came to a ticket's reply address without
        saying on which mail is for people to read.
        """
        try:
            async with unit_of_work(self.database, self.announce, AUTOMATION) as work:
                message = await heed_bounce(work, bounce, place.ticket_id)
        except DeliveryGoesOn:
            return Result(Outcome.RETRY, "the delivery that it reports on has not ended")
        if message is None:
            is_for_people = bounce.message_id is None and place.ticket_id is not None
            if bounce.is_guessed or is_for_people:
                return None
            return Result(Outcome.IGNORED, "it reports on a mail that the desk did not send")
        if bounce.action is BounceAction.DELAYED:
            return Result(Outcome.IGNORED, "a mail server tries again", message.id)
        return Result(Outcome.BOUNCE, message_id=message.id)

    async def _write(self, place: Place, answer: Answer) -> Result:
        async with self.database.transaction() as session:
            allowed = await allowed_extensions(session)
        files = await asyncio.to_thread(sort_files, answer.mail.attachments, allowed)
        async with (
            stored(self.database, self.storage, files.kept) as kept,
            unit_of_work(self.database, self.announce, AUTOMATION) as work,
        ):
            added = await add_answer(work, place, answer, kept.rows, files.omitted)
            if isinstance(added, Known):
                return _known(added)
            kept.keep()
        return Result(Outcome.TAKEN, message_id=added.id)


def _known(copied: Known) -> Result:
    if copied.direction is MessageDirection.OUTGOING:
        return Result(Outcome.IGNORED, "the desk sent it", copied.message_id)
    return Result(Outcome.KNOWN, message_id=copied.message_id)
