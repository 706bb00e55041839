"""How webhooks follow the log: what it says is written down as deliveries, each once.

Each webhook keeps how far it has read each topic. Positions have no gaps and come in the order of
commits, so that "all after this one" leaves nothing out. What was read and the new positions are
one transaction: nothing is lost and nothing doubled, wherever a worker dies. Several workers share
the work: whoever finds a webhook locked leaves it to the other.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from core.database import Database, is_passing
from core.ids import new_id
from models.actors import AUTOMATION
from models.event_records import EventRecord
from models.events import TopicHeadRow, read_events
from models.webhooks import (
    Webhook,
    WebhookDelivery,
    WebhookDeliveryState,
    WebhookEventType,
    WebhookPosition,
    is_told,
)
from services.outgoing_events.bodies import Telling, tellings_of
from services.outgoing_events.notices import notices_of
from services.outgoing_events.pausing import pause_stuck
from services.outgoing_events.queue import PENDING_MAXIMUM, pending_count
from services.unit_of_work import Announce, UnitOfWork, unit_of_work

EVENTS_PER_READ = 100
SECONDS_PER_READ = 30.0  # it takes moments, unless somebody holds the database up
# An entry that this worker cannot tell may be one of a newer release, whose workers can.
STUCK_AFTER = timedelta(minutes=15)

_log = structlog.get_logger(__name__)


async def follow_log(database: Database, announce: Announce) -> bool:
    """Let each webhook read on, a part of the log at a time. Tells whether there is more of it."""
    is_more = False
    for webhook_id in await _behind(database):
        try:
            async with (
                asyncio.timeout(SECONDS_PER_READ),
                unit_of_work(database, announce, AUTOMATION) as work,
            ):
                is_more |= await _read_on(work, webhook_id)
        except Exception as error:  # noqa: BLE001  # the others must not wait for it
            _log.warning(
                "a webhook reads on later",
                webhook_id=str(webhook_id),
                error=str(error),
                exc_info=not is_passing(error),
            )
    return is_more


async def _behind(database: Database) -> Sequence[UUID]:
    """Return the webhooks for which there is something to read, and which have room for it."""
    statement = (
        select(WebhookPosition.webhook_id)
        .distinct()
        .join(Webhook, Webhook.id == WebhookPosition.webhook_id)
        .join(TopicHeadRow, TopicHeadRow.topic == WebhookPosition.topic)
        .where(
            is_told(),
            TopicHeadRow.seq > WebhookPosition.seq,
            pending_count() < PENDING_MAXIMUM,
        )
    )
    async with database.reading() as connection:
        return (await connection.execute(statement)).scalars().all()


async def _read_on(work: UnitOfWork, webhook_id: UUID) -> bool:
    webhook = await work.session.scalar(
        select(Webhook).where(Webhook.id == webhook_id, is_told()).with_for_update(skip_locked=True)
    )
    if webhook is None:
        return True  # who has it locked may only be noting a try: look again
    pending = await work.session.scalar(select(pending_count()).where(Webhook.id == webhook_id))
    room = PENDING_MAXIMUM - (pending or 0)
    is_more = False
    for position in await _positions_behind(work, webhook_id):
        if room <= 0:
            break
        events = await read_events(work.session, position.topic, position.seq, EVENTS_PER_READ)
        written, stumbled_over = await _take_in(work, webhook, position, events)
        room -= written
        if stumbled_over is None:
            is_more |= len(events) == EVENTS_PER_READ
        elif _is_stuck(work, stumbled_over):
            await pause_stuck(work, webhook, stumbled_over)
            return False
    return is_more


async def _take_in(
    work: UnitOfWork, webhook: Webhook, position: WebhookPosition, events: Sequence[EventRecord]
) -> tuple[int, EventRecord | None]:
    """Write deliveries of what follows a position, up to an entry that cannot be told.

    Returns how many there are, and that entry. It is found by halving what it stands in.
    """
    written, at_once = 0, len(events)
    while events:
        part = events[:at_once]
        try:
            async with work.attempt():
                written += await _write(work, webhook, part)
        except Exception as error:
            if is_passing(error):
                raise
            if len(part) > 1:
                at_once = len(part) // 2
                continue
            _log.warning(
                "an entry of the log cannot be told",
                webhook_id=str(webhook.id),
                topic=position.topic,
                sequence=part[0].sequence,
                exc_info=_is_stuck(work, part[0]),  # not at each look until then
            )
            return written, part[0]
        position.seq = part[-1].sequence
        events = events[at_once:]
    return written, None


def _is_stuck(work: UnitOfWork, stumbled_over: EventRecord) -> bool:
    return work.now - stumbled_over.occurred_at >= STUCK_AFTER


async def _positions_behind(work: UnitOfWork, webhook_id: UUID) -> Sequence[WebhookPosition]:
    rows = await work.session.scalars(
        select(WebhookPosition)
        .join(TopicHeadRow, TopicHeadRow.topic == WebhookPosition.topic)
        .where(WebhookPosition.webhook_id == webhook_id, TopicHeadRow.seq > WebhookPosition.seq)
        .order_by(WebhookPosition.topic)
    )
    return rows.all()


async def _write(work: UnitOfWork, webhook: Webhook, events: Sequence[EventRecord]) -> int:
    """Write deliveries of what the webhook wants to know; return how many there are."""
    notices = [notice for event in events for notice in notices_of(event)]
    wanted = {WebhookEventType(name) for name in webhook.event_types}
    possible = [notice for notice in notices if notice.type is None or notice.type in wanted]
    tellings = [
        telling for telling in await tellings_of(work.session, possible) if telling.type in wanted
    ]
    if not tellings:
        return 0
    dialect = work.session.get_bind().dialect.name
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(WebhookDelivery)
    await work.session.execute(
        insert.values([_row(work, webhook, telling) for telling in tellings])
        # It is there already where the webhook is made to read again: it is begun anew, as it was.
        .on_conflict_do_update(
            index_elements=[WebhookDelivery.webhook_id, WebhookDelivery.event_id],
            set_={
                "replays": WebhookDelivery.replays + 1,
                "attempts": 0,
                "state": WebhookDeliveryState.PENDING,
                "next_try_at": work.now,
            },
        )
    )
    return len(tellings)


def _row(work: UnitOfWork, webhook: Webhook, telling: Telling) -> dict[str, object]:
    event = telling.notice.event
    return {
        "id": new_id(),
        "webhook_id": webhook.id,
        "event_id": telling.notice.id,
        "type": telling.type,
        "topic": event.topic,
        "seq": event.sequence,
        "body": telling.body,
        "state": WebhookDeliveryState.PENDING,
        "replays": 0,
        "attempts": 0,
        "next_try_at": work.now,
        "tries": [],
        "created_at": work.now,
    }
