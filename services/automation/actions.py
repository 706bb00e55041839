"""What rules do: each action through the service that does the same for people."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.errors import LimitReached, NotAllowed, ValidationFailed
from models.actors import AUTOMATION
from models.rules import RuleActionKind
from models.tags import Tag
from models.tickets import TicketPriority
from models.viewers import ApiScope, Viewer
from services import notes, notifications, ticket_tags, transfers
from services.automation.definitions import Action
from services.automation.effects import status_set_by
from services.automation.facts import Facts
from services.automation.linking import ask_to_link
from services.automation.outcomes import ActionFailure
from services.automation.placeholders import Placeholder, fill
from services.changes import FieldChange
from services.live_chats.ends import end_chat
from services.messages import answer
from services.references import refer_to
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork

_AUTOMATION = Viewer(AUTOMATION, scopes=frozenset({ApiScope.NOTES_WRITE}))


class ActionFailed(Exception):
    """An action cannot be carried out, and has changed nothing."""

    def __init__(self, reason: ActionFailure) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Acting:
    """On what, by which rule and after what an action is carried out."""

    work: UnitOfWork
    hand: TicketInHand
    rule_id: UUID
    facts: Facts

    def text_of(self, action: Action) -> str:
        """Return the text of an action with what it leaves open filled in."""
        values = {
            Placeholder.BRAND_NAME: self.facts.person.brand_name,
            Placeholder.TICKET_NUMBER: str(self.hand.ticket.number),
        }
        return fill(action.text or "", values)


async def carry_out(acting: Acting, action: Action) -> bool:
    """Carry out an action; return whether that changed anything.

    Raises ActionFailed, and whatever else the services raise that do it.
    """
    return await _DEEDS[action.kind](acting, action)


async def _send_message(acting: Acting, action: Action) -> bool:
    words = acting.facts.message
    if words is not None and words.is_automatic:
        raise ActionFailed(ActionFailure.AUTOMATIC_MAIL)
    text = acting.text_of(action)
    try:
        await answer(acting.work, acting.hand, AUTOMATION, text, is_automatic=True)
    except NotAllowed as error:
        raise ActionFailed(ActionFailure.AUTOMATIC_MAIL) from error
    return True


async def _add_tag(acting: Acting, action: Action) -> bool:
    if action.tag_id in acting.facts.tag_ids:
        return False
    tag = await refer_to(acting.work, Tag, Tag.id == action.tag_id)
    if tag is None:
        raise ActionFailed(ActionFailure.TAG_GONE)
    try:
        return await ticket_tags.put_on(acting.work, acting.hand, tag)
    except LimitReached as error:
        raise ActionFailed(ActionFailure.TOO_MANY_TAGS) from error


async def _remove_tag(acting: Acting, action: Action) -> bool:
    if action.tag_id is None or action.tag_id not in acting.facts.tag_ids:
        return False
    return await ticket_tags.take_off(acting.work, acting.hand, action.tag_id)


async def _set_status(acting: Acting, action: Action) -> bool:
    return acting.hand.set_status(status_set_by(action))


async def _end_chat(acting: Acting, action: Action) -> bool:
    return await end_chat(acting.work, acting.hand, status_set_by(action))


async def _set_priority(acting: Acting, action: Action) -> bool:
    ticket = acting.hand.ticket
    before, priority = ticket.priority, TicketPriority(action.value or ticket.priority)
    if before is priority:
        return False
    ticket.priority = priority
    acting.hand.record_changes([FieldChange("priority", before, priority)])
    return True


async def _assign(acting: Acting, action: Action) -> bool:
    named = {"team_id": action.team_id, "assignee_id": action.agent_id}
    wanted = {name: row_id for name, row_id in named.items() if row_id is not None} or named
    try:
        return await transfers.assign(acting.work, acting.hand, wanted)
    except ValidationFailed as error:
        raise ActionFailed(ActionFailure.NOT_ASSIGNABLE) from error


async def _add_note(acting: Acting, action: Action) -> bool:
    await notes.add_inline(acting.work, _AUTOMATION, acting.hand, acting.text_of(action))
    return True


async def _notify(acting: Acting, action: Action) -> bool:
    whom: dict[str, Any] = {"agent_id": action.agent_id, "team_id": action.team_id}
    told = await notifications.tell_what_rule_says(
        acting.work, acting.rule_id, acting.hand.ticket, acting.text_of(action), **whom
    )
    if not told:
        raise ActionFailed(ActionFailure.NOBODY_TO_TELL)
    return True


async def _link_profile(acting: Acting, _action: Action) -> bool:
    words = acting.facts.message
    if words is None:
        raise ActionFailed(ActionFailure.NO_MESSAGE)
    if words.id is None or not words.claims:
        return False
    ask_to_link(acting.work, acting.hand.ticket.id, words.id)
    return words.claims_anew


_DEEDS: dict[RuleActionKind, Callable[[Acting, Action], Awaitable[bool]]] = {
    RuleActionKind.SEND_MESSAGE: _send_message,
    RuleActionKind.ADD_TAG: _add_tag,
    RuleActionKind.REMOVE_TAG: _remove_tag,
    RuleActionKind.SET_STATUS: _set_status,
    RuleActionKind.SET_PRIORITY: _set_priority,
    RuleActionKind.ASSIGN: _assign,
    RuleActionKind.END_CHAT: _end_chat,
    RuleActionKind.HAND_TO_AGENTS: _set_status,
    RuleActionKind.ADD_NOTE: _add_note,
    RuleActionKind.NOTIFY: _notify,
    RuleActionKind.LINK_PROFILE: _link_profile,
}
