"""The queue of jobs and the worker that empties it, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.worker import CONCURRENT_JOBS, Worker, wake_by_bell, working
from core import clock
from core.database import Database
from core.ids import new_id
from models.actors import AUTOMATION, ActorKind
from models.agents import Agent
from models.idempotency_keys import IdempotencyKey
from models.jobs import Job
from models.sessions import Session
from services import jobs
from services.jobs import JobHandler, JobOutcome, Payload, QueueLength
from services.unit_of_work import unit_of_work
from services.upkeep import tidy_up
from tests.support.desk import World

pytestmark = pytest.mark.both_databases

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Clock:
    """The time, for tests that cannot wait."""

    def __init__(self) -> None:
        self.now = NOON

    def advance(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def hand_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    hand_clock = Clock()
    monkeypatch.setattr(clock, "now", lambda: hand_clock.now)
    return hand_clock


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def enqueue(
    database: Database, *payloads: Payload, kind: str = "ring", run_at: datetime | None = None
) -> None:
    async with unit_of_work(database, lambda _records: None, AUTOMATION) as work:
        for payload in payloads:
            work.enqueue(kind, payload, run_at=run_at)


async def only_job(database: Database) -> Job:
    async with database.transaction() as session:
        return (await session.scalars(select(Job))).one()


async def _succeed(_payload: Payload) -> None:
    pass


async def _fail(_payload: Payload) -> None:
    raise ConnectionError("the mail server is away")


succeed, fail = JobHandler(_succeed), JobHandler(_fail)


def noting(done: list[Payload]) -> JobHandler:
    async def note(payload: Payload) -> None:
        done.append(payload)

    return JobHandler(note)


async def try_once(database: Database, handler: JobHandler) -> JobOutcome:
    (job,) = await jobs.claim(database, ["ring"], 1)
    return await jobs.run(database, job, handler)


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def two_workers(database_url: str, handler: JobHandler) -> AsyncIterator[None]:
    first, second = Database(database_url), Database(database_url)
    try:
        async with (
            working(Worker(first, {"ring": handler})),
            working(Worker(second, {"ring": handler})),
        ):
            yield
    finally:
        await first.close()
        await second.close()


async def test_two_workers_do_each_job_once(database: Database, database_url: str) -> None:
    done: list[Payload] = []

    async def take_a_moment(payload: Payload) -> None:
        await asyncio.sleep(0.005)
        done.append(payload)

    payloads = [{"number": number} for number in range(40)]
    await enqueue(database, *payloads)

    async with two_workers(database_url, JobHandler(take_a_moment)):
        await until(lambda: len(done) >= 40)

    assert sorted(done, key=lambda payload: payload["number"]) == payloads
    assert await jobs.queue_lengths(database) == []


async def test_workers_that_look_at_once_never_get_the_same_job(database: Database) -> None:
    await enqueue(database, *[{"number": number} for number in range(30)])

    claims = await asyncio.gather(*(jobs.claim(database, ["ring"], 10) for _ in range(9)))

    ids = [job.id for claimed in claims for job in claimed]
    assert 10 <= len(ids) == len(set(ids)) <= 30


async def test_the_longest_due_job_comes_first_and_the_future_waits(
    database: Database, hand_clock: Clock
) -> None:
    for name, minutes in (("later", 5), ("new", 0), ("old", -5)):
        await enqueue(database, {"name": name}, run_at=NOON + timedelta(minutes=minutes))

    claimed = await jobs.claim(database, ["ring"], 10)

    assert [job.payload["name"] for job in claimed] == ["old", "new"]


async def test_a_finished_job_is_not_done_again(database: Database, hand_clock: Clock) -> None:
    await enqueue(database, {"bell": "church"})

    assert await try_once(database, succeed) is JobOutcome.FINISHED

    hand_clock.advance(timedelta(days=1))
    assert await jobs.claim(database, ["ring"], 1) == []
    job = await only_job(database)
    assert (job.finished_at, job.failed_at, job.leased_until) == (NOON, None, None)


async def test_a_job_whose_worker_crashed_is_done_after_the_lease(
    database: Database, hand_clock: Clock
) -> None:
    await enqueue(database, {})
    await jobs.claim(database, ["ring"], 1)

    hand_clock.advance(jobs.LEASE)
    assert await jobs.claim(database, ["ring"], 1) == []
    hand_clock.advance(timedelta(seconds=1))
    (again,) = await jobs.claim(database, ["ring"], 1)

    assert again.attempt == 2


async def test_a_worker_that_lost_its_lease_changes_nothing(
    database: Database, hand_clock: Clock
) -> None:
    await enqueue(database, {})
    (slow,) = await jobs.claim(database, ["ring"], 1)
    hand_clock.advance(jobs.LEASE + timedelta(seconds=1))
    (quick,) = await jobs.claim(database, ["ring"], 1)

    assert await jobs.run(database, slow, succeed) is JobOutcome.LEASE_LOST
    assert await jobs.run(database, slow, fail) is JobOutcome.LEASE_LOST
    job = await only_job(database)
    assert (job.finished_at, job.last_error, job.attempts) == (None, None, 2)
    assert await jobs.run(database, quick, succeed) is JobOutcome.FINISHED


async def test_a_failed_job_is_tried_again_after_a_pause(
    database: Database, hand_clock: Clock
) -> None:
    await enqueue(database, {})

    assert await try_once(database, fail) is JobOutcome.WILL_RETRY

    job = await only_job(database)
    assert job.last_error == "ConnectionError: the mail server is away"
    assert NOON + jobs.FIRST_PAUSE / 2 <= job.run_at <= NOON + jobs.FIRST_PAUSE
    assert await jobs.claim(database, ["ring"], 1) == []
    hand_clock.advance(jobs.FIRST_PAUSE)
    assert await try_once(database, succeed) is JobOutcome.FINISHED


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 15), (2, 30), (8, 1_920), (9, 3_600)])
def test_pauses_double_up_to_an_hour_less_a_random_half(attempt: int, seconds: int) -> None:
    pauses = {jobs.pause_after(attempt).total_seconds() for _ in range(100)}

    assert seconds / 2 <= min(pauses) < max(pauses) <= seconds


async def test_a_job_that_takes_too_long_is_stopped(database: Database) -> None:
    endless = JobHandler(lambda _payload: asyncio.sleep(60), timedelta(milliseconds=10))
    await enqueue(database, {})

    assert await try_once(database, endless) is JobOutcome.WILL_RETRY
    assert (await only_job(database)).last_error == "TimeoutError: "


async def test_a_lease_is_renewed_while_its_job_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "RENEWAL", timedelta(milliseconds=10))
    may_end = asyncio.Event()
    await enqueue(database, {})
    (job,) = await jobs.claim(database, ["ring"], 1)
    leased_until = (await only_job(database)).leased_until

    async def wait(_payload: Payload) -> None:
        await may_end.wait()

    running = asyncio.create_task(jobs.run(database, job, JobHandler(wait)))

    async with asyncio.timeout(5):
        while (await only_job(database)).leased_until == leased_until:
            await asyncio.sleep(0.01)

    may_end.set()
    assert await running is JobOutcome.FINISHED
    assert (await only_job(database)).leased_until is None


async def test_a_job_is_stopped_once_its_lease_is_lost(
    database: Database, hand_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "RENEWAL", timedelta(milliseconds=10))
    endless = JobHandler(lambda _payload: asyncio.sleep(60))
    await enqueue(database, {})
    (slow,) = await jobs.claim(database, ["ring"], 1)
    hand_clock.advance(jobs.LEASE + timedelta(seconds=1))
    await jobs.claim(database, ["ring"], 1)

    async with asyncio.timeout(5):
        assert await jobs.run(database, slow, endless) is JobOutcome.LEASE_LOST

    assert (await only_job(database)).attempts == 2


async def test_a_job_is_stopped_where_its_lease_cannot_be_renewed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LEASE_MARGIN", jobs.LEASE - timedelta(milliseconds=20))
    endless = JobHandler(lambda _payload: asyncio.sleep(60))
    await enqueue(database, {})

    async with asyncio.timeout(5):
        assert await try_once(database, endless) is JobOutcome.WILL_RETRY


async def test_jobs_of_minutes_leave_places_to_jobs_of_seconds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.worker.STOP_SECONDS", 0.01)
    begun, done = asyncio.Semaphore(0), list[Payload]()

    async def ponder(_payload: Payload) -> None:
        begun.release()
        await asyncio.Event().wait()

    slow = JobHandler(ponder, timedelta(minutes=12))
    await enqueue(database, *[{}] * CONCURRENT_JOBS, kind="ponder")

    worker = Worker(database, {"ponder": slow, "ring": noting(done)})
    async with working(worker):
        for _ in range(CONCURRENT_JOBS):
            await begun.acquire()
        await enqueue(database, {"bell": "door"})
        worker.wake()
        await until(lambda: done)

    assert done == [{"bell": "door"}]


async def test_after_the_last_try_a_job_is_dead_and_stays_to_be_seen(
    database: Database, hand_clock: Clock
) -> None:
    await enqueue(database, {})
    for _ in range(jobs.MAX_ATTEMPTS - 1):
        assert await try_once(database, fail) is JobOutcome.WILL_RETRY
        hand_clock.advance(jobs.LONGEST_PAUSE)

    assert await try_once(database, fail) is JobOutcome.DEAD

    hand_clock.advance(timedelta(days=30))
    await tidy_up(database)
    assert await jobs.claim(database, ["ring"], 1) == []
    assert await jobs.queue_lengths(database) == [QueueLength("ring", waiting=0, dead=1)]


async def test_a_job_that_kills_its_workers_is_dead_after_the_last_try(
    database: Database, hand_clock: Clock
) -> None:
    await enqueue(database, {})
    for _ in range(jobs.MAX_ATTEMPTS):
        assert len(await jobs.claim(database, ["ring"], 1)) == 1
        hand_clock.advance(jobs.LEASE + timedelta(seconds=1))

    assert await jobs.claim(database, ["ring"], 1) == []

    job = await only_job(database)
    assert (job.failed_at, job.last_error) == (
        hand_clock.now,
        "The worker ended during the last try.",
    )


async def test_jobs_that_nobody_can_do_stay_untouched(database: Database) -> None:
    await enqueue(database, {"message_id": "1"}, kind="deliver_message")
    done: list[Payload] = []
    await enqueue(database, {"bell": "door"})

    async with working(Worker(database, {"ring": noting(done)})):
        await until(lambda: done)

    assert done == [{"bell": "door"}]
    assert await jobs.queue_lengths(database) == [QueueLength("deliver_message", 1, 0)]


async def test_a_stopping_worker_finishes_the_job_in_hand(database: Database) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def wait(payload: Payload) -> None:
        begun.set()
        await may_end.wait()

    await enqueue(database, {})
    worker = Worker(database, {"ring": JobHandler(wait)})
    running = asyncio.create_task(worker.run())
    await begun.wait()
    await enqueue(database, {"too": "late"})

    worker.stop()
    may_end.set()
    await running

    assert await jobs.queue_lengths(database) == [QueueLength("ring", waiting=1, dead=0)]


async def test_a_job_that_outlasts_the_stop_is_left_to_the_next_worker(
    database: Database, hand_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.worker.STOP_SECONDS", 0.01)
    begun = asyncio.Event()

    async def never_end(payload: Payload) -> None:
        begun.set()
        await asyncio.Event().wait()

    await enqueue(database, {})
    async with working(Worker(database, {"ring": JobHandler(never_end)})):
        await begun.wait()

    hand_clock.advance(jobs.LEASE + timedelta(seconds=1))
    assert await try_once(database, succeed) is JobOutcome.FINISHED


async def test_a_worker_survives_a_queue_that_cannot_be_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, failures, done = jobs.claim, [ConnectionError("database is away")], list[Payload]()

    async def fail_first(*arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return await claim(*arguments)

    monkeypatch.setattr(jobs, "claim", fail_first)
    await enqueue(database, {"bell": "door"})

    async with working(Worker(database, {"ring": noting(done)})):
        await until(lambda: done)

    assert failures == []


async def test_an_act_wakes_the_worker_of_its_process(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.worker.POLL_SECONDS", 60)
    done: list[Payload] = []
    worker = Worker(world.desk.database, {"ring": noting(done)})
    wake_by_bell(world.desk, worker)
    resources = world.desk.resources
    async with working(worker):
        await asyncio.sleep(0.1)
        async with unit_of_work(resources.database, resources.announce, AUTOMATION) as work:
            work.record("Rang", {}, topic="agent:1")
            work.enqueue("ring", {"bell": "door"})
        await until(lambda: done)

    assert done == [{"bell": "door"}]


async def test_upkeep_removes_what_has_ended_and_keeps_what_is_young(
    world: World, hand_clock: Clock
) -> None:
    agent = world.agents["ayse"]
    database = world.desk.database
    async with database.transaction() as session:
        session.add_all(
            [
                *idempotency_keys(agent, old=timedelta(hours=73), young=timedelta(hours=71)),
                *sessions(agent),
                *finished_jobs(old=timedelta(days=8), young=timedelta(days=6)),
            ]
        )

    await tidy_up(database)

    async with database.reading() as connection:
        keys = await connection.scalars(select(IdempotencyKey.key))
        kinds = await connection.scalars(select(Job.kind))
        hashes = await connection.scalars(
            select(Session.token_hash).where(Session.token_hash.in_([b"old", b"young", b"idle"]))
        )
        assert (keys.all(), kinds.all(), hashes.all()) == (["young"], ["young"], [b"young"])


def idempotency_keys(agent: Agent, **ages: timedelta) -> list[IdempotencyKey]:
    return [
        IdempotencyKey(
            actor_kind=ActorKind.AGENT,
            actor_id=agent.id,
            key=key,
            operation="noteAdd",
            input_hash=b"",
            result_id=new_id(),
            created_at=NOON - age,
        )
        for key, age in ages.items()
    ]


def sessions(agent: Agent) -> list[Session]:
    def session(name: bytes, days: float, *, is_ended: bool) -> Session:
        moment = NOON - timedelta(days=days)
        return Session(
            agent_id=agent.id,
            token_hash=name,
            created_at=moment,
            last_used_at=moment,
            ended_at=moment if is_ended else None,
        )

    return [
        session(b"old", 7.1, is_ended=True),
        session(b"young", 6.9, is_ended=True),
        session(b"idle", 7.6, is_ended=False),
    ]


def finished_jobs(**ages: timedelta) -> list[Job]:
    return [
        Job(kind=kind, payload={}, created_at=NOON - age, run_at=NOON, finished_at=NOON - age)
        for kind, age in ages.items()
    ]
