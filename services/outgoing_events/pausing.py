"""Webhooks that are told nothing for now: nothing is lost meanwhile, and an admin ends it.

Where the webhook stands in the log stays, and so does what is pending.
"""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select, update

from models.event_records import EventRecord
from models.event_topics import topic_of
from models.events import Event, TopicHeadRow
from models.notifications import NotificationKind
from models.webhooks import Webhook, WebhookPauseReason, WebhookPosition
from services.notifications import tell_admins
from services.outgoing_events.queue import begin_pending_anew, skip_pending
from services.unit_of_work import UnitOfWork

FAILING_MAXIMUM = timedelta(days=1)


class WebhookResumeFrom(StrEnum):
    """Where a paused webhook goes on."""

    WHERE_IT_STOPPED = "WHERE_IT_STOPPED"
    AFTER_THE_ENTRY = "AFTER_THE_ENTRY"
    NOW = "NOW"


def has_failed_too_long(work: UnitOfWork, webhook: Webhook) -> bool:
    """Tell whether no try has succeeded for a day."""
    since = webhook.failing_since
    return since is not None and work.now - since >= FAILING_MAXIMUM


async def pause(
    work: UnitOfWork, webhook: Webhook, reason: WebhookPauseReason, **more: object
) -> None:
    """Tell a webhook nothing more; where no admin wished it, they are told."""
    webhook.paused_at, webhook.pause_reason = work.now, reason
    payload = {"reason": reason, **more}
    work.record("WebhookPaused", payload, topic=topic_of(webhook), versions=[webhook])
    if reason is not WebhookPauseReason.BY_ADMIN:
        await tell_admins(work, NotificationKind.WEBHOOK_PAUSED, webhook_id=webhook.id)


async def pause_stuck(work: UnitOfWork, webhook: Webhook, entry: EventRecord) -> None:
    """Pause a webhook that cannot be told of an entry of the log, and keep which one it is."""
    place = {"topic": entry.topic, "sequence": entry.sequence}
    await pause(work, webhook, WebhookPauseReason.STUCK, entry=place)


async def resume(work: UnitOfWork, webhook: Webhook, where: WebhookResumeFrom) -> None:
    """Go on where the webhook stopped, behind what it stumbles over, or with what comes now."""
    if where is WebhookResumeFrom.AFTER_THE_ENTRY:
        await _leave_the_entry_out(work, webhook)
    webhook.paused_at = webhook.pause_reason = webhook.failing_since = None
    work.record("WebhookResumed", {"from": where}, topic=topic_of(webhook), versions=[webhook])
    if where is WebhookResumeFrom.NOW:
        await _forget_the_pause(work, webhook)
    else:
        await begin_pending_anew(work, webhook.id)


async def _leave_the_entry_out(work: UnitOfWork, webhook: Webhook) -> None:
    """Read on behind the entry that the webhook stands before and cannot be told, if it does."""
    newest = (
        select(Event.payload)
        .where(Event.topic == topic_of(webhook), Event.type == "WebhookPaused")
        .order_by(Event.seq.desc())
        .limit(1)
    )
    entry = ((await work.session.scalar(newest)) or {}).get("entry")
    if entry is not None:
        await work.session.execute(
            update(WebhookPosition)
            .where(
                WebhookPosition.webhook_id == webhook.id,
                WebhookPosition.topic == entry["topic"],
                WebhookPosition.seq == entry["sequence"] - 1,
            )
            .values(seq=entry["sequence"])
            .execution_options(synchronize_session=False)
        )


async def _forget_the_pause(work: UnitOfWork, webhook: Webhook) -> None:
    await skip_pending(work, webhook.id)
    head = select(TopicHeadRow.seq).where(TopicHeadRow.topic == WebhookPosition.topic)
    await work.session.execute(
        update(WebhookPosition)
        .where(
            WebhookPosition.webhook_id == webhook.id,
            WebhookPosition.topic.in_(select(TopicHeadRow.topic)),
        )
        .values(seq=head.scalar_subquery())
        .execution_options(synchronize_session=False)
    )
