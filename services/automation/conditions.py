"""Whether a rule matches. Nothing here reads a table."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from core.text import fold
from models.rules import RuleConditionKind
from services.automation.definitions import Condition
from services.automation.facts import Facts, Words
from services.automation.outcomes import CheckedCondition, ConditionBlock
from services.automation.rulebook import TriedRule

# What these find stands in the event, or never changes, whatever becomes of the ticket.
_FIXED = frozenset(
    {
        RuleConditionKind.CHANNEL,
        RuleConditionKind.FIRST_CONTACT,
        RuleConditionKind.PROFILE_HAS_CLAIM,
        RuleConditionKind.TEXT_CONTAINS,
        RuleConditionKind.TEXT_HAS_EMAIL,
        RuleConditionKind.TEXT_HAS_PHONE,
        RuleConditionKind.CHANGED,
    }
)


class _Look(NamedTuple):
    """What a condition found, and whether that is what it looked for."""

    saw: tuple[str, ...]
    is_there: bool


def matches(rule: TriedRule, facts: Facts) -> bool:
    """Tell whether all of the one block hold, and one of the other; an empty block holds."""
    definition = rule.definition
    return all(_check(each, facts, rule.id)[0] for each in definition.all_of) and (
        not definition.any_of or any(_check(each, facts, rule.id)[0] for each in definition.any_of)
    )


def may_match(rule: TriedRule, facts: Facts) -> bool:
    """Tell whether a rule may match, seen by nothing but the event: see _FIXED."""

    def may_hold(condition: Condition) -> bool:
        return condition.kind not in _FIXED or _check(condition, facts, rule.id)[0]

    definition = rule.definition
    return all(map(may_hold, definition.all_of)) and (
        not definition.any_of or any(map(may_hold, definition.any_of))
    )


def check(rule: TriedRule, facts: Facts) -> list[CheckedCondition]:
    """Return each condition of a rule with whether it holds, and what it saw."""
    blocks = (
        (ConditionBlock.ALL, rule.definition.all_of),
        (ConditionBlock.ANY, rule.definition.any_of),
    )
    return [
        CheckedCondition(condition, block, *_check(condition, facts, rule.id))
        for block, conditions in blocks
        for condition in conditions
    ]


def _check(
    condition: Condition, facts: Facts, rule_id: UUID | None
) -> tuple[bool, tuple[str, ...] | None]:
    look = _LOOKS[condition.kind](condition, facts, rule_id)
    if look is None:
        return False, None
    return look.is_there is not condition.is_not, look.saw


def _one_of(condition: Condition, *present: str) -> _Look:
    """Look for one of the values among what is present; without values for anything."""
    if not condition.values:
        return _Look(present, bool(present))
    return _Look(present, not set(present).isdisjoint(condition.values))


def _reference(condition: Condition, row_id: UUID | None) -> _Look:
    return _one_of(condition, *([] if row_id is None else [row_id.hex]))


def _yes(answer: bool) -> _Look:  # noqa: FBT001  # it is what is looked at
    return _Look(("true" if answer else "false",), answer)


def _found(*texts: str) -> _Look:
    return _Look(texts, bool(texts))


def _containing(condition: Condition, words: Words) -> Iterator[str]:
    """Give the texts that stand in what was written, whatever their case and accents."""
    return (text for text in condition.values if _folded(text) in words.folded)


# Every text of a busy brand. To fold them anew for each event took many times as long as to look.
@lru_cache(maxsize=10_000)
def _folded(text: str) -> str:
    return fold(text)


def _in_message(look: Callable[[Condition, Words], _Look]) -> "_Looking":
    def in_message(condition: Condition, facts: Facts, _rule_id: UUID | None) -> _Look | None:
        return None if facts.message is None else look(condition, facts.message)

    return in_message


def _run_count(condition: Condition, facts: Facts, rule_id: UUID | None) -> _Look:
    counted = condition.rule_id or rule_id
    since = facts.now - timedelta(hours=condition.hours or 0)
    count = sum(
        run.rule_id == counted and run.changed and run.started_at > since for run in facts.runs
    )
    return _Look((str(count),), count >= (condition.minimum or 0))


def _ran_since(condition: Condition, facts: Facts, rule_id: UUID | None) -> _Look | None:
    """Look for runs after the message: what somebody wrote before a question is no answer to it."""
    if facts.message is None:
        return None
    meant, since = condition.rule_id or rule_id, facts.message.created_at
    return _yes(
        since is not None
        and any(
            run.rule_id == meant and run.changed and run.started_at > since for run in facts.runs
        )
    )


_Looking = Callable[[Condition, Facts, UUID | None], _Look | None]

_LOOKS: dict[RuleConditionKind, _Looking] = {
    RuleConditionKind.CHANNEL: lambda one, facts, _: _one_of(one, facts.channel.value),
    RuleConditionKind.FIRST_CONTACT: _in_message(lambda _, words: _yes(words.is_first_contact)),
    RuleConditionKind.PROFILE_LINKED: lambda _c, facts, _: _yes(facts.person.is_linked),
    RuleConditionKind.PROFILE_HAS_CLAIM: _in_message(lambda _, words: _yes(bool(words.kept))),
    RuleConditionKind.CUSTOMER_HAS_EMAIL: lambda _c, facts, _: _yes(facts.person.has_email),
    RuleConditionKind.CUSTOMER_HAS_PHONE: lambda _c, facts, _: _yes(facts.person.has_phone),
    RuleConditionKind.TEXT_CONTAINS: _in_message(
        lambda one, words: _found(*_containing(one, words))
    ),
    RuleConditionKind.TEXT_HAS_EMAIL: _in_message(lambda _, words: _found(*words.emails)),
    RuleConditionKind.TEXT_HAS_PHONE: _in_message(lambda _, words: _found(*words.phones)),
    RuleConditionKind.TAG: lambda one, facts, _: _one_of(
        one, *sorted(tag_id.hex for tag_id in facts.tag_ids)
    ),
    RuleConditionKind.STATUS: lambda one, facts, _: _one_of(one, facts.status.value),
    RuleConditionKind.TEAM: lambda one, facts, _: _reference(one, facts.team_id),
    RuleConditionKind.TOPIC: lambda one, facts, _: _reference(one, facts.topic_id),
    RuleConditionKind.PRIORITY: lambda one, facts, _: _one_of(one, facts.priority.value),
    RuleConditionKind.ASSIGNED: lambda one, facts, _: _reference(one, facts.assignee_id),
    RuleConditionKind.CHANGED: lambda one, facts, _: _one_of(one, *sorted(facts.changed)),
    RuleConditionKind.RUN_COUNT: _run_count,
    RuleConditionKind.RAN_SINCE: _ran_since,
}
