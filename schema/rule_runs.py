"""Runs of rules on tickets, and trying a rule without effect."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from core.ids import NodeKind
from models import rules as rows
from models.rules import RuleRunOutcome, RuleTrigger
from resolvers import rule_runs, rules
from resolvers.rule_runs import TriedRun
from schema.fields import Info, column, derived, relation
from schema.nodes import FromRow, Node, node_id
from schema.registry import register
from schema.rule_mutations import (
    ACTIONS,
    ALL_OF,
    ANY_OF,
    ENABLED,
    NAME,
    ON_AGENT_TICKETS,
    TRIGGER,
    given_rule,
)
from schema.rule_parts import RuleAction, RuleActionInput, RuleCondition, RuleConditionInput
from schema.rules import Rule
from services.automation.outcomes import (
    ActionFailure,
    ActionResult,
    CheckedCondition,
    ConditionBlock,
    RuleSkip,
    TakenAction,
)

if TYPE_CHECKING:
    from schema.tickets import Ticket

strawberry.enum(RuleRunOutcome, description="How a run of a rule ended.")
strawberry.enum(
    ConditionBlock, name="RuleBlock", description="In which block of its rule a condition stands."
)
strawberry.enum(
    ActionResult, name="RuleActionResult", description="What came of an action of a rule."
)
strawberry.enum(
    ActionFailure, name="RuleActionFailure", description="Why an action could not be carried out."
)
strawberry.enum(RuleSkip, description="Why a rule would not be tried at all on a ticket.")


# As many points as a page of messages: it asks some questions of its own, one after the other.
SIMULATION_COST = 50


@strawberry.type(description="A condition as a run looked at it.")
class RuleConditionCheck(FromRow):
    """A condition as a run looked at it."""

    condition: RuleCondition = derived(
        "The condition, as it was then.",
        lambda row: RuleCondition.from_row(row.condition),
        needs=("condition",),
    )
    block: ConditionBlock = column("In which block it stands.")
    holds: bool = column("Whether it held, `isNot` taken into account.")
    was_there: bool = derived(
        "Whether there was anything to look at. Where no message was written there is no text, and "
        "then a condition on it does not hold, `isNot` or not.",
        lambda row: row.saw is not None,
        needs=("saw",),
    )
    saw: list[str] = relation(
        "What it found on the ticket: values as in inputs, names of what has one, texts that were "
        "found, `true` or `false`, or how many runs there were.",
        rule_runs.words_seen,
        key=("condition.kind", "saw"),
        wrap=str,
    )


@strawberry.type(description="An action of a run, and what came of it.")
class RuleActionRun(FromRow):
    """An action of a run, and what came of it."""

    action: RuleAction = derived(
        "The action, as it was then.",
        lambda row: RuleAction.from_row(row.action),
        needs=("action",),
    )
    result: ActionResult = column("What came of it.")
    failure: ActionFailure | None = column("Why it failed, if it did.")


def _conditions(row: Any) -> list[RuleConditionCheck]:
    tried = isinstance(row, TriedRun)
    checked = row.conditions if tried else map(CheckedCondition.from_payload, row.conditions)
    return [RuleConditionCheck.from_row(each) for each in checked]


def _actions(row: Any) -> list[RuleActionRun]:
    tried = isinstance(row, TriedRun)
    taken = row.actions if tried else map(TakenAction.from_payload, row.actions)
    return [RuleActionRun.from_row(each) for each in taken]


@strawberry.type(
    description="One run of a rule on a ticket, after one event. Rules that do not match leave no "
    "run, unless they are tried by `ruleSimulate`."
)
class RuleRun(FromRow, Node):
    """One run of a rule on a ticket, after one event."""

    id: strawberry.ID = node_id(NodeKind.RULE_RUN)
    rule: Rule | None = relation(
        "The rule as it is now; null where it was deleted, or never saved.",
        rules.by_id,
        key="rule_id",
    )
    rule_name: str | None = relation(
        "What the rule is called, or was; null for one that was never saved.",
        rule_runs.rule_names,
        key="rule_id",
        wrap=lambda name: name,
    )
    rule_version: int = column("The version of the rule that ran; 0 for one never saved.")
    ticket: Annotated["Ticket", strawberry.lazy("schema.tickets")] | None = relation(
        "The ticket; null where the viewer does not see it any more.",
        rule_runs.ticket,
        key="ticket_id",
    )
    event_type: str | None = column(
        "What had happened, as the log of events calls it, such as `MessageAdded`; null where "
        "nothing of the rule's trigger has happened on the ticket yet."
    )
    is_tried: bool = derived(
        "Whether the rule was only tried, by `ruleSimulate`.",
        lambda row: isinstance(row, TriedRun),
        needs=("id",),
    )
    matched: bool = derived(
        "Whether its conditions hold: always for a run that took place.",
        lambda row: row.matched if isinstance(row, TriedRun) else True,
        needs=("id",),
    )
    skip: RuleSkip | None = derived(
        "Why the rule would not be tried at all, whatever its conditions say.",
        lambda row: row.skip if isinstance(row, TriedRun) else None,
        needs=("id",),
    )
    conditions: list[RuleConditionCheck] = derived(
        "Each condition, those of `allOf` first.", _conditions, needs=("conditions",)
    )
    actions: list[RuleActionRun] = derived(
        "Each action, in order; none where the rule does not match.",
        _actions,
        needs=("actions",),
    )
    outcome: RuleRunOutcome | None = column("How it ended; null where the rule was only tried.")
    depth: int = column(
        "How many runs led to the event, one after the other: 0 where a person caused it."
    )
    started_at: datetime = column("When it began.")
    duration_milliseconds: float = derived(
        "How long it took.",
        lambda row: row.duration_microseconds / 1000,
        needs=("duration_microseconds",),
    )


@strawberry.input(
    description="What a rule is to do, to be tried before it is saved. The form of a rule can be "
    "sent as it is: its name, and whether it is switched on, make no difference."
)
class RuleInput:
    """What a rule is to do, to be tried before it is saved."""

    name: str | None = strawberry.field(default=None, description=NAME)
    trigger: RuleTrigger = strawberry.field(description=TRIGGER)
    enabled: bool = strawberry.field(default=True, description=ENABLED)
    on_agent_tickets: bool = strawberry.field(default=False, description=ON_AGENT_TICKETS)
    all_of: list[RuleConditionInput] = strawberry.field(default_factory=list, description=ALL_OF)
    any_of: list[RuleConditionInput] = strawberry.field(default_factory=list, description=ANY_OF)
    actions: list[RuleActionInput] = strawberry.field(description=ACTIONS)


@strawberry.type
class RuleRunQuery:
    """Trying rules."""

    @strawberry.field(
        description="What a rule would do on a ticket after the newest event of its trigger there: "
        "the newest message of the customer, or the newest change. The ticket is taken as it "
        "stands now. It has no effect at all, and leaves no entry in the log. For agents who see "
        "the ticket.",
        metadata={"cost": SIMULATION_COST},
    )
    async def rule_simulate(
        self,
        info: Info,
        ticket_id: Annotated[
            strawberry.ID, strawberry.argument(description="The ticket to try it on.")
        ],
        rule_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="A saved rule of the ticket's brand."),
        ] = None,
        draft: Annotated[
            RuleInput | None,
            strawberry.argument(
                description="What is not saved yet. With `ruleId` it is tried in place of that "
                "rule, whose past runs count as its own."
            ),
        ] = None,
    ) -> RuleRun:
        """Try a rule."""
        given = None if draft is None else given_rule(draft, "draft")
        return RuleRun.from_row(await rule_runs.simulate(info.context, rule_id, given, ticket_id))


register(NodeKind.RULE_RUN, RuleRun, rows.RuleRun, rule_runs.by_id)
