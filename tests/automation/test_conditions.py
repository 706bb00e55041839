"""What conditions see, and when they hold. No desk is needed for that."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.ids import new_id
from models.channels import Channel
from models.rules import RuleConditionKind as Kind
from models.rules import RuleTrigger
from models.tickets import TicketPriority, TicketStatus
from services.automation.conditions import check, matches, may_match
from services.automation.definitions import Condition, Definition
from services.automation.facts import Facts, PastRun, Person, Words
from services.automation.outcomes import CheckedCondition, ConditionBlock
from services.automation.rulebook import TriedRule

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
RULE, OTHER_RULE, TAG, TEAM, TOPIC, AGENT = (new_id() for _ in range(6))


def an_hour_ago(hours: int, rule: Any = RULE, *, changed: bool = True) -> PastRun:
    return PastRun(rule, new_id(), NOON - timedelta(hours=hours), changed)


FACTS = Facts(
    now=NOON,
    channel=Channel.TELEGRAM,
    status=TicketStatus.PENDING,
    priority=TicketPriority.HIGH,
    person=Person("Acme", has_email=True, has_phone=False),
    team_id=TEAM,
    topic_id=TOPIC,
    tag_ids=frozenset({TAG}),
    message=Words(
        None,
        "Adresim ALİ@ornek.com'dur. Παρακαλώ, ΤΗΛΈΦΩΝΟ: +90 532 123 45 67",
        is_first_contact=True,
        language="tr",
    ),
    changed=frozenset({"status", "tags"}),
    runs=(
        an_hour_ago(1),
        an_hour_ago(23),
        an_hour_ago(25),
        an_hour_ago(2, changed=False),
        an_hour_ago(3, OTHER_RULE),
    ),
)


def rule(*all_of: Condition, any_of: tuple[Condition, ...] = ()) -> TriedRule:
    return TriedRule(RuleTrigger.INCOMING, Definition(all_of, any_of), id=RULE)


def seen(condition: Condition, facts: Facts = FACTS) -> tuple[bool, tuple[str, ...] | None]:
    (checked,) = check(rule(condition), facts)
    assert matches(rule(condition), facts) is checked.holds
    return checked.holds, checked.saw


SEEN: dict[str, tuple[Condition, tuple[str, ...]]] = {
    "one of the channels": (Condition(Kind.CHANNEL, values=("VIBER", "TELEGRAM")), ("TELEGRAM",)),
    "a first contact": (Condition(Kind.FIRST_CONTACT), ("true",)),
    "an address": (Condition(Kind.CUSTOMER_HAS_EMAIL), ("true",)),
    "no number": (Condition(Kind.CUSTOMER_HAS_PHONE, is_not=True), ("false",)),
    "a text in capitals": (Condition(Kind.TEXT_CONTAINS, values=("ADRESIM", "x")), ("ADRESIM",)),
    "a text in Greek": (Condition(Kind.TEXT_CONTAINS, values=("παρακαλω",)), ("παρακαλω",)),
    "no such text": (Condition(Kind.TEXT_CONTAINS, values=("telefon",), is_not=True), ()),
    "a number in the text": (Condition(Kind.TEXT_HAS_PHONE), ("+905321234567",)),
    "a tag": (Condition(Kind.TAG, values=(TAG.hex,)), (TAG.hex,)),
    "no such tag": (Condition(Kind.TAG, values=(RULE.hex,), is_not=True), (TAG.hex,)),
    "a status": (Condition(Kind.STATUS, values=("PENDING",)), ("PENDING",)),
    "another priority": (Condition(Kind.PRIORITY, values=("LOW",), is_not=True), ("HIGH",)),
    "a team": (Condition(Kind.TEAM, values=(TEAM.hex,)), (TEAM.hex,)),
    "a topic": (Condition(Kind.TOPIC, values=(TOPIC.hex,)), (TOPIC.hex,)),
    "nobody": (Condition(Kind.ASSIGNED, is_not=True), ()),
    "a change": (Condition(Kind.CHANGED, values=("tags", "title")), ("status", "tags")),
    "enough runs": (Condition(Kind.RUN_COUNT, hours=24, minimum=2), ("2",)),
    "too few runs": (Condition(Kind.RUN_COUNT, hours=24, minimum=3, is_not=True), ("2",)),
    "another's runs": (
        Condition(Kind.RUN_COUNT, rule_id=OTHER_RULE, hours=24, minimum=1),
        ("1",),
    ),
}


@pytest.mark.parametrize("what", SEEN)
def test_a_condition_holds_and_says_what_it_saw(what: str) -> None:
    condition, saw = SEEN[what]

    assert seen(condition) == (True, saw)
    assert seen(replace(condition, is_not=not condition.is_not)) == (False, saw)


def test_an_address_is_found_before_its_turkish_suffix() -> None:
    holds, saw = seen(Condition(Kind.TEXT_HAS_EMAIL))

    assert holds
    assert saw is not None
    assert saw[0].lower().endswith("@ornek.com")


@pytest.mark.parametrize("text", ["ISPARTA", "ısparta", "Isparta", "İSPARTA", "isparta"])
def test_letters_of_turkish_are_found_whatever_their_case(text: str) -> None:
    facts = replace(FACTS, message=Words(None, "Kargo Isparta’dan çıktı"))

    assert seen(Condition(Kind.TEXT_CONTAINS, values=(text,)), facts) == (True, (text,))


@pytest.mark.parametrize("is_not", [False, True])
@pytest.mark.parametrize(
    "kind", [Kind.FIRST_CONTACT, Kind.TEXT_CONTAINS, Kind.TEXT_HAS_EMAIL, Kind.TEXT_HAS_PHONE]
)
def test_what_looks_at_a_message_does_not_hold_without_one(kind: Kind, is_not: bool) -> None:  # noqa: FBT001
    facts = replace(FACTS, message=None)

    assert seen(Condition(kind, is_not=is_not, values=("x",)), facts) == (False, None)


YES = Condition(Kind.STATUS, values=("PENDING",))
NO = Condition(Kind.STATUS, values=("CLOSED",))


@pytest.mark.parametrize(
    ("all_of", "any_of", "holds"),
    [
        ((YES, YES), (), True),
        ((YES, NO), (), False),
        ((), (NO, YES), True),
        ((), (NO, NO), False),
        ((YES,), (NO, YES), True),
        ((NO,), (YES,), False),
        ((YES,), (NO,), False),
    ],
)
def test_a_rule_matches_where_both_blocks_hold(
    all_of: tuple[Condition, ...],
    any_of: tuple[Condition, ...],
    holds: bool,  # noqa: FBT001
) -> None:
    assert matches(rule(*all_of, any_of=any_of), FACTS) is holds


def test_what_is_kept_of_a_condition_is_read_back() -> None:
    checked = check(rule(YES, any_of=(Condition(Kind.RUN_COUNT, hours=1, minimum=1),)), FACTS)

    assert [CheckedCondition.from_payload(each.as_payload()) for each in checked] == checked
    assert [each.block for each in checked] == [ConditionBlock.ALL, ConditionBlock.ANY]


def test_by_its_event_alone_a_rule_is_left_out_only_where_nothing_could_make_it_match() -> None:
    said, unsaid = (Condition(Kind.TEXT_CONTAINS, values=(text,)) for text in ("adres", "iade"))
    untagged = Condition(Kind.TAG, is_not=True)

    assert not matches(rule(said, untagged), FACTS)
    assert may_match(rule(said, untagged), FACTS)
    assert may_match(rule(any_of=(unsaid, untagged)), FACTS)
    assert not may_match(rule(unsaid, untagged), FACTS)
    assert not may_match(rule(untagged, any_of=(unsaid,)), FACTS)
