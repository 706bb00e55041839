"""What lists of tickets are told when the customers of these tickets have changed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select

from models.customers import Customer
from models.event_topics import inbox_topic
from models.tags import TicketTag
from models.tickets import Ticket, TicketStatus
from services.tickets import state_of
from services.unit_of_work import UnitOfWork

# A customer with more open tickets is a machine, and nobody watches each of them.
TICKETS_TOLD_OF = 500


async def count_told_of(work: UnitOfWork, customers: Sequence[Customer]) -> Mapping[UUID, int]:
    """Return of how many tickets is told when each customer changes; none is absent."""
    rows = await work.session.execute(
        select(Ticket.customer_id, func.count())
        .where(
            Ticket.customer_id.in_([customer.id for customer in customers]),
            Ticket.status != TicketStatus.CLOSED,
        )
        .group_by(Ticket.customer_id)
    )
    return {row[0]: min(row[1], TICKETS_TOLD_OF) for row in rows}


async def tell_of_customers(
    work: UnitOfWork, customers: Sequence[Customer], company_before: UUID | None
) -> None:
    """Tell the inboxes that the customers of their tickets have another name or company.

    Lists of tickets show the name, and are filtered by the company, which was `company_before`.
    Closed tickets are history; of the others the newest 500 of each customer are told of.
    """
    tickets = await _hold_tickets(work, customers)
    tag_ids = await _tags_of(work, tickets)
    company_ids = {customer.id: _hex(customer.company_id) for customer in customers}
    for ticket in tickets:
        after = state_of(ticket) | {
            "company_id": company_ids[ticket.customer_id],
            "tag_ids": tag_ids[ticket.id],
        }
        payload = {
            "ticket_id": ticket.id.hex,
            "before": after | {"company_id": _hex(company_before)},
            "after": after,
            "acts": ["CustomerChanged"],
            "changes": [],
        }
        work.record("InboxChanged", payload, topic=inbox_topic(ticket.brand_id))


async def _hold_tickets(work: UnitOfWork, customers: Sequence[Customer]) -> Sequence[Ticket]:
    """Lock the tickets that are told of, in the order of their ids, as all do who lock several."""
    place = func.row_number().over(
        partition_by=Ticket.customer_id,
        order_by=(Ticket.created_at.desc(), Ticket.id.desc()),
    )
    newest = (
        select(Ticket.id, place.label("place"))
        .where(
            Ticket.customer_id.in_([customer.id for customer in customers]),
            Ticket.status != TicketStatus.CLOSED,
        )
        .subquery()
    )
    rows = await work.session.scalars(
        select(Ticket)
        .where(Ticket.id.in_(select(newest.c.id).where(newest.c.place <= TICKETS_TOLD_OF)))
        .order_by(Ticket.id)
        .with_for_update()
    )
    return rows.all()


async def _tags_of(work: UnitOfWork, tickets: Sequence[Ticket]) -> Mapping[UUID, list[str]]:
    if not tickets:
        return {}
    rows = await work.session.execute(
        select(TicketTag.ticket_id, TicketTag.tag_id).where(
            TicketTag.ticket_id.in_([ticket.id for ticket in tickets])
        )
    )
    tag_ids: dict[UUID, list[str]] = defaultdict(list)
    for row in rows:
        tag_ids[row.ticket_id].append(row.tag_id.hex)
    return tag_ids


def _hex(row_id: UUID | None) -> str | None:
    return row_id.hex if row_id else None
