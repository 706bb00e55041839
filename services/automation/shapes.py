"""Which values the kinds of conditions and actions take, and how the API calls them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from core.ids import NodeKind, encode_global_id
from models.rules import RuleActionKind, RuleConditionKind, RuleTrigger
from services.automation.definitions import Action, Condition


class TicketField(StrEnum):
    """A field of a ticket, by the name that its changes have in the log."""

    TITLE = "title"
    DESCRIPTION = "description"
    STATUS = "status"
    PRIORITY = "priority"
    TOPIC = "topic"
    TEAM = "team"
    ASSIGNEE = "assignee"
    TAGS = "tags"
    CUSTOMER = "customer"
    PROFILE = "profile"


@dataclass(frozen=True, slots=True)
class ValueField:
    """The field of inputs that gives the values of a condition, one of which is looked for.

    `refers_to` is what they are ids of, None where they are none. Without values a condition looks
    for anything at all; where they are required, that would always be there.
    """

    name: str
    refers_to: NodeKind | None = None
    is_required: bool = False


CONDITION_VALUES: Mapping[RuleConditionKind, ValueField] = {
    RuleConditionKind.CHANNEL: ValueField("channels", is_required=True),
    RuleConditionKind.TEXT_CONTAINS: ValueField("texts", is_required=True),
    RuleConditionKind.TAG: ValueField("tagIds", NodeKind.TAG),
    RuleConditionKind.STATUS: ValueField("statuses", is_required=True),
    RuleConditionKind.TEAM: ValueField("teamIds", NodeKind.TEAM),
    RuleConditionKind.TOPIC: ValueField("topicIds", NodeKind.TOPIC),
    RuleConditionKind.PRIORITY: ValueField("priorities", is_required=True),
    RuleConditionKind.ASSIGNED: ValueField("agentIds", NodeKind.AGENT),
    RuleConditionKind.CHANGED: ValueField("fields"),
}

# What an action needs, and what else it may be given, by the names of inputs.
ACTION_NEEDS: Mapping[RuleActionKind, str] = {
    RuleActionKind.SEND_MESSAGE: "text",
    RuleActionKind.ADD_TAG: "tagId",
    RuleActionKind.REMOVE_TAG: "tagId",
    RuleActionKind.SET_STATUS: "status",
    RuleActionKind.SET_PRIORITY: "priority",
    RuleActionKind.END_CHAT: "status",
    RuleActionKind.ADD_NOTE: "text",
    RuleActionKind.NOTIFY: "text",
}
ACTION_MAY_HAVE: Mapping[RuleActionKind, Sequence[str]] = {
    RuleActionKind.ASSIGN: ("teamId", "agentId"),
    RuleActionKind.NOTIFY: ("teamId", "agentId"),
}

# A customer's message changes no field, and what an agent does is nobody's first contact.
_SENSELESS: Mapping[RuleTrigger, frozenset[RuleConditionKind | RuleActionKind]] = {
    RuleTrigger.INCOMING: frozenset({RuleConditionKind.CHANGED}),
    RuleTrigger.UPDATED: frozenset({RuleConditionKind.FIRST_CONTACT, RuleActionKind.LINK_PROFILE}),
}


def makes_sense(trigger: RuleTrigger, kind: RuleConditionKind | RuleActionKind) -> bool:
    """Tell whether a condition can ever hold, or an action do anything, after this trigger."""
    return kind not in _SENSELESS[trigger]


@dataclass(frozen=True, slots=True)
class Block:
    """Conditions, or actions, edited as one field; as text, JSON that inputs would take."""

    items: tuple[Any, ...] = ()

    def __str__(self) -> str:
        shown = [
            _shown_condition(item) if isinstance(item, Condition) else _shown_action(item)
            for item in self.items
        ]
        return orjson.dumps(shown).decode()

    def as_json(self) -> list[dict[str, Any]]:
        """Return the shape in which the block is kept."""
        return [item.as_payload() for item in self.items]


def _shown_condition(condition: Condition) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": condition.kind, "isNot": condition.is_not}
    field = CONDITION_VALUES.get(condition.kind)
    if field is not None:
        shown[field.name] = [_shown_value(field, value) for value in condition.values]
    shown["ruleId"] = _shown_id(NodeKind.RULE, condition.rule_id)
    shown |= {"hours": condition.hours, "minimum": condition.minimum}
    return _without_nulls(shown)


def _shown_value(field: ValueField, value: str) -> str | None:
    if field.refers_to is not None:
        return _shown_id(field.refers_to, UUID(value))
    return TicketField(value).name if field.name == "fields" else value


def _shown_action(action: Action) -> dict[str, Any]:
    needed = ACTION_NEEDS.get(action.kind)
    shown: dict[str, Any] = {
        "kind": action.kind,
        "text": action.text,
        "tagId": _shown_id(NodeKind.TAG, action.tag_id),
        "teamId": _shown_id(NodeKind.TEAM, action.team_id),
        "agentId": _shown_id(NodeKind.AGENT, action.agent_id),
    }
    if needed in ("status", "priority"):
        shown[needed] = action.value
    return _without_nulls(shown)


def _shown_id(kind: NodeKind, row_id: UUID | None) -> str | None:
    return None if row_id is None else encode_global_id(kind, row_id)


def _without_nulls(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if value is not None}
