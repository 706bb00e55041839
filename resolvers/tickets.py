"""Tickets: lists, single ones, and what agents do with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, func, select, true

from core.ids import NodeKind
from core.pages import Order, Page, SortKey, by_moment, select_page, to_page
from models import chats
from models.base import Columns, project
from models.brands import Brand
from models.claims import is_shown_of_customer
from models.teams import Team
from models.tickets import Ticket, TicketPriority, visible_to
from models.topics import Topic
from resolvers.access import require_signed_in
from resolvers.audiences import personal
from resolvers.batches import PageArguments, pages_by_parent, rows_by_id
from resolvers.global_ids import row_id_of
from resolvers.scope import Scope
from services import tickets, transfers
from services.changes import Edit
from services.search import check_search, tickets_matching
from services.ticket_filters import TicketFilter

by_id = rows_by_id(Ticket, chats.shows_ticket)

# Who sees a ticket sees what it is about, also an assignee who does not work for the brand.
brands_of = rows_by_id(Brand, lambda _viewer: true())
topics_of = rows_by_id(Topic, lambda _viewer: Topic.deleted_at.is_(None))
teams_of = rows_by_id(Team, lambda _viewer: Team.deleted_at.is_(None))

_RANKS = {priority: rank for rank, priority in enumerate(TicketPriority)}
_PRIORITY_RANK = case(_RANKS, value=Ticket.priority)


def _rank_of(priority: Any) -> int:
    return _RANKS[TicketPriority(priority)]


class TicketOrder(Enum):
    """How a list of tickets is sorted."""

    UPDATED_NEWEST_FIRST = by_moment("updated_at", Ticket.updated_at, Ticket.id, descending=True)
    UPDATED_OLDEST_FIRST = by_moment("updated_at", Ticket.updated_at, Ticket.id)
    CREATED_NEWEST_FIRST = by_moment("created_at", Ticket.created_at, Ticket.id, descending=True)
    CREATED_OLDEST_FIRST = by_moment("created_at", Ticket.created_at, Ticket.id)
    MOST_URGENT_FIRST = Order(
        "priority-",
        (SortKey("priority", _PRIORITY_RANK, _rank_of), SortKey("id", Ticket.id, UUID)),
        descending=True,
    )


NEWEST_FIRST = TicketOrder.CREATED_NEWEST_FIRST.value

by_customer = personal(
    pages_by_parent(
        Ticket,
        Ticket.customer_id,
        NEWEST_FIRST,
        limits=lambda viewer, _only: [visible_to(viewer), is_shown_of_customer(viewer)],
    )
)


@dataclass(frozen=True, slots=True)
class TicketList:
    """Which tickets a list shows, and in which order."""

    filter: TicketFilter
    search: str | None
    order: TicketOrder


async def page(
    scope: Scope, wanted: TicketList, arguments: PageArguments, columns: Columns
) -> Page:
    """Return one page of the tickets that the viewer sees."""
    require_signed_in(scope.viewer)
    order = wanted.order.value
    clauses = [visible_to(scope.viewer), *wanted.filter.clauses()]
    search = check_search(wanted.search)
    if search is not None:
        clauses.append(tickets_matching(scope.viewer, search))
    needed = None if columns is None else columns | order.columns
    rows = await scope.fetch(
        select_page(select(*project(Ticket, needed)).where(*clauses), order, arguments.request)
    )
    total = None
    if arguments.with_total:
        total = (await scope.fetch(select(func.count(Ticket.id)).where(*clauses)))[0][0]
    return to_page(rows, order, arguments.request, total=total)


async def one(
    scope: Scope, ticket_id: str | None, number: int | None, columns: Columns
) -> Row[Any] | None:
    """Return the ticket with this id or number, or None where the viewer sees none."""
    require_signed_in(scope.viewer)
    if ticket_id is None and number is None:
        return None
    statement = select(*project(Ticket, columns)).where(chats.shows_ticket(scope.viewer))
    if ticket_id is not None:
        statement = statement.where(Ticket.id == row_id_of(ticket_id, NodeKind.TICKET, "id"))
    if number is not None:
        statement = statement.where(Ticket.number == number)
    rows = await scope.fetch(statement)
    return rows[0] if rows else None


async def update(
    scope: Scope, ticket_id: UUID, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Ticket, Edit]:
    """Edit a ticket; return it and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await tickets.update(work, scope.viewer, ticket_id, expected_version, wanted)


async def close(scope: Scope, ticket_id: UUID) -> Ticket:
    """Close a ticket."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await tickets.close(work, scope.viewer, ticket_id)


async def reopen(scope: Scope, ticket_id: UUID) -> Ticket:
    """Open a ticket again."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await tickets.reopen(work, scope.viewer, ticket_id)


async def transfer(
    scope: Scope,
    ticket_id: UUID,
    wanted: Mapping[str, UUID | None],
    comment: str | None,
    idempotency_key: str | None,
) -> Row[Any] | None:
    """Hand a ticket over; return it if the viewer still sees it."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        await transfers.transfer(
            work, scope.viewer, ticket_id, wanted, comment, idempotency_key=idempotency_key
        )
    found = await by_id(scope, [ticket_id], None, None)
    return found.get(ticket_id)
