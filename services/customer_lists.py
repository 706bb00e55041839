"""Lists of customers: what they are told, and who stands in them, decided without a query."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Result, Row, select

from core.errors import NotAllowed, Unauthenticated
from core.text import QueryWord, query_words
from models.channel_profiles import ChannelProfile
from models.companies import Company
from models.customers import Customer
from models.event_topics import customers_topic
from models.viewers import ApiScope, Viewer
from services.changes import FieldChange
from services.customer_filters import CustomerFilter
from services.search import check_search, company_terms, customer_terms
from services.unit_of_work import UnitOfWork

State = Mapping[str, Any]

_KEPT_TERMS = 512  # what one list asks for, all of them ask for


@dataclass(frozen=True, slots=True)
class CustomerView:
    """Which customers a list shows; None for `words` looks for nothing, and shows all."""

    words: tuple[QueryWord, ...] | None
    wanted: CustomerFilter

    @classmethod
    def of(cls, search: str | None, wanted: CustomerFilter) -> Self:
        """Return the view that a search and a filter give. Raises ValidationFailed at `search`."""
        looked_for = check_search(search)
        if looked_for is None:
            return cls(None, wanted)
        return cls(tuple(query_words(looked_for)), wanted)

    def shows(self, state: State) -> bool:
        """Tell whether a customer in this state is shown, as `customers_matching` does in SQL.

        Signs without a word find nobody. Names that are merely spelled alike are not found here.
        """
        return self.wanted.matches(state) and (
            self.words is None
            or (bool(self.words) and all(_has_word(state, word) for word in self.words))
        )

    def tells_apart(self, company_names: Collection[str]) -> bool:
        """Tell whether the view may show other people of a company by one of its names."""
        return any(
            len({_names(company_name, word) for company_name in company_names}) > 1
            for word in self.words or ()
        )


def require_reader(viewer: Viewer) -> None:
    """Raise Unauthenticated for strangers, and NotAllowed for those who may not read customers.

    Lists are live only for those who see all customers.
    """
    if viewer.actor is None:
        raise Unauthenticated
    if not viewer.may(ApiScope.CUSTOMERS_READ):
        raise NotAllowed


async def states_of(
    work: UnitOfWork, customers: Collection[Customer]
) -> dict[UUID, dict[str, Any]]:
    """Return what lists find and filter of each customer, as the log keeps it."""
    rows: dict[UUID, list[Row[Any]]] = defaultdict(list)
    found: Result[Any] = await work.session.execute(
        select(
            Customer.id,
            Company.name.label("company"),
            ChannelProfile.channel,
            ChannelProfile.handle,
        )
        .outerjoin(Company, Company.id == Customer.company_id)
        .outerjoin(ChannelProfile, ChannelProfile.customer_id == Customer.id)
        .where(Customer.id.in_([customer.id for customer in customers]))
        .order_by(ChannelProfile.id)
    )
    for row in found.all():
        rows[row.id].append(row)
    return {customer.id: _state(customer, rows[customer.id]) for customer in customers}


async def state_of(work: UnitOfWork, customer: Customer) -> dict[str, Any]:
    """Return what lists find and filter of a customer, as the log keeps it."""
    return (await states_of(work, [customer]))[customer.id]


def searchable_texts(state: State) -> list[str | None]:
    """Return the texts in whose words a customer is found; the company's name counts as well."""
    return [state["name"], state["email"], state["phone"], *state["handles"]]


def is_found_otherwise(before: State, after: State) -> bool:
    """Tell whether a customer is found by other words than before."""
    return (searchable_texts(before), before["company"]) != (
        searchable_texts(after),
        after["company"],
    )


def tell(
    work: UnitOfWork,
    customer: Customer,
    before: State | None,
    after: State | None,
    changes: Sequence[FieldChange] = (),
) -> None:
    """Tell the lists what an act did to a customer.

    The state before is None of who is new, and the one after of who was merged into another.
    """
    payload = {
        "customer_id": customer.id.hex,
        "before": before,
        "after": after,
        "changes": [change.as_payload() for change in changes],
    }
    work.record("CustomerListChanged", payload, topic=customers_topic())


def tell_of_rename(work: UnitOfWork, company: Company, name_before: str) -> None:
    """Tell the lists that a company has another name.

    It is one event, however many people the company has: who of them enters or leaves a list is
    not told.
    """
    payload = {"company_id": company.id.hex, "before": name_before, "after": company.name}
    work.record("CompanyRenamed", payload, topic=customers_topic())


def _state(customer: Customer, rows: Sequence[Row[Any]]) -> dict[str, Any]:
    profiles = [row for row in rows if row.handle is not None]
    return {
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "company_id": customer.company_id.hex if customer.company_id else None,
        "company": rows[0].company,
        "channels": sorted({row.channel for row in profiles}),
        "handles": [row.handle for row in profiles],
        "created_at": customer.created_at.isoformat(),
    }


def _has_word(state: State, word: QueryWord) -> bool:
    terms = _customer_terms(*searchable_texts(state))
    if _one_begins(terms, word.contact_terms):
        return True
    return state["company"] is not None and _names(state["company"], word)


def _names(company_name: str, word: QueryWord) -> bool:
    return _one_begins(_company_terms(company_name), word.contact_terms)


def _one_begins(terms: Collection[str], starts: Collection[str]) -> bool:
    return any(term.startswith(start) for term in terms for start in starts)


@lru_cache(_KEPT_TERMS)
def _customer_terms(*texts: str | None) -> frozenset[str]:
    return frozenset(customer_terms(texts))


@lru_cache(_KEPT_TERMS)
def _company_terms(name: str) -> frozenset[str]:
    return frozenset(company_terms(name))
