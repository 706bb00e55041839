"""Companies that customers work for."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import companies as rows
from resolvers import companies
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
    from schema.customers import Customer
    from schema.notes import Note
    from schema.tickets import Ticket


@strawberry.type(description="A company that customers work for.")
class Company(FromRow, Node):
    """A company that customers work for."""

    id: strawberry.ID = node_id(NodeKind.COMPANY)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    event_cursor: EventCursor = event_cursor(rows.Company, "companyEvents")
    name: str = column("The company's name, unique.")
    domains: list[str] = relation(
        "The domains of its e-mail addresses: customers who have one and no company belong to it.",
        companies.domains_of,
        key="id",
        wrap=str,
    )
    created_at: datetime = column("When the company was added.")
    updated_at: datetime = column("When it was changed last.")

    customers: Connection[Annotated["Customer", strawberry.lazy("schema.customers")]] = paged(
        "Who works for it, by name.", companies.customers_of
    )

    tickets: Connection[Annotated["Ticket", strawberry.lazy("schema.tickets")]] = paged(
        "Its customers' tickets that the viewer sees, newest first.", companies.tickets_of
    )

    notes: Connection[Annotated["Note", strawberry.lazy("schema.notes")]] = paged(
        "The notes on it that the viewer may read, newest first.", companies.notes_of
    )


@strawberry.type
class CompanyQuery:
    """Reading companies."""

    @strawberry.field(description="The company with this id; null where the viewer sees none.")
    async def company(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The company's id.")],
    ) -> Company | None:
        """Load a company."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        row = await companies.one(info.context, id, columns)
        return None if row is None else Company.from_row(row)

    @strawberry.field(description="The companies that customers work for, by name.")
    async def companies(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(description="Beginnings of words in the name; all must be found."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Company]:
        """Load a page of companies."""
        page = await companies.page(
            info.context,
            search,
            page_arguments(info, first, after, last, before),
            connection_columns(info._raw_info),  # noqa: SLF001  # not public otherwise
        )
        return connection_of(page, Company.from_row)


register(NodeKind.COMPANY, Company, rows.Company, companies.by_id)
