"""What actions would do to a ticket, without doing it. Nothing here reads a table."""

from collections.abc import Callable
from dataclasses import replace

from models.channels import Channel
from models.rules import RuleActionKind
from models.tickets import TicketPriority, TicketStatus
from services.automation.definitions import Action
from services.automation.facts import Facts

# The actions that say where a ticket stands.
STATUS_ACTIONS = frozenset(
    {RuleActionKind.SET_STATUS, RuleActionKind.END_CHAT, RuleActionKind.HAND_TO_AGENTS}
)


def after(action: Action, facts: Facts) -> Facts | None:
    """Return how the ticket would stand after an action; None where it would find nothing to do."""
    return _AFTER[action.kind](action, facts)


def status_set_by(action: Action) -> TicketStatus:
    """Return the status that one of STATUS_ACTIONS sets."""
    return TicketStatus(action.value) if action.value else TicketStatus.OPEN


def _acts(_action: Action, facts: Facts) -> Facts:
    return facts


def _set_status(action: Action, facts: Facts) -> Facts | None:
    status = status_set_by(action)
    return None if status is facts.status else replace(facts, status=status)


def _end_chat(action: Action, facts: Facts) -> Facts | None:
    # A chat goes on with each message of its customer: there is one to end.
    if facts.channel is Channel.LIVE_CHAT and facts.message is not None:
        return replace(facts, status=status_set_by(action))
    return _set_status(action, facts)


def _set_priority(action: Action, facts: Facts) -> Facts | None:
    priority = TicketPriority(action.value or facts.priority)
    return None if priority is facts.priority else replace(facts, priority=priority)


def _add_tag(action: Action, facts: Facts) -> Facts | None:
    if action.tag_id is None or action.tag_id in facts.tag_ids:
        return None
    return replace(facts, tag_ids=facts.tag_ids | {action.tag_id})


def _remove_tag(action: Action, facts: Facts) -> Facts | None:
    if action.tag_id not in facts.tag_ids:
        return None
    return replace(facts, tag_ids=facts.tag_ids - {action.tag_id})


def _assign(action: Action, facts: Facts) -> Facts | None:
    """Change what the action names; one that names nobody takes the ticket from all."""
    team_id, assignee_id = action.team_id, action.agent_id
    if team_id is not None or assignee_id is not None:
        team_id, assignee_id = team_id or facts.team_id, assignee_id or facts.assignee_id
    if (team_id, assignee_id) == (facts.team_id, facts.assignee_id):
        return None
    return replace(facts, team_id=team_id, assignee_id=assignee_id)


def _link_profile(_action: Action, facts: Facts) -> Facts | None:
    words = facts.message
    return facts if words is not None and words.claims else None


_AFTER: dict[RuleActionKind, Callable[[Action, Facts], Facts | None]] = {
    RuleActionKind.SEND_MESSAGE: _acts,
    RuleActionKind.ADD_NOTE: _acts,
    RuleActionKind.NOTIFY: _acts,
    RuleActionKind.SET_STATUS: _set_status,
    RuleActionKind.HAND_TO_AGENTS: _set_status,
    RuleActionKind.END_CHAT: _end_chat,
    RuleActionKind.SET_PRIORITY: _set_priority,
    RuleActionKind.ADD_TAG: _add_tag,
    RuleActionKind.REMOVE_TAG: _remove_tag,
    RuleActionKind.ASSIGN: _assign,
    RuleActionKind.LINK_PROFILE: _link_profile,
}
