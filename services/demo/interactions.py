"""When an agent of the demo was in touch with a customer: a chat accepted, a call answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.ids import new_id
from core.text import fold
from models.agents import Agent
from models.channels import Channel
from models.customers import Customer
from models.event_topics import interactions_topic, topic_of
from models.interactions import Interaction, InteractionEntry, InteractionTag
from models.tickets import Ticket
from services.changes import FieldChange, readable
from services.demo.journal import Act, Journal


@dataclass(frozen=True, slots=True)
class Contact:
    """An interaction on the list of its agent, and the customer in whose history it stands."""

    interaction: Interaction
    entry: InteractionEntry
    customer: Customer


def open_interaction(
    journal: Journal,
    act: Act,
    ticket: Ticket,
    customer: Customer,
    agent: Agent,
    channel: Channel,
) -> Contact:
    """Put the customer of a ticket on an agent's open list."""
    interaction = Interaction(
        id=new_id(),
        agent_id=agent.id,
        customer_id=customer.id,
        ticket_id=ticket.id,
        channel=channel,
        opened_at=act.moment,
        version=0,
    )
    entry = InteractionEntry(agent_id=agent.id, interaction_id=interaction.id, opened_at=act.moment)
    journal.keep(interaction, entry)
    contact = Contact(interaction, entry, customer)
    _record(journal, act, "InteractionOpened", [], contact)
    return contact


def close_interaction(
    journal: Journal, act: Act, contact: Contact, tags: Sequence[str], summary: str
) -> None:
    """Type tags and a summary, and take the customer off the open list."""
    interaction = contact.interaction
    journal.keep(
        *(
            InteractionTag(id=new_id(), interaction_id=interaction.id, tag=tag, tag_key=fold(tag))
            for tag in tags
        )
    )
    interaction.summary = summary
    interaction.closed_at = interaction.first_closed_at = act.moment
    contact.entry.closed_at = act.moment
    changes = [
        FieldChange("tags", None, readable(tags)),
        FieldChange("summary", None, summary),
    ]
    _record(journal, act, "InteractionChanged", changes, contact)
    _record(journal, act, "InteractionClosed", [], contact)


def _record(
    journal: Journal, act: Act, event_type: str, changes: list[FieldChange], contact: Contact
) -> None:
    """Write what happened wherever `services.interaction_lists` does."""
    interaction, customer = contact.interaction, contact.customer
    payloads = [change.as_payload() for change in changes]
    own = {"changes": payloads} if payloads else {}
    about = {"interaction_id": interaction.id.hex, "edits": payloads}
    journal.record(act, event_type, own, topic=topic_of(interaction), versions=[interaction])
    journal.record(act, event_type, about, topic=topic_of(customer), versions=[customer])
    journal.record(act, event_type, about, topic=interactions_topic(contact.entry.agent_id))
