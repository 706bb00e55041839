"""Whether a database holds what was planned: each message once, and each run of a rule."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select

from bench.incoming_plan import Plan
from bench.incoming_rules import UPDATED
from core import clock
from core.database import Database
from core.ids import decode_global_id
from models.channel_profiles import ChannelProfile
from models.channels import CONNECTOR_CHANNELS
from models.events import Event
from models.jobs import Job
from models.messages import DeliveryState, Message
from models.rules import Rule, RuleRun, RuleRunOutcome
from models.tickets import Ticket


@dataclass(frozen=True, slots=True)
class JobWait:
    """How long after it was due a job was done, in seconds."""

    kind: str
    seconds: float


async def waiting_jobs(database: Database) -> int:
    """Return how many jobs are due and not done."""
    due = and_(Job.finished_at.is_(None), Job.failed_at.is_(None), Job.run_at <= clock.now())
    async with database.reading() as connection:
        return int((await connection.execute(select(func.count()).where(due))).scalar_one())


async def job_waits(database: Database, since: datetime) -> list[JobWait]:
    """Return how long the jobs took that were due since then."""
    done = select(Job.kind, Job.run_at, Job.finished_at).where(
        Job.run_at >= since, Job.finished_at.is_not(None)
    )
    async with database.reading() as connection:
        rows = await connection.execute(done)
        return [JobWait(row.kind, (row.finished_at - row.run_at).total_seconds()) for row in rows]


async def faults(database: Database, plan: Plan, rules: Mapping[str, str]) -> AsyncIterator[str]:
    """Give whatever is not as planned. `rules` are the names of the rules by their global ids."""
    names = {decode_global_id(rule_id)[1]: name for rule_id, name in rules.items()}
    numbers: dict[UUID, int] = {}
    async for fault in _wrong_messages(database, plan, numbers):
        yield fault
    for fault in await _wrong_events(database, numbers):
        yield fault
    for fault in await _wrong_runs(database, plan, names, numbers):
        yield fault
    left: dict[str, Any] = {
        "rules paused": Rule.paused_at.is_not(None),
        "runs that did not do all": RuleRun.outcome != RuleRunOutcome.RAN,
        "jobs dead": Job.failed_at.is_not(None),
        "answers not delivered": and_(
            Message.channel.in_(CONNECTOR_CHANNELS), Message.delivery_state == DeliveryState.QUEUED
        ),
    }
    for what, condition in left.items():
        (count,) = await _all(database, select(func.count()).where(condition))
        if count[0]:
            yield f"{what}: {count[0]}"
    if waiting := await waiting_jobs(database):
        yield f"jobs waiting: {waiting}"


async def _wrong_messages(
    database: Database, plan: Plan, numbers: dict[UUID, int]
) -> AsyncIterator[str]:
    """Give what is wrong with messages, and fill `numbers` with those that there are."""
    rows = await _all(
        database,
        select(Message.id, Message.external_id, Message.body, ChannelProfile.handle)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .join(ChannelProfile, ChannelProfile.id == Ticket.profile_id)
        .where(Message.external_id.is_not(None)),
    )
    found = Counter((row.external_id, row.body, row.handle) for row in rows)
    wanted = Counter(
        (planned.external_id, planned.body, planned.person.handle) for planned in plan.messages
    )
    if lost := sum((wanted - found).values()):
        yield f"messages lost: {lost}"
    if doubled := sum((found - wanted).values()):
        yield f"messages doubled, or not as they were written: {doubled}"
    numbers.update({row.id: int(row.external_id.rpartition(":")[2]) for row in rows})


async def _wrong_events(database: Database, numbers: Mapping[UUID, int]) -> list[str]:
    rows = await _all(
        database,
        select(Event.payload).where(Event.type == "MessageAdded", Event.topic.like("ticket:%")),
    )
    told = Counter(UUID(row.payload["message_id"]) for row in rows)
    wrong = sum(told[message_id] != 1 for message_id in numbers)
    return [f"messages not told once: {wrong}"] if wrong else []


async def _wrong_runs(
    database: Database, plan: Plan, names: Mapping[UUID, str], numbers: Mapping[UUID, int]
) -> list[str]:
    rows = await _all(
        database,
        select(RuleRun.rule_id, Event.payload).join(
            Event, and_(Event.id == RuleRun.event_id, Event.topic.like("ticket:%"))
        ),
    )
    found: Counter[tuple[str, int | None]] = Counter()
    for row in rows:
        name = names[row.rule_id]
        is_update = name in UPDATED
        found[name, None if is_update else numbers.get(UUID(row.payload["message_id"]))] += 1
    wanted: Counter[tuple[str, int | None]] = Counter(
        (rule, planned.number) for planned in plan.messages for rule in planned.rules
    )
    wanted.update({(rule, None): times for rule, times in plan.updates().items()})
    missing, more = wanted - found, found - wanted
    return [
        f"runs {what}: {sum(runs.values())}, such as {next(iter(runs))}"
        for what, runs in (("missing", missing), ("not planned", more))
        if runs
    ]


async def _all(database: Database, statement: Any) -> Sequence[Any]:
    async with database.reading() as connection:
        return (await connection.execute(statement)).all()
