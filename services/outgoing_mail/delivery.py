"""The job that hands a message to the mail server, and writes down how that ended.

A try has three parts. It begins in a transaction: from then on the message cannot be taken back.
It sends, without one. It ends in another, which tells those who look at the ticket, and asks for
the next try where there is to be one. A worker that dies between the last two has perhaps sent the
mail; the next one sends it again under the same Message-ID, by which mailboxes know it as the same.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import structlog

from core.database import Database
from models.actors import AUTOMATION
from models.messages import DeliveryFailure, DeliveryState, Message
from models.tickets import Ticket
from services import notifications
from services.jobs import MAX_ATTEMPTS, TIME_LIMIT, Payload, pause_after
from services.mail.composing import compose
from services.mail.smtp import SENDING_SECONDS
from services.mail.transport import Envelope, MailTransport, NotDelivered
from services.outgoing_mail.letters import Draft, Letters
from services.outgoing_mail.queue import DELIVER, PATIENCE, is_turn_of, job_of, let_next_go
from services.posting import hold, tell
from services.unit_of_work import Announce, UnitOfWork, unit_of_work

# Files are read and the end is written down, too.
DELIVERY_LIMIT = TIME_LIMIT + timedelta(seconds=SENDING_SECONDS)
# Larger mails are made one at a time: each is in memory twice meanwhile, as files and as a mail.
_LARGE_BYTES = 5_000_000
# A worker that dies does so for other reasons, most of the time: not five times in a row.
TRIES_WITHOUT_END = 5

CountOutcome = Callable[[str], None]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Try:
    """A try that has begun; `number` tells it from those before and after."""

    message_id: UUID
    number: int
    draft: Draft


class MailDelivery:
    """Delivers messages by mail, one a job."""

    def __init__(
        self,
        database: Database,
        announce: Announce,
        letters: Letters,
        transport: MailTransport,
        count: CountOutcome,
    ) -> None:
        self._database = database
        self._announce = announce
        self._letters = letters
        self._transport = transport
        self._count = count
        self._making_large = asyncio.Semaphore(1)

    async def deliver(self, payload: Payload) -> None:
        """Do the job of one message. What was sent, given up or taken back meanwhile stays so."""
        message_id = UUID(payload["message_id"])
        try:
            async with self._unit_of_work() as work:
                begun = await self._begin(work, message_id)
        except Exception as error:  # noqa: BLE001  # it must not stay on its way for ever
            await self._note_no_beginning(message_id, _unforeseen(error, message_id))
            return
        if begun is None:
            return
        problem = await self._send(begun)
        async with self._unit_of_work() as work:
            ticket, message = await hold(work, begun.message_id)
            if problem is None:
                await self._note_sent(work, ticket, message)
            elif message.delivery_begun == begun.number:
                await self._note_failure(work, ticket, message, problem)

    def _unit_of_work(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return unit_of_work(self._database, self._announce, AUTOMATION)

    async def _begin(self, work: UnitOfWork, message_id: UUID) -> _Try | None:
        ticket, message = await hold(work, message_id)
        if not _is_due(work, message):
            return None
        if not await is_turn_of(work, message):
            # Whichever mail it waits for lets it go; this is for one that never ends.
            work.enqueue(DELIVER, job_of(message), run_at=work.now + PATIENCE)
            return None
        unended = message.delivery_begun - message.delivery_attempts
        message.delivery_begun += 1
        if unended >= TRIES_WITHOUT_END:
            words = f"The worker ended during each of {unended} tries."
            problem = NotDelivered(DeliveryFailure.INTERNAL, words, is_final=True)
            await self._note_failure(work, ticket, message, problem)
            return None
        try:
            draft = await self._letters.draft(work, ticket, message)
        except NotDelivered as problem:
            await self._note_failure(work, ticket, message, problem)
            return None
        return _Try(message.id, message.delivery_begun, draft)

    async def _note_no_beginning(self, message_id: UUID, problem: NotDelivered) -> None:
        """Write down a try that failed before it could be written down that it began."""
        async with self._unit_of_work() as work:
            ticket, message = await hold(work, message_id)
            if _is_due(work, message):
                message.delivery_begun += 1
                await self._note_failure(work, ticket, message, problem)

    async def _send(self, begun: _Try) -> NotDelivered | None:
        """Try to hand the mail over; return what kept it."""
        try:
            await self._transport.send(await self._make(begun.draft))
        except NotDelivered as problem:
            return problem
        except Exception as error:  # noqa: BLE001  # whatever it is, the author must be told
            return _unforeseen(error, begun.message_id)
        return None

    async def _make(self, draft: Draft) -> Envelope:
        is_large = sum(file.size for file in draft.files) > _LARGE_BYTES
        async with self._making_large if is_large else nullcontext():
            letter = replace(draft.letter, files=await self._letters.read_files(draft))
            # Tens of megabytes take a second, in which others are to be served.
            content = await asyncio.to_thread(compose, letter)
        # Nobody is told that an automatic mail did not arrive, least of all by a machine that would
        # then be answered (RFC 3834, section 3.3).
        sender = "" if letter.is_automatic else letter.reply_to or letter.sender.address
        return Envelope(sender, letter.recipient.address, content)

    async def _note_sent(self, work: UnitOfWork, ticket: Ticket, message: Message) -> None:
        """Write down that the server has the mail, whatever was thought of it meanwhile."""
        if message.delivery_state is DeliveryState.SENT:
            return
        message.delivery_state = DeliveryState.SENT
        message.delivery_sent_at = work.now
        message.delivery_attempts = message.delivery_begun
        message.delivery_failure = message.delivery_detail = None
        message.delivery_next_try_at = None
        self._count("sent")
        await let_next_go(work, message)
        await tell(work, ticket, message)

    async def _note_failure(
        self, work: UnitOfWork, ticket: Ticket, message: Message, problem: NotDelivered
    ) -> None:
        """Write down why the mail did not go out; and ask for the next try, or give up."""
        if message.delivery_state is not DeliveryState.QUEUED:
            return
        message.delivery_attempts = message.delivery_begun
        message.delivery_failure = problem.failure
        message.delivery_detail = problem.detail
        if problem.is_final or message.delivery_attempts >= MAX_ATTEMPTS:
            message.delivery_state = DeliveryState.FAILED
            message.delivery_next_try_at = None
            await notifications.tell_undelivered(work, ticket, message)
            self._count("failed")
        else:
            next_try_at = work.now + pause_after(message.delivery_attempts)
            message.delivery_next_try_at = next_try_at
            work.enqueue(DELIVER, job_of(message), run_at=next_try_at)
            self._count("put_off")
        _log.warning(
            "mail was not delivered",
            message_id=message.external_id,
            failure=problem.failure,
            attempt=message.delivery_attempts,
            state=message.delivery_state,
        )
        await let_next_go(work, message)
        await tell(work, ticket, message)


def _is_due(work: UnitOfWork, message: Message) -> bool:
    """Tell whether a message is to be sent now.

    A worker that dies after a failure was written down leaves two jobs, its own and the next: that
    of its own ends here, until the other has its turn.
    """
    next_try_at = message.delivery_next_try_at
    is_early = next_try_at is not None and next_try_at > work.now
    return message.delivery_state is DeliveryState.QUEUED and not is_early


def _unforeseen(error: Exception, message_id: UUID) -> NotDelivered:
    _log.error("mail cannot be delivered", message_id=message_id.hex, exc_info=error)
    return NotDelivered(DeliveryFailure.INTERNAL, type(error).__name__, is_final=False)
