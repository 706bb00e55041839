"""The parts of rules, as they are shown and as they are given: conditions and actions."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from core.ids import NodeKind, encode_global_id
from models.channels import Channel
from models.rules import RuleActionKind, RuleConditionKind
from models.tickets import TicketPriority, TicketStatus
from resolvers import rules
from resolvers.global_ids import optional_row_id, row_id_of
from schema.agents import Agent
from schema.fields import column, derived, relation
from schema.nodes import FromRow
from schema.tags import Tag
from schema.teams import Team
from schema.topics import Topic
from services.automation.checks import GivenAction, GivenCondition
from services.automation.shapes import TicketField

if TYPE_CHECKING:
    from schema.rules import Rule

strawberry.enum(RuleConditionKind, description="What a condition of a rule looks at.")
strawberry.enum(RuleActionKind, description="What an action of a rule does.")
strawberry.enum(TicketField, description="A field of a ticket that can change.")

_KEY = ("kind", "values")


def _ids_given(kind: RuleConditionKind, refers_to: NodeKind) -> Any:
    """Return the field that shows what was given, so that no rule means more once saved again."""

    def shown(row: Any) -> list[str] | None:
        if row.kind is not kind or not row.values:
            return None
        return [encode_global_id(refers_to, UUID(value)) for value in row.values]

    return derived(
        f"`{kind}`: the ids, as inputs take them, also of what was deleted since; null: any.",
        shown,
        needs=_KEY,
    )


def _values(kind: RuleConditionKind, make: Callable[[str], Any], description: str) -> Any:
    return derived(
        description,
        lambda row: [make(value) for value in row.values] if row.kind is kind else [],
        needs=_KEY,
    )


def _value(kinds: Sequence[RuleActionKind], make: Callable[[str], Any], description: str) -> Any:
    return derived(
        description,
        lambda row: make(row.value) if row.kind in kinds else None,
        needs=("kind", "value"),
    )


@strawberry.type(
    description="One condition of a rule. Lists that its kind does not use are empty; what was "
    "deleted since is left out of them, and told by `Rule.problems`."
)
class RuleCondition(FromRow):
    """One condition of a rule."""

    kind: RuleConditionKind = column("What it looks at.")
    is_not: bool = column("Whether it holds where it would not hold otherwise.")
    channels: list[Channel] = _values(
        RuleConditionKind.CHANNEL, Channel, "`CHANNEL`: the ticket came in by one of these."
    )
    texts: list[str] = _values(
        RuleConditionKind.TEXT_CONTAINS,
        str,
        "`TEXT_CONTAINS`: the message contains one of these, whatever their case and accents.",
    )
    statuses: list[TicketStatus] = _values(
        RuleConditionKind.STATUS, TicketStatus, "`STATUS`: the ticket has one of these."
    )
    priorities: list[TicketPriority] = _values(
        RuleConditionKind.PRIORITY, TicketPriority, "`PRIORITY`: the ticket has one of these."
    )
    fields: list[TicketField] = _values(
        RuleConditionKind.CHANGED, TicketField, "`CHANGED`: one of these was changed; none: any."
    )
    tags: list[Tag] = relation(
        "`TAG`: the ticket has one of these; none: any.", rules.tags_of, key=_KEY
    )
    teams: list[Team] = relation(
        "`TEAM`: the ticket is assigned to one of these; none: to any.", rules.teams_of, key=_KEY
    )
    topics: list[Topic] = relation(
        "`TOPIC`: the ticket is about one of these; none: about any.", rules.topics_of, key=_KEY
    )
    agents: list[Agent] = relation(
        "`ASSIGNED`: the ticket is assigned to one of these; none: to anybody.",
        rules.agents_of,
        key=_KEY,
    )
    tag_ids: list[strawberry.ID] | None = _ids_given(RuleConditionKind.TAG, NodeKind.TAG)
    team_ids: list[strawberry.ID] | None = _ids_given(RuleConditionKind.TEAM, NodeKind.TEAM)
    topic_ids: list[strawberry.ID] | None = _ids_given(RuleConditionKind.TOPIC, NodeKind.TOPIC)
    agent_ids: list[strawberry.ID] | None = _ids_given(RuleConditionKind.ASSIGNED, NodeKind.AGENT)
    rule: Annotated["Rule", strawberry.lazy("schema.rules")] | None = relation(
        "`RUN_COUNT`, `RAN_SINCE`: whose runs on the ticket are looked at; null: those of the rule "
        "itself.",
        rules.by_id,
        key="rule_id",
    )
    hours: int | None = column("`RUN_COUNT`: how many hours back runs are counted.")
    minimum: int | None = column("`RUN_COUNT`: how many runs there must have been.")


@strawberry.type(description="One action of a rule. What its kind does not use is null.")
class RuleAction(FromRow):
    """One action of a rule."""

    kind: RuleActionKind = column("What it does.")
    text: str | None = column("What it sends, notes or tells, with its placeholders.")
    status: TicketStatus | None = _value(
        (RuleActionKind.SET_STATUS, RuleActionKind.END_CHAT),
        TicketStatus,
        "The status that it sets.",
    )
    priority: TicketPriority | None = _value(
        (RuleActionKind.SET_PRIORITY,), TicketPriority, "The priority that it sets."
    )
    tag: Tag | None = relation(
        "The tag that it adds or removes; null where it was deleted since.",
        rules.tag_of,
        key="tag_id",
    )
    team: Team | None = relation(
        "The team that it assigns or tells; null where it was deleted since.",
        rules.team_of,
        key="team_id",
    )
    agent: Agent | None = relation(
        "The agent whom it assigns or tells.", rules.agent_of, key="agent_id"
    )


@strawberry.input(
    description="One condition of a rule: its kind, and what belongs to that kind. Anything else "
    "is refused."
)
class RuleConditionInput:
    """One condition of a rule."""

    kind: RuleConditionKind = strawberry.field(description="What it looks at.")
    is_not: bool = strawberry.field(
        default=False, description="Whether it holds where it would not hold otherwise."
    )
    channels: list[Channel] | None = strawberry.field(
        default=None, description="`CHANNEL`: any of these."
    )
    texts: list[str] | None = strawberry.field(
        default=None, description="`TEXT_CONTAINS`: any of these, each at most 200 characters."
    )
    statuses: list[TicketStatus] | None = strawberry.field(
        default=None, description="`STATUS`: any of these."
    )
    priorities: list[TicketPriority] | None = strawberry.field(
        default=None, description="`PRIORITY`: any of these."
    )
    fields: list[TicketField] | None = strawberry.field(
        default=None, description="`CHANGED`: any of these; none: any field."
    )
    tag_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="`TAG`: any of these, at least one; absent: any tag at all."
    )
    team_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="`TEAM`: any of these, at least one; absent: any team at all."
    )
    topic_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="`TOPIC`: any of these, at least one; absent: any topic at all."
    )
    agent_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="`ASSIGNED`: any of these, at least one; absent: anybody at all."
    )
    rule_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="`RUN_COUNT`, `RAN_SINCE`: the rule of the same brand whose runs are looked "
        "at; absent: this rule itself.",
    )
    hours: int | None = strawberry.field(
        default=None, description="`RUN_COUNT`: how many hours back, 1 to 720."
    )
    minimum: int | None = strawberry.field(
        default=None, description="`RUN_COUNT`: at least so many runs, 1 to 100."
    )

    def parsed(self, *where: str) -> GivenCondition:
        """Return the condition. Raises ValidationFailed, with its place, for wrong ids."""
        values: dict[str, Sequence[str | StrEnum | UUID] | None] = {
            "channels": self.channels,
            "texts": self.texts,
            "statuses": self.statuses,
            "priorities": self.priorities,
            "fields": self.fields,
        }
        for name, kind, texts in (
            ("tagIds", NodeKind.TAG, self.tag_ids),
            ("teamIds", NodeKind.TEAM, self.team_ids),
            ("topicIds", NodeKind.TOPIC, self.topic_ids),
            ("agentIds", NodeKind.AGENT, self.agent_ids),
        ):
            values[name] = _ids(texts, kind, *where, name)
        return GivenCondition(
            self.kind,
            self.is_not,
            {name: given for name, given in values.items() if given is not None},
            optional_row_id(self.rule_id, NodeKind.RULE, *where, "ruleId"),
            self.hours,
            self.minimum,
        )


@strawberry.input(
    description="One action of a rule: its kind, and what belongs to that kind. Anything else is "
    "refused."
)
class RuleActionInput:
    """One action of a rule."""

    kind: RuleActionKind = strawberry.field(description="What it does.")
    text: str | None = strawberry.field(
        default=None,
        description="`SEND_MESSAGE`, `ADD_NOTE`, `NOTIFY`: the text, at most 2,000 characters. "
        "`{{ticket.number}}` and `{{brand.name}}` are filled in; other names in double braces are "
        "refused.",
    )
    status: TicketStatus | None = strawberry.field(
        default=None, description="`SET_STATUS`, `END_CHAT`: the status to set."
    )
    priority: TicketPriority | None = strawberry.field(
        default=None, description="`SET_PRIORITY`: the priority to set."
    )
    tag_id: strawberry.ID | None = strawberry.field(
        default=None, description="`ADD_TAG`, `REMOVE_TAG`: the tag."
    )
    team_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="`ASSIGN`: the team; `NOTIFY`: the team all of whose members are told.",
    )
    agent_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="`ASSIGN`: the agent; `NOTIFY`: whom to tell, not together with `teamId`. "
        "`ASSIGN` with neither takes the ticket from whoever has it; `NOTIFY` with neither tells "
        "all admins.",
    )

    def parsed(self, *where: str) -> GivenAction:
        """Return the action. Raises ValidationFailed, with its place, for wrong ids."""
        values = {
            "text": self.text,
            "status": self.status,
            "priority": self.priority,
            "tagId": optional_row_id(self.tag_id, NodeKind.TAG, *where, "tagId"),
            "teamId": optional_row_id(self.team_id, NodeKind.TEAM, *where, "teamId"),
            "agentId": optional_row_id(self.agent_id, NodeKind.AGENT, *where, "agentId"),
        }
        given = {name: value for name, value in values.items() if value is not None}
        return GivenAction(self.kind, given)


def conditions_of(given: Sequence[RuleConditionInput] | None, *where: str) -> list[GivenCondition]:
    """Return the conditions of a block, which stands at `where` in the arguments."""
    return [each.parsed(*where, str(place)) for place, each in enumerate(given or ())]


def actions_of(given: Sequence[RuleActionInput] | None, *where: str) -> list[GivenAction]:
    """Return the actions that stand at `where` in the arguments."""
    return [each.parsed(*where, str(place)) for place, each in enumerate(given or ())]


def _ids(texts: Sequence[str] | None, kind: NodeKind, *where: str) -> list[UUID] | None:
    if texts is None:
        return None
    return [row_id_of(text, kind, *where, str(place)) for place, text in enumerate(texts)]
