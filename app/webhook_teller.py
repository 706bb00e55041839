"""Telling webhooks what happens, beside the jobs of a worker: neither waits for the other."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import structlog

from app.desk import Desk
from app.metrics import WEBHOOK_DELIVERIES
from services.outgoing_events.following import follow_log
from services.outgoing_events.sending import WebhookSender

POLL_SECONDS = 1.0
# However often it is woken, a look costs a query. Nobody looks at a screen for what is told here.
SECONDS_BETWEEN_LOOKS = 0.25
STOP_SECONDS = 5.0  # as a worker gives its jobs

_log = structlog.get_logger(__name__)


class WebhookTeller:
    """Lets webhooks read on in the log, and begins to send what is due: two things, side by side.

    `follow` says whether there is more to read.
    """

    def __init__(self, follow: Callable[[], Awaitable[bool]], sender: WebhookSender) -> None:
        self.follow = follow
        self.sender = sender
        self._log_grew = asyncio.Event()
        self._may_be_due = asyncio.Event()
        self._stopped = asyncio.Event()

    def wake(self) -> None:
        """Look at once: something may have happened."""
        self._log_grew.set()
        self._may_be_due.set()

    def stop(self) -> None:
        """Begin nothing more; `run` returns when what is in hand is done or its time is up."""
        self._stopped.set()
        self.wake()

    async def run(self) -> None:
        """Tell until stopped, whatever fails meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            looking = [
                tasks.create_task(self._again_and_again(self._read_on, self._log_grew)),
                tasks.create_task(self._again_and_again(self.sender.begin_due, self._may_be_due)),
            ]
            await self._stopped.wait()
            await asyncio.gather(
                asyncio.wait(looking, timeout=STOP_SECONDS), self.sender.finish(STOP_SECONDS)
            )
            for task in looking:
                task.cancel()  # what it was about to write is undone, and read again

    async def _read_on(self) -> None:
        if await self.follow():
            self._log_grew.set()
        self._may_be_due.set()

    async def _again_and_again(
        self, look: Callable[[], Awaitable[None]], woken: asyncio.Event
    ) -> None:
        while not self._stopped.is_set():
            woken.clear()
            try:
                await look()
            except Exception as error:  # noqa: BLE001  # the database is away: it will be back
                _log.warning("webhooks are told later", error=str(error))
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), POLL_SECONDS)


def webhook_teller_of(desk: Desk) -> WebhookTeller:
    """Return what tells the webhooks of a desk."""
    announce = desk.resources.announce
    sender = WebhookSender(
        desk.database,
        announce,
        desk.resources.webhooks,
        lambda outcome: WEBHOOK_DELIVERIES.labels(outcome).inc(),
    )
    return WebhookTeller(partial(follow_log, desk.database, announce), sender)
