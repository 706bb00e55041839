"""A mail of the past as a message of a ticket: who wrote it, and to which ticket it belongs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from uuid import UUID

from sqlalchemy import insert, select

from core.text import address_key
from models.actors import AUTOMATION, Actor, ActorKind
from models.attachments import Attachment
from models.brands import Brand
from models.channels import Channel
from models.customers import Customer
from models.messages import MessageDirection
from models.tickets import Ticket, TicketReference, TicketStatus
from models.viewers import ApiScope, Viewer
from services import customers
from services.channel_profiles import Sender, hold_customer
from services.mail.addresses import Mailbox
from services.mail.parsing import ParsedMail
from services.mail.subjects import without_reply_prefixes
from services.mail.threads import parent_candidates
from services.messages import NewMessage, NewTicket, append, default_email_subject, open_ticket
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork

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
    customer = None if actor else await _hold_named_customer(work, mail.sender)
    ids = (mail.message_id, *parent_candidates(mail))
    tickets = await _tickets_of_thread(work, desk.brand, ids)
    ticket = next((tickets[mail_id] for mail_id in ids if mail_id in tickets), None)
    if ticket is not None:
        hand = TicketInHand(work, ticket, moment=moment)
    else:
        customer = customer or await _hold_named_customer(work, _partner(desk, mail))
        hand = await _open_ticket(work, desk.brand, customer, mail, moment)
    message = await append(
        work,
        hand,
        NewMessage(
            author=actor or Actor(ActorKind.CUSTOMER, customer.id if customer else None),
            direction=MessageDirection.OUTGOING if actor else MessageDirection.INCOMING,
            body=mail.text,
            body_html=mail.html,
            external_id=mail.message_id,
            created_at=moment,
        ),
    )
    for file in files:
        file.message_id = message.id
    work.session.add_all(files)
    await _remember(work, hand.ticket, [mail_id for mail_id in ids if mail_id not in tickets])
    await hand.finish()


async def _hold_named_customer(work: UnitOfWork, mailbox: Mailbox) -> Customer:
    """Find or make the customer; who was known by the address alone gets the name in the mail."""
    sender = Sender(Channel.EMAIL, mailbox.address, name=mailbox.name or None)
    customer = await hold_customer(work, sender)
    if mailbox.name and address_key(customer.name) == address_key(mailbox.address):
        await customers.update(
            work, _IMPORTER, customer.id, customer.version, {"name": mailbox.name}
        )
    return customer


def _partner(desk: MailDesk, mail: ParsedMail) -> Mailbox:
    """Return to which customer the desk wrote."""
    recipients = chain(mail.to, mail.cc)
    partner = next((each for each in recipients if desk.actor_at(each) is None), None)
    if partner is None:
        raise NoPlaceForMail("the desk sent it, and to no customer")
    return partner


async def _tickets_of_thread(
    work: UnitOfWork, brand: Brand, mail_ids: Collection[str]
) -> dict[str, Ticket]:
    """Lock the tickets in whose mails these ids stand, and return them by the ids.

    A mail's own id is known where an answer to it was taken in before it. Where a mail joins two
    threads that were two tickets, they stay two: agents have worked on both.
    """
    rows = await work.session.execute(
        select(TicketReference.mail_id, Ticket)
        .join(Ticket, Ticket.id == TicketReference.ticket_id)
        .where(TicketReference.brand_id == brand.id, TicketReference.mail_id.in_(mail_ids))
        .order_by(Ticket.id)
        .with_for_update(of=Ticket)
    )
    return {row.mail_id: row.Ticket for row in rows}


async def _open_ticket(
    work: UnitOfWork, brand: Brand, customer: Customer, mail: ParsedMail, moment: datetime
) -> TicketInHand:
    subject = without_reply_prefixes(mail.subject)
    return await open_ticket(
        work,
        NewTicket(
            brand=brand,
            customer=customer,
            channel=Channel.EMAIL,
            title=subject or default_email_subject(brand),
            email_subject=subject or None,
            status=TicketStatus.OPEN,
            created_at=moment,
        ),
    )


async def _remember(work: UnitOfWork, ticket: Ticket, mail_ids: Sequence[str]) -> None:
    """Let mails that name these ids find the ticket, those that they belong to included."""
    if mail_ids:
        await work.session.execute(
            insert(TicketReference),
            [
                {"brand_id": ticket.brand_id, "mail_id": mail_id, "ticket_id": ticket.id}
                for mail_id in mail_ids
            ],
        )
