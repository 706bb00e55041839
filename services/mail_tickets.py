"""A mail of the past as a message of a ticket: who wrote it, and to which ticket it belongs."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Self
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, insert, or_, select

from core.text import address_key
from models.actors import AUTOMATION, Actor, ActorKind
from models.attachments import Attachment
from models.brands import Brand
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.messages import Message, MessageDirection
from models.tickets import Ticket, TicketReference, TicketStatus
from models.viewers import ApiScope, Viewer
from services import customers
from services.channel_profiles import (
    Sender,
    Writer,
    hold_customer,
    mails_may_go_on,
    owner_of,
    profile_of,
)
from services.mail.addresses import Mailbox
from services.mail.parsing import ParsedMail
from services.mail.subjects import without_reply_prefixes
from services.mail.threads import parent_candidates
from services.messages import NewMessage, NewTicket, append, default_email_subject, open_ticket
from services.tickets import TicketInHand
from services.turns import take_turn
from services.unit_of_work import UnitOfWork

# Whom else the desk wrote to in a mail of the past is nobody whose ticket it could be.
_RECIPIENTS = 20

_IMPORTER = Viewer(
    AUTOMATION, scopes=frozenset({ApiScope.CUSTOMERS_READ, ApiScope.CUSTOMERS_WRITE})
)


class NoPlaceForMail(Exception):
    """A mail that can be read, and yet be no message of a ticket; the message says why."""


@dataclass(frozen=True, slots=True)
class MailDesk:
    """A brand, and the agents who write its mail, by the keys of their addresses."""

    brand: Brand
    agent_ids: Mapping[str, UUID]

    def actor_at(self, mailbox: Mailbox) -> Actor | None:
        """Return who writes for the desk from this address; None where a customer does."""
        key = address_key(mailbox.address)
        if key in self.agent_ids:
            return Actor(ActorKind.AGENT, self.agent_ids[key])
        if self.brand.email is not None and key == address_key(self.brand.email):
            # Nobody can tell who of those that share the brand's address wrote.
            return AUTOMATION
        return None


async def add_mail(
    work: UnitOfWork, desk: MailDesk, mail: ParsedMail, files: Sequence[Attachment]
) -> None:
    """Make a mail that is not known yet a message of its ticket, and the files its attachments.

    What agents of the desk wrote is outgoing, and was delivered long ago. A mail that comes before
    the others of its ticket makes the ticket older; none makes it one that was updated just now.
    Raises NoPlaceForMail.
    """
    if mail.sender is None:
        raise NoPlaceForMail("it does not say who sent it")
    # Clocks of senders are ahead now and then; what happened did not happen later than now.
    moment = min(mail.sent_at or work.now, work.now)
    actor = desk.actor_at(mail.sender)
    # The customer is locked before the ticket, as by everybody who takes messages in.
    writer = None if actor else await hold_named_customer(work, mail.sender)
    people = [Correspondent.of(writer)] if writer else await _written_to(work, desk, mail)
    thread = await find_thread(work, desk.brand.id, mail, people)
    if thread.ticket_id is not None:
        hand = TicketInHand(work, await lock_ticket(work, thread.ticket_id), moment=moment)
    else:
        writer = writer or await hold_named_customer(work, _partner(desk, mail))
        hand = await _open_ticket(work, desk.brand, writer, mail, moment)
    message = await append(
        work,
        hand,
        NewMessage(
            author=actor or Actor(ActorKind.CUSTOMER, writer.customer.id if writer else None),
            direction=MessageDirection.OUTGOING if actor else MessageDirection.INCOMING,
            body=mail.text,
            body_html=mail.html,
            external_id=mail.message_id,
            created_at=moment,
        ),
    )
    message.content_digest = mail.digest
    for file in files:
        file.message_id = message.id
    work.session.add_all(files)
    await remember(work, hand.ticket, thread)
    await hand.finish()


async def take_mail_turn(work: UnitOfWork, brand_id: UUID) -> None:
    """Let mails of a brand come in one after the other, from archives and from the network.

    Mails of one thread that are read at once must not open two tickets.
    """
    await take_turn(work, f"mail:{brand_id.hex}")


async def hold_named_customer(work: UnitOfWork, mailbox: Mailbox) -> Writer:
    """Find or make the customer; who was known by the address alone gets the name in the mail."""
    sender = Sender(Channel.EMAIL, mailbox.address, name=mailbox.name or None)
    writer = await hold_customer(work, sender)
    customer = writer.customer
    if mailbox.name and address_key(customer.name) == address_key(mailbox.address):
        await customers.update(
            work, _IMPORTER, customer.id, customer.version, {"name": mailbox.name}
        )
    return writer


def _partner(desk: MailDesk, mail: ParsedMail) -> Mailbox:
    """Return to which customer the desk wrote."""
    partner = next(_partners(desk, mail), None)
    if partner is None:
        raise NoPlaceForMail("the desk sent it, and to no customer")
    return partner


def _partners(desk: MailDesk, mail: ParsedMail) -> Iterator[Mailbox]:
    return (each for each in chain(mail.to, mail.cc) if desk.actor_at(each) is None)


@dataclass(frozen=True, slots=True)
class Correspondent:
    """A customer who wrote a mail, or was written to, and the profile of the address if known."""

    customer_id: UUID
    profile: ChannelProfile | None

    @classmethod
    def of(cls, writer: Writer) -> Self:
        """Return who wrote a mail."""
        return cls(writer.customer.id, writer.profile)

    @property
    def is_there(self) -> ColumnElement[bool]:
        """Limit tickets to those which are theirs, or into which they wrote."""
        has_written = exists().where(
            Message.ticket_id == Ticket.id,
            Message.author_kind == ActorKind.CUSTOMER,
            Message.author_id == self.customer_id,
        )
        theirs = or_(Ticket.customer_id == self.customer_id, has_written)
        return theirs if self.profile is None else and_(theirs, mails_may_go_on(self.profile))


async def _written_to(work: UnitOfWork, desk: MailDesk, mail: ParsedMail) -> list[Correspondent]:
    people = []
    for partner in islice(_partners(desk, mail), _RECIPIENTS):
        owner = await owner_of(work, Channel.EMAIL, partner.address)
        if owner is not None:
            profile = await profile_of(work, Channel.EMAIL, partner.address)
            people.append(Correspondent(owner.id, profile))
    return people


@dataclass(frozen=True, slots=True)
class Thread:
    """The ticket that a mail belongs to, if it is known, and the ids that do not lead there yet."""

    ticket_id: UUID | None
    new_ids: Sequence[str]


async def find_thread(
    work: UnitOfWork, brand_id: UUID, mail: ParsedMail, people: Collection[Correspondent]
) -> Thread:
    """Find the ticket that a mail goes on with, by its own id and by those that it refers to.

    The id of a mail that is in the desk leads anybody into its ticket: who knows it was sent the
    mail. One that mails only name may be a newsletter's, which strangers answer as well, or be
    guessed: it leads a mail into a ticket only where `people`, customers who wrote the mail or were
    written to, have written before or are those whom the ticket is of, and never from or to who
    only claims to be the customer into what others began.

    A mail's own id is named already where an answer to it was taken in before it. Where a mail
    joins two threads that were two tickets, they stay two: agents have worked on both.
    """
    ids = (mail.message_id, *parent_candidates(mail))
    here = await _tickets_of_mails(work, brand_id, ids)
    named = await _tickets_that_name(work, brand_id, ids)
    theirs = await _tickets_of_people(work, set(named.values()), people)
    leading = {mail_id: ticket for mail_id, ticket in named.items() if ticket in theirs} | here
    ticket_id = next((leading[mail_id] for mail_id in ids if mail_id in leading), None)
    return Thread(ticket_id, [mail_id for mail_id in ids if mail_id not in named])


async def _tickets_of_mails(
    work: UnitOfWork, brand_id: UUID, ids: Collection[str]
) -> dict[str, UUID]:
    """Return the tickets in which mails with these ids are messages."""
    rows = await work.session.execute(
        select(Message.external_id, Message.ticket_id).where(
            Message.brand_id == brand_id,
            Message.channel == Channel.EMAIL,
            Message.external_id.in_(ids),
        )
    )
    return {row.external_id: row.ticket_id for row in rows}


async def _tickets_that_name(
    work: UnitOfWork, brand_id: UUID, ids: Collection[str]
) -> dict[str, UUID]:
    """Return the tickets in whose mails these ids stand."""
    rows = await work.session.execute(
        select(TicketReference.mail_id, TicketReference.ticket_id).where(
            TicketReference.brand_id == brand_id, TicketReference.mail_id.in_(ids)
        )
    )
    return {row.mail_id: row.ticket_id for row in rows}


async def _tickets_of_people(
    work: UnitOfWork, ticket_ids: Collection[UUID], people: Collection[Correspondent]
) -> set[UUID]:
    """Return those of the tickets in which one of these people is."""
    if not ticket_ids or not people:
        return set()
    found = await work.session.scalars(
        select(Ticket.id).where(
            Ticket.id.in_(ticket_ids), or_(*(person.is_there for person in people))
        )
    )
    return set(found)


async def lock_ticket(work: UnitOfWork, ticket_id: UUID) -> Ticket:
    """Lock the ticket of a mail."""
    return await work.session.get_one(Ticket, ticket_id, with_for_update=True)


async def _open_ticket(
    work: UnitOfWork, brand: Brand, writer: Writer, mail: ParsedMail, moment: datetime
) -> TicketInHand:
    subject = without_reply_prefixes(mail.subject)
    return await open_ticket(
        work,
        NewTicket(
            brand=brand,
            customer=writer.customer,
            channel=Channel.EMAIL,
            title=subject or default_email_subject(brand),
            email_subject=subject or None,
            status=TicketStatus.OPEN,
            profile_id=writer.profile.id,
            created_at=moment,
        ),
    )


async def remember(work: UnitOfWork, ticket: Ticket, thread: Thread) -> None:
    """Let mails that name the ids of a thread find the ticket, what they belong to included."""
    if thread.new_ids:
        await work.session.execute(
            insert(TicketReference),
            [
                {"brand_id": ticket.brand_id, "mail_id": mail_id, "ticket_id": ticket.id}
                for mail_id in thread.new_ids
            ],
        )
