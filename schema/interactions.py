"""Interactions: each time an agent and a customer were in touch."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import interactions as rows
from models.channels import Channel
from resolvers import agents, companies, customers, interactions
from schema.agents import Agent
from schema.companies import Company
from schema.customers import Customer
from schema.fields import (
    Info,
    column,
    connection_columns,
    derived,
    relation,
    requested_columns,
)
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
from schema.scalars import EventCursor
from services.interaction_forms import CustomerForm as Form
from subscriptions.log.cursors import encode_cursor

if TYPE_CHECKING:
    from schema.tickets import Ticket


def _typed(name: str) -> str:
    return f"{name}, as it was typed: perhaps half an address. Null for an empty field."


@strawberry.type(
    description="What the viewer has typed into a customer's form and not saved yet. It is theirs "
    "alone: on all their tabs and devices, and on nobody else's."
)
class CustomerForm(FromRow):
    """What the viewer has typed and not saved yet."""

    fields: list[str] = derived(
        "Which fields the form has, by their names in `Customer`. The others are the customer's.",
        lambda form: form.fields,
        needs=(),
    )
    expected_version: int | None = column(
        "The version of the customer that was loaded into the form; null where nobody was known."
    )
    name: str | None = derived(_typed("The name"), lambda form: form.values.get("name"), needs=())
    email: str | None = derived(
        _typed("The e-mail address"), lambda form: form.values.get("email"), needs=()
    )
    phone: str | None = derived(
        _typed("The phone number"), lambda form: form.values.get("phone"), needs=()
    )
    language: str | None = derived(
        _typed("The language"), lambda form: form.values.get("language"), needs=()
    )
    company: Company | None = relation(
        "The company that was chosen.", companies.by_id, key="company_id"
    )


def _shown_form(form: Form | None) -> CustomerForm | None:
    return None if form is None else CustomerForm.from_row(form)


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
    handle: str | None = column(
        "By what the channel knew the customer, where the interaction was opened by that."
    )
    opened_at: datetime = column("When the agent accepted it.")
    closed_at: datetime | None = column(
        "When it was closed; null while it is on the open list of any agent."
    )
    tags: list[str] = relation(
        "What agents labelled it with, in alphabetical order; at most 50.",
        interactions.tags,
        key="id",
        wrap=str,
    )
    summary: str | None = column("What it was about, at most 2,000 characters.")
    form: CustomerForm | None = relation(
        "What the viewer has typed into the customer's form and not saved yet. Only while it is on "
        "the viewer's open list.",
        interactions.forms,
        key="id",
        wrap=_shown_form,
    )


@strawberry.type
class InteractionQuery:
    """The lists that an agent works on."""

    @strawberry.field(
        description="The viewer's open list, at most 100: whom they are in touch with, the one "
        "opened last first. For agents."
    )
    async def open_interactions(self, info: Info) -> list[Interaction]:
        """Load the open list."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        found = await interactions.open_list(info.context, columns)
        return [Interaction.from_row(row) for row in found]

    @strawberry.field(
        description="What the viewer has closed, the one closed last first. A colleague may still "
        "have it open. For agents."
    )
    async def recent_interactions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Interaction]:
        """Load a page of what the viewer has closed."""
        arguments = page_arguments(info, first, after, last, before)
        columns = connection_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        page = await interactions.recent_page(info.context, arguments, columns)
        return connection_of(page, Interaction.from_row)

    @strawberry.field(
        description="Where the events of the viewer's lists stand now. Ask for it together with "
        "`openInteractions` and `recentInteractions`, and give it to `interactionEvents` as "
        "`after`, to miss nothing. For agents."
    )
    async def interaction_event_cursor(self, info: Info) -> EventCursor:
        """Return the place of the viewer's lists."""
        position = await interactions.position(info.context)
        return EventCursor(encode_cursor(info.context.resources.epoch, position))


register(NodeKind.INTERACTION, Interaction, rows.Interaction, interactions.by_id)
