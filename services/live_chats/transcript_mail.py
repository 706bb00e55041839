"""Sending the conversation of a chat to an address that its customer gives.

It is a way to write to strangers: so an agent must have answered in the chat, and there are limits.
The mail says who asked for it and holds nothing that the customer has not read.
"""

import asyncio
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import func, select

from core.database import Database
from core.errors import NotAllowed, Unavailable
from core.ids import new_id
from core.localization import translate
from models.chats import Chat
from models.messages import DeliveryFailure
from models.tickets import Ticket
from models.viewers import Viewer
from services.directory import once_of
from services.idempotency import create_once
from services.jobs import Payload
from services.live_chats.in_hand import take_own
from services.live_chats.transcripts import Transcript, write_down, zone_named
from services.mail.addresses import Mailbox
from services.mail.composing import Letter, compose
from services.mail.transport import Envelope, MailTransport, NotDelivered
from services.mail.wire import UnusableAddress, wire_address
from services.outgoing_mail.letters import sender_of
from services.turns import take_turn
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

SEND_TRANSCRIPT = "send_chat_transcript"
PAUSE = timedelta(hours=1)  # between two of one chat
# No brand has more people who want theirs; beyond that somebody misuses it.
OF_BRAND_PER_HOUR = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WantedTranscript:
    """Where a customer wants the conversation of their chat to be sent, and by whose clock."""

    email: str
    time_zone: str = "UTC"


async def ask_for(
    work: UnitOfWork,
    viewer: Viewer,
    ticket_id: UUID,
    wanted: WantedTranscript,
    *,
    idempotency_key: str | None = None,
) -> Ticket:
    """Let what was written so far in the viewer's chat be mailed to an address.

    Raises NotAllowed while no agent has answered, and Unavailable, with the seconds to wait, for
    the second one of a chat within an hour, and once a brand has sent a hundred.
    """
    once = once_of("chatTranscriptSend", idempotency_key, wanted)
    ask = partial(_ask_for, work, viewer, ticket_id, wanted)
    return await create_once(work, once, Ticket, lambda _row_id: ask())


async def _ask_for(
    work: UnitOfWork, viewer: Viewer, ticket_id: UUID, wanted: WantedTranscript
) -> Ticket:
    check = InputCheck()
    email = check.email("email", wanted.email)
    check.raise_problems()
    zone_named(wanted.time_zone, "input", "timeZone")
    # One after the other, so that limits are kept.
    await take_turn(work, "chat transcripts")
    hand, chat = await take_own(work, viewer, ticket_id)
    if hand.ticket.first_response_at is None:
        raise NotAllowed
    await _refuse_more(work, chat)
    chat.transcript_asked_at = work.now
    work.enqueue(
        SEND_TRANSCRIPT,
        {
            "ticket_id": chat.ticket_id.hex,
            "until": work.now.isoformat(),
            "email": email,
            "time_zone": wanted.time_zone,
            "mail_id": new_id().hex,
        },
    )
    return hand.ticket


async def _refuse_more(work: UnitOfWork, chat: Chat) -> None:
    hour = work.now - PAUSE
    if chat.transcript_asked_at is not None and chat.transcript_asked_at > hour:
        raise _until(work, chat.transcript_asked_at)
    count, first = (
        await work.session.execute(
            select(func.count(), func.min(Chat.transcript_asked_at)).where(
                Chat.brand_id == chat.brand_id, Chat.transcript_asked_at > hour
            )
        )
    ).one()
    if first is not None and count >= OF_BRAND_PER_HOUR:
        raise _until(work, first)


def _until(work: UnitOfWork, moment: datetime) -> Unavailable:
    """Return the refusal that stands until an hour after a moment."""
    return Unavailable(math.ceil((moment + PAUSE - work.now).total_seconds()))


class TranscriptMail:
    """Does the jobs; `sender` is who writes for a brand without an address."""

    def __init__(
        self, database: Database, transport: MailTransport, sender: Mailbox | None
    ) -> None:
        self._database = database
        self._transport = transport
        self._sender = sender

    async def send(self, payload: Payload) -> None:
        """Send a conversation as it stood when it was asked for. Raises NotDelivered to try again.

        A worker that dies after the mail has gone sends it again under the same Message-ID.
        """
        zone = zone_named(payload["time_zone"])
        until = datetime.fromisoformat(payload["until"])
        async with self._database.reading() as connection:
            ticket_id = UUID(payload["ticket_id"])
            transcript = await write_down(connection, ticket_id, zone, until=until)
        try:
            letter = _letter(transcript, self._sender, payload["email"], payload["mail_id"], until)
            content = await asyncio.to_thread(compose, letter)
            sender, recipient = letter.sender.address, letter.recipient.address
            await self._transport.send(Envelope(sender, recipient, content))
        except NotDelivered as problem:
            if not problem.is_final:
                raise
            # Nobody at the desk wrote it, and the customer has the chat itself.
            _log.warning("a transcript cannot be sent", failure=problem.failure)


def _letter(
    transcript: Transcript, default: Mailbox | None, email: str, mail_id: str, written_at: datetime
) -> Letter:
    """Return the mail. An answer goes to the brand as any mail does, and not into the chat."""
    sender = sender_of(transcript.brand_name, transcript.brand_email, default)
    try:
        recipient = Mailbox("", wire_address(email))
    except UnusableAddress as error:
        failure = DeliveryFailure.ADDRESS_NOT_SUPPORTED
        raise NotDelivered(failure, email, is_final=True) from error
    words = {"language": transcript.language, "brand": transcript.brand_name}
    return Letter(
        message_id=f"{mail_id}@{sender.address.rpartition('@')[2]}",
        sender=sender,
        recipient=recipient,
        subject=translate(message_id="transcript-subject", **words),
        text=f"{transcript.text}\n{translate(message_id='transcript-reason', **words)}\n",
        language=transcript.language,
        written_at=written_at,
        is_automatic=True,
    )
