"""Pausing a rule that has run into a limit."""

from uuid import UUID

from sqlalchemy import select

from models.event_topics import topic_of
from models.notifications import NotificationKind
from models.rules import Rule, RulePause
from models.tickets import Ticket
from services import notifications
from services.unit_of_work import UnitOfWork


async def pause(work: UnitOfWork, rule_id: UUID, reason: RulePause, ticket: Ticket) -> None:
    """Pause a rule until an admin lets it go on, and tell the admins, once.

    Nothing happens where another ticket has paused it meanwhile, or an admin has switched it off.
    An act that pauses several does so in the order of their ids. Runs of the rule that others are
    writing down, who share its key, are not waited for.
    """
    rule = await work.session.scalar(
        select(Rule)
        .where(
            Rule.id == rule_id, Rule.enabled, Rule.paused_at.is_(None), Rule.deleted_at.is_(None)
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if rule is None:
        return
    rule.paused_at = work.now
    rule.pause_reason = reason
    rule.paused_on_id = ticket.id
    payload = {"reason": reason, "ticket_id": ticket.id.hex}
    work.record("RulePaused", payload, topic=topic_of(rule), versions=[rule])
    kind = NotificationKind.RULE_PAUSED
    await notifications.tell_admins(work, kind, rule_id=rule.id, ticket_id=ticket.id)
