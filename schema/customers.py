"""Customers: the people who ask."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import customers as rows
from resolvers import companies, customers
from resolvers import tickets as ticket_batches
from schema.companies import Company
from schema.fields import Info, column, relation
from schema.nodes import FromRow, Node, node_id
from schema.pages import (
    After,
    Before,
    Connection,
    First,
    Last,
    load_connection,
    page_arguments,
)
from schema.registry import entry_of, register

if TYPE_CHECKING:
    from schema.tickets import Ticket


@strawberry.type(description="A person who asks for help.")
class Customer(FromRow, Node):
    """A person who asks for help."""

    id: strawberry.ID = node_id(NodeKind.CUSTOMER)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("The customer's name.")
    email: str | None = column("The address that answers go to.")
    phone: str | None = column("The phone number, as E.164.")
    language: str | None = column("The language they write in: `en`, `tr` or `el`.")
    company: Company | None = relation(
        "The company they work for.", companies.by_id, key="company_id"
    )
    created_at: datetime = column("When the customer was first known.")
    updated_at: datetime = column("When the customer was changed last.")

    @strawberry.field(description="Their tickets that the viewer sees, newest first.")
    async def tickets(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["Ticket", strawberry.lazy("schema.tickets")]]:
        """Load the customer's tickets."""
        arguments = page_arguments(info, first, after, last, before)
        ticket_type = entry_of(NodeKind.TICKET).object_type
        return await load_connection(
            info, ticket_batches.by_customer, self.row.id, arguments, ticket_type.from_row
        )


register(NodeKind.CUSTOMER, Customer, rows.Customer, customers.by_id)
