"""Customers: the people who ask."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import customers as rows
from models.channels import Channel
from resolvers import channel_profiles, companies, customer_merges, customers, interactions
from resolvers import tickets as ticket_batches
from resolvers.global_ids import optional_row_id
from schema.companies import Company
from schema.event_cursors import event_cursor
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

if TYPE_CHECKING:
    from schema.channel_profiles import ChannelProfile
    from schema.customer_merges import CustomerMerge
    from schema.interactions import Interaction
    from schema.notes import Note
    from schema.tickets import Ticket
from services.customer_filters import CustomerFilter
from services.ticket_filters import MomentRange


@strawberry.type(description="A person who asks for help.")
class Customer(FromRow, Node):
    """A person who asks for help."""

    id: strawberry.ID = node_id(NodeKind.CUSTOMER)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    event_cursor: EventCursor = event_cursor(rows.Customer, "customerEvents")
    name: str = column("The customer's name.")
    email: str | None = column("The address that answers go to.")
    phone: str | None = column("The phone number, as E.164.")
    language: str | None = column("The language they write in: `en`, `tr` or `el`.")
    company: Company | None = relation(
        "The company they work for.", companies.by_id, key="company_id"
    )
    created_at: datetime = column("When the customer was first known.")
    updated_at: datetime = column("When the customer was changed last.")

    profiles: list[Annotated["ChannelProfile", strawberry.lazy("schema.channel_profiles")]] = (
        relation(
            "By what the channels know them, by channel and handle.",
            channel_profiles.by_customer,
            key="id",
        )
    )

    notes: Connection[Annotated["Note", strawberry.lazy("schema.notes")]] = paged(
        "The notes on them that the viewer may read, newest first.", customers.notes_of
    )

    merges: Connection[Annotated["CustomerMerge", strawberry.lazy("schema.customer_merges")]] = (
        paged(
            "Merges of them with others, newest first, undone ones as well.",
            customer_merges.by_customer,
        )
    )

    interactions: Connection[Annotated["Interaction", strawberry.lazy("schema.interactions")]] = (
        paged("Each time they were in touch with an agent, newest first.", interactions.by_customer)
    )

    tickets: Connection[Annotated["Ticket", strawberry.lazy("schema.tickets")]] = paged(
        "Their tickets that the viewer sees, newest first.", ticket_batches.by_customer
    )


@strawberry.input(
    name="CustomerFilter", description="Which customers to list: all that is given must hold."
)
class CustomerFilterInput:
    """Which customers to list."""

    company_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only those who work for this company."
    )
    channel: Channel | None = strawberry.field(
        default=None,
        description="Only those who are known on this channel. Integrations need `CUSTOMERS_READ` "
        "for it.",
    )
    has_email: bool | None = strawberry.field(
        default=None, description="Only those with an e-mail address, or only those without."
    )
    created_since: datetime | None = strawberry.field(
        default=None, description="Only those first known at this moment or later."
    )
    created_until: datetime | None = strawberry.field(
        default=None, description="Only those first known before this moment."
    )

    def parsed(self) -> CustomerFilter:
        """Return the filter. Raises ValidationFailed for what is not a company's id."""
        return CustomerFilter(
            company_id=optional_row_id(self.company_id, NodeKind.COMPANY, "filter", "companyId"),
            channel=self.channel,
            has_email=self.has_email,
            created=MomentRange(self.created_since, self.created_until),
        )


@strawberry.type
class CustomerQuery:
    """Reading customers."""

    @strawberry.field(description="The customer with this id; null where the viewer sees none.")
    async def customer(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The customer's id.")],
    ) -> Customer | None:
        """Load a customer."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        row = await customers.one(info.context, id, columns)
        return None if row is None else Customer.from_row(row)

    @strawberry.field(description="The customers that the viewer may see, by name.")
    async def customers(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="Words in names, addresses, numbers, handles and names of companies, "
                "or their beginnings, or the last four digits or more of a number; all must be "
                "found. Where nobody has them, a typing error is allowed in each word. "
                "Integrations need `CUSTOMERS_READ` for it."
            ),
        ] = None,
        filter: Annotated[
            CustomerFilterInput | None, strawberry.argument(description="Which ones to list.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Customer]:
        """Load a page of customers."""
        page = await customers.page(
            info.context,
            search,
            (filter or CustomerFilterInput()).parsed(),
            page_arguments(info, first, after, last, before),
            connection_columns(info._raw_info),  # noqa: SLF001  # not public otherwise
        )
        return connection_of(page, Customer.from_row)


register(NodeKind.CUSTOMER, Customer, rows.Customer, customers.by_id)
