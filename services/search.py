"""Finding tickets and customers by words, in Turkish, Greek and English, on both databases."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    delete,
    false,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from core.text import (
    QueryWord,
    contact_terms,
    is_far_over,
    query_terms,
    query_words,
    search_terms,
    single_line,
)
from models.base import Base
from models.customers import CAME_BY_CLAIM, Customer, CustomerTerm
from models.tickets import Ticket, TicketTerm
from models.viewers import ApiScope, Viewer
from services.spelling import NearWords, learn

TERMS_PER_TEXT = 500
SEARCH_CHARACTERS = 200
# Of a hundred thousand customers thousands have a word that begins with the same letter or two.
_COMMON_CHARACTERS = 2
# The highest code point: no term that begins with a prefix sorts after prefix + this.
_LAST_CHARACTER = "\U0010ffff"


async def index_ticket(session: AsyncSession, ticket_id: UUID, text: str) -> None:
    """Make a ticket findable by the words of this text, too."""
    terms = search_terms(text, TERMS_PER_TEXT)
    await _insert_terms(
        session, TicketTerm, _rows(terms, {"ticket_id": ticket_id, "of_title": False})
    )


async def index_new_ticket(session: AsyncSession, ticket_id: UUID, number: int, title: str) -> None:
    """Make a ticket findable that has no words yet: by its number and the words of its title."""
    own = search_terms(str(number), TERMS_PER_TEXT)
    rows = _rows(own, {"ticket_id": ticket_id, "of_title": False})
    of_title = search_terms(title, TERMS_PER_TEXT)
    rows += _rows(of_title, {"ticket_id": ticket_id, "of_title": True})
    await _insert_terms(session, TicketTerm, rows)


async def index_title(session: AsyncSession, ticket_id: UUID, title: str) -> None:
    """Make a ticket findable by the words of its title, and no longer by those of an older one."""
    await session.execute(
        delete(TicketTerm).where(TicketTerm.ticket_id == ticket_id, TicketTerm.of_title)
    )
    terms = search_terms(title, TERMS_PER_TEXT)
    await _insert_terms(
        session, TicketTerm, _rows(terms, {"ticket_id": ticket_id, "of_title": True})
    )


async def index_customer(
    session: AsyncSession, customer_id: UUID, texts: Iterable[str | None], company_name: str | None
) -> None:
    """Make a customer findable by these texts and their company, and no longer by older ones.

    The texts are their name, address, number and handles.
    """
    await forget_customer(session, customer_id)
    await index_new_customer(session, customer_id, texts, company_name)


async def forget_customer(session: AsyncSession, customer_id: UUID) -> None:
    """Make a customer findable by no word."""
    await session.execute(delete(CustomerTerm).where(CustomerTerm.customer_id == customer_id))


async def index_new_customer(
    session: AsyncSession, customer_id: UUID, texts: Iterable[str | None], company_name: str | None
) -> None:
    """Make a customer findable who has no words yet, as `index_customer` does."""
    own = customer_terms(texts)
    of_company = company_terms(company_name) if company_name is not None else set()
    rows = _rows(own, {"customer_id": customer_id, "of_company": False})
    rows += _rows(of_company, {"customer_id": customer_id, "of_company": True})
    await _insert_terms(session, CustomerTerm, rows)
    # All of them at once, in one order: of two acts that learn the same words one waits for the
    # other, and not each for each.
    await learn(session, own | of_company)


async def index_company(session: AsyncSession, name: str, customer_ids: Sequence[UUID]) -> None:
    """Make customers findable by the name of their company, and no longer by another.

    The act has locked them.
    """
    await session.execute(
        delete(CustomerTerm).where(
            CustomerTerm.of_company, CustomerTerm.customer_id.in_(customer_ids)
        )
    )
    terms = company_terms(name)
    people = [{"customer_id": customer_id, "of_company": True} for customer_id in customer_ids]
    await _insert_terms(session, CustomerTerm, _rows(terms, *people))
    await learn(session, terms)


def customer_terms(texts: Iterable[str | None]) -> set[str]:
    """Return the terms under which a customer is found by any of these texts."""
    return {term for text in texts if text for term in contact_terms(text, TERMS_PER_TEXT)}


def company_terms(name: str) -> set[str]:
    """Return the terms under which the people of a company of this name are found."""
    return search_terms(name, TERMS_PER_TEXT)


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


def tickets_matching(viewer: Viewer, search: str) -> ColumnElement[bool]:
    """Limit tickets to those that have each word of `search`, or a word beginning with it.

    The words of their customer count as well. They are looked up there: they may change any time.
    To who may not read all customers a ticket is none of the customer whom somebody claims to be.
    """
    named = [] if viewer.may(ApiScope.CUSTOMERS_READ) else [~CAME_BY_CLAIM]
    return _each_word(search, lambda word: Ticket.id.in_(_tickets_with(word, named)))


def _tickets_with(word: QueryWord, named: Sequence[ColumnElement[bool]]) -> CompoundSelect[UUID]:
    # A union, not OR: the database then finds the few ids first instead of reading all tickets.
    return union_all(
        select(TicketTerm.ticket_id).where(_begins(TicketTerm.term, word.terms)),
        select(Ticket.id)
        .join(CustomerTerm, CustomerTerm.customer_id == Ticket.customer_id)
        .where(_begins(CustomerTerm.term, word.terms), ~CustomerTerm.of_company, *named)
        .correlate(None),
    )


def customers_matching(search: str, near: NearWords | None = None) -> ColumnElement[bool]:
    """Limit customers to those that have each word of `search`, or a word beginning with it.

    The words of their company's name count as well. With `near`, the search is taken for mistyped:
    one of those words will do, and another inflection.
    """
    words = query_words(search)
    having = [Customer.id.in_(_customers_with(word, near)) for word in words]
    if not having:
        return false()
    if all(_is_common(word) for word in words):
        # PostgreSQL makes a hash of the many ids and looks them up on its way through the names.
        return and_(*(one.is_(true()) for one in having))
    # Found first and then sorted: somebody's first name is where they stand among the names, so to
    # look for a few on the way through the names, as PostgreSQL would, finds none for long.
    found = select(Customer.id).where(*having).cte().prefix_with("MATERIALIZED")
    return Customer.id.in_(select(found.c.id))


def customers_with_words_of(domain: str) -> Select[UUID]:
    """Return the ids of customers who may have an address of this domain, and of some others.

    Words are folded, and found by their beginnings. A domain is mostly one word; where it is cut
    into several, as उदाहरण.भारत is at its vowel signs, they have all of them.
    """
    one_word = (
        select(CustomerTerm.customer_id).where(_begins(CustomerTerm.term, terms)).correlate(None)
        for terms in dict.fromkeys(query_terms(f"@{domain}"))
    )
    return reduce(lambda found, more: found.where(CustomerTerm.customer_id.in_(more)), one_word)


def _customers_with(word: QueryWord, near: NearWords | None) -> Select[UUID]:
    if near is None:
        has_term = _begins(CustomerTerm.term, word.contact_terms)
    else:
        has_term = or_(
            _begins(CustomerTerm.term, word.contact_terms | word.terms),
            CustomerTerm.term.in_(near.get(word.spelling or "", ())),
        )
    return select(CustomerTerm.customer_id).where(has_term)


def _is_common(word: QueryWord) -> bool:
    return all(len(term) <= _COMMON_CHARACTERS for term in word.contact_terms)


def _each_word(
    search: str, has_word: Callable[[QueryWord], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Require every word of a query. Signs without a word find nothing."""
    words = [has_word(word) for word in query_words(search)]
    return and_(*words) if words else false()


def _begins(term: InstrumentedAttribute[str], alternatives: frozenset[str]) -> ColumnElement[bool]:
    # Not BETWEEN: PostgreSQL allows no collation within it.
    return or_(*((term >= start) & (term <= start + _LAST_CHARACTER) for start in alternatives))


def _rows(terms: Iterable[str], *owners: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"term": term, **owner} for term in sorted(terms) for owner in owners]


async def _insert_terms(
    session: AsyncSession, model: type[Base], rows: Sequence[Mapping[str, Any]]
) -> None:
    if not rows:
        return
    dialect = session.get_bind().dialect.name
    upsert = (postgresql if dialect == "postgresql" else sqlite).insert(model)
    await session.execute(upsert.on_conflict_do_nothing(), rows)
