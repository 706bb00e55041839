"""Rules: what Starling does by itself when customers write, or tickets change."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import rules as rows
from models.rules import IdentityStep, RulePause, RuleTrigger
from resolvers import brands, rule_runs, rules
from schema.brands import Brand
from schema.fields import Info, column, derived, relation, requested_columns
from schema.nodes import FromRow, Node, node_id
from schema.pages import Connection, paged
from schema.registry import register
from schema.rule_parts import RuleAction, RuleCondition
from services.automation.definitions import Action, Condition
from services.automation.references import BrokenReference, RuleProblemReason

if TYPE_CHECKING:
    from schema.rule_runs import RuleRun
    from schema.tickets import Ticket

strawberry.enum(RuleTrigger, description="After what a rule is tried.")
strawberry.enum(RulePause, description="Which limit a rule has run into.")
strawberry.enum(IdentityStep, description="A rule among those that ask who is writing.")
strawberry.enum(RuleProblemReason, description="Why a rule cannot use what it names.")


@strawberry.type(description="Something that a rule names and that it cannot use any more.")
class RuleProblem:
    """Something that a rule names and that it cannot use any more."""

    path: list[str] = strawberry.field(
        description="Where the rule names it, as in its inputs: `actions`, `0`, `tagId`."
    )
    name: str | None = strawberry.field(description="What it is called, or was.")
    reason: RuleProblemReason = strawberry.field(description="Why it cannot be used.")

    @classmethod
    def of(cls, broken: BrokenReference) -> "RuleProblem":
        """Return the problem that a broken reference makes."""
        return cls(
            path=broken.reference.path.split("."),
            name=broken.name,
            reason=broken.reason or RuleProblemReason.DELETED,
        )


@strawberry.type(
    description="What is done by itself on the tickets of a brand. It runs where all of `allOf` "
    "hold, and one of `anyOf`; an empty block holds."
)
class Rule(FromRow, Node):
    """What is done by itself on the tickets of a brand."""

    id: strawberry.ID = node_id(NodeKind.RULE)
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    name: str = column("What it is called.")
    brand: Brand = relation("On whose tickets it runs.", brands.by_id, key="brand_id")
    trigger: RuleTrigger = column("After what it is tried.")
    enabled: bool = column("Whether it is switched on.")
    on_agent_tickets: bool = column("Whether it is tried on tickets that agents opened, too.")
    all_of: list[RuleCondition] = derived(
        "All of these must hold.",
        lambda row: [RuleCondition.from_row(Condition.from_payload(each)) for each in row.all_of],
        needs=("all_of",),
    )
    any_of: list[RuleCondition] = derived(
        "One of these must hold, where there are any.",
        lambda row: [RuleCondition.from_row(Condition.from_payload(each)) for each in row.any_of],
        needs=("any_of",),
    )
    actions: list[RuleAction] = derived(
        "What it does, in this order.",
        lambda row: [RuleAction.from_row(Action.from_payload(each)) for each in row.actions],
        needs=("actions",),
    )
    identity_step: IdentityStep | None = column(
        "Which of the rules of `identityRulesInstall` it is; null for all others."
    )
    paused_at: datetime | None = column(
        "When it ran into a limit: it is not tried until `ruleResume`. Null while it goes on."
    )
    pause_reason: RulePause | None = column("Which limit it ran into.")
    paused_on: Annotated["Ticket", strawberry.lazy("schema.tickets")] | None = relation(
        "The ticket on which that happened; null where the viewer does not see it.",
        rule_runs.ticket,
        key="paused_on_id",
    )
    problems: list[RuleProblem] = relation(
        "What it names and cannot use any more. Actions on that fail, and are logged as failed; "
        "the others are carried out.",
        rules.problems_of,
        key="id",
        wrap=RuleProblem.of,
        assumed_size=3,
    )
    created_at: datetime = column("When it was added.")
    updated_at: datetime = column("When it was edited last.")
    runs: Connection[Annotated["RuleRun", strawberry.lazy("schema.rule_runs")]] = paged(
        "Its runs on tickets that the viewer sees, newest first.", rule_runs.by_rule
    )


@strawberry.type
class RuleQuery:
    """Reading rules."""

    @strawberry.field(
        description="The rules of a brand, or of all the viewer's brands, in the order in which "
        "they are tried. For agents."
    )
    async def rules(
        self,
        info: Info,
        brand_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only those of this brand.")
        ] = None,
        trigger: Annotated[
            RuleTrigger | None, strawberry.argument(description="Only those with this trigger.")
        ] = None,
    ) -> list[Rule]:
        """Load the rules."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        found = await rules.listed(info.context, brand_id, trigger, columns)
        return [Rule.from_row(row) for row in found]

    @strawberry.field(description="The rule with this id; null where the viewer sees none.")
    async def rule(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],
    ) -> Rule | None:
        """Load one rule."""
        columns = requested_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        row = await rules.one(info.context, id, columns)
        return None if row is None else Rule.from_row(row)


register(NodeKind.RULE, Rule, rows.Rule, rules.by_id)
