"""Tickets whose rules are still to be tried, and whose job was given up.

A job that failed for hours is a dead letter, and the next thing that happens on the ticket asks for
another. Nothing may happen there: the customer waits. So upkeep lets the dead letter be tried anew:
one more job each time would be one more dead letter for people to look at.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, cast, select, update

from models.event_topics import topic_of
from models.events import read_events
from models.jobs import Job
from models.tickets import Ticket
from services.automation.foresight import Foreseen
from services.automation.triggers import RUN_RULES
from services.tickets import TicketInHand
from services.unit_of_work import UnitOfWork

# Far more than may come after a mark while a job is tried again and again.
_EVENTS_LOOKED_AT = 1_000


def tickets() -> Select[UUID]:
    """Return the query for the ids of such tickets."""
    return select(Ticket.id).where(_is_stranded())


async def take_up(work: UnitOfWork, ticket_id: UUID) -> None:
    """Let the rules of such a ticket be tried again, if it is one still.

    Where it was put aside in foresight of what rules would do, agents have it meanwhile.
    """
    ticket = await work.session.scalar(
        select(Ticket)
        .where(Ticket.id == ticket_id, _is_stranded())
        .with_for_update(skip_locked=True)
    )
    if ticket is None:
        return
    await _open_if_foreseen(work, ticket)
    dead = Job.payload["ticket_id"].as_string() == ticket.id.hex
    await work.session.execute(
        update(Job)
        .where(Job.kind == RUN_RULES, Job.failed_at.is_not(None), dead)
        .values(failed_at=None, attempts=0, run_at=work.now)
    )


def _is_stranded() -> ColumnElement[bool]:
    return and_(
        Ticket.rules_after.is_not(None),
        Ticket.id.in_(_of_jobs(Job.failed_at.is_not(None))),
        Ticket.id.not_in(_of_jobs(Job.failed_at.is_(None))),
    )


def _of_jobs(which: ColumnElement[bool]) -> Select[UUID]:
    ticket_id = cast(Job.payload["ticket_id"].as_string(), Uuid)
    return select(ticket_id).where(Job.kind == RUN_RULES, Job.finished_at.is_(None), which)


async def _open_if_foreseen(work: UnitOfWork, ticket: Ticket) -> None:
    """Give a ticket the status that the newest message asked for, while a foreseen one stands."""
    after = ticket.rules_after or 0
    events = await read_events(work.session, topic_of(ticket), after, _EVENTS_LOOKED_AT)
    newest = next(filter(None, map(Foreseen.at, reversed(events))), None)
    if newest is None or ticket.status is not newest.status:
        return
    hand = TicketInHand(work, ticket)
    hand.set_status(newest.instead_of)
    await hand.finish()
