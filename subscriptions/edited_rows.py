"""The rows whose edits people are warned of: where their edits stand in the log, and how far."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ids import NodeKind
from models import companies, customers, interactions, notes, rules, ticket_templates, tickets
from models.companies import Company
from models.customers import Customer
from models.event_records import EventRecord
from models.event_topics import topic_named
from models.events import read_events
from models.interactions import Interaction
from models.notes import Note
from models.rules import Rule
from models.ticket_templates import TicketTemplate
from models.tickets import Ticket
from models.viewers import Viewer

Key = tuple[NodeKind, UUID]

# The model of each kind that can be edited, and what limits its rows to those somebody sees.
_MODELS: Mapping[NodeKind, tuple[Any, Any]] = {
    NodeKind.TICKET: (Ticket, tickets.visible_to),
    NodeKind.CUSTOMER: (Customer, customers.visible_to),
    NodeKind.COMPANY: (Company, companies.visible_to),
    NodeKind.INTERACTION: (Interaction, interactions.visible_to),
    NodeKind.NOTE: (Note, notes.visible_to),
    NodeKind.TICKET_TEMPLATE: (TicketTemplate, ticket_templates.visible_to),
    NodeKind.RULE: (Rule, rules.visible_to),
}


@dataclass(frozen=True, slots=True)
class EditedRow:
    """A row, and the topic in which its edits stand.

    Those of a note stand in the topic of what it belongs to.
    """

    kind: NodeKind
    id: UUID
    topic: str

    @property
    def note_id(self) -> UUID | None:
        """The id of a note; None for any other row."""
        return self.id if self.kind is NodeKind.NOTE else None


async def find_rows(connection: AsyncConnection, keys: Collection[Key]) -> dict[Key, EditedRow]:
    """Return where the edits of these rows stand. A note that does not exist is left out.

    That a row is found does not mean that it exists, or who may see it.
    """
    note_ids = [row_id for kind, row_id in keys if kind is NodeKind.NOTE]
    topics_of_notes = await _topics_of_notes(connection, note_ids) if note_ids else {}
    customer_ids = [row_id for kind, row_id in keys if kind is NodeKind.CUSTOMER]
    known_as = await _customers_now(connection, customer_ids) if customer_ids else {}
    rows: dict[Key, EditedRow] = {}
    for kind, row_id in keys:
        if kind is NodeKind.NOTE:
            if topic := topics_of_notes.get(row_id):
                rows[kind, row_id] = EditedRow(kind, row_id, topic)
            continue
        id_now = known_as.get(row_id, row_id)
        rows[kind, row_id] = EditedRow(kind, id_now, topic_named(_MODELS[kind][0], id_now))
    return rows


async def read_versions(
    connection: AsyncConnection, rows: Iterable[EditedRow], viewer: Viewer | None = None
) -> dict[EditedRow, int]:
    """Return the present versions of those rows that exist, and that the viewer sees if given."""
    of_kinds: dict[NodeKind, dict[UUID, EditedRow]] = defaultdict(dict)
    for row in rows:
        of_kinds[row.kind][row.id] = row
    versions = {}
    for kind, by_id in of_kinds.items():
        model, visible_to = _MODELS[kind]
        statement = select(model.id, model.version).where(model.id.in_(by_id))
        if viewer is not None:
            statement = statement.where(visible_to(viewer))
        for row_id, version in await connection.execute(statement):
            versions[by_id[row_id]] = version
    return versions


async def read_event_at(
    connection: AsyncConnection, row: EditedRow, version: int
) -> EventRecord | None:
    """Return the event that gave a row its version; None where the log has it not."""
    found = await read_events(connection, row.topic, version - 1, 1)
    return found[0] if found and found[0].sequence == version else None


async def _customers_now(
    connection: AsyncConnection, customer_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """Return as whom those are known who were merged."""
    merged = select(Customer.id, Customer.merged_into_id).where(
        Customer.id.in_(customer_ids), Customer.merged_into_id.is_not(None)
    )
    return {row.id: row.merged_into_id for row in await connection.execute(merged)}


async def _topics_of_notes(
    connection: AsyncConnection, note_ids: Collection[UUID]
) -> dict[UUID, str]:
    owners = await connection.execute(
        select(Note.id, Note.ticket_id, Note.customer_id, Note.company_id).where(
            Note.id.in_(note_ids)
        )
    )
    topics = {}
    for note_id, *owner_ids in owners:
        for model, owner_id in zip((Ticket, Customer, Company), owner_ids, strict=True):
            if owner_id is not None:
                topics[note_id] = topic_named(model, owner_id)
    return topics
