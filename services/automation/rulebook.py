"""The rules of a brand, as they are tried."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from models.rules import Rule, RuleActionKind, RuleConditionKind, RuleTrigger
from services.automation.definitions import Action, Condition, Definition

Reader = AsyncConnection | AsyncSession

# Every message that comes in reads the rules of its brand, so what was read is kept: the newest of
# as many rules as forty brands may have.
KEPT_RULES = 4_000

# Rules are tried a moment after a message; where they failed, several times within the hour.
MESSAGE_WAITS_HOURS = 1

_kept: dict[tuple[UUID, int], "TriedRule"] = {}


@dataclass(frozen=True, slots=True)
class TriedRule:
    """A rule as it is tried; one that was never saved has no id, and version 0."""

    trigger: RuleTrigger
    definition: Definition
    on_agent_tickets: bool = False
    id: UUID | None = None
    version: int = 0

    @classmethod
    def of(cls, rule: Any) -> Self:
        """Return a saved rule, or a row of its columns, as it is tried."""
        return cls(
            trigger=rule.trigger,
            definition=Definition(
                tuple(Condition.from_payload(each) for each in rule.all_of),
                tuple(Condition.from_payload(each) for each in rule.any_of),
                tuple(Action.from_payload(each) for each in rule.actions),
            ),
            on_agent_tickets=rule.on_agent_tickets,
            id=rule.id,
            version=rule.version,
        )

    @property
    def conditions(self) -> Iterator[Condition]:
        """The conditions of both blocks."""
        yield from self.definition.all_of
        yield from self.definition.any_of


class Rulebook:
    """The rules of a brand that are in force, in the order in which they are tried."""

    def __init__(self, rules: Sequence[TriedRule]) -> None:
        self._rules = rules

    def of(self, trigger: RuleTrigger) -> list[TriedRule]:
        """Return the rules of a trigger."""
        return [rule for rule in self._rules if rule.trigger is trigger]

    def tried_after(self, trigger: RuleTrigger, *, is_agent_ticket: bool) -> list[TriedRule]:
        """Return the rules of a trigger, without those that leave agents' own tickets alone."""
        return [rule for rule in self.of(trigger) if rule.on_agent_tickets or not is_agent_ticket]

    def has_action(self, *kinds: RuleActionKind) -> bool:
        """Tell whether a rule does one of these."""
        return any(
            action.kind in kinds for rule in self._rules for action in rule.definition.actions
        )

    def doing(self, kinds: Collection[RuleActionKind]) -> set[UUID | None]:
        """Return the ids of the rules that do one of these."""
        return {
            rule.id
            for rule in self._rules
            if any(action.kind in kinds for action in rule.definition.actions)
        }

    @cached_property
    def counted_hours(self) -> int:
        """For how many hours conditions look at runs; 0 where none does."""
        return max(hours_counted(self._rules), default=0)


def hours_counted(rules: Iterable[TriedRule]) -> Iterator[int]:
    """Give how far all conditions that look at runs look back."""
    for rule in rules:
        for condition in rule.conditions:
            if condition.kind is RuleConditionKind.RUN_COUNT and condition.hours is not None:
                yield condition.hours
            if condition.kind is RuleConditionKind.RAN_SINCE:
                yield MESSAGE_WAITS_HOURS


def in_force(brand_id: ColumnElement[UUID] | UUID) -> ColumnElement[bool]:
    """Limit rules to those of a brand that are to be tried."""
    return and_(
        Rule.brand_id == brand_id,
        Rule.enabled,
        Rule.paused_at.is_(None),
        Rule.deleted_at.is_(None),
    )


async def read_rulebook(
    reader: Reader, brand_id: UUID, triggers: Collection[RuleTrigger] = tuple(RuleTrigger)
) -> Rulebook:
    """Read the rules of a brand that are in force: what they say, only if that is not known yet."""
    found = await reader.execute(
        select(Rule.id, Rule.version)
        .where(in_force(brand_id), Rule.trigger.in_(triggers))
        .order_by(Rule.position, Rule.id)
    )
    places = [(row.id, row.version) for row in found]
    known = {place: _kept[place] for place in places if place in _kept}
    unknown = [rule_id for rule_id, version in places if (rule_id, version) not in known]
    if unknown:
        known |= await _read(reader, unknown)
    # One that was changed or deleted between the two reads is tried from the next event on.
    return Rulebook([known[place] for place in places if place in known])


async def _read(reader: Reader, rule_ids: Collection[UUID]) -> Mapping[tuple[UUID, int], TriedRule]:
    rows = await reader.execute(select(Rule.__table__).where(Rule.id.in_(rule_ids)))
    rules = {(row.id, row.version): TriedRule.of(row) for row in rows}
    while _kept and len(_kept) + len(rules) > KEPT_RULES:
        del _kept[next(iter(_kept))]
    _kept.update(rules)
    return rules
