"""Making, editing, ordering and deleting rules, and letting paused ones go on: for admins."""

from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from models.rules import RuleTrigger
from resolvers import rules
from resolvers.global_ids import row_id_of
from schema.errors import (
    EditConflict,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    ValidationFailed,
)
from schema.fields import Info
from schema.inputs import EXPECTED_VERSION, IDEMPOTENCY_KEY, MERGED_FIELDS, present
from schema.rule_parts import RuleActionInput, RuleConditionInput, actions_of, conditions_of
from schema.rules import Rule
from services.automation.checks import GivenRule
from services.rules import NewRule

NAME = "What it is called, at most 200 characters. Two rules may have one name."
TRIGGER = "After what it is tried. It stays as it is."
ENABLED = "Whether it is switched on."
ON_AGENT_TICKETS = "Whether it is tried on tickets that agents opened, too."
ALL_OF = "All of these must hold. With `anyOf` 1 to 20 conditions."
ANY_OF = "One of these must hold, where there are any."
ACTIONS = "What it does, in this order: 1 to 20 actions."


@strawberry.input(description="What a rule is to do for which brand.")
class RuleCreateInput:
    """What a rule is to do for which brand."""

    brand_id: strawberry.ID = strawberry.field(description="On whose tickets it runs.")
    name: str = strawberry.field(description=NAME)
    trigger: RuleTrigger = strawberry.field(description=TRIGGER)
    enabled: bool = strawberry.field(default=True, description=ENABLED)
    on_agent_tickets: bool = strawberry.field(default=False, description=ON_AGENT_TICKETS)
    all_of: list[RuleConditionInput] = strawberry.field(default_factory=list, description=ALL_OF)
    any_of: list[RuleConditionInput] = strawberry.field(default_factory=list, description=ANY_OF)
    actions: list[RuleActionInput] = strawberry.field(description=ACTIONS)
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)

    def parsed(self) -> NewRule:
        """Return what the rule is to be. Raises ValidationFailed for wrong ids."""
        brand_id = row_id_of(self.brand_id, NodeKind.BRAND, "input", "brandId")
        return NewRule(brand_id, self.name, self.enabled, given_rule(self, "input"))


def given_rule(given: Any, *where: str) -> GivenRule:
    """Return the rule that an input at this place describes. Raises ValidationFailed."""
    return GivenRule(
        given.trigger,
        given.on_agent_tickets,
        conditions_of(given.all_of, *where, "allOf"),
        conditions_of(given.any_of, *where, "anyOf"),
        actions_of(given.actions, *where, "actions"),
    )


@strawberry.type(description="The rule was added, behind the others of its brand and trigger.")
class RuleCreateSuccess:
    """The rule was added."""

    rule: Rule = strawberry.field(description="The new rule.")


RuleCreateResult = Annotated[
    RuleCreateSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | LimitReached
    | IdempotencyKeyReused,
    strawberry.union(
        "RuleCreateResult",
        description="The rule, or why there is none: `LimitReached` for a brand with 100.",
    ),
]


@strawberry.input(
    description="What to change of a rule. Absent fields stay as they are; `allOf`, `anyOf` and "
    "`actions` are replaced whole."
)
class RuleUpdateInput:
    """What to change of a rule."""

    rule_id: strawberry.ID = strawberry.field(description="The rule.")
    expected_version: int = strawberry.field(description=EXPECTED_VERSION)
    name: str | None = strawberry.field(default=strawberry.UNSET, description=NAME)
    enabled: bool | None = strawberry.field(default=strawberry.UNSET, description=ENABLED)
    on_agent_tickets: bool | None = strawberry.field(
        default=strawberry.UNSET, description=ON_AGENT_TICKETS
    )
    all_of: list[RuleConditionInput] | None = strawberry.field(
        default=strawberry.UNSET, description=ALL_OF
    )
    any_of: list[RuleConditionInput] | None = strawberry.field(
        default=strawberry.UNSET, description=ANY_OF
    )
    actions: list[RuleActionInput] | None = strawberry.field(
        default=strawberry.UNSET, description=ACTIONS
    )

    def changes(self) -> dict[str, Any]:
        """Return the fields that are present. Raises ValidationFailed for wrong ids."""
        wanted = present(self, "name", "enabled", "on_agent_tickets", "all_of", "any_of", "actions")
        for name, public in (("all_of", "allOf"), ("any_of", "anyOf")):
            if name in wanted:
                wanted[name] = conditions_of(wanted[name], "input", public)
        if "actions" in wanted:
            wanted["actions"] = actions_of(wanted["actions"], "input", "actions")
        return wanted


@strawberry.type(description="The rule is as wanted.")
class RuleUpdateSuccess:
    """The rule is as wanted."""

    rule: Rule = strawberry.field(description="The rule as it is now.")
    merged_fields: list[str] = strawberry.field(description=MERGED_FIELDS)


RuleUpdateResult = Annotated[
    RuleUpdateSuccess | ValidationFailed | NotFound | NotAllowed | EditConflict,
    strawberry.union(
        "RuleUpdateResult",
        description="The rule, or why nothing was changed. In an `EditConflict` blocks are JSON, "
        "as inputs would take it.",
    ),
]


@strawberry.input(description="Which rule to delete.")
class RuleDeleteInput:
    """Which rule to delete."""

    rule_id: strawberry.ID = strawberry.field(description="The rule.")


@strawberry.type(description="The rule is gone. What it did stays in the log of runs.")
class RuleDeleteSuccess:
    """The rule is gone."""

    rule_id: strawberry.ID = strawberry.field(description="The rule.")


RuleDeleteResult = Annotated[
    RuleDeleteSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("RuleDeleteResult", description="That it is gone, or why it is still there."),
]


@strawberry.input(description="In which order to try the rules of a brand and trigger.")
class RulesReorderInput:
    """In which order to try the rules of a brand and trigger."""

    brand_id: strawberry.ID = strawberry.field(description="The brand.")
    trigger: RuleTrigger = strawberry.field(description="The trigger.")
    rule_ids: list[strawberry.ID] = strawberry.field(
        description="All rules of the brand with this trigger, those that are switched off as "
        "well, each once."
    )


@strawberry.type(description="The rules have this order.")
class RulesReorderSuccess:
    """The rules have this order."""

    rules: list[Rule] = strawberry.field(description="The rules in their new order.")


RulesReorderResult = Annotated[
    RulesReorderSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union(
        "RulesReorderResult",
        description="The rules, or why their order stays: `ValidationFailed` where `ruleIds` are "
        "not exactly those that there are.",
    ),
]


@strawberry.input(description="Which rule to let go on.")
class RuleResumeInput:
    """Which rule to let go on."""

    rule_id: strawberry.ID = strawberry.field(description="The rule.")


@strawberry.type(description="The rule is not paused.")
class RuleResumeSuccess:
    """The rule is not paused."""

    rule: Rule = strawberry.field(description="The rule as it is now.")


RuleResumeResult = Annotated[
    RuleResumeSuccess | ValidationFailed | NotFound | NotAllowed,
    strawberry.union("RuleResumeResult", description="The rule, or why it stays as it is."),
]


@strawberry.type
class RuleMutation:
    """Making, editing, ordering and deleting rules."""

    @strawberry.mutation(description="Add a rule. For admins.")
    async def rule_create(self, info: Info, input: RuleCreateInput) -> RuleCreateResult:
        """Add a rule."""
        row = await rules.create(info.context, input.parsed(), input.idempotency_key)
        return RuleCreateSuccess(rule=Rule.from_row(row))

    @strawberry.mutation(description="Edit a rule, or switch it on or off. For admins.")
    async def rule_update(self, info: Info, input: RuleUpdateInput) -> RuleUpdateResult:
        """Edit a rule."""
        row, edit = await rules.update(
            info.context, input.rule_id, input.expected_version, input.changes()
        )
        return RuleUpdateSuccess(rule=Rule.from_row(row), merged_fields=edit.merged_fields)

    @strawberry.mutation(description="Delete a rule. For admins.")
    async def rule_delete(self, info: Info, input: RuleDeleteInput) -> RuleDeleteResult:
        """Delete a rule."""
        await rules.delete(info.context, input.rule_id)
        return RuleDeleteSuccess(rule_id=input.rule_id)

    @strawberry.mutation(
        description="Say in which order the rules of a brand and trigger are tried. For admins."
    )
    async def rules_reorder(self, info: Info, input: RulesReorderInput) -> RulesReorderResult:
        """Put rules into another order."""
        found = await rules.reorder(info.context, input.brand_id, input.trigger, input.rule_ids)
        return RulesReorderSuccess(rules=[Rule.from_row(row) for row in found])

    @strawberry.mutation(
        description="Let a rule go on that ran into a limit; one that is not paused stays as it "
        "is. For admins."
    )
    async def rule_resume(self, info: Info, input: RuleResumeInput) -> RuleResumeResult:
        """Let a paused rule go on."""
        row = await rules.resume(info.context, input.rule_id)
        return RuleResumeSuccess(rule=Rule.from_row(row))
