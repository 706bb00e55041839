"""The filter of ticket lists: asked of the database, and of a ticket's state in the event log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from models.channels import Channel
from models.customers import Customer, is_known_as
from models.tags import Tag, TicketTag
from models.teams import Team
from models.tickets import Ticket, TicketPriority, TicketStatus
from models.viewers import ApiScope, Viewer

State = Mapping[str, Any]

# Tickets lose what was deleted soon after: until then no list finds them by it any more.
_DELETED_TEAMS = select(Team.id).where(Team.deleted_at.is_not(None))
_DELETED_TAGS = select(Tag.id).where(Tag.deleted_at.is_not(None))


@dataclass(frozen=True, slots=True)
class MomentRange:
    """From `since` on and before `until`; None leaves an end open."""

    since: datetime | None = None
    until: datetime | None = None

    def clauses(self, column: InstrumentedAttribute[datetime]) -> list[ColumnElement[bool]]:
        """Return the range as SQL."""
        clauses = []
        if self.since is not None:
            clauses.append(column >= self.since)
        if self.until is not None:
            clauses.append(column < self.until)
        return clauses

    def holds(self, moment: datetime) -> bool:
        """Tell whether a moment is in the range."""
        return (self.since is None or moment >= self.since) and (
            self.until is None or moment < self.until
        )


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """All that is given must hold; within one field any of the values will do."""

    statuses: frozenset[TicketStatus] | None = None
    priorities: frozenset[TicketPriority] | None = None
    channels: frozenset[Channel] | None = None
    brand_ids: frozenset[UUID] | None = None
    team_ids: frozenset[UUID] | None = None
    assignee_ids: frozenset[UUID] | None = None
    unassigned: bool | None = None
    customer_id: UUID | None = None
    company_id: UUID | None = None
    tag_ids: frozenset[UUID] | None = None
    created: MomentRange = MomentRange()
    updated: MomentRange = MomentRange()

    def clauses(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL over `Ticket`."""
        clauses = [*self.created.clauses(Ticket.created_at)]
        clauses += self.updated.clauses(Ticket.updated_at)
        for column, values in (
            (Ticket.status, self.statuses),
            (Ticket.priority, self.priorities),
            (Ticket.channel, self.channels),
            (Ticket.brand_id, self.brand_ids),
            (Ticket.team_id, self.team_ids),
            (Ticket.assignee_id, self.assignee_ids),
        ):
            if values is not None:
                clauses.append(column.in_(values))
        if self.unassigned is not None:
            absent = Ticket.assignee_id.is_(None)
            clauses.append(absent if self.unassigned else ~absent)
        if self.customer_id is not None:
            customer = select(Customer.id).where(is_known_as(self.customer_id))
            clauses.append(Ticket.customer_id == customer.scalar_subquery())
        if self.company_id is not None:
            people = select(Customer.id).where(Customer.company_id == self.company_id)
            clauses.append(Ticket.customer_id.in_(people))
        if self.team_ids is not None:
            clauses.append(Ticket.team_id.not_in(_DELETED_TEAMS))
        if self.tag_ids is not None:
            tagged = select(TicketTag.ticket_id).where(
                TicketTag.tag_id.in_(self.tag_ids), TicketTag.tag_id.not_in(_DELETED_TAGS)
            )
            clauses.append(Ticket.id.in_(tagged))
        return clauses

    def matches(self, state: State) -> bool:
        """Tell whether a ticket in this state (as `InboxChanged` keeps it) passes the filter."""
        return (
            _one_of(state["status"], self.statuses)
            and _one_of(state["priority"], self.priorities)
            and _one_of(state["channel"], self.channels)
            and _one_of(state["brand_id"], _hexes(self.brand_ids))
            and _one_of(state["team_id"], _hexes(self.team_ids))
            and _one_of(state["assignee_id"], _hexes(self.assignee_ids))
            and (self.unassigned is None or self.unassigned == (state["assignee_id"] is None))
            and (self.customer_id is None or self.customer_id.hex == state["customer_id"])
            and (self.company_id is None or self.company_id.hex == state["company_id"])
            and (self.tag_ids is None or not _hexes(self.tag_ids).isdisjoint(state["tag_ids"]))
            and self.created.holds(datetime.fromisoformat(state["created_at"]))
            and self.updated.holds(datetime.fromisoformat(state["updated_at"]))
        )


def state_is_visible_to(viewer: Viewer, state: State) -> bool:
    """Tell what `models.tickets.visible_to` tells, of a state in the event log."""
    if viewer.is_admin:
        return True
    of_brands = state["brand_id"] in _hexes(viewer.brand_ids)
    if not viewer.is_agent:
        return of_brands and viewer.may(ApiScope.TICKETS_READ)
    agent_id = viewer.agent_id
    if agent_id is not None and state["assignee_id"] == agent_id.hex:
        return True
    team = state["team_id"]
    return of_brands and (team is None or team in _hexes(viewer.team_ids))


@overload
def _hexes(ids: frozenset[UUID]) -> frozenset[str]: ...
@overload
def _hexes(ids: None) -> None: ...
@overload
def _hexes(ids: frozenset[UUID] | None) -> frozenset[str] | None: ...
def _hexes(ids: frozenset[UUID] | None) -> frozenset[str] | None:
    return None if ids is None else frozenset(row_id.hex for row_id in ids)


def _one_of(value: str | None, values: frozenset[Any] | None) -> bool:
    return values is None or value in values
