"""What rules will make of a ticket at once, so that nobody is disturbed by what lasts a moment.

Rules run in a job, a tenth of a second after the message. A first message whose rules ask back and
put the ticket aside would show as NEW that long, on every agent's screen. So the act that takes in
a message asks what the rules would do, by the same conditions and without effect; where they put
the ticket aside, it is put aside from the beginning. The event of the message keeps that. The job
then does what the rules say, and where it comes out otherwise (a rule ran into a limit, or failed,
or was changed) it gives the ticket the status that the message would have given it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncSession

from models.event_records import EventRecord
from models.messages import Message
from models.rules import RuleActionKind, RuleTrigger
from models.tickets import Ticket, TicketStatus
from services.automation.conditions import matches
from services.automation.effects import after
from services.automation.facts import (
    Facts,
    Words,
    read_person,
    read_runs,
    read_tags,
    read_words,
)
from services.automation.rulebook import Rulebook, TriedRule, read_rulebook
from services.automation.triggers import is_agent_ticket
from services.waiting import OPEN_STATUSES


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The status that rules are expected to set, and the one that the message asks for."""

    status: TicketStatus
    instead_of: TicketStatus

    def as_payload(self) -> dict[str, Any]:
        """Return what the event of the message keeps of it."""
        return {"foreseen": self.status.value, "instead_of": self.instead_of.value}

    @classmethod
    def at(cls, event: EventRecord) -> Self | None:
        """Return what was foreseen when a message came in, if anything was."""
        if "foreseen" not in event.payload:
            return None
        told = event.payload
        return cls(TicketStatus(told["foreseen"]), TicketStatus(told["instead_of"]))


async def foresee(
    session: AsyncSession, ticket: Ticket, message: Message | None, wanted: TicketStatus
) -> Foreseen | None:
    """Return how rules will put a ticket aside that a message, or a new chat, would make `wanted`.

    None where they will not. While they are still at an earlier message the ticket stays as it is:
    what they make of this one depends on what they do then. The message is written already.
    """
    book = await read_rulebook(session, ticket.brand_id, (RuleTrigger.INCOMING,))
    if not book.has_action(RuleActionKind.SET_STATUS, RuleActionKind.END_CHAT):
        return None
    if ticket.rules_after is not None and ticket.status not in OPEN_STATUSES:
        return Foreseen(ticket.status, wanted)
    rules = book.tried_after(RuleTrigger.INCOMING, is_agent_ticket=is_agent_ticket(ticket.channel))
    status = _status_after(rules, await _facts(session, book, ticket, message, wanted))
    return None if status in OPEN_STATUSES else Foreseen(status, wanted)


def _status_after(rules: Sequence[TriedRule], facts: Facts) -> TicketStatus:
    """Return how the ticket would stand after rules, each of which sees what those before did."""
    for rule in rules:
        if matches(rule, facts):
            for action in rule.definition.actions:
                facts = after(action, facts) or facts
    return facts.status


async def _facts(
    session: AsyncSession,
    book: Rulebook,
    ticket: Ticket,
    message: Message | None,
    wanted: TicketStatus,
) -> Facts:
    now = ticket.created_at if message is None else message.created_at
    back = timedelta(hours=book.counted_hours)
    # Who starts a chat is new, and has not said anything yet.
    words = Words(None, "", is_first_contact=True)
    if message is not None:
        words = (await read_words(session, [message.id]))[message.id]
    person = await read_person(session, ticket.id)
    facts = Facts.of(ticket, now, person, await read_tags(session, ticket.id))
    runs = await read_runs(session, ticket.id, now, back) if back else ()
    return replace(facts, status=wanted, message=words, runs=runs)
