"""Upkeep: what nobody needs any more is removed."""

from datetime import timedelta

from sqlalchemy import delete, or_, select, update

from core import clock
from core.database import Database
from models.actors import AUTOMATION
from models.api_tokens import ApiTokenSecret, is_past
from models.chats import SESSION_LIFETIME as CHAT_SESSION_LIFETIME
from models.chats import Chat, ChatSession
from models.idempotency_keys import KEPT_FOR, IdempotencyKey
from models.identity_tokens import UsedIdentityToken
from models.jobs import Job
from models.notifications import KEPT_FOR as NOTIFICATIONS_KEPT_FOR
from models.notifications import Notification
from models.profile_verifications import ProfileVerification
from models.rules import KEPT_FOR as RUNS_KEPT_FOR
from models.rules import RuleRun
from models.sessions import ABSOLUTE_LIFETIME, SLIDING_LIFETIME, Session
from models.webhooks import (
    DELIVERIES_KEPT_FOR,
    Webhook,
    WebhookDelivery,
    WebhookDeliveryState,
)
from services import delivery_confirmations, uploads
from services.automation import stranded
from services.unit_of_work import unit_of_work

# Long enough to look into what somebody reports after a weekend.
TRACES_KEPT_FOR = timedelta(days=7)


async def tidy_up(database: Database) -> None:
    """Remove expired idempotency keys, notifications and runs of rules, and what has ended.

    Files that stand nowhere go as well, their bytes by jobs. What no connector has confirmed in
    time has failed. Tickets whose rules nobody tries any more are taken up again.

    Dead letters stay until a person has looked at them. Several processes may tidy up at once.
    """
    now = clock.now()
    ended_before = now - TRACES_KEPT_FOR
    for change in (
        delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT_FOR),
        delete(Session).where(
            or_(
                Session.ended_at < ended_before,
                Session.last_used_at < ended_before - SLIDING_LIFETIME,
                Session.created_at < ended_before - ABSOLUTE_LIFETIME,
            )
        ),
        delete(ApiTokenSecret).where(is_past(ended_before)),
        delete(ChatSession).where(
            or_(
                ChatSession.ended_at < ended_before,
                ChatSession.last_used_at < ended_before - CHAT_SESSION_LIFETIME,
            )
        ),
        update(Chat)
        .where(Chat.start_key_hash.is_not(None), Chat.started_at < now - KEPT_FOR)
        .values(start_key_hash=None, start_input_hash=None),
        delete(Job).where(Job.finished_at < ended_before),
        delete(ProfileVerification).where(ProfileVerification.created_at < ended_before),
        delete(UsedIdentityToken).where(UsedIdentityToken.ends_at < now),
        delete(WebhookDelivery).where(
            WebhookDelivery.created_at < now - DELIVERIES_KEPT_FOR,
            or_(
                WebhookDelivery.state != WebhookDeliveryState.PENDING,
                WebhookDelivery.webhook_id.in_(select(Webhook.id).where(Webhook.deleted_at < now)),
            ),
        ),
        delete(Notification).where(Notification.created_at < now - NOTIFICATIONS_KEPT_FOR),
        delete(RuleRun).where(RuleRun.started_at < now - RUNS_KEPT_FOR),
    ):
        # A transaction each: SQLite's only write lock is held for a moment at a time.
        async with database.transaction() as session:
            await session.execute(change)
    removed = True
    while removed:
        async with unit_of_work(database, lambda _: None, AUTOMATION) as work:
            removed = await uploads.remove_unattached(work) > 0
    was_stranded = True
    while was_stranded:
        async with unit_of_work(database, lambda _: None, AUTOMATION) as work:
            was_stranded = await stranded.take_up_next(work)
    is_overdue = True
    while is_overdue:
        async with unit_of_work(database, lambda _: None, AUTOMATION) as work:
            is_overdue = await delivery_confirmations.give_up_next(work)
