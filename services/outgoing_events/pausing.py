"""Webhooks that are told nothing for now: nothing is lost meanwhile, and an admin ends it.

Where the webhook stands in the log stays, and so does what is pending.
"""

from datetime import timedelta

from sqlalchemy import select, update

from models.event_topics import topic_of
from models.events import TopicHeadRow
from models.notifications import NotificationKind
from models.webhooks import Webhook, WebhookPauseReason, WebhookPosition
from services.notifications import tell_admins
from services.outgoing_events.queue import begin_pending_anew, skip_pending
from services.unit_of_work import UnitOfWork

FAILING_MAXIMUM = timedelta(days=1)


def has_failed_too_long(work: UnitOfWork, webhook: Webhook) -> bool:
    """Tell whether no try has succeeded for a day."""
    since = webhook.failing_since
    return since is not None and work.now - since >= FAILING_MAXIMUM


async def pause(work: UnitOfWork, webhook: Webhook, reason: WebhookPauseReason) -> None:
    """Tell a webhook nothing more; where no admin wished it, they are told."""
    webhook.paused_at, webhook.pause_reason = work.now, reason
    work.record("WebhookPaused", {"reason": reason}, topic=topic_of(webhook), versions=[webhook])
    if reason is not WebhookPauseReason.BY_ADMIN:
        await tell_admins(work, NotificationKind.WEBHOOK_PAUSED, webhook_id=webhook.id)


async def resume(work: UnitOfWork, webhook: Webhook, *, from_now: bool) -> None:
    """Go on where the webhook stopped, or with what happens from now on."""
    webhook.paused_at = webhook.pause_reason = webhook.failing_since = None
    work.record(
        "WebhookResumed", {"from_now": from_now}, topic=topic_of(webhook), versions=[webhook]
    )
    if not from_now:
        await begin_pending_anew(work, webhook.id)
        return
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
