"""What keeps rules from looping (product.md, part 4). Counts stand in the database, whoever runs.

They are read under the locks of the ticket and of the profile it came by, so that processes share
them and none is a moment late. They count all tickets of that profile: a robot whose ticket was
closed writes into a new one, and goes on as before.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Uuid, and_, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from models.actors import ActorKind
from models.messages import Message, MessageDirection
from models.rules import RuleActionKind, RulePause, RuleRun
from models.tickets import Ticket
from services.automation.definitions import Action
from services.automation.effects import after
from services.automation.facts import Facts
from services.automation.rulebook import TriedRule

CHAIN_MAXIMUM = 5
RUNS_MAXIMUM = 3
MESSAGES_MAXIMUM = 10
WINDOW = timedelta(minutes=10)  # of the last two


@dataclass(frozen=True, slots=True)
class Recent:
    """What rules did of late: how often each one changed something, and the messages sent."""

    runs: Counter[UUID | None] = field(default_factory=Counter)
    messages: int = 0

    def and_then(self, rule: TriedRule, *, changed: bool, messages: int) -> "Recent":
        """Return what it is after one more run of a rule."""
        return Recent(self.runs + Counter({rule.id: int(changed)}), self.messages + messages)


def limit_reached(rule: TriedRule, facts: Facts, depth: int, recent: Recent) -> RulePause | None:
    """Return which limit a rule that matches would exceed, if any.

    `depth` is how many runs have led here. A rule that would find nothing to do exceeds none.
    """
    if not _would_act(rule.definition.actions, facts):
        return None
    if depth >= CHAIN_MAXIMUM:
        return RulePause.CHAIN_TOO_DEEP
    if recent.runs[rule.id] >= RUNS_MAXIMUM:
        return RulePause.RAN_TOO_OFTEN
    sending = _messages_of(rule)
    is_too_much = recent.messages + sending > MESSAGES_MAXIMUM
    if sending and is_too_much and not _is_left_unanswered(facts):
        return RulePause.TOO_MANY_MESSAGES
    return None


def _messages_of(rule: TriedRule) -> int:
    """Return how many messages one run of a rule sends."""
    return sum(action.kind is RuleActionKind.SEND_MESSAGE for action in rule.definition.actions)


async def read_recent(session: AsyncSession, ticket: Ticket, now: datetime) -> Recent:
    """Count what rules did within WINDOW on a ticket, and on the others of its profile."""
    since = now - WINDOW
    counted = Ticket.id == ticket.id
    if ticket.profile_id is not None:
        is_of_profile = Ticket.profile_id == ticket.profile_id
        counted = or_(counted, and_(is_of_profile, Ticket.updated_at > since))
    ticket_ids = select(Ticket.id).where(counted)
    runs = (
        select(RuleRun.rule_id, func.count().label("times"))
        .where(RuleRun.ticket_id.in_(ticket_ids), RuleRun.changed, RuleRun.started_at > since)
        .group_by(RuleRun.rule_id)
    )
    messages = select(literal(None, Uuid), func.count()).where(
        Message.ticket_id.in_(ticket_ids),
        Message.direction == MessageDirection.OUTGOING,
        Message.author_kind == ActorKind.AUTOMATION,
        Message.created_at > since,
    )
    # Nothing of the act is counted, which has not run a rule yet.
    with session.no_autoflush:
        rows = (await session.execute(union_all(runs, messages))).all()
    counts = {row.rule_id: row.times for row in rows}
    return Recent(messages=counts.pop(None), runs=Counter(counts))


def _would_act(actions: Iterable[Action], facts: Facts) -> bool:
    return any(after(action, facts) is not None for action in actions)


def _is_left_unanswered(facts: Facts) -> bool:
    return facts.message is not None and facts.message.is_automatic
