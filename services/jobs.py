"""The queue of jobs: claimed by lease, tried again after a failure, never run by two at once.

A job is done at least once: a worker may die after the deed and before it says so. What a handler
does must therefore do no harm when it is done twice.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Select, func, or_, select, update

from core import clock
from core.database import Database
from core.errors import Unavailable
from models.jobs import Job

TIME_LIMIT = timedelta(seconds=45)
# As long as others leave the jobs of a worker that died. One that lives renews it meanwhile.
LEASE = timedelta(seconds=60)
RENEWAL = timedelta(seconds=20)
# Who cannot renew a lease stops before it ends, though the clocks of machines are seconds apart.
LEASE_MARGIN = timedelta(seconds=15)
# Pauses of 15 s, doubling up to an hour: about four hours, in which most outages end.
MAX_ATTEMPTS = 12
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)
# As often a job is tried again when it was told to be: one that was broken off for another act.
SHORT_PAUSES = 3
ERROR_CHARACTERS = 500

Payload = dict[str, Any]

_log = structlog.get_logger(__name__)


class JobOutcome(StrEnum):
    """How one try of a job ended."""

    FINISHED = "finished"
    WILL_RETRY = "will_retry"
    DEAD = "dead"
    LEASE_LOST = "lease_lost"


@dataclass(frozen=True, slots=True)
class JobHandler:
    """What does the jobs of a kind, each within `time_limit`."""

    do: Callable[[Payload], Awaitable[None]]
    time_limit: timedelta = TIME_LIMIT


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that this worker alone may run while it keeps the lease; `attempt` counts from 1."""

    id: UUID
    kind: str
    payload: Payload
    attempt: int


@dataclass(frozen=True, slots=True)
class QueueLength:
    """How many jobs of a kind are still to be done, and how many were given up."""

    kind: str
    waiting: int
    dead: int


async def due_kinds(database: Database, kinds: Collection[str]) -> set[str]:
    """Return the kinds of which somebody may claim a job now.

    Most looks find none; those must not queue for the write lock of SQLite.
    """
    due = _due(kinds, clock.now()).with_only_columns(Job.kind).order_by(None).distinct()
    async with database.reading() as connection:
        return {row.kind for row in await connection.execute(due)}


async def claim(database: Database, kinds: Collection[str], limit: int) -> list[ClaimedJob]:
    """Take up to `limit` due jobs of these kinds that nobody holds, the longest due first.

    Each is to be passed to `run` at once: its lease has begun.
    """
    now = clock.now()
    due = _due(kinds, now).limit(limit)
    async with database.transaction() as session:
        jobs = (await session.scalars(due.with_for_update(skip_locked=True))).all()
        return [_leased(job, now) for job in jobs if not _buried(job, now)]


async def run(database: Database, job: ClaimedJob, handler: JobHandler) -> JobOutcome:
    """Run a claimed job, and write down how it ended unless the lease was lost meanwhile.

    The handler is cancelled when its time is up, and when the lease is lost or cannot be renewed.
    """
    try:
        async with asyncio.timeout(handler.time_limit.total_seconds()), _kept_lease(database, job):
            await handler.do(job.payload)
    except Exception as error:  # noqa: BLE001  # whatever a handler raises, the job has failed
        return await _fail(database, job, error)
    is_settled = await _settle(database, job, finished_at=clock.now())
    return JobOutcome.FINISHED if is_settled else JobOutcome.LEASE_LOST


async def queue_lengths(database: Database) -> Sequence[QueueLength]:
    """Return the kinds of which jobs are waiting or dead."""
    statement = (
        select(Job.kind, func.count() - func.count(Job.failed_at), func.count(Job.failed_at))
        .where(Job.finished_at.is_(None))
        .group_by(Job.kind)
    )
    async with database.reading() as connection:
        return [QueueLength(*row) for row in await connection.execute(statement)]


def pause_after(attempt: int) -> timedelta:
    """Return how long to wait after this try failed.

    Up to half is cut at random, so that jobs that failed together do not come back together.
    """
    pause = min(FIRST_PAUSE * 2.0 ** (attempt - 1), LONGEST_PAUSE)
    return pause * random.uniform(0.5, 1)  # noqa: S311  # nothing secret depends on a pause


def _due(kinds: Collection[str], now: datetime) -> Select[Job]:
    return (
        select(Job)
        .where(
            Job.finished_at.is_(None),
            Job.failed_at.is_(None),
            Job.run_at <= now,
            or_(Job.leased_until.is_(None), Job.leased_until < now),
            Job.kind.in_(kinds),
        )
        .order_by(Job.run_at)
    )


def _leased(job: Job, now: datetime) -> ClaimedJob:
    job.attempts += 1
    job.leased_until = now + LEASE
    return ClaimedJob(job.id, job.kind, job.payload, job.attempts)


def _buried(job: Job, now: datetime) -> bool:
    """Give up a job during whose last try the worker died, and perhaps because of it."""
    if job.attempts < MAX_ATTEMPTS:
        return False
    job.leased_until = None
    job.failed_at = now
    job.last_error = "The worker ended during the last try."
    _log.error("job is dead", kind=job.kind, job_id=str(job.id), error=job.last_error)
    return True


async def _fail(database: Database, job: ClaimedJob, error: Exception) -> JobOutcome:
    is_last = job.attempt >= MAX_ATTEMPTS
    now = clock.now()
    outcome = {"failed_at": now} if is_last else {"run_at": now + _pause(job, error)}
    description = f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS]
    if not await _settle(database, job, last_error=description, **outcome):
        return JobOutcome.LEASE_LOST
    about = {"kind": job.kind, "job_id": str(job.id), "attempt": job.attempt}
    if is_last:
        _log.error("job is dead", **about, exc_info=error)
        return JobOutcome.DEAD
    _log.warning("job failed and will be tried again", **about, error=description)
    return JobOutcome.WILL_RETRY


def _pause(job: ClaimedJob, error: Exception) -> timedelta:
    """Come back when the error says so, the first times; what lasts longer is an outage."""
    if job.attempt <= SHORT_PAUSES and isinstance(error, Unavailable) and error.retry_after_seconds:
        return timedelta(seconds=error.retry_after_seconds)
    return pause_after(job.attempt)


async def _settle(database: Database, job: ClaimedJob, **values: Any) -> bool:
    """Give the lease back with these values; False where another worker has taken over."""
    return await _change(database, job, leased_until=None, **values)


@asynccontextmanager
async def _kept_lease(database: Database, job: ClaimedJob) -> AsyncIterator[None]:
    """Renew the lease again and again; cancel what goes on meanwhile once it is lost."""
    async with asyncio.timeout((LEASE - LEASE_MARGIN).total_seconds()) as held:
        renewing = asyncio.create_task(_renew(database, job, held))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])


async def _renew(database: Database, job: ClaimedJob, held: asyncio.Timeout) -> None:
    now = asyncio.get_running_loop().time
    while True:
        await asyncio.sleep(RENEWAL.total_seconds())
        asked_at = now()
        try:
            is_ours = await _change(database, job, leased_until=clock.now() + LEASE)
        except Exception as error:  # noqa: BLE001  # until the lease ends the database may be back
            _log.warning("a lease cannot be renewed", job_id=str(job.id), error=str(error))
            continue
        if not is_ours:
            held.reschedule(now())
            return
        held.reschedule(asked_at + (LEASE - LEASE_MARGIN).total_seconds())


async def _change(database: Database, job: ClaimedJob, **values: Any) -> bool:
    """Change a job; False where another worker has taken over."""
    async with database.transaction() as session:
        changed = await session.execute(
            update(Job)
            .where(
                Job.id == job.id,
                Job.attempts == job.attempt,
                Job.leased_until.is_not(None),
            )
            .values(**values)
            .returning(Job.id)
        )
        return changed.first() is not None
