"""Who may see a row, judged for any number of viewers by what is read of it once.

This says of rows what `visible_to` of each model says in SQL.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Executable, Row, and_, bindparam, func, select

from core.database import Database
from core.gathering import Gathering
from core.ids import NodeKind
from models.claims import is_hidden_by_claim
from models.companies import Company
from models.customers import CAME_BY_CLAIM, Customer
from models.interactions import Interaction
from models.notes import Note
from models.rules import Rule
from models.ticket_templates import TicketTemplate
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from subscriptions.patience import patiently

BUSY_PAUSE_SECONDS = 0.003  # nobody sees the difference, and many tickets are judged together

Sees = Callable[[Viewer], bool]

# Made once: to make a statement costs as much as to run it, and every event asks.
_IDS: BindParameter[Sequence[UUID]] = bindparam("ids", expanding=True)
_PLACEMENTS = select(Ticket.id, Ticket.brand_id, Ticket.team_id, Ticket.assignee_id).where(
    Ticket.id.in_(_IDS)
)
_NOTES = select(Note.id, Note.ticket_id).where(Note.id.in_(_IDS), Note.deleted_at.is_(None))
_COMPANIES = select(Company.id).where(Company.id.in_(_IDS))
_INTERACTIONS = select(Interaction.id).where(Interaction.id.in_(_IDS))
_TEMPLATES = select(TicketTemplate.id, TicketTemplate.brand_id).where(TicketTemplate.id.in_(_IDS))
_RULES = select(Rule.id, Rule.brand_id).where(Rule.id.in_(_IDS), Rule.deleted_at.is_(None))
_BRANDS_OF_CUSTOMERS = (
    select(Customer.id, Ticket.brand_id)
    .outerjoin(
        Ticket,
        and_(
            Ticket.customer_id == func.coalesce(Customer.merged_into_id, Customer.id),
            ~CAME_BY_CLAIM,
            ~is_hidden_by_claim(),
        ),
    )
    .where(Customer.id.in_(_IDS))
    .distinct()
)


def nobody(_viewer: Viewer) -> bool:
    """Tell who sees what does not exist."""
    return False


class Sight:
    """Reads what decides who may see a row. It is patient while the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._placements = self._rows(_PLACEMENTS)
        self._notes = self._rows(_NOTES)
        self._companies = self._rows(_COMPANIES)
        self._interactions = self._rows(_INTERACTIONS)
        self._templates = self._rows(_TEMPLATES)
        self._rules = self._rows(_RULES)
        self._brands_of_customers = Gathering(self._read_brands_of_customers)

    async def of(self, kind: NodeKind, row_id: UUID) -> Sees:
        """Return who sees the row of this kind with this id: one that agents edit."""
        match kind:
            case NodeKind.TICKET:
                return await self.of_ticket(row_id)
            case NodeKind.CUSTOMER:
                return await self.of_customer(row_id)
            case NodeKind.NOTE:
                return await self.of_note(row_id)
            case NodeKind.COMPANY:
                return await _of_readers(self._companies, row_id)
            case NodeKind.INTERACTION:
                return await _of_readers(self._interactions, row_id)
            case NodeKind.TICKET_TEMPLATE | NodeKind.RULE:
                is_rule = kind is NodeKind.RULE
                return await _of_brand(self._rules if is_rule else self._templates, row_id)
        raise ValueError(kind)

    async def of_ticket(self, ticket_id: UUID) -> Sees:
        """Return who sees the ticket as it is placed now."""
        placement = (await self._placements.get([ticket_id])).get(ticket_id)
        return nobody if placement is None else _sees_placement(placement)

    async def of_customer(self, customer_id: UUID) -> Sees:
        """Return who sees the customer now."""
        brands = (await self._brands_of_customers.get([customer_id])).get(customer_id)
        if brands is None:
            return nobody

        def sees(viewer: Viewer) -> bool:
            if viewer.may(ApiScope.CUSTOMERS_READ):
                return True
            return viewer.may(ApiScope.TICKETS_READ) and not viewer.brand_ids.isdisjoint(brands)

        return sees

    async def of_note(self, note_id: UUID) -> Sees:
        """Return who reads the note; nobody reads a deleted one."""
        note = (await self._notes.get([note_id])).get(note_id)
        if note is None:
            return nobody
        about = _reads_customers if note.ticket_id is None else await self.of_ticket(note.ticket_id)
        return lambda viewer: viewer.may(ApiScope.NOTES_READ) and about(viewer)

    def _rows(self, statement: Executable) -> Gathering[UUID, Row[Any]]:
        async def by_id(ids: set[UUID]) -> Mapping[UUID, Row[Any]]:
            return {row.id: row for row in await self._read(statement, ids)}

        return Gathering(by_id, busy_pause_seconds=BUSY_PAUSE_SECONDS)

    async def _read_brands_of_customers(self, ids: set[UUID]) -> Mapping[UUID, set[UUID]]:
        brands: dict[UUID, set[UUID]] = defaultdict(set)
        for row in await self._read(_BRANDS_OF_CUSTOMERS, ids):
            brands[row.id].add(row.brand_id)
        return brands

    async def _read(self, statement: Executable, ids: set[UUID]) -> Sequence[Row[Any]]:
        return await patiently(partial(self._read_once, statement, list(ids)))

    async def _read_once(self, statement: Executable, ids: list[UUID]) -> Sequence[Row[Any]]:
        async with self._database.reading() as connection:
            return (await connection.execute(statement, {"ids": ids})).all()


async def _of_brand(rows: Gathering[UUID, Row[Any]], row_id: UUID) -> Sees:
    """Return who sees what the agents of a brand have in common: a template, or a rule."""
    row = (await rows.get([row_id])).get(row_id)
    if row is None:
        return nobody
    brand_id = row.brand_id
    return lambda viewer: viewer.is_admin or (viewer.is_agent and brand_id in viewer.brand_ids)


async def _of_readers(rows: Gathering[UUID, Row[Any]], row_id: UUID) -> Sees:
    return _reads_customers if row_id in await rows.get([row_id]) else nobody


def _reads_customers(viewer: Viewer) -> bool:
    return viewer.may(ApiScope.CUSTOMERS_READ)


def _sees_placement(placement: Row[Any]) -> Sees:
    brand_id, team_id, assignee_id = placement.brand_id, placement.team_id, placement.assignee_id

    def sees(viewer: Viewer) -> bool:
        if viewer.is_admin:
            return True
        of_brands = brand_id in viewer.brand_ids
        if viewer.is_agent:
            of_teams = team_id is None or team_id in viewer.team_ids
            return (of_brands and of_teams) or assignee_id == viewer.agent_id
        return of_brands and viewer.may(ApiScope.TICKETS_READ)

    return sees
