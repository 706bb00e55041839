"""Trying a rule on a ticket without effect."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from models.event_records import EventRecord
from models.event_topics import topic_named
from models.events import Event, record_of
from models.tickets import Ticket
from services.automation.conditions import check, matches
from services.automation.definitions import Action
from services.automation.effects import after
from services.automation.facts import (
    Facts,
    Reader,
    read_person,
    read_runs,
    read_tags,
    read_ticket,
    read_words,
)
from services.automation.happenings import Happening
from services.automation.outcomes import ActionResult, Outcome, RuleSkip, TakenAction
from services.automation.rulebook import TriedRule, hours_counted
from services.automation.triggers import UPDATES, is_agent_ticket, message_of

# Of a ticket with which nothing of the kind has happened for so long, nothing is tried.
_EVENTS_LOOKED_AT = 200


async def simulate(reader: Reader, rule: TriedRule, ticket_id: UUID, now: datetime) -> Outcome:
    """Return what the rule would do after the newest event of its trigger on the ticket.

    The ticket is taken as it stands now. Nothing is written, and the limits are not looked at.
    Whether the viewer may see the ticket is asked before.
    """
    ticket = await read_ticket(reader, ticket_id)
    happening = await _newest(reader, rule, ticket)
    person = await read_person(reader, ticket.id)
    facts = Facts.of(ticket, now, person, await read_tags(reader, ticket_id))
    hours = max(hours_counted([rule]), default=0)
    if hours:
        runs = await read_runs(reader, ticket_id, now, timedelta(hours=hours))
        facts = replace(facts, runs=runs)
    if happening is not None:
        facts = happening.added_to(facts)
    event = happening.event if happening is not None else None
    skip = _skip(rule, ticket, event)
    has_matched = skip is None and matches(rule, facts)
    return Outcome(
        event_id=event.id if event else None,
        event_type=event.type if event else None,
        matches=has_matched,
        conditions=check(rule, facts),
        actions=_would_run(rule.definition.actions, facts) if has_matched else (),
        skip=skip,
    )


async def _newest(reader: Reader, rule: TriedRule, ticket: Ticket) -> Happening | None:
    """Return what happened last of the rule's trigger."""
    rows = await reader.execute(
        select(Event.__table__)
        .where(Event.topic == topic_named(Ticket, ticket.id), Event.type.in_(UPDATES))
        .order_by(Event.seq.desc())
        .limit(_EVENTS_LOOKED_AT)
    )
    events = [record_of(row) for row in rows]
    written = await read_words(reader, [each for each in map(message_of, events) if each])
    happenings = (Happening.of(event, ticket.channel, written) for event in events)
    return next((each for each in happenings if each.trigger is rule.trigger), None)


def _skip(rule: TriedRule, ticket: Ticket, event: EventRecord | None) -> RuleSkip | None:
    if is_agent_ticket(ticket.channel) and not rule.on_agent_tickets:
        return RuleSkip.OPENED_BY_AGENT
    return RuleSkip.NOTHING_HAPPENED if event is None else None


def _would_run(actions: Sequence[Action], facts: Facts) -> list[TakenAction]:
    """Return what each action would come to, seeing what those before it would do."""
    taken = []
    for action in actions:
        then = after(action, facts)
        result = ActionResult.NO_CHANGE if then is None else ActionResult.WOULD_RUN
        taken.append(TakenAction(action, result))
        facts = then or facts
    return taken
