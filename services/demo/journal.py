"""What the demo's acts leave behind: the rows and the log that the services would have written.

Three months of a help desk takes minutes through the services, each act in a transaction of its
own; so the demo's acts are written down in memory first, and then into the database in bulk.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from core.ids import new_id
from core.text import search_terms
from models.actors import Actor
from models.base import Base, Versioned
from models.customers import CustomerTerm, SpellingVariant
from models.events import Event, TopicHeadRow
from models.tickets import TicketTerm
from services.search import TERMS_PER_TEXT, company_terms, customer_terms
from services.spelling import spelling_rows

Values = dict[str, Any]

# Keeps the digits that end one text apart from those that begin the next.
_BETWEEN_TEXTS = " ; "


@dataclass(frozen=True, slots=True)
class Act:
    """Who did something, and when."""

    actor: Actor
    moment: datetime


class Journal:
    """Rows and events. Acts must come in the order in which they happened."""

    def __init__(self) -> None:
        self._rows: dict[type[Base], list[Base]] = defaultdict(list)
        self._events: list[Values] = []
        self._heads: dict[str, int] = defaultdict(int)
        self._titles: dict[UUID, list[str]] = {}
        self._ticket_texts: dict[UUID, list[str]] = defaultdict(list)
        self._customer_texts: dict[UUID, list[str]] = defaultdict(list)
        self._company_names: dict[UUID, str] = {}

    def keep(self, *rows: Base) -> None:
        """Write rows."""
        for row in rows:
            self._rows[type(row)].append(row)

    def record(
        self,
        act: Act,
        event_type: str,
        payload: Values,
        *,
        topic: str,
        versions: Sequence[Versioned] = (),
    ) -> None:
        """Write an event, as `UnitOfWork.record` does."""
        self._heads[topic] += 1
        for row in versions:
            row.version = self._heads[topic]
        self._events.append(
            {
                "topic": topic,
                "seq": self._heads[topic],
                "id": new_id(),
                "type": event_type,
                "actor_kind": act.actor.kind,
                "actor_id": act.actor.id,
                "payload": payload,
                "created_at": act.moment,
            }
        )

    def index_title(self, ticket_id: UUID, title: str) -> None:
        """Make a ticket findable by its title, as `services.search` does."""
        self._titles[ticket_id] = [title]

    def index_ticket(self, ticket_id: UUID, text: str) -> None:
        """Make a ticket findable, as `services.search` does."""
        self._ticket_texts[ticket_id].append(text)

    def index_customer(self, customer_id: UUID, *texts: str | None) -> None:
        """Make a customer findable, as `services.search` does."""
        self._customer_texts[customer_id] += filter(None, texts)

    def index_company(self, customer_id: UUID, company_name: str) -> None:
        """Make a customer findable by their company, as `services.search` does."""
        self._company_names[customer_id] = company_name

    def tables(self) -> Iterator[tuple[Table, list[Values]]]:
        """Give all that was written, rows after those that they refer to."""
        models = {mapper.local_table: mapper for mapper in Base.registry.mappers}
        for table in Base.metadata.sorted_tables:
            names = models[table].column_attrs.keys()
            defaults = {column.key: _default(column) for column in table.columns}
            rows = self._rows.get(models[table].class_, ())
            yield table, [{name: _value(row, name, defaults) for name in names} for row in rows]
        # In the order of their keys: the database then fills its indexes page by page.
        yield _table(Event), sorted(self._events, key=lambda event: (event["topic"], event["seq"]))
        yield (
            _table(TopicHeadRow),
            [{"topic": topic, "seq": seq, "min_seq": 1} for topic, seq in self._heads.items()],
        )
        titles = _text_terms(self._titles, of_title=True)
        yield _table(TicketTerm), titles + _text_terms(self._ticket_texts, of_title=False)
        customers = {key: customer_terms(texts) for key, texts in self._customer_texts.items()}
        companies = {key: company_terms(name) for key, name in self._company_names.items()}
        of_customers = _terms("customer_id", customers, of_company=False)
        of_companies = _terms("customer_id", companies, of_company=True)
        yield _table(CustomerTerm), of_customers + of_companies
        named = chain.from_iterable([*customers.values(), *companies.values()])
        yield _table(SpellingVariant), spelling_rows(named)


def _default(column: Column[Any]) -> Any:
    """Return the constant that stands where nothing was said."""
    return column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None


def _value(row: Base, name: str, defaults: Values) -> Any:
    value = getattr(row, name)
    return defaults[name] if value is None else value


def _table(model: type[Base]) -> Table:
    return Base.metadata.tables[model.__tablename__]


def _text_terms(texts: Mapping[UUID, Sequence[str]], *, of_title: bool) -> list[Values]:
    """Return the terms under which each ticket is found by any of its texts.

    All texts of a ticket are read as one, in which a word that returns costs nothing.
    """
    terms = {
        ticket_id: search_terms(_BETWEEN_TEXTS.join(of_one), TERMS_PER_TEXT * len(of_one))
        for ticket_id, of_one in texts.items()
    }
    return _terms("ticket_id", terms, of_title=of_title)


def _terms(owner: str, terms: Mapping[UUID, Iterable[str]], **place: bool) -> list[Values]:
    """Return the rows of terms, in the order of the table's key."""
    pairs = [(term, owner_id) for owner_id, of_one in terms.items() for term in of_one]
    return [{"term": term, owner: owner_id, **place} for term, owner_id in sorted(pairs)]
