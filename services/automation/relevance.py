"""Whether events can concern a rule at all, however their ticket stands. It reads no table.

Most of what happens concerns none: the answer that a rule sends, a tag that it adds. To find that
out takes no lock, and nothing but the events.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from models.event_records import EventRecord
from models.rules import RuleConditionKind, RuleTrigger
from services.automation.conditions import may_match
from services.automation.facts import Facts, Person, Words
from services.automation.foresight import Foreseen
from services.automation.happenings import Happening
from services.automation.rulebook import Rulebook, TriedRule
from services.automation.triggers import is_agent_ticket

_SOMEBODY = Person("", has_email=False, has_phone=False)


def may_concern(
    book: Rulebook, ticket: Any, events: Sequence[EventRecord], words: Mapping[UUID, Words]
) -> bool:
    """Tell whether a rule may have to be tried after one of these events.

    `ticket` is its row, or one of those columns of it that `Facts.of` takes.
    """
    return any(
        # What was expected of rules is to be settled, whatever they say by now.
        Foreseen.at(event) is not None or any(_that_may_match(book, ticket, event, words))
        for event in events
    )


def acts_may_concern(book: Rulebook, acts: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether what rules did on a ticket may be an update that a rule waits for.

    Most rules for updates wait for certain fields to change, and most of what rules do changes
    others.
    """
    changed = {change["field"] for act in acts for change in act.get("changes", ())}
    return any(not _waits_for_others(rule, changed) for rule in book.of(RuleTrigger.UPDATED))


def _waits_for_others(rule: TriedRule, changed: Collection[str]) -> bool:
    """Tell whether a rule wants some field to change that did not."""
    return any(
        condition.kind is RuleConditionKind.CHANGED
        and not condition.is_not
        and (not changed or (condition.values and set(condition.values).isdisjoint(changed)))
        for condition in rule.definition.all_of
    )


def _that_may_match(
    book: Rulebook, ticket: Any, event: EventRecord, words: Mapping[UUID, Words]
) -> Iterator[TriedRule]:
    """Give the rules that may match after an event."""
    happening = Happening.of(event, ticket.channel, words)
    if happening.trigger is None:
        return
    facts = happening.added_to(Facts.of(ticket, event.occurred_at, _SOMEBODY, ()))
    is_agents = is_agent_ticket(ticket.channel)
    rules = book.tried_after(happening.trigger, is_agent_ticket=is_agents)
    yield from (rule for rule in rules if may_match(rule, facts))
