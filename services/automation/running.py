"""The job that tries the rules of a ticket after what happened to it.

The log is the truth, the job is a hint. Which events are still to be tried stands on the ticket's
row, as the position in the log that comes before them. A job locks the ticket, tries its rules
after each event in order, and moves the mark in the same transaction in which everything stands
that the rules did. So a worker that dies has done nothing, and a job that comes twice finds nothing
to do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Database, is_passing
from models.actors import AUTOMATION
from models.channel_profiles import ChannelProfile
from models.customers import Customer
from models.event_records import EventRecord
from models.event_topics import topic_named
from models.events import read_events
from models.rules import RuleRunOutcome
from models.tickets import Ticket
from services.automation.facts import Words, read_words
from services.automation.relevance import acts_may_concern, may_concern
from services.automation.rulebook import Rulebook, read_rulebook
from services.automation.trial import Trial
from services.automation.triggers import RUN_RULES, message_of
from services.jobs import TIME_LIMIT, Payload
from services.tickets import TicketInHand
from services.unit_of_work import Announce, UnitOfWork, unit_of_work

EVENTS_PER_JOB = 100  # a transaction of so many takes a second; the rest is the next job's
# A transaction of some milliseconds, which may wait for a ticket. A limit of its own gives these
# jobs a lane of their own: no slow mail holds them up.
RULES_LIMIT = TIME_LIMIT / 2

CountOutcome = Callable[[RuleRunOutcome], None]

_log = structlog.get_logger(__name__)


class RuleRuns:
    """Tries the rules of tickets, one ticket a job."""

    def __init__(self, database: Database, announce: Announce, count: CountOutcome) -> None:
        self._database = database
        self._announce = announce
        self._count = count

    async def run(self, payload: Payload) -> None:
        """Do the job of one ticket.

        An action that fails in a way nobody has foreseen undoes all that was done. Then everything
        is done again, each action within a savepoint, so that the one fails and the others do not.
        """
        ticket_id = UUID(payload["ticket_id"])
        try:
            outcomes = await self._try(ticket_id, is_careful=False)
        except Exception as error:
            if is_passing(error):
                raise
            _log.exception("rules are tried again, one action at a time", ticket_id=str(ticket_id))
            outcomes = await self._try(ticket_id, is_careful=True)
        for outcome in outcomes:
            self._count(outcome)

    async def _try(self, ticket_id: UUID, *, is_careful: bool) -> Sequence[RuleRunOutcome]:
        while True:
            async with self._database.reading() as connection:
                waiting = await _read(connection, ticket_id)
            if waiting is None:
                return ()
            async with unit_of_work(self._database, self._announce, AUTOMATION) as work:
                if not waiting.may_concern_rules:
                    await _pass_over(work, waiting)
                    continue
                ticket = await _lock(work, waiting)
                if ticket is not None:
                    return await _try_all(work, ticket, waiting, is_careful=is_careful)
            # Somebody else was faster. What they left is to be read anew.


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The events of a ticket that rules are to be tried after, what was written, and the rules."""

    ticket_id: UUID
    customer_id: UUID
    profile_id: UUID | None
    after: int
    events: Sequence[EventRecord]
    words: Mapping[UUID, Words]
    book: Rulebook
    may_concern_rules: bool


async def _read(connection: AsyncConnection, ticket_id: UUID) -> _Waiting | None:
    """Read what never changes without a lock; None, where jobs come twice, if nothing waits."""
    marked = select(Ticket.__table__).where(Ticket.id == ticket_id, Ticket.rules_after.is_not(None))
    row = (await connection.execute(marked)).one_or_none()
    if row is None:
        return None
    topic = topic_named(Ticket, ticket_id)
    events = await read_events(connection, topic, row.rules_after, EVENTS_PER_JOB)
    written = [message_id for message_id in map(message_of, events) if message_id]
    words = await read_words(connection, written)
    book = await read_rulebook(connection, row.brand_id)
    people = (row.customer_id, row.profile_id)
    may_concern_rules = not events or may_concern(book, row, events, words)
    return _Waiting(ticket_id, *people, row.rules_after, events, words, book, may_concern_rules)


async def _pass_over(work: UnitOfWork, waiting: _Waiting) -> None:
    """Move the mark behind events that concern no rule. What has happened since is read anew."""
    last = waiting.events[-1].sequence
    await work.session.execute(
        update(Ticket)
        .where(Ticket.id == waiting.ticket_id, Ticket.rules_after == waiting.after)
        .values(rules_after=func.nullif(last, Ticket.version))
        .execution_options(synchronize_session=False)
    )


async def _lock(work: UnitOfWork, waiting: _Waiting) -> Ticket | None:
    """Lock a ticket, and before it whom it refers to.

    The ticket's row is written several times, and whenever PostgreSQL writes again what this
    transaction has written it shares a lock of all that the row refers to. So its customer and
    their profile come first, in the order in which messages that come in lock them. The limits are
    those of the profile, whichever of its tickets is tried: two of them take turns.

    None where it was tried, or became another customer's, since it was read.
    """
    if waiting.profile_id is not None:
        profile = select(ChannelProfile.id).where(ChannelProfile.id == waiting.profile_id)
        await work.session.execute(profile.with_for_update(key_share=True))
    customer = select(Customer.id).where(Customer.id == waiting.customer_id)
    await work.session.execute(customer.with_for_update(read=True, key_share=True))
    ticket = await work.session.get_one(Ticket, waiting.ticket_id, with_for_update=True)
    now = (ticket.rules_after, ticket.customer_id, ticket.profile_id)
    return ticket if now == (waiting.after, waiting.customer_id, waiting.profile_id) else None


async def _try_all(
    work: UnitOfWork, ticket: Ticket, waiting: _Waiting, *, is_careful: bool
) -> Sequence[RuleRunOutcome]:
    hand = TicketInHand(work, ticket)
    hand.tell_rules_of(partial(acts_may_concern, waiting.book))
    trial = Trial(work, hand, waiting.book, waiting.words, is_careful=is_careful)
    last = waiting.events[-1].sequence if waiting.events else ticket.version
    # What has happened since it was read, or was too much, is left to another job.
    ticket.rules_after = last if last < ticket.version else None
    if ticket.rules_after is not None:
        work.enqueue(RUN_RULES, {"ticket_id": ticket.id.hex})
    await trial.try_all(waiting.events)
    await hand.finish()
    return trial.outcomes
