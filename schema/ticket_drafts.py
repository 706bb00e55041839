"""Drafts of tickets: forms that the viewer has begun to fill in."""

from datetime import datetime
from typing import Annotated

import strawberry

from core.ids import NodeKind
from models import ticket_drafts as rows
from models.tickets import TicketPriority, TicketStatus
from resolvers import attachments, ticket_drafts
from schema.agents import Agent
from schema.attachments import Attachment
from schema.brands import Brand
from schema.customers import Customer
from schema.fields import Info, column, connection_columns, relation, requested_columns
from schema.nodes import FromRow, Node, node_id
from schema.pages import (
    After,
    Before,
    Connection,
    First,
    Last,
    connection_of,
    page_arguments,
    paged,
)
from schema.registry import register
from schema.scalars import EventCursor
from schema.tags import Tag
from schema.teams import Team
from schema.ticket_templates import TicketTemplate
from schema.topics import Topic
from subscriptions.log.cursors import encode_cursor


@strawberry.type
class FormFields(FromRow):
    """What stands in a form: in a draft now, or in one of its revisions."""

    brand: Brand | None = relation("The brand.", ticket_drafts.brand, key="brand_id")
    template: TicketTemplate | None = relation(
        "The template that it started from.", ticket_drafts.template, key="template_id"
    )
    topic: Topic | None = relation("The topic.", ticket_drafts.topic, key="topic_id")
    status: TicketStatus | None = column("The status that the ticket is to have.")
    title: str | None = column("The title, as it was typed.")
    customer: Customer | None = relation(
        "The customer, where a known one was picked.", ticket_drafts.customer, key="customer_id"
    )
    customer_name: str | None = column("The customer's name, as it was typed.")
    customer_email: str | None = column(
        "The customer's e-mail address, as it was typed: perhaps half of one."
    )
    customer_phone: str | None = column("The customer's phone number, as it was typed.")
    email_subject: str | None = column("The subject of the e-mails, as it was typed.")
    description: str | None = column("The description, as it was typed. Never sent to customers.")
    priority: TicketPriority | None = column("The priority.")
    assignee: Agent | None = relation(
        "The agent whom it is to be assigned to.", ticket_drafts.assignee, key="assignee_id"
    )
    team: Team | None = relation(
        "The team that it is to be assigned to.", ticket_drafts.team, key="team_id"
    )
    tags: list[Tag] = relation(
        "The tags, at most 50, in the order in which they were given.",
        ticket_drafts.tags,
        key="tag_ids",
    )
    save_as_template_name: str | None = column(
        "The name under which the form is to be saved as a template, perhaps still empty; null "
        "where it is not to be saved as one.",
        name="template_name",
    )
    lost_fields: list[str] = relation(
        "Which of brand, template, topic, customer, assignee, team and tags refer to something "
        "that was deleted or deactivated since, or that the viewer does not see any more. It is "
        "null there, or missing among the tags, and comes back with the right to see it.",
        ticket_drafts.lost_fields,
        key=ticket_drafts.REFERRING,
        wrap=str,
    )


@strawberry.type(description="What a draft was from one save to the next.")
class TicketDraftRevision(FormFields):
    """What a draft was."""

    id: strawberry.ID = node_id(NodeKind.TICKET_DRAFT_REVISION)
    saved_at: datetime = column("From when on it was so.")
    fields: list[str] = column("Which fields were changed then, by their names in `TicketDraft`.")
    attachments: list[Attachment] = relation(
        "The files that stood on it, as far as they are still there.",
        ticket_drafts.former_files,
        key="attachment_ids",
    )


@strawberry.type(
    description="A form for a new ticket that the viewer has begun to fill in. It is theirs alone: "
    "on all their tabs and devices, and on nobody else's; no admin sees it."
)
class TicketDraft(FormFields, Node):
    """A half-filled form."""

    id: strawberry.ID = node_id(NodeKind.TICKET_DRAFT)
    version: int = column("Grows with each save; send it as `expectedVersion`.")
    step: int = column("At which of the three steps of the form the viewer is.")
    created_at: datetime = column("When it was begun.")
    updated_at: datetime = column("When it was saved last.")
    attachments: list[Attachment] = relation(
        "The files on it, at most 5, in their order. They stay as long as it does.",
        attachments.by_draft,
        key="id",
    )

    revisions: Connection[TicketDraftRevision] = paged(
        "What it is now and was before, the newest first: at most 100. Saves that only type on "
        "are one.",
        ticket_drafts.revisions,
    )


@strawberry.type
class TicketDraftQuery:
    """Reading the viewer's drafts."""

    @strawberry.field(description="A draft by its id; null for all but the agent whose it is.")
    async def ticket_draft(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],
    ) -> TicketDraft | None:
        """Load a draft."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        row = await ticket_drafts.one(info.context, id, columns)
        return None if row is None else TicketDraft.from_row(row)

    @strawberry.field(
        description="The viewer's drafts, the one saved last first; at most 50. For agents."
    )
    async def ticket_drafts(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[TicketDraft]:
        """Load a page of the viewer's drafts."""
        arguments = page_arguments(info, first, after, last, before)
        columns = connection_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        page = await ticket_drafts.page(info.context, arguments, columns)
        return connection_of(page, TicketDraft.from_row)

    @strawberry.field(
        description="Where the events of the viewer's drafts stand now. Ask for it together with "
        "`ticketDrafts`, and give it to `ticketDraftEvents` as `after`, to miss nothing. "
        "For agents."
    )
    async def ticket_draft_event_cursor(self, info: Info) -> EventCursor:
        """Return the place of the viewer's drafts."""
        position = await ticket_drafts.position(info.context)
        return EventCursor(encode_cursor(info.context.resources.epoch, position))


register(NodeKind.TICKET_DRAFT, TicketDraft, rows.TicketDraft, ticket_drafts.by_id)
