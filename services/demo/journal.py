"""What the demo's acts leave behind: the rows and the log that the services would have written.

Three months of a help desk takes minutes through the services, each act in a transaction of its
own; so the demo's acts are written down in memory first, and then into the database in bulk.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from core.ids import new_id
from core.text import search_terms
from models.actors import Actor
from models.base import Base, Versioned
from models.customers import CustomerTerm
from models.events import Event, TopicHeadRow
from models.tickets import TicketTerm
from services.search import TERMS_PER_TEXT

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

    def tables(self) -> Iterator[tuple[Table, list[Values]]]:
        """Give all that was written, rows after those that they refer to."""
        models = {mapper.local_table: mapper for mapper in Base.registry.mappers}
        for table in Base.metadata.sorted_tables:
            names = models[table].column_attrs.keys()
            rows = self._rows.get(models[table].class_, ())
            yield table, [{name: getattr(row, name) for name in names} for row in rows]
        # In the order of their keys: the database then fills its indexes page by page.
        yield _table(Event), sorted(self._events, key=lambda event: (event["topic"], event["seq"]))
        yield (
            _table(TopicHeadRow),
            [{"topic": topic, "seq": seq, "min_seq": 1} for topic, seq in self._heads.items()],
        )
        titles = _terms("ticket_id", self._titles, of_title=True)
        yield _table(TicketTerm), titles + _terms("ticket_id", self._ticket_texts, of_title=False)
        yield _table(CustomerTerm), _terms("customer_id", self._customer_texts)


def _table(model: type[Base]) -> Table:
    return Base.metadata.tables[model.__tablename__]


def _terms(owner: str, texts: Mapping[UUID, Sequence[str]], **place: bool) -> list[Values]:
    """Return the terms under which each owner is found by any of its texts.

    All texts of an owner are read as one, in which a word that returns costs nothing.
    """
    pairs = [
        (term, owner_id)
        for owner_id, of_owner in texts.items()
        for term in search_terms(_BETWEEN_TEXTS.join(of_owner), TERMS_PER_TEXT * len(of_owner))
    ]
    return [{"term": term, owner: owner_id, **place} for term, owner_id in sorted(pairs)]
