"""Sending deliveries, and writing down how that went.

Each webhook has places of its own, so that one that answers late holds up no other. A delivery is
taken, sent without a transaction, and noted. A worker that dies before it has noted the end leaves
it to another, which sends again: under the same id, by which receivers know it.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, select

from core import clock
from core.database import Database, is_passing
from core.errors import Unavailable
from models.actors import AUTOMATION
from models.webhooks import Webhook, WebhookDelivery, WebhookDeliveryState, WebhookPauseReason
from services.calls.breakers import Breakers
from services.lookups.urls import CallbackUrl
from services.outgoing_events.calls import Try, WebhookCalls, tried
from services.outgoing_events.pausing import has_failed_too_long, pause
from services.outgoing_events.queue import TRIES, has_due, pause_after, still_ours, take_next
from services.unit_of_work import Announce, UnitOfWork, unit_of_work

AT_ONCE = 2  # of one webhook; a receiver that takes a tenth of a second has 20 in a second
# Of all webhooks together. They wait here, where nothing gives up, and leave the other connections
# that a process writes with to those who have to have one in time.
WRITING_AT_ONCE = 4
# A try that cannot be noted is made again a minute later, and counts as none.
SECONDS_BETWEEN_NOTES = (0.5, 1.0, 2.0)
# Those of two rounds; who replays the same again and again needs no more.
TRIES_KEPT = 2 * TRIES

_CALLED: Sequence[Any] = (Webhook.id, Webhook.url, Webhook.sealed_secrets)

CountOutcome = Callable[[str], None]

_log = structlog.get_logger(__name__)


class WebhookSender:
    """Sends what is due, a few deliveries of each webhook at a time.

    A host that keeps failing is left alone for a while, in which nothing of it is taken.
    """

    def __init__(
        self, database: Database, announce: Announce, calls: WebhookCalls, count: CountOutcome
    ) -> None:
        self._database = database
        self._announce = announce
        self._calls = calls
        self._count = count
        self._breakers = Breakers()
        self._writing = asyncio.Semaphore(WRITING_AT_ONCE)
        self._sending: defaultdict[UUID, set[asyncio.Task[None]]] = defaultdict(set)
        self._is_stopping = False

    async def begin_due(self) -> None:
        """Begin to send whatever is due: what follows goes on by itself."""
        statement = select(Webhook.id, Webhook.url).where(has_due(clock.now()))
        async with self._database.reading() as connection:
            due = (await connection.execute(statement)).all()
        for webhook in due:
            if self._is_left_alone(webhook.url):
                continue
            sending = self._sending[webhook.id]
            for _ in range(AT_ONCE - len(sending)):
                task = asyncio.create_task(self._send_due(webhook.id))
                sending.add(task)
                task.add_done_callback(partial(self._forget, webhook.id))

    async def finish(self, seconds: float) -> None:
        """Begin nothing more. What is not done in time is done by another worker, later."""
        self._is_stopping = True
        if not self._tasks:
            return
        _done, late = await asyncio.wait(self._tasks, timeout=seconds)
        if late:
            for task in late:
                task.cancel()
            await asyncio.wait(late)

    async def idle(self) -> None:
        """Wait until all that was begun is done."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def _tasks(self) -> set[asyncio.Task[None]]:
        return {task for sending in self._sending.values() for task in sending}

    def _forget(self, webhook_id: UUID, task: asyncio.Task[None]) -> None:
        self._sending[webhook_id].discard(task)
        if not self._sending[webhook_id]:
            del self._sending[webhook_id]

    def _is_left_alone(self, url: str) -> bool:
        return self._breakers.is_left_alone(CallbackUrl.parse(url).origin)

    async def _send_due(self, webhook_id: UUID) -> None:
        """Send one delivery of a webhook after the other, as long as some are due."""
        try:
            while not self._is_stopping and await self._send_next(webhook_id):
                pass
        except Exception as error:  # noqa: BLE001  # the database is away: it will be back
            _log.warning("a webhook is told later", webhook_id=str(webhook_id), error=str(error))

    async def _send_next(self, webhook_id: UUID) -> bool:
        """Send what has been due for longest; return whether to look for more."""
        statement = select(*_CALLED).where(Webhook.id == webhook_id, has_due(clock.now()))
        # Looks that find nothing must not queue for the write lock of SQLite.
        async with self._database.reading() as connection:
            webhook = (await connection.execute(statement)).one_or_none()
        if webhook is None or self._is_left_alone(webhook.url):
            return False
        async with self._writing:
            taken = await take_next(self._database, webhook_id)
        if taken is None:
            return False
        try:
            outcome = await tried(self._post(webhook, taken))
        except Unavailable as left_alone:
            await self._put_back(taken, timedelta(seconds=left_alone.retry_after_seconds or 1))
            return False
        result = await self._note_patiently(taken, outcome)
        self._count(result)
        _log.info(
            "webhook",
            webhook_id=str(webhook_id),
            event_id=taken.event_id,
            status=outcome.status,
            failure=outcome.failure,
            result=result,
            milliseconds=outcome.milliseconds,
        )
        return True

    async def _post(self, webhook: Row[Any], taken: WebhookDelivery) -> int:
        with self._breakers.watching(CallbackUrl.parse(webhook.url).origin):
            return await self._calls.post(webhook, taken.event_id, taken.body)

    async def _note_patiently(self, taken: WebhookDelivery, outcome: Try) -> str:
        """Write down how a try went, in more than one go where the database is busy or away."""
        for seconds in SECONDS_BETWEEN_NOTES:
            try:
                return await self._note_once(taken, outcome)
            except Exception as error:
                if not is_passing(error):
                    raise
            await asyncio.sleep(seconds)
        return await self._note_once(taken, outcome)

    async def _note_once(self, taken: WebhookDelivery, outcome: Try) -> str:
        async with self._acting() as work:
            return await _note(work, taken, outcome)

    async def _put_back(self, taken: WebhookDelivery, by: timedelta) -> None:
        """Let a try wait that was not made, since another probes the host: it does not count."""
        async with self._acting() as work:
            delivery = await still_ours(work, taken)
            if delivery is not None:
                delivery.next_try_at = work.now + by
        self._count("left_alone")

    @asynccontextmanager
    async def _acting(self) -> AsyncIterator[UnitOfWork]:
        async with (
            self._writing,
            unit_of_work(self._database, self._announce, AUTOMATION) as work,
        ):
            yield work


async def _note(work: UnitOfWork, taken: WebhookDelivery, outcome: Try) -> str:
    """Write down how a try went; return what came of it, as metrics call it."""
    webhook = await work.session.get_one(Webhook, taken.webhook_id, with_for_update=True)
    _note_health(webhook, outcome)
    delivery = await still_ours(work, taken)
    if delivery is None:
        return "too_late"
    delivery.tries = [*delivery.tries, outcome.as_json()][-TRIES_KEPT:]
    delivery.attempts += 1
    delivery.next_try_at = None
    if outcome.failure is None:
        delivery.state = WebhookDeliveryState.DELIVERED
        return "delivered"
    if await _is_paused(work, webhook, outcome):
        return "paused"
    if delivery.attempts >= TRIES:
        delivery.state = WebhookDeliveryState.FAILED
        return "failed"
    delivery.next_try_at = work.now + pause_after(delivery.attempts)
    return "put_off"


def _note_health(webhook: Webhook, outcome: Try) -> None:
    """Keep since when no try has succeeded."""
    if outcome.failure is None:
        webhook.failing_since = None
    elif webhook.failing_since is None:
        webhook.failing_since = outcome.at


async def _is_paused(work: UnitOfWork, webhook: Webhook, outcome: Try) -> bool:
    """Tell whether a webhook is told nothing after a failure: who is gone, or fails, is paused."""
    if webhook.paused_at is not None or webhook.deleted_at is not None:
        return True
    if outcome.status == HTTPStatus.GONE:
        reason = WebhookPauseReason.GONE
    elif has_failed_too_long(work, webhook):
        reason = WebhookPauseReason.FAILING
    else:
        return False
    await pause(work, webhook, reason)
    return True
