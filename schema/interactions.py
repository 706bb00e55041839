"""Interactions: each time an agent and a customer were in touch."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import interactions as rows
from models.channels import Channel
from resolvers import agents, customers, interactions
from schema.agents import Agent
from schema.customers import Customer
from schema.fields import column, relation
from schema.nodes import FromRow, Node, node_id
from schema.registry import register

if TYPE_CHECKING:
    from schema.tickets import Ticket


@strawberry.type(description="A chat accepted, a call answered or an e-mail opened by an agent.")
class Interaction(FromRow, Node):
    """One time that an agent and a customer were in touch."""

    id: strawberry.ID = node_id(NodeKind.INTERACTION)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    agent: Agent = relation("Who accepted it.", agents.at_work, key="agent_id")
    customer: Customer | None = relation(
        "The customer; null while nobody knows who it is.", customers.by_id, key="customer_id"
    )
    ticket: Annotated["Ticket", strawberry.lazy("schema.tickets")] | None = relation(
        "The ticket it is about, if the viewer sees one.", interactions.ticket, key="ticket_id"
    )
    channel: Channel = column("The way they were in touch.")
    opened_at: datetime = column("When the agent accepted it.")
    closed_at: datetime | None = column("When the agent closed it, if that is done.")
    tags: list[str] = relation(
        "What the agent labelled it with, in alphabetical order.",
        interactions.tags,
        key="id",
        wrap=str,
    )
    summary: str | None = column("What it was about, at most 2,000 characters.")


register(NodeKind.INTERACTION, Interaction, rows.Interaction, interactions.by_id)
