"""Tickets: a customer's request and everything that belongs to it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import tickets as rows
from models.channels import Channel
from models.notes import NoteKind
from models.tickets import TicketPriority, TicketStatus
from resolvers import (
    agents,
    chats,
    customers,
    favorites,
    messages,
    notes,
    presence,
    rule_runs,
    tags,
    ticket_changes,
    tickets,
    timeline,
)
from resolvers.audiences import same_for_audience
from resolvers.global_ids import optional_row_id, parse_id
from resolvers.tickets import TicketList, TicketOrder
from schema.agents import Agent
from schema.brands import Brand
from schema.customers import Customer
from schema.event_cursors import event_cursor
from schema.fields import (
    Info,
    column,
    connection_columns,
    relation,
    requested_columns,
)
from schema.messages import Message
from schema.nodes import FromRow, Node, node_id
from schema.notes import Note
from schema.pages import (
    After,
    Around,
    Before,
    Connection,
    First,
    Last,
    connection_of,
    load_connection,
    page_arguments,
    paged,
)
from schema.presence import Presence
from schema.registry import register
from schema.scalars import EventCursor
from schema.tags import Tag
from schema.teams import Team
from schema.ticket_changes import TicketChange
from schema.ticket_chats import TicketChat
from schema.ticket_filters import TicketFilterInput, ticket_filter
from schema.timeline import TIMELINE_KINDS, TimelineConnection, timeline_connection
from schema.topics import Topic

if TYPE_CHECKING:
    from schema.favorites import Favorite
    from schema.rule_runs import RuleRun


@strawberry.type(description="A customer's request and everything said and done about it.")
class Ticket(FromRow, Node):
    """A customer's request."""

    id: strawberry.ID = node_id(NodeKind.TICKET)
    number: int = column("The number by which people speak of it.")
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    event_cursor: EventCursor = event_cursor(rows.Ticket, "ticketEvents")
    title: str = column("What it is about, at most 2,000 characters.")
    description: str | None = column("More about it, at most 2,000 characters. Never sent.")
    status: TicketStatus = column("Where it stands.")
    priority: TicketPriority = column("How soon it wants an answer.")
    channel: Channel = column("The way it came in.")
    created_at: datetime = column("When it was opened.")
    updated_at: datetime = column("When something happened to it last.")
    closed_at: datetime | None = column("When it was closed, if it is.")
    first_response_at: datetime | None = column("When an agent first answered.")
    brand: Brand = relation("The brand it is about.", tickets.brands_of, key="brand_id")
    topic: Topic | None = relation(
        "Its subject out of the brand's.", tickets.topics_of, key="topic_id"
    )
    team: Team | None = relation("The team it is assigned to.", tickets.teams_of, key="team_id")
    assignee: Agent | None = relation(
        "The agent it is assigned to.", agents.at_work, key="assignee_id"
    )
    customer: Customer = relation(
        "Who asks. For integrations that may not read customers: without what was claimed.",
        customers.of_tickets,
        key=("customer_id", "profile_id"),
    )
    tags: list[Tag] = relation("Its labels, by name.", tags.by_ticket, key="id")
    email_subject: str = column("The subject of its mails.")
    favorite_count: int = relation(
        "How many favourites it has that the viewer may see.",
        favorites.counts,
        key=("id", "favorite_count"),
        wrap=int,
    )
    message_count: int = column("How many messages it has.")
    last_message: Message | None = relation(
        "The newest message.", messages.by_id, key="last_message_id"
    )
    chat: TicketChat | None = relation(
        "The live chat that it holds; null where it came in another way.",
        chats.by_ticket,
        key="id",
    )
    viewers: list[Presence] = relation(
        "Which agents are looking at it now, and what they are doing; those who are away are left "
        "out.",
        presence.viewers,
        key="id",
        assumed_size=3,
    )

    @strawberry.field(description="Its messages, oldest first.")
    @same_for_audience
    async def messages(
        self,
        info: Info,
        around: Around = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Message]:
        """Load a page of messages."""
        middle = optional_row_id(around, NodeKind.MESSAGE, "around")
        arguments = page_arguments(info, first, after, last, before, around=middle)
        return await load_connection(info, messages.by_ticket, self.row.id, arguments)

    @strawberry.field(
        description="Its messages, its inline notes and what was done to it, oldest first."
    )
    @same_for_audience
    async def timeline(
        self,
        info: Info,
        around: Around = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> TimelineConnection:
        """Load a page of the timeline."""
        middle = None if around is None else parse_id(around, *TIMELINE_KINDS, path=["around"])[1]
        arguments = page_arguments(info, first, after, last, before, around=middle)
        page = await info.context.load(timeline.by_ticket, self.row.id, arguments)
        return timeline_connection(page)

    @strawberry.field(description="Its inline and its ticket notes, oldest first.")
    @same_for_audience
    async def notes(
        self,
        info: Info,
        kind: Annotated[
            NoteKind | None,
            strawberry.argument(description="Only inline notes, or only ticket notes."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Note]:
        """Load a page of notes."""
        arguments = page_arguments(info, first, after, last, before, only=kind)
        return await load_connection(info, notes.by_ticket, self.row.id, arguments)

    changes: Connection[TicketChange] = paged(
        "What was done to it, oldest first.", ticket_changes.by_ticket
    )

    favorites: Connection[Annotated["Favorite", strawberry.lazy("schema.favorites")]] = paged(
        "Its favourites, in the order of the conversation.", favorites.by_ticket
    )

    rule_runs: Connection[Annotated["RuleRun", strawberry.lazy("schema.rule_runs")]] = paged(
        "What rules did to it, newest first. For agents; others find none.", rule_runs.by_ticket
    )


@strawberry.type
class TicketQuery:
    """Reading tickets."""

    @strawberry.field(description="One ticket; null where the viewer sees none.")
    async def ticket(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Its id.")] = None,
        number: Annotated[
            int | None, strawberry.argument(description="Its number; with an id, both must fit.")
        ] = None,
    ) -> Ticket | None:
        """Load a ticket."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        row = await tickets.one(info.context, id, number, columns)
        return None if row is None else Ticket.from_row(row)

    @strawberry.field(description="The tickets that the viewer may see.")
    async def tickets(
        self,
        info: Info,
        filter: Annotated[
            TicketFilterInput | None, strawberry.argument(description="Which tickets.")
        ] = None,
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
            TicketList(ticket_filter(info.context.viewer, filter), search, order_by),
            page_arguments(info, first, after, last, before),
            connection_columns(info._raw_info),  # noqa: SLF001  # not public otherwise
        )
        return connection_of(page, Ticket.from_row)


register(NodeKind.TICKET, Ticket, rows.Ticket, tickets.by_id)
