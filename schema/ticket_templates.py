"""Templates of tickets."""

from datetime import datetime
from typing import Annotated

import strawberry

from core.ids import NodeKind
from models import ticket_templates as rows
from models.tickets import TicketPriority, TicketStatus
from resolvers import actors, attachments, brands, ticket_templates
from schema.actors import Actor, wrap_actor
from schema.agents import Agent
from schema.attachments import Attachment
from schema.brands import Brand
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
)
from schema.registry import register
from schema.tags import Tag
from schema.teams import Team
from schema.topics import Topic
from services.template_problems import ProblemReason, TemplateField
from services.template_problems import TemplateProblem as Problem

strawberry.enum(
    TemplateField,
    name="TicketTemplateField",
    description="A field of a template that names something which may be gone.",
)
strawberry.enum(
    ProblemReason,
    name="TemplateProblemReason",
    description="Why no ticket can be given it any more.",
)


@strawberry.type(description="Something that a template names and that no ticket can be given.")
class TemplateProblem:
    """Something that a template names and that no ticket can be given."""

    field: TemplateField = strawberry.field(description="The field that names it.")
    name: str = strawberry.field(description="What it is called, or was.")
    reason: ProblemReason = strawberry.field(description="Why it cannot be given any more.")

    @classmethod
    def of(cls, problem: Problem) -> "TemplateProblem":
        """Return the object that shows a problem."""
        return cls(field=problem.field, name=problem.name, reason=problem.reason)


@strawberry.type(
    description="A form that tickets of one brand start from. All but its name and brand may be "
    "left open: then the form of the ticket decides."
)
class TicketTemplate(FromRow, Node):
    """A form that tickets of one brand start from."""

    id: strawberry.ID = node_id(NodeKind.TICKET_TEMPLATE)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("Its name, unique within its brand.")
    brand: Brand = relation("The brand whose tickets start from it.", brands.by_id, key="brand_id")
    topic: Topic | None = relation(
        "What its tickets are about; null where that was deleted.",
        ticket_templates.topic_of,
        key="id",
    )
    status: TicketStatus | None = column("Where its tickets stand.")
    priority: TicketPriority | None = column("How soon its tickets want an answer.")
    title: str | None = column("The title of its tickets.")
    email_subject: str | None = column("The subject of the mails of its tickets.")
    description: str | None = column("What the private note on its tickets says.")
    assignee: Agent | None = relation(
        "Who gets its tickets; null where they cannot be given any more.",
        ticket_templates.assignee_of,
        key="id",
    )
    team: Team | None = relation(
        "The team that gets its tickets; null where it was deleted or takes none any more.",
        ticket_templates.team_of,
        key="id",
    )
    tags: list[Tag] = relation(
        "The labels of its tickets, by name, without deleted ones.",
        ticket_templates.tags_of,
        key="id",
    )
    attachments: list[Attachment] = relation(
        "The files that its tickets get copies of, on their private note.",
        attachments.by_template,
        key="id",
    )
    problems: list[TemplateProblem] = relation(
        "What it names that no ticket can be given any more. It opens all the same: its tickets do "
        "without, until somebody edits the template.",
        ticket_templates.problems_of,
        key="id",
        wrap=TemplateProblem.of,
        assumed_size=3,
    )
    created_by: Actor = relation(
        "Who made it.", actors.by_key, key=("author_kind", "author_id"), wrap=wrap_actor
    )
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was changed last.")


@strawberry.type
class TicketTemplateQuery:
    """Reading templates."""

    @strawberry.field(
        description="The templates of tickets of the viewer's brands, by name. For agents."
    )
    async def ticket_templates(
        self,
        info: Info,
        brand_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only those of this brand.")
        ] = None,
        search: Annotated[
            str | None,
            strawberry.argument(description="Beginnings of words in the name; all must be found."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[TicketTemplate]:
        """Load a page of templates."""
        page = await ticket_templates.page(
            info.context,
            brand_id,
            search,
            page_arguments(info, first, after, last, before),
            connection_columns(info._raw_info),  # noqa: SLF001  # not public otherwise
        )
        return connection_of(page, TicketTemplate.from_row)

    @strawberry.field(
        description="A template by its id; null for all but admins and agents of its brand."
    )
    async def ticket_template(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> TicketTemplate | None:
        """Load a template."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        row = await ticket_templates.one(info.context, id, columns)
        return None if row is None else TicketTemplate.from_row(row)


register(NodeKind.TICKET_TEMPLATE, TicketTemplate, rows.TicketTemplate, ticket_templates.by_id)
