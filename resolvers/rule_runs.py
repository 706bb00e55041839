"""Runs of rules on tickets: the log of them, and runs that are only tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, false, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core import clock
from core.errors import FieldErrorCode, FieldProblem, NotAllowed, NotFound, ValidationFailed
from core.ids import NodeKind, new_id
from core.pages import by_moment
from models import tickets
from models.agents import Agent
from models.base import Columns, project
from models.rules import Rule, RuleConditionKind, RuleRun, visible_to
from models.tags import Tag
from models.teams import Team
from models.tickets import Ticket
from models.topics import Topic
from models.viewers import Viewer
from resolvers.access import require_signed_in
from resolvers.audiences import personal, same_for_audience
from resolvers.batches import pages_by_parent, rows_by_id
from resolvers.global_ids import optional_row_id, row_id_of
from resolvers.scope import Scope
from services import rules
from services.automation.checks import GivenRule
from services.automation.outcomes import CheckedCondition, RuleSkip, TakenAction
from services.automation.rulebook import TriedRule
from services.automation.shapes import CONDITION_VALUES
from services.automation.simulation import simulate as simulate_rule

NEWEST_FIRST = by_moment("started_at", RuleRun.started_at, RuleRun.id, descending=True)

# What a condition saw, as its kind and the values.
SeenKey = tuple[RuleConditionKind, tuple[str, ...] | None]

# The log tells of what has been deleted since, by the name that it had.
_NAMED: Mapping[NodeKind, Any] = {
    NodeKind.TAG: Tag,
    NodeKind.TEAM: Team,
    NodeKind.TOPIC: Topic,
    NodeKind.AGENT: Agent,
}

# Another ticket than the one that led here may be assigned to one of those who look.
ticket = personal(rows_by_id(Ticket, tickets.visible_to))

by_ticket = same_for_audience(
    pages_by_parent(
        RuleRun,
        RuleRun.ticket_id,
        NEWEST_FIRST,
        limits=lambda viewer, _only: [true() if viewer.is_agent else false()],
    )
)


@dataclass(frozen=True, slots=True)
class TriedRun:
    """A run that was only tried: no row, but what one would say. Its id leads nowhere."""

    id: UUID
    rule_id: UUID | None
    rule_version: int
    ticket_id: UUID
    event_type: str | None
    matched: bool
    skip: RuleSkip | None
    conditions: Sequence[CheckedCondition]
    actions: Sequence[TakenAction]
    started_at: datetime
    duration_microseconds: int
    depth: int = 0
    outcome: None = None


def _of_seen_tickets(viewer: Viewer) -> Select[Any]:
    return select(Ticket.id).where(tickets.visible_to(viewer))


by_rule = personal(
    pages_by_parent(
        RuleRun,
        RuleRun.rule_id,
        NEWEST_FIRST,
        limits=lambda viewer, _only: [RuleRun.ticket_id.in_(_of_seen_tickets(viewer))],
    )
)


@personal
async def by_id(
    scope: Scope, ids: Sequence[UUID], _arguments: None, columns: Columns
) -> Mapping[UUID, Row[Any]]:
    """Return runs by their ids, on tickets that an agent sees."""
    if not scope.viewer.is_agent:
        return {}
    rows = await scope.fetch(
        select(*project(RuleRun, columns)).where(
            RuleRun.id.in_(ids), RuleRun.ticket_id.in_(_of_seen_tickets(scope.viewer))
        )
    )
    return {row.id: row for row in rows}


@same_for_audience
async def rule_names(
    scope: Scope, rule_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, str]:
    """Return what the rules of runs are called, deleted ones as well."""
    rows = await scope.fetch(select(Rule.id, Rule.name).where(Rule.id.in_(rule_ids)))
    return {row.id: row.name for row in rows}


@same_for_audience
async def words_seen(
    scope: Scope, keys: Sequence[SeenKey], _arguments: None, _columns: Columns
) -> Mapping[SeenKey, Sequence[str]]:
    """Return what conditions saw in words: the names of rows for their ids."""
    names: dict[str, str] = {}
    for kind, model in _NAMED.items():
        ids = {UUID(value) for key in keys if _is_of(key, kind) for value in key[1] or ()}
        if ids:
            rows = await scope.fetch(select(model.id, model.name).where(model.id.in_(ids)))
            names |= {row.id.hex: row.name for row in rows}
    return {key: [names.get(value, value) for value in key[1] or ()] for key in keys}


async def simulate(
    scope: Scope, rule_id: str | None, given: GivenRule | None, ticket_id: str
) -> TriedRun:
    """Try a saved rule, or what is to be saved, on a ticket. Nothing is written.

    Raises NotAllowed for all but agents, NotFound for what the viewer does not see, and
    ValidationFailed for a draft that could not be saved, and for a rule of another brand.
    """
    require_signed_in(scope.viewer)
    if not scope.viewer.is_agent:
        raise NotAllowed
    rule_row_id = optional_row_id(rule_id, NodeKind.RULE, "ruleId")
    ticket_row_id = row_id_of(ticket_id, NodeKind.TICKET, "ticketId")
    on = await scope.load(ticket, ticket_row_id, columns=frozenset({"brand_id"}))
    if on is None:
        raise NotFound
    # It asks one question after the other, by a connection that no other field speaks by.
    await scope.let_go()
    async with scope.resources.database.reading(snapshot=True) as reader:
        saved = None
        if rule_row_id is not None:
            saved = await _saved(reader, scope.viewer, rule_row_id, on.brand_id)
        rule = await _rule_to_try(reader, saved, given, on.brand_id)
        started_at, began = clock.now(), perf_counter()
        outcome = await simulate_rule(reader, rule, ticket_row_id, started_at)
        seconds = perf_counter() - began
    return TriedRun(
        id=new_id(),
        rule_id=rule.id,
        rule_version=rule.version,
        ticket_id=ticket_row_id,
        event_type=outcome.event_type,
        matched=outcome.matches,
        skip=outcome.skip,
        conditions=outcome.conditions,
        actions=outcome.actions,
        started_at=started_at,
        duration_microseconds=round(seconds * 1_000_000),
    )


async def _saved(
    reader: AsyncConnection, viewer: Viewer, rule_id: UUID, brand_id: UUID
) -> TriedRule:
    found = await reader.execute(
        select(Rule.__table__).where(visible_to(viewer), Rule.id == rule_id)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound
    if row.brand_id != brand_id:
        raise ValidationFailed(FieldProblem(("ruleId",), FieldErrorCode.UNKNOWN_REFERENCE))
    return TriedRule.of(row)


async def _rule_to_try(
    reader: AsyncConnection, saved: TriedRule | None, given: GivenRule | None, brand_id: UUID
) -> TriedRule:
    if given is not None:
        return await rules.tried_draft(reader, brand_id, given, saved)
    if saved is None:
        raise ValidationFailed(FieldProblem(("ruleId",), FieldErrorCode.REQUIRED))
    return saved


def _is_of(key: SeenKey, kind: NodeKind) -> bool:
    field = CONDITION_VALUES.get(key[0])
    return field is not None and field.refers_to is kind
