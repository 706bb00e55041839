"""The secrets that webhooks are signed with, encrypted: each opens for its own row only."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row

from core.secrets import SecretBox
from models.webhooks import Webhook

SECRET_BYTES = 32  # Standard Webhooks: 24 to 64
SECRET_PREFIX = "whsec_"  # noqa: S105  # what every secret begins with

Stored = Webhook | Row[Any]


@dataclass(frozen=True, slots=True)
class PreviousSecret:
    """A secret that was replaced, and signs as well until a moment."""

    secret: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """The secret that signs, and those before it, the newest first."""

    present: str = field(repr=False)
    previous: Sequence[PreviousSecret] = ()

    def replaced(self, by: str, now: datetime, until: datetime) -> "WebhookSecrets":
        """Return the secrets once there is a new one: none before it signs after `until`."""
        before = [PreviousSecret(self.present, until), *self.previous]
        kept = (PreviousSecret(one.secret, min(one.until, until)) for one in before)
        return WebhookSecrets(by, [one for one in kept if one.until > now])


def new_secret() -> str:
    """Return a secret as receivers enter it."""
    return SECRET_PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def seal(box: SecretBox, webhook_id: UUID, kept: WebhookSecrets) -> bytes:
    """Return the secrets encrypted, for the row with this id."""
    plain = orjson.dumps(asdict(kept))
    return box.seal(plain, context=_context(webhook_id))


def unseal(box: SecretBox, row: Stored) -> WebhookSecrets:
    """Return the secrets of a row. Raises SecretUnreadable where no key opens them."""
    kept = orjson.loads(box.open(row.sealed_secrets or b"", context=_context(row.id)))
    previous = [
        PreviousSecret(one["secret"], datetime.fromisoformat(one["until"]))
        for one in kept["previous"]
    ]
    return WebhookSecrets(kept["present"], previous)


def signing_secrets(box: SecretBox, row: Stored, now: datetime) -> list[str]:
    """Return the secrets that sign now, the present one first. Raises SecretUnreadable."""
    kept = unseal(box, row)
    return [kept.present, *(one.secret for one in kept.previous if one.until > now)]


def _context(webhook_id: UUID) -> bytes:
    return b"webhook:" + webhook_id.bytes
