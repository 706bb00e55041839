"""The queue of deliveries: which are due, who has them in hand, and when they are tried again.

The deliveries are the queue. Whoever takes one puts its next try off for longer than a try takes,
so that it is nobody else's meanwhile, and anybody's again should the worker die.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import uniform
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from core import clock
from core.database import Database
from models.webhooks import Webhook, WebhookDelivery, WebhookDeliveryState, is_told
from services.unit_of_work import UnitOfWork

# Between 8 tries, which so fall at 0, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 24 h.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=25),
    timedelta(minutes=90),
    timedelta(hours=3),
    timedelta(hours=5),
    timedelta(hours=14),
)
TRIES = len(PAUSES) + 1
# What failed together does not come back together. No pause is shorter than was promised.
LONGER_BY = 0.1
# A try takes 17 s at most; to read and to write take moments.
HELD_FOR = timedelta(seconds=60)
# What a receiver does not take waits in the log, where it costs nothing.
PENDING_MAXIMUM = 500


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait once so many tries have failed."""
    return PAUSES[attempts - 1] * uniform(1, 1 + LONGER_BY)  # noqa: S311  # nothing is secret


def is_pending(webhook_id: UUID) -> Sequence[ColumnElement[bool]]:
    """Limit deliveries to those of a webhook that are still to be sent."""
    return (
        WebhookDelivery.webhook_id == webhook_id,
        WebhookDelivery.state == WebhookDeliveryState.PENDING,
    )


def pending_count() -> ColumnElement[int]:
    """Return how many deliveries of the `Webhook` around this are still to be sent."""
    return (
        select(func.count())
        .where(
            WebhookDelivery.webhook_id == Webhook.id,
            WebhookDelivery.state == WebhookDeliveryState.PENDING,
        )
        .correlate(Webhook)
        .scalar_subquery()
    )


def has_due(now: datetime) -> ColumnElement[bool]:
    """Limit webhooks to those that are told anything now, and of which a delivery is due."""
    due = select(WebhookDelivery.id).where(
        WebhookDelivery.webhook_id == Webhook.id,
        WebhookDelivery.state == WebhookDeliveryState.PENDING,
        WebhookDelivery.next_try_at <= now,
    )
    return is_told() & due.correlate(Webhook).exists()


async def take_next(database: Database, webhook_id: UUID) -> WebhookDelivery | None:
    """Take the delivery of a webhook that has been due for longest, if one is due."""
    now = clock.now()
    async with database.transaction() as session:
        delivery = await session.scalar(
            select(WebhookDelivery)
            .where(*is_pending(webhook_id), WebhookDelivery.next_try_at <= now)
            .order_by(WebhookDelivery.next_try_at, WebhookDelivery.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if delivery is not None:
            delivery.next_try_at = now + HELD_FOR
        return delivery


async def still_ours(work: UnitOfWork, taken: WebhookDelivery) -> WebhookDelivery | None:
    """Lock a delivery that was taken; None once it was begun anew, tried otherwise, or skipped."""
    return await work.session.scalar(
        select(WebhookDelivery)
        .where(
            *is_pending(taken.webhook_id),
            WebhookDelivery.id == taken.id,
            WebhookDelivery.replays == taken.replays,
            WebhookDelivery.attempts == taken.attempts,
        )
        .with_for_update()
    )


async def begin_pending_anew(work: UnitOfWork, webhook_id: UUID) -> None:
    """Send at once whatever of a webhook is pending, with all tries before it."""
    await work.session.execute(
        update(WebhookDelivery)
        .where(*is_pending(webhook_id))
        .values(replays=WebhookDelivery.replays + 1, attempts=0, next_try_at=work.now)
        .execution_options(synchronize_session=False)
    )


async def skip_pending(work: UnitOfWork, webhook_id: UUID, *which: ColumnElement[bool]) -> None:
    """Send nothing of what is pending of a webhook, or only nothing of `which`."""
    await work.session.execute(
        update(WebhookDelivery)
        .where(*is_pending(webhook_id), *which)
        .values(state=WebhookDeliveryState.SKIPPED, next_try_at=None)
        .execution_options(synchronize_session=False)
    )
