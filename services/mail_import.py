"""Taking mail archives in: each mail becomes a message of a ticket, once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from core.database import Database
from core.ids import new_id
from core.text import address_key
from models.actors import AUTOMATION, Actor, ActorKind
from models.agents import Agent
from models.attachments import Attachment
from models.brands import Brand
from models.channels import Channel
from models.messages import EXTERNAL_ID_CHARACTERS, Message, MessageDirection
from models.tickets import MAIL_ID_CHARACTERS, Ticket, TicketReference, TicketStatus
from services.channel_profiles import Sender, hold_customer
from services.file_storage import FileStorage
from services.mail.addresses import Mailbox
from services.mail.archives import SkippedSource, read_archive
from services.mail.parsing import ParsedMail, UnreadableMail, parse_mail
from services.mail.threads import parent_candidates
from services.messages import NewMessage, NewTicket, append, default_email_subject, open_ticket
from services.tickets import TicketInHand
from services.turns import take_turn
from services.unit_of_work import Announce, UnitOfWork, unit_of_work


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
        """Take in the mails at `path`, one transaction each, and tell what became of each.

        A mail that is known already changes nothing, so a run that was cut off is simply repeated.
        Raises FileNotFoundError if there is nothing at `path`.
        """
        for found in read_archive(path):
            if isinstance(found, SkippedSource):
                yield Result(found.source, Outcome.SKIPPED, found.position, found.reason)
                continue
            try:
                outcome = await self._take_in(parse_mail(found.content))
            except UnreadableMail as error:
                yield Result(found.source, Outcome.SKIPPED, found.position, error.reason)
            else:
                yield Result(found.source, outcome, found.position)

    async def _take_in(self, mail: ParsedMail) -> Outcome:
        if mail.sender is None:
            raise UnreadableMail("it does not say who sent it")
        async with unit_of_work(self.database, self.announce, AUTOMATION) as work:
            # Mails of one thread that two imports read at once must not open two tickets.
            await take_turn(work, f"mail import:{self.brand.id.hex}")
            if await self._is_known(work, mail):
                return Outcome.KNOWN
            await self._write(work, mail, mail.sender)
        return Outcome.IMPORTED

    async def _is_known(self, work: UnitOfWork, mail: ParsedMail) -> bool:
        known = await work.session.scalar(
            select(Message.id).where(
                Message.brand_id == self.brand.id,
                Message.channel == Channel.EMAIL,
                Message.external_id == _external_id(mail),
            )
        )
        return known is not None

    async def _write(self, work: UnitOfWork, mail: ParsedMail, sender: Mailbox) -> None:
        agent = await work.session.scalar(
            select(Agent).where(Agent.email_key == address_key(sender.address))
        )
        hand = await self._ticket_of(work, mail, agent)
        if agent is not None:
            author, direction = Actor(ActorKind.AGENT, agent.id), MessageDirection.OUTGOING
        else:
            writer = await hold_customer(work, _as_sender(sender))
            author, direction = Actor(ActorKind.CUSTOMER, writer.id), MessageDirection.INCOMING
        message = await append(
            work,
            hand,
            NewMessage(
                author=author,
                direction=direction,
                body=mail.text,
                body_html=mail.html,
                external_id=_external_id(mail),
                created_at=mail.sent_at,
            ),
        )
        await self._remember_references(work, mail, hand.ticket)
        await self._store_files(work, mail, message)
        await hand.finish()

    async def _ticket_of(
        self, work: UnitOfWork, mail: ParsedMail, agent: Agent | None
    ) -> TicketInHand:
        """Find the ticket of the thread, by mails before this one or after it; or open one."""
        candidates = [_mail_id(text) for text in (mail.message_id, *parent_candidates(mail))]
        rows = await work.session.execute(
            select(TicketReference.mail_id, TicketReference.ticket_id).where(
                TicketReference.brand_id == self.brand.id, TicketReference.mail_id.in_(candidates)
            )
        )
        tickets = {mail_id: ticket_id for mail_id, ticket_id in rows}
        for candidate in candidates:
            if candidate in tickets:
                ticket = await work.session.get_one(
                    Ticket, tickets[candidate], with_for_update=True
                )
                return TicketInHand(work, ticket)
        partner = _partner(mail) if agent is not None else mail.sender
        if partner is None:
            raise UnreadableMail("it names no customer")
        return await open_ticket(
            work,
            NewTicket(
                brand=self.brand,
                customer=await hold_customer(work, _as_sender(partner)),
                channel=Channel.EMAIL,
                title=mail.subject or default_email_subject(self.brand),
                email_subject=mail.subject or None,
                status=TicketStatus.OPEN,
                created_at=mail.sent_at,
            ),
        )

    async def _remember_references(
        self, work: UnitOfWork, mail: ParsedMail, ticket: Ticket
    ) -> None:
        ids = {_mail_id(text) for text in (mail.message_id, *parent_candidates(mail))}
        dialect = work.session.get_bind().dialect.name
        insert = (postgresql if dialect == "postgresql" else sqlite).insert(TicketReference)
        await work.session.execute(
            insert.on_conflict_do_nothing(),
            [
                {"brand_id": self.brand.id, "mail_id": mail_id, "ticket_id": ticket.id}
                for mail_id in sorted(ids)
            ],
        )

    async def _store_files(self, work: UnitOfWork, mail: ParsedMail, message: Message) -> None:
        # The bytes first: a file without a row is waste, a row without a file is a loss.
        for file in mail.attachments:
            file_id = new_id()
            key = self.storage.key_of(file_id)
            await self.storage.put(key, file.content)
            work.session.add(
                Attachment(
                    id=file_id,
                    message_id=message.id,
                    filename=file.filename,
                    content_type=file.content_type,
                    size=len(file.content),
                    storage_key=key,
                    created_at=work.now,
                )
            )


def _external_id(mail: ParsedMail) -> str:
    return mail.message_id[:EXTERNAL_ID_CHARACTERS]


def _mail_id(text: str) -> str:
    return text[:MAIL_ID_CHARACTERS]


def _as_sender(mailbox: Mailbox) -> Sender:
    return Sender(Channel.EMAIL, mailbox.address, name=mailbox.name or None)


def _partner(mail: ParsedMail) -> Mailbox | None:
    """Return whom an agent's mail was written to."""
    return next(chain(mail.to, mail.cc), None)
