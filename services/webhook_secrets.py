"""The secrets that the requests of webhooks are signed with: how admins exchange them."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from core.errors import LimitReached
from core.secrets import SecretBox, SecretUnreadable
from models.event_topics import topic_of
from models.viewers import Viewer
from models.webhooks import Webhook
from services.directory import once_of
from services.idempotency import create_once
from services.outgoing_events.secrets import WebhookSecrets, new_secret, seal, unseal
from services.rotations import overlap_of
from services.unit_of_work import UnitOfWork
from services.webhooks import WithSecret, take

# Each signs every request. A secret that is rotated without an overlap is none of them.
PREVIOUS_SECRETS_MAXIMUM = 10


@dataclass(frozen=True, slots=True)
class SecretRotation:
    """Which webhook gets another secret, and for how long those before it sign as well."""

    webhook_id: UUID
    overlap_seconds: int


async def rotate(
    work: UnitOfWork,
    viewer: Viewer,
    box: SecretBox,
    rotation: SecretRotation,
    *,
    idempotency_key: str | None = None,
) -> WithSecret:
    """Sign with a new secret from now on, and for some seconds with those before it as well.

    What an earlier rotation had left to sign for longer ends then, too. Where no key opens the
    present secret, the new one stands alone. Raises LimitReached where too many sign already.
    """
    row = await take(work, viewer, rotation.webhook_id)
    secret = new_secret()
    once = once_of("webhookSecretRotate", idempotency_key, rotation)
    exchange = partial(_exchange, work, box, row, secret, rotation.overlap_seconds)
    await create_once(work, once, Webhook, exchange)
    return WithSecret.of(row, secret, box)


async def _exchange(
    work: UnitOfWork,
    box: SecretBox,
    row: Webhook,
    secret: str,
    overlap_seconds: int,
    _new_id: UUID,
) -> Webhook:
    kept = _replaced(work, box, row, secret, overlap_of(overlap_seconds))
    row.sealed_secrets = seal(box, row.id, kept)
    row.previous_secret_until = max((one.until for one in kept.previous), default=None)
    work.record("WebhookSecretRotated", {}, topic=topic_of(row), versions=[row])
    return row


def _replaced(
    work: UnitOfWork, box: SecretBox, row: Webhook, secret: str, overlap: timedelta
) -> WebhookSecrets:
    try:
        kept = unseal(box, row).replaced(secret, work.now, work.now + overlap)
    except SecretUnreadable:
        return WebhookSecrets(secret)
    if len(kept.previous) > PREVIOUS_SECRETS_MAXIMUM:
        raise LimitReached(PREVIOUS_SECRETS_MAXIMUM)
    return kept
