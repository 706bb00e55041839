"""Telling a mail that is brought again from another one that came under the same id.

Devices and home-made programs give every mail the same Message-ID. What comes under an id that
another mail has is taken in under an id made of its content.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from models.channels import Channel
from models.messages import Message, MessageDirection
from services.mail.identifiers import synthetic_message_id
from services.mail.parsing import ParsedMail


@dataclass(frozen=True, slots=True)
class Known:
    """A message that a mail is a copy of."""

    message_id: UUID
    direction: MessageDirection


async def find_copy(
    source: AsyncConnection | AsyncSession, brand_id: UUID, mail: ParsedMail
) -> Known | ParsedMail:
    """Return the message that a mail is already, or the mail, under an id that no other one has.

    What the desk did not read from a mail has no digest: it is known by its words.
    """
    own_id = synthetic_message_id(mail.digest)
    rows = (
        await source.execute(
            select(
                Message.id,
                Message.direction,
                Message.external_id,
                Message.content_digest,
                Message.body,
            ).where(
                Message.brand_id == brand_id,
                Message.channel == Channel.EMAIL,
                Message.external_id.in_({mail.message_id, own_id}),
            )
        )
    ).all()
    for row in rows:
        if row.content_digest == mail.digest:
            return Known(row.id, row.direction)
        if row.content_digest is None and _reads_like(mail, row.body, row.direction):
            return Known(row.id, row.direction)
    return replace(mail, message_id=own_id) if rows else mail


def _reads_like(mail: ParsedMail, body: str, direction: MessageDirection) -> bool:
    words, written = _words(body), _words(mail.text)
    if direction is MessageDirection.OUTGOING:
        return words in written  # what the desk sends may quote, and lists add a line of theirs
    return words == written


def _words(text: str) -> str:
    return " ".join(text.split())
