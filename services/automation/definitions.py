"""What a rule says: conditions and actions, as they are kept, checked and carried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self
from uuid import UUID

from models.rules import RuleActionKind, RuleConditionKind


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; `is_not` turns it round.

    `values` are any of: channels, statuses, priorities, names of fields, texts, or ids of tags,
    teams and topics in hexadecimal. Which of them the kind takes, and whether it takes any, says
    services/automation/shapes.py. `rule_id` (None: the rule itself), `hours` and `minimum` belong
    to RUN_COUNT, which holds where that rule ran on the ticket at least `minimum` times within
    `hours`; RAN_SINCE, which holds where it ran after the message was written, has `rule_id` alone.
    """

    kind: RuleConditionKind
    is_not: bool = False
    values: tuple[str, ...] = ()
    rule_id: UUID | None = None
    hours: int | None = None
    minimum: int | None = None

    def as_payload(self) -> dict[str, Any]:
        """Return the condition as it is kept."""
        return _payload(self)

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Return what `as_payload` was made of."""
        return cls(
            kind=RuleConditionKind(payload["kind"]),
            is_not=payload.get("is_not", False),
            values=tuple(payload.get("values", ())),
            rule_id=_id(payload, "rule_id"),
            hours=payload.get("hours"),
            minimum=payload.get("minimum"),
        )


@dataclass(frozen=True, slots=True)
class Action:
    """One action. Which of its values it needs says services/automation/shapes.py.

    `text` is what is sent, noted or told, with the placeholders of placeholders.py. `value` is a
    status or a priority. NOTIFY tells `agent_id`, all of `team_id`, or, without both, all admins.
    ASSIGN without both takes the ticket from whoever has it.
    """

    kind: RuleActionKind
    text: str | None = None
    value: str | None = None
    tag_id: UUID | None = None
    team_id: UUID | None = None
    agent_id: UUID | None = None

    def as_payload(self) -> dict[str, Any]:
        """Return the action as it is kept."""
        return _payload(self)

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Return what `as_payload` was made of."""
        return cls(
            kind=RuleActionKind(payload["kind"]),
            text=payload.get("text"),
            value=payload.get("value"),
            tag_id=_id(payload, "tag_id"),
            team_id=_id(payload, "team_id"),
            agent_id=_id(payload, "agent_id"),
        )


@dataclass(frozen=True, slots=True)
class Definition:
    """What a rule does, and when. It matches where all of `all_of` hold, and one of `any_of`.

    An empty block holds; a rule with two empty ones is invalid.
    """

    all_of: Sequence[Condition] = field(default_factory=tuple)
    any_of: Sequence[Condition] = field(default_factory=tuple)
    actions: Sequence[Action] = field(default_factory=tuple)


def _payload(part: Condition | Action) -> dict[str, Any]:
    """Return what is set: what is not takes no room in thousands of log entries."""
    payload = {}
    for name in (each.name for each in fields(part)):
        value = getattr(part, name)
        if isinstance(value, UUID):
            value = value.hex
        if isinstance(value, tuple):
            value = list(value)
        if value not in (None, False, []):
            payload[name] = value
    return payload


def _id(payload: Mapping[str, Any], name: str) -> UUID | None:
    return UUID(payload[name]) if payload.get(name) else None
