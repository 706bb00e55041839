"""Upkeep: what nobody needs any more is removed, and what nobody takes up is taken up.

Each step is done by itself, and each row that is taken up: what fails is logged and tried again by
the next upkeep, and keeps nothing else waiting.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import Delete, Select, Update, delete, literal, or_, select, update

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
from services.unit_of_work import UnitOfWork, unit_of_work

# Long enough to look into what somebody reports after a weekend.
TRACES_KEPT_FOR = timedelta(days=7)

_FAILED = "a step of the upkeep failed"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _RowByRow:
    """A step in which something is done with each of some rows: an act for each."""

    rows: Callable[[datetime], Select[UUID]]
    take: Callable[[UnitOfWork, UUID], Awaitable[None]]


def _sessions(now: datetime) -> Delete:
    ended_before = now - TRACES_KEPT_FOR
    return delete(Session).where(
        or_(
            Session.ended_at < ended_before,
            Session.last_used_at < ended_before - SLIDING_LIFETIME,
            Session.created_at < ended_before - ABSOLUTE_LIFETIME,
        )
    )


def _chat_sessions(now: datetime) -> Delete:
    ended_before = now - TRACES_KEPT_FOR
    return delete(ChatSession).where(
        or_(
            ChatSession.ended_at < ended_before,
            ChatSession.last_used_at < ended_before - CHAT_SESSION_LIFETIME,
        )
    )


def _chat_keys(now: datetime) -> Update:
    return (
        update(Chat)
        .where(Chat.start_key_hash.is_not(None), Chat.started_at < now - KEPT_FOR)
        .values(start_key_hash=None, start_input_hash=None)
    )


def _webhook_deliveries(now: datetime) -> Delete:
    of_deleted = select(Webhook.id).where(Webhook.deleted_at < now)
    return delete(WebhookDelivery).where(
        WebhookDelivery.created_at < now - DELIVERIES_KEPT_FOR,
        or_(
            WebhookDelivery.state != WebhookDeliveryState.PENDING,
            WebhookDelivery.webhook_id.in_(of_deleted),
        ),
    )


# What is forgotten by one statement each. Dead letters stay until a person has looked at them.
_FORGOTTEN: Mapping[str, Callable[[datetime], Delete | Update]] = {
    "idempotency keys": lambda now: delete(IdempotencyKey).where(
        IdempotencyKey.created_at < now - KEPT_FOR
    ),
    "keys of chats": _chat_keys,
    "sessions": _sessions,
    "sessions of chats": _chat_sessions,
    "secrets of API tokens": lambda now: delete(ApiTokenSecret).where(
        is_past(now - TRACES_KEPT_FOR)
    ),
    "jobs": lambda now: delete(Job).where(Job.finished_at < now - TRACES_KEPT_FOR),
    "profile verifications": lambda now: delete(ProfileVerification).where(
        ProfileVerification.created_at < now - TRACES_KEPT_FOR
    ),
    "identity tokens": lambda now: delete(UsedIdentityToken).where(UsedIdentityToken.ends_at < now),
    "webhook deliveries": _webhook_deliveries,
    "notifications": lambda now: delete(Notification).where(
        Notification.created_at < now - NOTIFICATIONS_KEPT_FOR
    ),
    "runs of rules": lambda now: delete(RuleRun).where(RuleRun.started_at < now - RUNS_KEPT_FOR),
}

# What wants more than a statement. The bytes of files go by jobs.
_TAKEN_UP: Mapping[str, _RowByRow] = {
    "files that stand nowhere": _RowByRow(uploads.unattached, uploads.remove_unattached),
    "tickets whose rules nobody tries": _RowByRow(
        lambda _now: stranded.tickets(), stranded.take_up
    ),
    "messages that nobody confirms": _RowByRow(
        delivery_confirmations.overdue, delivery_confirmations.give_up
    ),
}


async def tidy_up(database: Database) -> None:
    """Do each step once. Several processes may tidy up at once."""
    now = clock.now()
    # A transaction each: SQLite's only write lock is held for a moment at a time.
    for name, forget in _FORGOTTEN.items():
        async with _by_itself(name), database.transaction() as session:
            await session.execute(forget(now))
    for name, step in _TAKEN_UP.items():
        async with _by_itself(name):
            await _take_each(database, name, step, now)


async def _take_each(database: Database, name: str, step: _RowByRow, now: datetime) -> None:
    async with database.reading() as connection:
        row_ids = (await connection.scalars(step.rows(now))).all()
    for row_id in row_ids:
        try:
            async with unit_of_work(database, lambda _: None, AUTOMATION) as work:
                await step.take(work, row_id)
        except Exception:  # noqa: BLE001  # whatever it is, an hour later will do
            _log.exception(_FAILED, step=name, row_id=str(row_id))
            await _reach(database)


async def _reach(database: Database) -> None:
    """Raise where the database is away: thousands of rows would each wait for it."""
    async with database.reading() as connection:
        await connection.execute(select(literal(1)))


@asynccontextmanager
async def _by_itself(step: str) -> AsyncIterator[None]:
    """Let what fails inside keep nothing else from being done."""
    try:
        yield
    except Exception:  # noqa: BLE001  # whatever it is, an hour later will do
        _log.exception(_FAILED, step=step)
