"""Upkeep: what nobody needs any more is removed."""

from datetime import timedelta

from sqlalchemy import delete, or_, update

from core import clock
from core.database import Database
from models.actors import AUTOMATION
from models.chats import SESSION_LIFETIME as CHAT_SESSION_LIFETIME
from models.chats import Chat, ChatSession
from models.idempotency_keys import KEPT_FOR, IdempotencyKey
from models.jobs import Job
from models.notifications import KEPT_FOR as NOTIFICATIONS_KEPT_FOR
from models.notifications import Notification
from models.sessions import ABSOLUTE_LIFETIME, SLIDING_LIFETIME, Session
from services import uploads
from services.unit_of_work import unit_of_work

# Long enough to look into what somebody reports after a weekend.
TRACES_KEPT_FOR = timedelta(days=7)


async def tidy_up(database: Database) -> None:
    """Remove expired idempotency keys and notifications, and what has ended: sessions and jobs.

    Files that stand nowhere go as well, their bytes by jobs.

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
        delete(Notification).where(Notification.created_at < now - NOTIFICATIONS_KEPT_FOR),
    ):
        # A transaction each: SQLite's only write lock is held for a moment at a time.
        async with database.transaction() as session:
            await session.execute(change)
    removed = True
    while removed:
        async with unit_of_work(database, lambda _: None, AUTOMATION) as work:
            removed = await uploads.remove_unattached(work) > 0
