"""The names of the log's topics. `version` of a row is the newest position of its topic."""

from collections.abc import Iterable
from hashlib import blake2b
from uuid import UUID

from models.agents import Agent
from models.api_tokens import ApiToken
from models.base import Base
from models.brands import Brand
from models.callbacks import Callback
from models.channels import Channel
from models.companies import Company
from models.customers import Customer
from models.interactions import Interaction
from models.notes import Note
from models.rules import Rule
from models.tags import Tag
from models.teams import Team
from models.ticket_drafts import TicketDraft
from models.ticket_templates import TicketTemplate
from models.tickets import Ticket
from models.topics import Topic
from models.viewers import Viewer
from models.webhooks import Webhook

UUID_BYTES = 16  # what follows the colon of a topic

_TOPIC_NAMES: dict[type[Base], str] = {
    Agent: "agent",
    ApiToken: "api_token",
    Brand: "brand",
    Callback: "callback",
    Company: "company",
    Customer: "customer",
    Interaction: "interaction",
    Rule: "rule",
    Tag: "tag",
    Team: "team",
    Ticket: "ticket",
    TicketDraft: "ticket_draft",
    TicketTemplate: "ticket_template",
    Topic: "topic",
    Webhook: "webhook",
}


def topic_of(row: Base) -> str:
    """Return the topic that holds what happened to `row`; for a note it is that of its owner."""
    if isinstance(row, Note):
        owners = {Ticket: row.ticket_id, Customer: row.customer_id, Company: row.company_id}
        return next(topic_named(model, row_id) for model, row_id in owners.items() if row_id)
    return topic_named(type(row), row.id)  # type: ignore[attr-defined]


def topic_named(model: type[Base], row_id: UUID) -> str:
    """Return the topic of the row of `model` with this id."""
    return f"{_TOPIC_NAMES[model]}:{row_id.hex}"


def notifications_topic(agent_id: UUID) -> str:
    """Return the topic of what an agent is told and has read: that is no change of the agent."""
    return f"notifications:{agent_id.hex}"


def customers_topic() -> str:
    """Return the topic of what lists of customers show of any of them."""
    return f"customers:{'0' * 2 * UUID_BYTES}"


def file_formats_topic() -> str:
    """Return the topic of which files the desk takes."""
    return f"file_formats:{'0' * 2 * UUID_BYTES}"


def interactions_topic(agent_id: UUID) -> str:
    """Return the topic of what happens to the interactions on an agent's lists."""
    return f"interactions:{agent_id.hex}"


def ticket_drafts_topic(agent_id: UUID) -> str:
    """Return the topic of what happens to the forms that an agent has begun to fill in."""
    return f"ticket_drafts:{agent_id.hex}"


def chat_topic(ticket_id: UUID) -> str:
    """Return the topic of what the customer of a chat is told: their messages and the answers.

    It has positions of its own: those of the ticket count notes, stars and edits, too.
    """
    return f"chat:{ticket_id.hex}"


def deliveries_topic(channel: Channel, brand_id: UUID) -> str:
    """Return the topic of what connectors are asked to deliver on a channel for a brand."""
    return f"delivery_{channel.lower()}:{brand_id.hex}"


def rules_topic(brand_id: UUID) -> str:
    """Return the topic of the order of a brand's rules, which is no change of any of them."""
    return f"rules:{brand_id.hex}"


def inbox_topic(brand_id: UUID) -> str:
    """Return the topic of everything that happens to the tickets of a brand.

    A ticket never leaves its brand, so each event stands in exactly one inbox.
    """
    return f"inbox:{brand_id.hex}"


def inbox_topics(viewer: Viewer, brand_ids: Iterable[UUID]) -> list[str]:
    """Return what tells of all lists of tickets that the viewer sees, in these brands.

    Whoever is no admin sees some of the tickets of a brand. So another topic goes along, in which
    nothing ever happens, and which is another one for each set of rights: what the viewer sees now
    and did not see before stands in no event, so that a cursor of other rights must be one of
    another stream.
    """
    topics = [inbox_topic(brand_id) for brand_id in brand_ids]
    return topics if viewer.is_admin else [*topics, f"rights:{_fingerprint(viewer.rights)}"]


def _fingerprint(rights: Viewer) -> str:
    sets = (rights.brand_ids, rights.team_ids, rights.scopes)
    texts = [str(rights.actor), *(str(sorted(map(str, one))) for one in sets)]
    return blake2b(repr(texts).encode(), digest_size=UUID_BYTES).hexdigest()
