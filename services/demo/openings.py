"""How tickets of the demo begin: a customer writes, or an agent fills in a form for them."""

from dataclasses import dataclass

from core.ids import new_id
from core.text import address_key, single_line
from models.brands import Brand
from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.channels import Channel
from models.event_topics import topic_of
from models.ticket_templates import TicketTemplate
from models.tickets import Ticket, TicketPriority, TicketStatus
from services.demo.customers import Person
from services.demo.journal import Act, Journal
from services.demo.ticket_file import MAIL_CHANNELS, TicketFile
from services.messages import default_email_subject

_TITLE_OF_CHAT_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class NewTicket:
    """How a customer begins. Only a mail shows its subject."""

    number: int
    channel: Channel
    subject: str
    body: str


def open_ticket(
    journal: Journal, act: Act, person: Person, brand: Brand, new: NewTicket
) -> TicketFile:
    """Take in the first message of a ticket; who writes for the first time becomes a customer.

    A mail's subject is the ticket's title; a chat has none, and is named by how it begins.
    """
    _meet(journal, act, person, new.channel)
    is_mail = new.channel in MAIL_CHANNELS
    ticket = _ticket(act, person, brand, new.number, new.channel)
    ticket.profile_id = person.met_on[new.channel]
    ticket.title = new.subject if is_mail else single_line(new.body)[:_TITLE_OF_CHAT_CHARACTERS]
    ticket.email_subject = new.subject if is_mail else default_email_subject(brand)
    file = _write(journal, person, ticket)
    file.receive(act, new.body)
    return file


def open_for_customer(
    journal: Journal, act: Act, person: Person, brand: Brand, template: TicketTemplate, number: int
) -> TicketFile:
    """Open a ticket by a template, as `services.ticket_creation` does; mails go back and forth."""
    _meet(journal, act, person, Channel.EMAIL)
    ticket = _ticket(act, person, brand, number, Channel.INTERNAL)
    ticket.title = template.title or template.name
    ticket.email_subject = template.email_subject or default_email_subject(brand)
    file = _write(journal, person, ticket)
    file.describe(act, template.description or "", template)
    return file


def _ticket(act: Act, person: Person, brand: Brand, number: int, channel: Channel) -> Ticket:
    return Ticket(
        id=new_id(),
        number=number,
        status=TicketStatus.NEW,
        priority=TicketPriority.MEDIUM,
        channel=channel,
        brand_id=brand.id,
        customer_id=person.customer.id,
        created_at=act.moment,
        updated_at=act.moment,
        waiting_since=act.moment,
        message_count=0,
        favorite_count=0,
        version=0,
    )


def _write(journal: Journal, person: Person, ticket: Ticket) -> TicketFile:
    journal.keep(ticket)
    journal.index_title(ticket.id, ticket.title)
    journal.index_ticket(ticket.id, str(ticket.number))
    return TicketFile(journal, person, ticket)


def _meet(journal: Journal, act: Act, person: Person, channel: Channel) -> None:
    customer = person.customer
    if not person.met_on:
        customer.created_at = customer.updated_at = act.moment
        journal.keep(customer)
        journal.index_customer(customer.id, customer.name, customer.email, customer.phone)
        if person.company is not None:
            journal.index_company(customer.id, person.company.name)
        journal.record(act, "CustomerCreated", {}, topic=topic_of(customer), versions=[customer])
    if channel not in person.met_on:
        handle = person.handles[channel]
        profile = ChannelProfile(
            id=new_id(),
            customer_id=customer.id,
            channel=channel,
            handle=handle,
            handle_key=address_key(handle),
            link_state=ProfileLinkState.VERIFIED if person.met_on else ProfileLinkState.OWN,
            linked_at=act.moment,
        )
        journal.keep(profile)
        journal.index_customer(customer.id, handle)
        journal.record(
            act,
            "ProfileLinked",
            {"profile_id": profile.id.hex},
            topic=topic_of(customer),
            versions=[customer],
        )
        person.met_on[channel] = profile.id
