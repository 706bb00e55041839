"""Tickets: a customer's request and everything that belongs to it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import tickets as rows
from models.channels import Channel
from models.tickets import TicketPriority, TicketStatus
from resolvers import agents, brands, customers, favorites, messages, tags, teams, tickets, topics
from resolvers.tickets import TicketList, TicketOrder
from schema.agents import Agent
from schema.brands import Brand
from schema.customers import Customer
from schema.fields import Info, column, relation
from schema.messages import Message
from schema.nodes import FromRow, Node, node_id
from schema.pages import (
    After,
    Before,
    Connection,
    First,
    Last,
    connection_of,
    load_connection,
    page_arguments,
)
from schema.registry import entry_of, register
from schema.tags import Tag
from schema.teams import Team
from schema.topics import Topic
from services.ticket_filters import TicketFilter

if TYPE_CHECKING:
    from schema.favorites import Favorite


@strawberry.type(description="A customer's request and everything said and done about it.")
class Ticket(FromRow, Node):
    """A customer's request."""

    id: strawberry.ID = node_id(NodeKind.TICKET)
    number: int = column("The number by which people speak of it.")
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    title: str = column("What it is about, at most 2,000 characters.")
    description: str | None = column("More about it, at most 2,000 characters. Never sent.")
    status: TicketStatus = column("Where it stands.")
    priority: TicketPriority = column("How soon it wants an answer.")
    channel: Channel = column("The way it came in.")
    created_at: datetime = column("When it was opened.")
    updated_at: datetime = column("When something happened to it last.")
    closed_at: datetime | None = column("When it was closed, if it is.")
    first_response_at: datetime | None = column("When an agent first answered.")
    brand: Brand = relation("The brand it is about.", brands.by_id, key="brand_id")
    topic: Topic | None = relation("Its subject out of the brand's.", topics.by_id, key="topic_id")
    team: Team | None = relation("The team it is assigned to.", teams.by_id, key="team_id")
    assignee: Agent | None = relation(
        "The agent it is assigned to.", agents.by_id, key="assignee_id"
    )
    customer: Customer = relation("Who asks.", customers.by_id, key="customer_id")
    tags: list[Tag] = relation("Its labels, by name.", tags.by_ticket, key="id")
    email_subject: str = column("The subject of its mails.")
    favorite_count: int = column("How many favourites it has.")
    message_count: int = column("How many messages it has.")
    last_message: Message | None = relation(
        "The newest message.", messages.by_id, key="last_message_id"
    )

    @strawberry.field(description="Its messages, oldest first.")
    async def messages(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Message]:
        """Load a page of messages."""
        arguments = page_arguments(info, first, after, last, before)
        return await load_connection(
            info, messages.by_ticket, self.row.id, arguments, Message.from_row
        )

    @strawberry.field(description="Its favourites, in the order of the conversation.")
    async def favorites(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["Favorite", strawberry.lazy("schema.favorites")]]:
        """Load a page of favourites."""
        arguments = page_arguments(info, first, after, last, before)
        favorite_type = entry_of(NodeKind.FAVORITE).object_type
        return await load_connection(
            info, favorites.by_ticket, self.row.id, arguments, favorite_type.from_row
        )


@strawberry.type
class TicketQuery:
    """Reading tickets."""

    @strawberry.field(description="The tickets that the viewer may see.")
    async def tickets(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="Words in titles, messages and names of customers; all must be found."
            ),
        ] = None,
        order_by: Annotated[
            TicketOrder, strawberry.argument(description="How to sort.")
        ] = TicketOrder.UPDATED_NEWEST_FIRST,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Ticket]:
        """Load a page of tickets."""
        page = await tickets.page(
            info.context,
            TicketList(TicketFilter(), search, order_by),
            page_arguments(info, first, after, last, before),
            connection_columns(info._raw_info),  # noqa: SLF001  # not public otherwise
        )
        return connection_of(page, Ticket.from_row)


register(NodeKind.TICKET, Ticket, rows.Ticket, tickets.by_id)
