"""Finding tickets and customers by words, in Turkish, Greek and English, on both databases."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, and_, delete, false, or_, select, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from core.text import is_far_over, query_terms, search_terms, single_line
from models.base import Base
from models.companies import Company
from models.customers import Customer, CustomerTerm
from models.tickets import Ticket, TicketTerm

TERMS_PER_TEXT = 500
SEARCH_CHARACTERS = 200
# The highest code point: no term that begins with a prefix sorts after prefix + this.
_LAST_CHARACTER = "\U0010ffff"


async def index_ticket(session: AsyncSession, ticket_id: UUID, text: str) -> None:
    """Make a ticket findable by the words of this text, too."""
    await _add_terms(session, TicketTerm, {"ticket_id": ticket_id, "of_title": False}, text)


async def index_title(session: AsyncSession, ticket_id: UUID, title: str) -> None:
    """Make a ticket findable by the words of its title, and no longer by those of an older one."""
    await session.execute(
        delete(TicketTerm).where(TicketTerm.ticket_id == ticket_id, TicketTerm.of_title)
    )
    await _add_terms(session, TicketTerm, {"ticket_id": ticket_id, "of_title": True}, title)


async def index_customer(session: AsyncSession, customer_id: UUID, *texts: str | None) -> None:
    """Make a customer findable by the words of these texts, and no longer by older ones."""
    await session.execute(delete(CustomerTerm).where(CustomerTerm.customer_id == customer_id))
    await _add_terms(session, CustomerTerm, {"customer_id": customer_id}, *texts)


def check_search(search: str | None) -> str | None:
    """Return what is looked for, or None for a blank search.

    Raises ValidationFailed for over 200 characters.
    """
    raw = search or ""
    cleaned = raw if is_far_over(raw, SEARCH_CHARACTERS) else single_line(raw)
    if len(cleaned) > SEARCH_CHARACTERS:
        raise ValidationFailed(
            FieldProblem(("search",), FieldErrorCode.TOO_LONG, SEARCH_CHARACTERS, len(cleaned))
        )
    return cleaned or None


def tickets_matching(search: str) -> ColumnElement[bool]:
    """Limit tickets to those that have each word of `search`, or a word beginning with it.

    The words of their customer count as well. They are looked up there: they may change any time.
    """
    return _each_word(search, lambda word: Ticket.id.in_(_tickets_with(word)))


def _tickets_with(word: set[str]) -> CompoundSelect[UUID]:
    # A union, not OR: the database then finds the few ids first instead of reading all tickets.
    return union_all(
        select(TicketTerm.ticket_id).where(_begins(TicketTerm.term, word)),
        select(Ticket.id)
        .join(CustomerTerm, CustomerTerm.customer_id == Ticket.customer_id)
        .where(_begins(CustomerTerm.term, word))
        .correlate(None),
    )


def customers_matching(search: str) -> ColumnElement[bool]:
    """Limit customers to those that have each word of `search`, or a word beginning with it.

    The name of their company counts as well. It is looked up there: it may change any time.
    """
    return _each_word(
        search,
        lambda word: or_(
            Customer.id.in_(
                select(CustomerTerm.customer_id).where(_begins(CustomerTerm.term, word))
            ),
            Customer.company_id.in_(select(Company.id).where(_has_word(Company.name_key, word))),
        ),
    )


def _each_word(
    search: str, has_word: Callable[[set[str]], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Require every word, given as its alternatives. Signs without a word find nothing."""
    words = [has_word(alternatives) for alternatives in query_terms(search)]
    return and_(*words) if words else false()


def _begins(term: InstrumentedAttribute[str], alternatives: set[str]) -> ColumnElement[bool]:
    # Not BETWEEN: PostgreSQL allows no collation within it.
    return or_(*((term >= start) & (term <= start + _LAST_CHARACTER) for start in alternatives))


def _has_word(folded: InstrumentedAttribute[str], alternatives: set[str]) -> ColumnElement[bool]:
    return or_(
        *(
            folded.startswith(start, autoescape=True)
            | folded.contains(f" {start}", autoescape=True)
            for start in alternatives
        )
    )


async def _add_terms(
    session: AsyncSession,
    model: type[Base],
    owner: Mapping[str, Any],
    *texts: str | None,
) -> None:
    terms = sorted({term for text in texts if text for term in search_terms(text, TERMS_PER_TEXT)})
    if not terms:
        return
    dialect = session.get_bind().dialect.name
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(model)
    await session.execute(
        insert.on_conflict_do_nothing(),
        [{"term": term, **owner} for term in terms],
    )
