"""The worker: does the jobs that are due, inside the web process or as a process of its own."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from time import perf_counter

import structlog

from app.desk import Desk
from app.mail_listener import listening
from app.mail_transport import default_sender
from app.metrics import JOB_SECONDS, JOBS, MAIL_DELIVERIES, RULE_RUNS
from app.signals import on_stop_signal
from app.webhook_teller import WebhookTeller, webhook_teller_of
from core.database import Database
from models.actors import AUTOMATION
from models.event_records import EventRecord
from services import company_people, deletions, jobs, reminders, uploads
from services.automation.linking import LINK_CLAIMED, link_claimed
from services.automation.running import RULES_LIMIT, RuleRuns
from services.automation.triggers import RUN_RULES
from services.identity.verification_mail import CODE_MAIL_LIMIT, VerificationMail
from services.jobs import ClaimedJob, JobHandler, Payload
from services.live_chats.transcript_mail import SEND_TRANSCRIPT, TranscriptMail
from services.merging import telling
from services.outgoing_mail.delivery import DELIVERY_LIMIT, MailDelivery
from services.outgoing_mail.letters import Letters
from services.outgoing_mail.queue import DELIVER
from services.profile_verifications import VERIFY
from services.unit_of_work import UnitOfWork, unit_of_work
from services.upkeep import tidy_up
from subscriptions.log.bell import Hint

POLL_SECONDS = 1.0
# However often it is woken, a look at the queue costs a query.
SECONDS_BETWEEN_LOOKS = 0.05
CONCURRENT_JOBS = 4  # of those that may take equally long; they wait for others most of the time
STOP_SECONDS = 5.0  # orchestrators kill after ten
UPKEEP_SECONDS = 3_600.0

_log = structlog.get_logger(__name__)


def job_handlers(desk: Desk) -> dict[str, JobHandler]:
    """Return what does each kind of job. Jobs of other kinds stay in the queue, untouched."""
    return {
        company_people.JOB_KIND: _act_of(desk, company_people.gather_more),
        company_people.RENAME_JOB_KIND: _act_of(desk, company_people.rename_more),
        telling.JOB_KIND: _act_of(desk, telling.tell_more),
        deletions.JOB_KIND: _act_of(desk, deletions.take_off_more),
        DELIVER: JobHandler(_mail_delivery(desk).deliver, DELIVERY_LIMIT),
        reminders.REMIND: _act_of(desk, reminders.remind),
        SEND_TRANSCRIPT: JobHandler(_transcript_mail(desk).send, DELIVERY_LIMIT),
        RUN_RULES: _rule_runs(desk),
        LINK_CLAIMED: _act_of(desk, link_claimed),
        VERIFY: JobHandler(_verification_mail(desk).send, CODE_MAIL_LIMIT),
        uploads.DISCARD: JobHandler(partial(uploads.discard, desk.database, desk.file_storage)),
    }


def _rule_runs(desk: Desk) -> JobHandler:
    runs = RuleRuns(
        desk.database,
        desk.resources.announce,
        lambda outcome: RULE_RUNS.labels(outcome.lower()).inc(),
    )
    return JobHandler(runs.run, RULES_LIMIT)


def _transcript_mail(desk: Desk) -> TranscriptMail:
    return TranscriptMail(desk.database, desk.mail_transport, default_sender(desk.settings))


def _verification_mail(desk: Desk) -> VerificationMail:
    sender = default_sender(desk.settings)
    return VerificationMail(desk.database, desk.resources.secrets, desk.mail_transport, sender)


def _mail_delivery(desk: Desk) -> MailDelivery:
    return MailDelivery(
        desk.database,
        desk.resources.announce,
        Letters(desk.file_storage, desk.reply_addresses, default_sender(desk.settings)),
        desk.mail_transport,
        lambda outcome: MAIL_DELIVERIES.labels(outcome).inc(),
    )


def _act_of(desk: Desk, do: Callable[[UnitOfWork, Payload], Awaitable[None]]) -> JobHandler:
    """Return the handler whose jobs are each one act of the desk itself: one transaction."""

    async def handle(payload: Payload) -> None:
        async with unit_of_work(desk.database, desk.resources.announce, AUTOMATION) as work:
            await do(work, payload)

    return JobHandler(handle)


@dataclass(slots=True)
class _Lane:
    """Jobs that may take equally long: those of minutes take no place from those of seconds."""

    kinds: Sequence[str]
    running: set[asyncio.Task[None]] = field(default_factory=set)


class Worker:
    """Does due jobs of the kinds in `handlers`, a few at a time, and the upkeep once an hour.

    It wakes and stops `webhooks` as well, which are told beside the jobs.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, JobHandler],
        webhooks: WebhookTeller | None = None,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._webhooks = webhooks
        self._woken = asyncio.Event()
        self._is_stopping = False
        self._lanes = _lanes_of(handlers)

    def wake(self) -> None:
        """Look for due jobs at once: there may be new ones."""
        self._woken.set()
        if self._webhooks is not None:
            self._webhooks.wake()

    def stop(self) -> None:
        """Begin no more jobs; `run` returns when those in hand are done or their time is up."""
        self._is_stopping = True
        self.wake()
        if self._webhooks is not None:
            self._webhooks.stop()

    async def run(self) -> None:
        """Work until stopped, whatever fails meanwhile."""
        upkeep = asyncio.create_task(self._keep_up())
        webhooks = asyncio.create_task(self._tell_webhooks())
        try:
            while not self._is_stopping:
                self._woken.clear()
                await self._begin_due_jobs()
                await self._wait()
        finally:
            upkeep.cancel()
            await asyncio.wait([upkeep])
            self.stop()
            await asyncio.gather(webhooks, self._finish_running_jobs())

    async def _tell_webhooks(self) -> None:
        if self._webhooks is not None:
            await self._webhooks.run()

    async def _begin_due_jobs(self) -> None:
        free = [lane for lane in self._lanes if len(lane.running) < CONCURRENT_JOBS]
        if not free:
            return
        kinds = [kind for lane in free for kind in lane.kinds]
        try:
            due = await jobs.due_kinds(self._database, kinds)
            for lane in free:
                if not due.isdisjoint(lane.kinds):
                    await self._begin_jobs_of(lane)
        except Exception as error:  # noqa: BLE001  # the database is away: it will be back
            _log.warning("the queue of jobs cannot be read", error=str(error))

    async def _begin_jobs_of(self, lane: _Lane) -> None:
        free = CONCURRENT_JOBS - len(lane.running)
        for job in await jobs.claim(self._database, lane.kinds, free):
            task = asyncio.create_task(self._do(job))
            lane.running.add(task)
            task.add_done_callback(partial(self._forget, lane))

    def _forget(self, lane: _Lane, task: asyncio.Task[None]) -> None:
        lane.running.discard(task)
        self.wake()

    async def _wait(self) -> None:
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)

    async def _do(self, job: ClaimedJob) -> None:
        started = perf_counter()
        try:
            outcome = await jobs.run(self._database, job, self._handlers[job.kind])
        except Exception:  # noqa: BLE001  # its end cannot be written down: the lease will end it
            _log.exception("job has an unknown end", kind=job.kind, job_id=str(job.id))
            return
        seconds = perf_counter() - started
        JOBS.labels(job.kind, outcome).inc()
        JOB_SECONDS.labels(job.kind).observe(seconds)
        _log.info(
            "job",
            kind=job.kind,
            job_id=str(job.id),
            attempt=job.attempt,
            outcome=outcome.value,
            duration_ms=round(seconds * 1000, 1),
        )

    async def _finish_running_jobs(self) -> None:
        running = {task for lane in self._lanes for task in lane.running}
        if not running:
            return
        _done, late = await asyncio.wait(running, timeout=STOP_SECONDS)
        if late:
            _log.warning("jobs are left to the next worker", count=len(late))
            for task in late:
                task.cancel()
            await asyncio.wait(late)

    async def _keep_up(self) -> None:
        while True:
            await tidy_up(self._database)
            await asyncio.sleep(UPKEEP_SECONDS)


def _lanes_of(handlers: Mapping[str, JobHandler]) -> Sequence[_Lane]:
    kinds = defaultdict[timedelta, list[str]](list)
    for kind, handler in handlers.items():
        kinds[handler.time_limit].append(kind)
    return [_Lane(of_limit) for of_limit in kinds.values()]


def worker_of(desk: Desk) -> Worker:
    """Return the worker that does all that is to be done at a desk."""
    return Worker(desk.database, job_handlers(desk), webhook_teller_of(desk))


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[None]:
    """Let the worker run beside something else, and stop it afterwards."""
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await task


class _Alarm:
    """Wakes the worker whenever the bell rings: the act that rang it may have asked for jobs."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def hear(self, records: Sequence[EventRecord]) -> None:
        """Wake it for what has happened; a bell that only tells of hints has no records."""
        if records:
            self._worker.wake()

    def hear_hints(self, hints: Sequence[Hint]) -> None:
        """Wake it for what has happened, and was too large to be told."""
        if hints:
            self._worker.wake()

    def hear_gap(self) -> None:
        """Wake it, as something may have been missed."""
        self._worker.wake()


def wake_by_bell(desk: Desk, worker: Worker) -> None:
    """Let acts, of whichever process, wake the worker: no job of theirs waits for its poll."""
    desk.bell.add_listener(_Alarm(worker))


async def work_until_stopped(desk: Desk) -> None:
    """Do jobs, and take mail in, until SIGTERM or SIGINT."""
    worker = worker_of(desk)
    wake_by_bell(desk, worker)
    async with listening(desk) as mail:

        def stop() -> None:
            worker.stop()
            if mail is not None:
                mail.stop()

        _log.info("the worker is ready")
        with on_stop_signal(stop):
            await worker.run()
