"""What came of trying a rule: each condition with what it saw, each action with what it did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from services.automation.definitions import Action, Condition


class ConditionBlock(StrEnum):
    """In which block of its rule a condition stands."""

    ALL = "ALL"
    ANY = "ANY"


class ActionResult(StrEnum):
    """What came of an action; WOULD_RUN where the rule was only tried."""

    DONE = "DONE"
    NO_CHANGE = "NO_CHANGE"
    FAILED = "FAILED"
    WOULD_RUN = "WOULD_RUN"


class ActionFailure(StrEnum):
    """Why an action could not be carried out."""

    AUTOMATIC_MAIL = "AUTOMATIC_MAIL"
    TAG_GONE = "TAG_GONE"
    TOO_MANY_TAGS = "TOO_MANY_TAGS"
    NOT_ASSIGNABLE = "NOT_ASSIGNABLE"
    NOBODY_TO_TELL = "NOBODY_TO_TELL"
    NO_MESSAGE = "NO_MESSAGE"
    REFUSED = "REFUSED"
    INTERNAL = "INTERNAL"


class RuleSkip(StrEnum):
    """Why a rule would not be tried at all on a ticket, whatever its conditions say."""

    OPENED_BY_AGENT = "OPENED_BY_AGENT"
    NOTHING_HAPPENED = "NOTHING_HAPPENED"


@dataclass(frozen=True, slots=True)
class CheckedCondition:
    """A condition, whether it holds, and what it looked at.

    `saw` has the form of the condition's `values`: channels, statuses, names of fields, texts that
    were found, ids in hexadecimal; else it is "true" or "false", or a number of runs. It is empty
    where there was something to look at and nothing in it, and None where there was nothing to
    look at, as where no message was written: then a condition does not hold, turned round or not.
    """

    condition: Condition
    block: ConditionBlock
    holds: bool
    saw: tuple[str, ...] | None

    def as_payload(self) -> dict[str, Any]:
        """Return it as the log of runs keeps it."""
        saw = None if self.saw is None else list(self.saw)
        judged = {"block": self.block.value, "holds": self.holds, "saw": saw}
        return self.condition.as_payload() | judged

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Return what `as_payload` was made of."""
        saw = payload["saw"]
        return cls(
            Condition.from_payload(payload),
            ConditionBlock(payload["block"]),
            payload["holds"],
            None if saw is None else tuple(saw),
        )


@dataclass(frozen=True, slots=True)
class TakenAction:
    """An action and what came of it; `failure` says why it FAILED."""

    action: Action
    result: ActionResult
    failure: ActionFailure | None = None

    def as_payload(self) -> dict[str, Any]:
        """Return it as the log of runs keeps it."""
        payload = self.action.as_payload() | {"result": self.result.value}
        return payload if self.failure is None else payload | {"failure": self.failure.value}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Return what `as_payload` was made of."""
        failure = payload.get("failure")
        return cls(
            Action.from_payload(payload),
            ActionResult(payload["result"]),
            None if failure is None else ActionFailure(failure),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of trying a rule on a ticket after one event.

    `event_id` and `event_type` name the event, None where the ticket has none of the rule's
    trigger. `actions` are empty where the rule does not match.
    """

    event_id: UUID | None
    event_type: str | None
    matches: bool
    conditions: Sequence[CheckedCondition] = ()
    actions: Sequence[TakenAction] = ()
    skip: RuleSkip | None = None
