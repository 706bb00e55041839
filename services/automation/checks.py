"""Checks of what admins say a rule is to be: each part by itself, and all of them together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from core.errors import FieldErrorCode, FieldProblem
from core.text import fold
from models.base import FREE_TEXT_CHARACTERS, NAME_CHARACTERS
from models.rules import RuleActionKind, RuleConditionKind, RuleTrigger
from services.automation.definitions import Action, Condition
from services.automation.limits import MESSAGES_MAXIMUM
from services.automation.placeholders import unknown_in
from services.automation.references import Reader, fetch_by, find_broken, references_of
from services.automation.shapes import (
    ACTION_MAY_HAVE,
    ACTION_NEEDS,
    CONDITION_VALUES,
    Block,
    makes_sense,
)
from services.validation import InputCheck

CONDITIONS_MAXIMUM = 20  # of both blocks together: each is looked at after every event
ACTIONS_MAXIMUM = 20
VALUES_MAXIMUM = 50  # as many tags as a ticket can have
TEXTS_MAXIMUM = 100  # of a rule, which are looked for in each message while its customer waits
RUNS_HOURS_MAXIMUM = 720  # thirty days; who asks for more asks for ever
RUNS_MINIMUM_MAXIMUM = 100
ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class GivenCondition:
    """A condition as it was given: `values` by the names of their fields, absent ones left out."""

    kind: RuleConditionKind
    is_not: bool = False
    values: Mapping[str, Sequence[str | StrEnum | UUID]] = field(default_factory=dict)
    rule_id: UUID | None = None
    hours: int | None = None
    minimum: int | None = None


@dataclass(frozen=True, slots=True)
class GivenAction:
    """An action as it was given: `values` by the names of their fields, absent ones left out."""

    kind: RuleActionKind
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GivenRule:
    """What a rule is to do, and when, as it was given."""

    trigger: RuleTrigger
    on_agent_tickets: bool
    all_of: Sequence[GivenCondition]
    any_of: Sequence[GivenCondition]
    actions: Sequence[GivenAction]

    def blocks(self) -> dict[str, Sequence[Any]]:
        """Return the blocks by the names that they have in inputs."""
        return {"allOf": self.all_of, "anyOf": self.any_of, "actions": self.actions}


class DraftCheck(InputCheck):
    """Names what is refused of a draft as it stands in the arguments of `ruleSimulate`."""

    def refuse(
        self,
        field: str,
        code: FieldErrorCode,
        limit: int | None = None,
        actual: int | None = None,
    ) -> None:
        """Note that a field of the draft is refused."""
        path = ("draft", *field.split("."))
        self.problems.append(FieldProblem(path, code, limit, actual))


def clean_name(check: InputCheck, name: str | None) -> str:
    """Return the name of a rule."""
    return check.line("name", name, NAME_CHARACTERS)


def clean_blocks(
    check: InputCheck, trigger: RuleTrigger, given: Mapping[str, Sequence[Any] | None]
) -> dict[str, Block]:
    """Return those of the blocks `allOf`, `anyOf` and `actions` that were given, each checked."""
    blocks = {}
    for name, items in given.items():
        maximum = ACTIONS_MAXIMUM if name == "actions" else CONDITIONS_MAXIMUM
        clean = _action if name == "actions" else _condition
        few = _few(check, name, items or (), maximum)
        cleaned = [clean(check, f"{name}.{place}", trigger, item) for place, item in enumerate(few)]
        blocks[name] = Block(tuple(cleaned))
    return blocks


def check_whole(check: InputCheck, all_of: Block, any_of: Block, actions: Block) -> None:
    """Refuse a rule that would always match, one that would do nothing, and one too large."""
    count = len(all_of.items) + len(any_of.items)
    if not count:
        check.refuse("allOf", FieldErrorCode.REQUIRED)
    if count > CONDITIONS_MAXIMUM:
        check.refuse("allOf", FieldErrorCode.TOO_LONG, CONDITIONS_MAXIMUM, count)
    texts = sum(
        len(condition.values)
        for condition in (*all_of.items, *any_of.items)
        if condition.kind is RuleConditionKind.TEXT_CONTAINS
    )
    if texts > TEXTS_MAXIMUM:
        check.refuse("allOf", FieldErrorCode.TOO_LONG, TEXTS_MAXIMUM, texts)
    messages = sum(action.kind is RuleActionKind.SEND_MESSAGE for action in actions.items)
    if messages > MESSAGES_MAXIMUM:  # it could never run
        check.refuse("actions", FieldErrorCode.TOO_LONG, MESSAGES_MAXIMUM, messages)
    if not actions.items:
        check.refuse("actions", FieldErrorCode.REQUIRED)


async def check_references(
    reader: Reader, check: InputCheck, brand_id: UUID, blocks: Mapping[str, Block]
) -> None:
    """Refuse what does not exist, and what tickets of the brand cannot be given."""
    for broken in await find_broken(fetch_by(reader), brand_id, references_of(blocks)):
        check.refuse(broken.reference.path, FieldErrorCode.UNKNOWN_REFERENCE)


def _condition(
    check: InputCheck, where: str, trigger: RuleTrigger, given: GivenCondition
) -> Condition:
    if not makes_sense(trigger, given.kind):
        check.refuse(f"{where}.kind", FieldErrorCode.NOT_ALLOWED_VALUE)
    taken = CONDITION_VALUES.get(given.kind)
    for name in given.values:
        if taken is None or name != taken.name:
            check.refuse(f"{where}.{name}", FieldErrorCode.NOT_ALLOWED_VALUE)
    values: tuple[str, ...] = ()
    if taken is not None:
        values = _values(check, f"{where}.{taken.name}", given.values.get(taken.name, ()))
        # Who has only deleted ones left must not come to mean any at all.
        is_emptied = taken.refers_to is not None and taken.name in given.values
        if not values and (taken.is_required or is_emptied):
            check.refuse(f"{where}.{taken.name}", FieldErrorCode.REQUIRED)
    _check_run_count(check, where, given)
    return Condition(given.kind, given.is_not, values, given.rule_id, given.hours, given.minimum)


def _values(
    check: InputCheck, where: str, given: Sequence[str | StrEnum | UUID]
) -> tuple[str, ...]:
    few = _few(check, where, given, VALUES_MAXIMUM)
    return tuple(_value(check, f"{where}.{place}", value) for place, value in enumerate(few))


def _value(check: InputCheck, where: str, value: str | StrEnum | UUID) -> str:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, StrEnum):
        return value.value
    cleaned = check.line(where, value, NAME_CHARACTERS)
    if cleaned and not fold(cleaned):
        check.refuse(where, FieldErrorCode.REQUIRED)
    return cleaned


def _check_run_count(check: InputCheck, where: str, given: GivenCondition) -> None:
    if given.kind is RuleConditionKind.RUN_COUNT:
        _check_range(check, f"{where}.hours", given.hours, RUNS_HOURS_MAXIMUM)
        _check_range(check, f"{where}.minimum", given.minimum, RUNS_MINIMUM_MAXIMUM)
        return
    counted = {"ruleId": given.rule_id, "hours": given.hours, "minimum": given.minimum}
    if given.kind is RuleConditionKind.RAN_SINCE:
        del counted["ruleId"]
    for name, value in counted.items():
        if value is not None:
            check.refuse(f"{where}.{name}", FieldErrorCode.NOT_ALLOWED_VALUE)


def _check_range(check: InputCheck, where: str, value: int | None, maximum: int) -> None:
    if value is None:
        check.refuse(where, FieldErrorCode.REQUIRED)
    elif not 1 <= value <= maximum:
        check.refuse(where, FieldErrorCode.OUT_OF_RANGE, min(max(value, 1), maximum), value)


def _action(check: InputCheck, where: str, trigger: RuleTrigger, given: GivenAction) -> Action:
    if not makes_sense(trigger, given.kind):
        check.refuse(f"{where}.kind", FieldErrorCode.NOT_ALLOWED_VALUE)
    needed = ACTION_NEEDS.get(given.kind)
    if needed is not None and needed not in given.values:
        check.refuse(f"{where}.{needed}", FieldErrorCode.REQUIRED)
    for name in given.values:
        if name != needed and name not in ACTION_MAY_HAVE.get(given.kind, ()):
            check.refuse(f"{where}.{name}", FieldErrorCode.NOT_ALLOWED_VALUE)
    values = dict(given.values)
    if given.kind is RuleActionKind.NOTIFY and {"teamId", "agentId"} <= values.keys():
        check.refuse(f"{where}.agentId", FieldErrorCode.NOT_ALLOWED_VALUE)
    if needed == "text" and "text" in values:
        values["text"] = _text(check, f"{where}.text", values["text"])
    return Action(
        given.kind,
        text=values.get("text"),
        value=values.get("status") or values.get("priority"),
        tag_id=values.get("tagId"),
        team_id=values.get("teamId"),
        agent_id=values.get("agentId"),
    )


def _text(check: InputCheck, where: str, text: str) -> str:
    cleaned = check.text(where, text, FREE_TEXT_CHARACTERS)
    if unknown_in(cleaned):
        check.refuse(where, FieldErrorCode.UNKNOWN_REFERENCE)
    return cleaned


def _few(check: InputCheck, where: str, given: Sequence[ItemT], maximum: int) -> Sequence[ItemT]:
    if len(given) > maximum:
        check.refuse(where, FieldErrorCode.TOO_LONG, maximum, len(given))
        return ()
    return given
