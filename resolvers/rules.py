"""Rules as agents and admins see them, and what admins do with them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, select, true

from core.ids import NodeKind
from models.agents import Agent
from models.base import Columns, project
from models.brands import Brand
from models.rules import Rule, RuleConditionKind, RuleTrigger, visible_to
from models.tags import Tag
from models.teams import Team
from models.topics import Topic
from resolvers.access import require_signed_in
from resolvers.audiences import same_for_audience
from resolvers.batches import rows_by_id
from resolvers.global_ids import optional_row_id, row_id_of
from resolvers.links import linked_ids
from resolvers.scope import Batch, Scope
from services import rules
from services.automation.references import BrokenReference, find_broken, references_of
from services.automation.shapes import CONDITION_VALUES
from services.changes import Edit
from services.rules import NewRule, blocks_of

# A condition as its kind and its values.
ValuesKey = tuple[RuleConditionKind, tuple[str, ...]]

by_id = rows_by_id(Rule, visible_to)

# Who sees a rule sees what it names, as long as that is there.
tag_of = rows_by_id(Tag, lambda _viewer: Tag.deleted_at.is_(None))
team_of = rows_by_id(Team, lambda _viewer: Team.deleted_at.is_(None))
topic_of = rows_by_id(Topic, lambda _viewer: Topic.deleted_at.is_(None))
agent_of = rows_by_id(Agent, lambda _viewer: true())


def _named_by_values(kind: NodeKind, by_ids: Batch) -> Batch:
    """Return the batch function that loads what the values of conditions are ids of."""

    @same_for_audience
    async def by_values(
        scope: Scope, keys: Sequence[ValuesKey], _arguments: None, columns: Columns
    ) -> Mapping[ValuesKey, Sequence[Row[Any]]]:
        ids = {key: [UUID(value) for value in key[1]] for key in keys if _refers_to(key, kind)}
        wanted = {row_id for named in ids.values() for row_id in named}
        if not wanted:
            return {}
        rows = await by_ids(scope, list(wanted), None, columns)
        return {key: [rows[each] for each in named if each in rows] for key, named in ids.items()}

    return by_values


def _refers_to(key: ValuesKey, kind: NodeKind) -> bool:
    field = CONDITION_VALUES.get(key[0])
    return field is not None and field.refers_to is kind


tags_of = _named_by_values(NodeKind.TAG, tag_of)
teams_of = _named_by_values(NodeKind.TEAM, team_of)
topics_of = _named_by_values(NodeKind.TOPIC, topic_of)
agents_of = _named_by_values(NodeKind.AGENT, agent_of)


@same_for_audience
async def problems_of(
    scope: Scope, rule_ids: Sequence[UUID], _arguments: None, _columns: Columns
) -> Mapping[UUID, Sequence[BrokenReference]]:
    """Return what rules name that they cannot use any more: some statements for each brand."""
    parts = select(Rule.id, Rule.brand_id, Rule.all_of, Rule.any_of, Rule.actions)
    of_brands: dict[UUID, dict[UUID, Any]] = defaultdict(dict)
    for row in await scope.fetch(parts.where(Rule.id.in_(rule_ids))):
        of_brands[row.brand_id][row.id] = references_of(blocks_of(row))
    found: dict[UUID, Sequence[BrokenReference]] = {}
    for brand_id, of_rules in of_brands.items():
        references = [each for named in of_rules.values() for each in named]
        broken = {
            (each.reference.kind, each.reference.row_id): each
            for each in await find_broken(scope.fetch, brand_id, references)
        }
        found |= {
            rule_id: [
                BrokenReference(each, known.name, known.reason)
                for each in named
                if (known := broken.get((each.kind, each.row_id)))
            ]
            for rule_id, named in of_rules.items()
        }
    return found


async def listed(
    scope: Scope, brand_id: str | None, trigger: RuleTrigger | None, columns: Columns
) -> Sequence[Row[Any]]:
    """Return the rules of a brand, or of all the viewer's brands, in the order they are tried."""
    require_signed_in(scope.viewer)
    row_id = optional_row_id(brand_id, NodeKind.BRAND, "brandId")
    statement = (
        select(*project(Rule, columns))
        .join(Brand, Brand.id == Rule.brand_id)
        .where(visible_to(scope.viewer))
        .order_by(Brand.name_key, _TRIGGER_RANK, Rule.position, Rule.id)
    )
    if row_id is not None:
        statement = statement.where(Rule.brand_id == row_id)
    if trigger is not None:
        statement = statement.where(Rule.trigger == trigger)
    return await scope.fetch(statement)


async def one(scope: Scope, rule_id: str, columns: Columns) -> Row[Any] | None:
    """Return the rule with this id, or None where the viewer sees none."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(rule_id, NodeKind.RULE, "id")
    found: Row[Any] | None = await scope.load(by_id, row_id, columns=columns)
    return found


async def create(scope: Scope, new: NewRule, idempotency_key: str | None) -> Rule:
    """Add a rule."""
    require_signed_in(scope.viewer)
    async with scope.unit_of_work() as work:
        return await rules.create(work, scope.viewer, new, idempotency_key=idempotency_key)


async def update(
    scope: Scope, rule_id: str, expected_version: int, wanted: Mapping[str, Any]
) -> tuple[Rule, Edit]:
    """Edit a rule; return it and what others had changed meanwhile."""
    require_signed_in(scope.viewer)
    row_id = _row_id(rule_id)
    async with scope.unit_of_work() as work:
        return await rules.update(work, scope.viewer, row_id, expected_version, wanted)


async def delete(scope: Scope, rule_id: str) -> None:
    """Delete a rule."""
    require_signed_in(scope.viewer)
    row_id = _row_id(rule_id)
    async with scope.unit_of_work() as work:
        await rules.remove(work, scope.viewer, row_id)


async def reorder(
    scope: Scope, brand_id: str, trigger: RuleTrigger, rule_ids: Sequence[str]
) -> Sequence[Rule]:
    """Put the rules of a brand and trigger into another order."""
    require_signed_in(scope.viewer)
    row_id = row_id_of(brand_id, NodeKind.BRAND, "input", "brandId")
    ids = linked_ids(rule_ids, NodeKind.RULE, "ruleIds")
    async with scope.unit_of_work() as work:
        return await rules.reorder(work, scope.viewer, row_id, trigger, ids)


async def resume(scope: Scope, rule_id: str) -> Rule:
    """Let a paused rule go on."""
    require_signed_in(scope.viewer)
    row_id = _row_id(rule_id)
    async with scope.unit_of_work() as work:
        return await rules.resume(work, scope.viewer, row_id)


_RANKS = {trigger: rank for rank, trigger in enumerate(RuleTrigger)}
_TRIGGER_RANK = case(_RANKS, value=Rule.trigger)


def _row_id(rule_id: str) -> UUID:
    return row_id_of(rule_id, NodeKind.RULE, "input", "ruleId")
