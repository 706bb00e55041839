"""Finding tickets and customers by words, in Turkish, Greek and English, on both databases."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core.text import query_terms, search_terms
from models.customers import Customer, CustomerTerm
from models.tickets import Ticket, TicketTerm

TERMS_PER_TEXT = 500
# The highest code point: no term that begins with a prefix sorts after prefix + this.
_LAST_CHARACTER = "\U0010ffff"


async def index_ticket(session: AsyncSession, ticket_id: UUID, *texts: str | None) -> None:
    """Make a ticket findable by the words of these texts."""
    await _add_terms(session, TicketTerm, TicketTerm.ticket_id, ticket_id, texts)


async def index_customer(session: AsyncSession, customer_id: UUID, *texts: str | None) -> None:
    """Make a customer findable by the words of these texts."""
    await _add_terms(session, CustomerTerm, CustomerTerm.customer_id, customer_id, texts)


def tickets_matching(search: str) -> ColumnElement[bool]:
    """Limit tickets to those that have each word of `search`, or a word beginning with it."""
    return _matching(search, Ticket.id, TicketTerm.term, TicketTerm.ticket_id)


def customers_matching(search: str) -> ColumnElement[bool]:
    """Limit customers to those that have each word of `search`, or a word beginning with it."""
    return _matching(search, Customer.id, CustomerTerm.term, CustomerTerm.customer_id)


def _matching(
    search: str,
    row_id: InstrumentedAttribute[UUID],
    term: InstrumentedAttribute[str],
    owner_id: InstrumentedAttribute[UUID],
) -> ColumnElement[bool]:
    words = [
        row_id.in_(
            select(owner_id).where(
                or_(*(term.between(start, start + _LAST_CHARACTER) for start in alternatives))
            )
        )
        for alternatives in query_terms(search)
    ]
    return and_(True, *words)  # noqa: FBT003  # an empty search matches everything


async def _add_terms(
    session: AsyncSession,
    model: Any,
    owner: InstrumentedAttribute[UUID],
    owner_id: UUID,
    texts: Iterable[str | None],
) -> None:
    terms = sorted({term for text in texts if text for term in search_terms(text, TERMS_PER_TEXT)})
    if not terms:
        return
    dialect = session.get_bind().dialect.name
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(model)
    await session.execute(
        insert.on_conflict_do_nothing(),
        [{"term": term, owner.key: owner_id} for term in terms],
    )
