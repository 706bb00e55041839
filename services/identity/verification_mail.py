"""Mailing the code by which a customer proves that an address is theirs."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Result, func, select

from core import clock
from core.database import Database
from core.localization import translate
from core.secrets import SecretBox
from models.brands import Brand
from models.customers import Customer
from models.messages import DeliveryFailure
from models.profile_verifications import LIFETIME, ProfileVerification
from services.jobs import Payload
from services.mail.addresses import Mailbox
from services.mail.composing import Letter, compose
from services.mail.transport import Envelope, MailTransport, NotDelivered
from services.mail.wire import UnusableAddress, wire_address
from services.outgoing_mail.letters import sender_of
from services.profile_verifications import code_of

# A code is valid for minutes: a mail server that thinks longer is handed the same mail again. It is
# not the limit of the desk's own acts: those would wait for the places that mail servers keep.
CODE_MAIL_LIMIT = timedelta(seconds=40)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a code's mail is made of."""

    id: UUID
    recipient: str
    created_at: datetime
    language: str
    brand_name: str
    brand_email: str | None


class VerificationMail:
    """Does the jobs; `sender` is who writes for a brand without an address."""

    def __init__(
        self,
        database: Database,
        box: SecretBox,
        transport: MailTransport,
        sender: Mailbox | None,
    ) -> None:
        self._database = database
        self._box = box
        self._transport = transport
        self._sender = sender

    async def send(self, payload: Payload) -> None:
        """Send a code while it is valid. Raises NotDelivered to try again.

        All tries send the same code under the same Message-ID.
        """
        wanted = await self._read(UUID(payload["verification_id"]))
        if wanted is None:
            return
        try:
            letter = _letter(wanted, self._sender, code_of(self._box, wanted.id))
            content = await asyncio.to_thread(compose, letter)
            # Nobody is told that an automatic mail did not arrive (RFC 3834, section 3.3).
            await self._transport.send(Envelope("", letter.recipient.address, content))
        except NotDelivered as problem:
            if not problem.is_final:
                raise
            _log.warning("a code cannot be sent", failure=problem.failure)

    async def _read(self, verification_id: UUID) -> _Wanted | None:
        async with self._database.reading() as connection:
            found: Result[Any] = await connection.execute(
                select(
                    ProfileVerification.id,
                    ProfileVerification.recipient,
                    ProfileVerification.created_at,
                    func.coalesce(Customer.language, Brand.language).label("language"),
                    Brand.name.label("brand_name"),
                    Brand.email.label("brand_email"),
                )
                .join(Customer, Customer.id == ProfileVerification.customer_id)
                .join(Brand, Brand.id == ProfileVerification.brand_id)
                .where(
                    ProfileVerification.id == verification_id,
                    ProfileVerification.created_at > clock.now() - LIFETIME,
                    ProfileVerification.recipient.is_not(None),
                    ProfileVerification.used_at.is_(None),
                )
            )
            row = found.one_or_none()
        if row is None:
            return None
        return _Wanted(
            row.id,
            row.recipient,
            row.created_at,
            row.language,
            row.brand_name,
            row.brand_email,
        )


def _letter(wanted: _Wanted, default: Mailbox | None, code: str) -> Letter:
    sender = sender_of(wanted.brand_name, wanted.brand_email, default)
    try:
        recipient = Mailbox("", wire_address(wanted.recipient))
    except UnusableAddress as error:
        failure = DeliveryFailure.ADDRESS_NOT_SUPPORTED
        raise NotDelivered(failure, wanted.recipient, is_final=True) from error
    minutes = int(LIFETIME.total_seconds() // 60)
    words: dict[str, str | int | None] = {
        "brand": wanted.brand_name,
        "code": code,
        "minutes": minutes,
    }
    return Letter(
        message_id=f"{wanted.id.hex}@{sender.address.rpartition('@')[2]}",
        sender=sender,
        recipient=recipient,
        subject=translate(wanted.language, "verification-subject", **words),
        text=translate(wanted.language, "verification-text", **words) + "\n",
        language=wanted.language,
        written_at=wanted.created_at,
        is_automatic=True,
    )
