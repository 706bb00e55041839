"""What rules refer to: tags, teams, topics, agents and other rules, and which of it is gone."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core.ids import NodeKind
from models.agents import Agent
from models.rules import Rule
from models.tags import Tag
from models.teams import Team
from models.topics import Topic
from services.assignees import agent_is_assignable, team_is_assignable
from services.automation.definitions import Action, Condition
from services.automation.shapes import CONDITION_VALUES, Block

Fetch = Callable[[Select[Any]], Awaitable[Sequence[Row[Any]]]]
Reader = AsyncConnection | AsyncSession


class RuleProblemReason(StrEnum):
    """Why a rule cannot use what it names."""

    DELETED = "DELETED"
    NOT_ASSIGNABLE = "NOT_ASSIGNABLE"


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that a rule names: what it is, and at which place of the rule's input."""

    path: str
    kind: NodeKind
    row_id: UUID


@dataclass(frozen=True, slots=True)
class BrokenReference:
    """A reference that leads to nothing a rule can use.

    `name` is None, and `reason` as well, where there never was such a row.
    """

    reference: Reference
    name: str | None
    reason: RuleProblemReason | None


def fetch_by(reader: Reader) -> Fetch:
    """Return what fetches rows by a connection, or within an act."""

    async def fetch(statement: Select[Any]) -> Sequence[Row[Any]]:
        rows: Sequence[Row[Any]] = (await reader.execute(statement)).all()
        return rows

    return fetch


def references_of(blocks: Mapping[str, Block]) -> list[Reference]:
    """Return what blocks name, in their order. Their keys are the names they have in inputs."""
    found: list[Reference] = []
    for name, block in blocks.items():
        for place, item in enumerate(block.items):
            named = _in_condition(item) if isinstance(item, Condition) else _in_action(item)
            found += [
                Reference(f"{name}.{place}.{field}", kind, row_id) for field, kind, row_id in named
            ]
    return found


async def find_broken(
    fetch: Fetch, brand_id: UUID, references: Sequence[Reference]
) -> list[BrokenReference]:
    """Return those references that rules of the brand cannot use, one statement for each kind."""
    ids: dict[NodeKind, set[UUID]] = defaultdict(set)
    for reference in references:
        ids[reference.kind].add(reference.row_id)
    rows = {
        (kind, row.id): row
        for kind, row_ids in ids.items()
        for row in await fetch(_statement(kind, row_ids, brand_id))
    }
    broken = []
    for reference in references:
        row = rows.get((reference.kind, reference.row_id))
        if row is None:
            broken.append(BrokenReference(reference, None, None))
        elif row.reason is not None:
            broken.append(BrokenReference(reference, row.name, RuleProblemReason(row.reason)))
    return broken


def _in_condition(condition: Condition) -> Iterator[tuple[str, NodeKind, UUID]]:
    field = CONDITION_VALUES.get(condition.kind)
    if field is not None and field.refers_to is not None:
        for place, value in enumerate(condition.values):
            yield f"{field.name}.{place}", field.refers_to, UUID(value)
    if condition.rule_id is not None:
        yield "ruleId", NodeKind.RULE, condition.rule_id


def _in_action(action: Action) -> Iterator[tuple[str, NodeKind, UUID]]:
    for field, kind, row_id in (
        ("tagId", NodeKind.TAG, action.tag_id),
        ("teamId", NodeKind.TEAM, action.team_id),
        ("agentId", NodeKind.AGENT, action.agent_id),
    ):
        if row_id is not None:
            yield field, kind, row_id


def _statement(kind: NodeKind, ids: set[UUID], brand_id: UUID) -> Select[Any]:
    """Select (id, name, reason); another brand's topics and rules are as if they were not."""
    match kind:
        case NodeKind.TAG:
            return _select(Tag, ids, (Tag.deleted_at.is_not(None), RuleProblemReason.DELETED))
        case NodeKind.TEAM:
            return _select(
                Team,
                ids,
                (Team.deleted_at.is_not(None), RuleProblemReason.DELETED),
                (~team_is_assignable(brand_id), RuleProblemReason.NOT_ASSIGNABLE),
            )
        case NodeKind.TOPIC:
            deleted = (Topic.deleted_at.is_not(None), RuleProblemReason.DELETED)
            return _select(Topic, ids, deleted).where(Topic.brand_id == brand_id)
        case NodeKind.RULE:
            deleted = (Rule.deleted_at.is_not(None), RuleProblemReason.DELETED)
            return _select(Rule, ids, deleted).where(Rule.brand_id == brand_id)
        case NodeKind.AGENT:
            gone = (~agent_is_assignable(brand_id), RuleProblemReason.NOT_ASSIGNABLE)
            return _select(Agent, ids, gone)
    raise ValueError(kind)


def _select(
    model: Any, ids: set[UUID], *reasons: tuple[ColumnElement[bool], RuleProblemReason]
) -> Select[Any]:
    whens = [(clause, literal(reason.value)) for clause, reason in reasons]
    return select(model.id, model.name, case(*whens).label("reason")).where(model.id.in_(ids))
