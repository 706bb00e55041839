"""Trying rules on a ticket in hand, event by event, each rule seeing what those before it did."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import perf_counter_ns
from uuid import UUID

import structlog

from core.database import is_passing
from core.errors import DomainError
from core.ids import new_id
from models.event_records import EventRecord
from models.rules import RuleActionKind, RulePause, RuleRun, RuleRunOutcome, RuleTrigger
from models.tickets import TicketStatus
from services.automation.actions import Acting, ActionFailed, carry_out
from services.automation.conditions import check, matches
from services.automation.definitions import Action
from services.automation.effects import STATUS_ACTIONS
from services.automation.facts import (
    Facts,
    PastRun,
    Person,
    Words,
    read_person,
    read_runs,
    read_tags,
)
from services.automation.foresight import Foreseen
from services.automation.happenings import Happening
from services.automation.limits import WINDOW, Recent, limit_reached, read_recent
from services.automation.outcomes import ActionFailure, ActionResult, TakenAction
from services.automation.pausing import pause
from services.automation.rulebook import Rulebook, TriedRule
from services.automation.triggers import is_agent_ticket
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork
from services.waiting import OPEN_STATUSES

# Mail of the past is written now and was sent long ago; what is written live bears its own moment.
_PAST = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Occasion:
    """What happened, after which rules are tried, and what has come of that so far."""

    happening: Happening
    foreseen: Foreseen | None = field(init=False)
    depth: int = field(init=False)
    is_settled: bool = False
    has_tripped: bool = False

    def __post_init__(self) -> None:
        self.foreseen = Foreseen.at(self.event)
        self.depth = self.event.payload.get("chain", 0)

    @property
    def event(self) -> EventRecord:
        return self.happening.event


class Trial:
    """The rules of one ticket, tried within one act after some events; see `try_all`."""

    def __init__(
        self,
        work: UnitOfWork,
        hand: TicketInHand,
        book: Rulebook,
        words: Mapping[UUID, Words],
        *,
        is_careful: bool,
    ) -> None:
        """Take what was read before; `words` are the messages that the events tell of.

        With `is_careful` each action can fail without the others, whatever it raises.
        """
        self.outcomes: list[RuleRunOutcome] = []
        self._work = work
        self._hand = hand
        self._book = book
        self._is_careful = is_careful
        self._words = words
        self._person: Person
        self._tag_ids: set[UUID]
        self._runs: list[PastRun]
        self._recent: Recent | None = None
        self._tripped: dict[UUID, RulePause] = {}

    async def try_all(self, events: Sequence[EventRecord]) -> None:
        """Try the rules after each of these events of the ticket, which is locked.

        Rules that run into a limit are paused in the end.
        """
        await self._read(events)
        for event in events:
            await self._try_after(event)
        for rule_id in sorted(self._tripped):
            await pause(self._work, rule_id, self._tripped[rule_id], self._hand.ticket)

    async def _read(self, events: Sequence[EventRecord]) -> None:
        """Read what rules look at, once for all events."""
        session, ticket = self._work.session, self._hand.ticket
        back = max(WINDOW, timedelta(hours=self._book.counted_hours))
        event_ids = [event.id for event in events]
        self._person = await read_person(session, ticket.id)
        self._tag_ids = await read_tags(session, ticket.id)
        self._runs = await read_runs(session, ticket.id, self._work.now, back, event_ids)

    async def _try_after(self, event: EventRecord) -> None:
        """Try the rules of an event's trigger in their order."""
        channel = self._hand.ticket.channel
        happening = Happening.of(event, channel, self._words)
        trigger = happening.trigger
        if trigger is None or _is_past(happening):
            return
        occasion = _Occasion(happening)
        facts = self._facts(occasion)
        for rule in self._book.tried_after(trigger, is_agent_ticket=is_agent_ticket(channel)):
            if matches(rule, facts) and not self._is_done(rule, event):
                await self._run(rule, facts, occasion)
                facts = self._facts(occasion)
        self._settle(occasion, trigger)

    def _facts(self, occasion: _Occasion) -> Facts:
        facts = Facts.of(self._hand.ticket, self._work.now, self._person, self._tag_ids)
        status = self._status_hidden_by(occasion) or facts.status
        return occasion.happening.added_to(replace(facts, status=status, runs=tuple(self._runs)))

    def _status_hidden_by(self, occasion: _Occasion) -> TicketStatus | None:
        """Return the status that a message has asked for, while one stands there in foresight."""
        foreseen = occasion.foreseen
        if foreseen is None or occasion.is_settled:
            return None
        return foreseen.instead_of if self._hand.ticket.status is foreseen.status else None

    def _is_done(self, rule: TriedRule, event: EventRecord) -> bool:
        """Tell whether a rule has run after the event, or runs no more."""
        has_run = any(run.rule_id == rule.id and run.event_id == event.id for run in self._runs)
        return has_run or rule.id in self._tripped

    async def _run(self, rule: TriedRule, facts: Facts, occasion: _Occasion) -> None:
        assert rule.id is not None  # noqa: S101  # only saved rules are in a rulebook
        began = perf_counter_ns()
        if self._recent is None:
            self._recent = await read_recent(self._work.session, self._hand.ticket, self._work.now)
        recent = self._recent
        limit = limit_reached(rule, facts, occasion.depth, recent)
        if limit is not None:
            occasion.has_tripped = True
            self._tripped[rule.id] = limit
            self._keep(rule, facts, occasion, (), began, limit)
            return
        with self._work.led_by(occasion.depth + 1):
            actions = rule.definition.actions
            taken = [await self._act(action, rule.id, occasion) for action in actions]
        self._keep(rule, facts, occasion, taken, began)
        done = [action.action.kind for action in taken if action.result is ActionResult.DONE]
        self._recent = recent.and_then(
            rule, changed=bool(done), messages=done.count(RuleActionKind.SEND_MESSAGE)
        )

    async def _act(self, action: Action, rule_id: UUID, occasion: _Occasion) -> TakenAction:
        facts = self._facts(occasion)
        acting = Acting(self._work, self._hand, rule_id, facts)
        try:
            async with self._hand.attempt() if self._is_careful else nullcontext():
                changed = await carry_out(acting, action)
        except Exception as error:
            reason = self._reason_of(error)
            if reason is None:
                raise
            if reason is ActionFailure.INTERNAL:
                _log.exception("an action of a rule failed", rule_id=str(rule_id), kind=action.kind)
            return TakenAction(action, ActionResult.FAILED, reason)
        if action.kind in STATUS_ACTIONS:
            # What was done in foresight of this action is its doing.
            changed = changed or facts.status is not self._hand.ticket.status
            occasion.is_settled = True
        if changed:
            self._heed(action)
        return TakenAction(action, ActionResult.DONE if changed else ActionResult.NO_CHANGE)

    def _reason_of(self, error: Exception) -> ActionFailure | None:
        """Return why an action failed; None where everything is to be tried again."""
        if isinstance(error, ActionFailed):
            return error.reason
        if is_passing(error):
            return None
        if isinstance(error, DomainError):
            return ActionFailure.REFUSED
        return ActionFailure.INTERNAL if self._is_careful else None

    def _heed(self, action: Action) -> None:
        """Keep up with the tags, which do not stand on the ticket's row."""
        match action.kind:
            case RuleActionKind.ADD_TAG if action.tag_id is not None:
                self._tag_ids.add(action.tag_id)
            case RuleActionKind.REMOVE_TAG if action.tag_id is not None:
                self._tag_ids.discard(action.tag_id)

    def _keep(
        self,
        rule: TriedRule,
        facts: Facts,
        occasion: _Occasion,
        taken: Sequence[TakenAction],
        began: int,
        limit: RulePause | None = None,
    ) -> None:
        """Write a run into the log of runs."""
        assert rule.id is not None  # noqa: S101  # only saved rules are in a rulebook
        has_failed = any(action.result is ActionResult.FAILED for action in taken)
        outcome = RuleRunOutcome.FAILED if has_failed else RuleRunOutcome.RAN
        if limit is not None:
            outcome = RuleRunOutcome.TRIPPED
        event = occasion.event
        run = RuleRun(
            id=new_id(),
            rule_id=rule.id,
            rule_version=rule.version,
            ticket_id=self._hand.ticket.id,
            event_id=event.id,
            event_type=event.type,
            depth=occasion.depth,
            outcome=outcome,
            conditions=[condition.as_payload() for condition in check(rule, facts)],
            actions=[action.as_payload() for action in taken],
            changed=any(action.result is ActionResult.DONE for action in taken),
            started_at=self._work.now,
            duration_microseconds=(perf_counter_ns() - began) // 1_000,
        )
        self._work.session.add(run)
        self._runs.append(PastRun(run.rule_id, run.event_id, run.started_at, run.changed))
        self.outcomes.append(outcome)

    def _settle(self, occasion: _Occasion, trigger: RuleTrigger) -> None:
        """Leave no customer unheard whose message rules were expected to answer."""
        ticket, status = self._hand.ticket, self._status_hidden_by(occasion)
        with self._work.led_by(occasion.depth + 1):
            if occasion.has_tripped and trigger is RuleTrigger.INCOMING:
                if ticket.status not in OPEN_STATUSES:
                    self._hand.set_status(TicketStatus.OPEN)
            elif status is not None and not self._is_overtaken(occasion):
                self._hand.set_status(status)

    def _is_overtaken(self, occasion: _Occasion) -> bool:
        """Tell whether rules have put the ticket where it stands after this message was written.

        Who writes three lines at once is heard once one of them is answered.
        """
        words = occasion.happening.words
        since = words.created_at if words else None
        settling = self._book.doing(STATUS_ACTIONS)
        later = (run for run in self._runs if run.event_id != occasion.event.id)
        return since is not None and any(
            run.rule_id in settling and run.changed and run.started_at > since for run in later
        )


def _is_past(happening: Happening) -> bool:
    words = happening.words
    moment = words.created_at if words is not None else None
    return moment is not None and happening.event.occurred_at - moment > _PAST
