"""The dev mailbox: where mail goes while no server is set, to be looked at."""

from collections.abc import Sequence
from datetime import datetime
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select

from core import clock
from core.database import Database
from core.ids import new_id
from models.dev_mails import DevMail
from services.mail.transport import Envelope

MAILS_KEPT = 300
BYTES_KEPT = 100 * 1024 * 1024


class DevMailbox:
    """Keeps the newest mails, up to MAILS_KEPT and BYTES_KEPT, and the very newest in any case."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def send(self, envelope: Envelope) -> None:
        """Keep a mail as if it had been sent."""
        head = envelope.content[: envelope.content.index(b"\r\n\r\n")]
        headers = message_from_bytes(head, policy=policy.default)
        async with self._database.transaction() as session:
            session.add(
                DevMail(
                    id=new_id(),
                    sender=envelope.sender,
                    recipient=envelope.recipient,
                    subject=str(headers["Subject"] or ""),
                    size=len(envelope.content),
                    content=envelope.content,
                    kept_at=clock.now(),
                )
            )
            await session.flush()
            newest_first = DevMail.id.desc()
            counted = select(
                DevMail.id,
                func.row_number().over(order_by=newest_first).label("place"),
                func.sum(DevMail.size).over(order_by=newest_first).label("bytes"),
            ).subquery()
            too_old = select(counted.c.id).where(
                counted.c.place > 1,
                (counted.c.place > MAILS_KEPT) | (counted.c.bytes > BYTES_KEPT),
            )
            await session.execute(delete(DevMail).where(DevMail.id.in_(too_old)))

    async def newest(self) -> Sequence[Row[UUID, str, str, int, datetime]]:
        """Return the mails without their content, the newest first."""
        columns = (DevMail.id, DevMail.recipient, DevMail.subject, DevMail.size, DevMail.kept_at)
        async with self._database.reading() as connection:
            return (await connection.execute(select(*columns).order_by(DevMail.id.desc()))).all()

    async def find(self, mail_id: UUID) -> Row[Any] | None:
        """Return a mail with all that is known of it; None where there is none, or no more."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(DevMail.__table__).where(DevMail.id == mail_id))
            return found.one_or_none()
