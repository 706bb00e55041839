"""API tokens: giving other systems a key to the desk, and taking it back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

from core.errors import FieldErrorCode, NotAllowed
from models.api_tokens import ApiToken
from models.base import NAME_CHARACTERS
from models.event_topics import topic_of
from models.viewers import ApiScope, Viewer
from services import links
from services.directory import find, once_of, record_created, take_directory
from services.idempotency import create_once
from services.links import API_TOKEN_BRANDS, LinkedRows
from services.sessions import API_TOKEN_PREFIX, new_token, token_hash
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck


@dataclass(frozen=True, slots=True)
class NewApiToken:
    """What a token is called, what it may do, in which brands, and until when (None: for ever)."""

    name: str
    scopes: Sequence[ApiScope]
    brand_ids: Sequence[UUID] = field(default_factory=tuple)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CreatedApiToken:
    """An API token, and what to sign in with: None when the same call was answered before."""

    row: ApiToken
    token: str | None


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewApiToken, *, idempotency_key: str | None = None
) -> CreatedApiToken:
    """Make a token. Only its hash is kept, so it is shown this once."""
    await take_directory(work, viewer)
    token = new_token(API_TOKEN_PREFIX)
    once = once_of("apiTokenCreate", idempotency_key, new)
    row = await create_once(work, once, ApiToken, partial(_insert, work, new, token))
    return CreatedApiToken(row, token if row.token_hash == token_hash(token) else None)


async def revoke(work: UnitOfWork, viewer: Viewer, api_token_id: UUID) -> ApiToken:
    """Take a token back, for good. Revoking it twice changes nothing."""
    await take_directory(work, viewer)
    row = await find(work, ApiToken, api_token_id)
    if row.revoked_at is None:
        row.revoked_at = work.now
        work.record("ApiTokenRevoked", {}, topic=topic_of(row))
    return row


async def _insert(work: UnitOfWork, new: NewApiToken, token: str, row_id: UUID) -> ApiToken:
    if work.actor.id is None:
        raise NotAllowed
    check = InputCheck()
    name = check.line("name", new.name, NAME_CHARACTERS)
    if not new.scopes:
        check.refuse("scopes", FieldErrorCode.REQUIRED)
    if new.expires_at is not None and new.expires_at <= work.now:
        check.refuse("expiresAt", FieldErrorCode.NOT_ALLOWED_VALUE)
    brands = await links.choose(work, check, API_TOKEN_BRANDS, new.brand_ids)
    check.raise_problems()
    row = ApiToken(
        id=row_id,
        name=name,
        token_hash=token_hash(token),
        scopes=sorted(set(new.scopes)),
        created_by_id=work.actor.id,
        created_at=work.now,
        expires_at=new.expires_at,
    )
    work.session.add(row)
    await work.session.flush()
    await links.replace(work, API_TOKEN_BRANDS, row.id, LinkedRows(), brands)
    record_created(work, row)
    return row
