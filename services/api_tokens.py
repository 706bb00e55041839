"""API tokens: giving other systems a key to the desk, changing it, and taking it back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update

from core.errors import FieldErrorCode, NotAllowed, TokenEnded
from models.api_tokens import ApiToken, ApiTokenSecret
from models.base import NAME_CHARACTERS
from models.event_topics import topic_of
from models.viewers import ApiScope, Viewer
from services import links
from services.changes import Edit, apply_edit
from services.directory import find, once_of, record_changes, record_created, take_directory
from services.idempotency import create_once
from services.links import API_TOKEN_BRANDS, LinkedRows
from services.rotations import overlap_of
from services.sessions import API_TOKEN_PREFIX, new_token, token_hash
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

_LINKS = (API_TOKEN_BRANDS,)
_FIELD_NAMES = {"expires_at": "expiresAt"}


@dataclass(frozen=True, slots=True)
class NewApiToken:
    """What a token is called, what it may do, in which brands, and until when (None: for ever)."""

    name: str
    scopes: Sequence[ApiScope]
    brand_ids: Sequence[UUID] = field(default_factory=tuple)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """Which token gets another secret, and for how long the one before works on."""

    api_token_id: UUID
    overlap_seconds: int = 0


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An API token, and what to sign in with: None when the same call was answered before."""

    row: ApiToken
    token: str | None


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewApiToken, *, idempotency_key: str | None = None
) -> IssuedToken:
    """Make a token. Only the hash of its secret is kept, so that is shown this once."""
    await take_directory(work, viewer)
    token = new_token(API_TOKEN_PREFIX)
    once = once_of("apiTokenCreate", idempotency_key, new)
    secret = await create_once(work, once, ApiTokenSecret, partial(_insert, work, new, token))
    return await _issued(work, secret, token)


async def rotate(
    work: UnitOfWork, viewer: Viewer, rotation: Rotation, *, idempotency_key: str | None = None
) -> IssuedToken:
    """Exchange the secret of a token for a new one; the token itself stays what it is.

    Whatever opened it before ends when the overlap is over, also what an earlier exchange had left
    to work for longer. Raises TokenEnded for a token that is revoked or has expired.
    """
    await take_directory(work, viewer)
    token = new_token(API_TOKEN_PREFIX)
    once = once_of("apiTokenRotate", idempotency_key, rotation)
    secret = await create_once(
        work, once, ApiTokenSecret, partial(_exchange, work, rotation, token)
    )
    return await _issued(work, secret, token)


async def edit(
    work: UnitOfWork,
    viewer: Viewer,
    api_token_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[ApiToken, Edit]:
    """Edit fields of a token; absent fields stay as they are, sets are replaced whole.

    A token that has expired lives again with a later expiry; one that was revoked never does:
    raises TokenEnded. Raises EditConflict where somebody else changed the same field since
    `expected_version`.
    """
    await take_directory(work, viewer)
    row = await find(work, ApiToken, api_token_id)
    if row.revoked_at is not None:
        raise TokenEnded
    cleaned = await _clean(work, wanted, kept_expiry=row.expires_at)
    before = await links.hang_on(work, row, _LINKS)
    done = await apply_edit(work, row, expected_version, cleaned, field_names=_FIELD_NAMES)
    record_changes(work, row, done)
    await links.write(work, row, before)
    return row, done


async def revoke(work: UnitOfWork, viewer: Viewer, api_token_id: UUID) -> ApiToken:
    """Take a token back with all its secrets, for good. Revoking it twice changes nothing."""
    await take_directory(work, viewer)
    row = await find(work, ApiToken, api_token_id)
    if row.revoked_at is None:
        row.revoked_at = work.now
        work.record("ApiTokenRevoked", {}, topic=topic_of(row), versions=[row])
    return row


async def _insert(
    work: UnitOfWork, new: NewApiToken, token: str, secret_id: UUID
) -> ApiTokenSecret:
    if work.actor.id is None:
        raise NotAllowed
    cleaned = await _clean(work, asdict(new))
    brands = cleaned.pop(API_TOKEN_BRANDS.name)
    row = ApiToken(**cleaned, created_by_id=work.actor.id, created_at=work.now, version=0)
    work.session.add(row)
    await work.session.flush()
    await links.replace(work, API_TOKEN_BRANDS, row.id, LinkedRows(), brands)
    record_created(work, row)
    return await _add_secret(work, row, token, secret_id)


async def _exchange(
    work: UnitOfWork, rotation: Rotation, token: str, secret_id: UUID
) -> ApiTokenSecret:
    overlap = overlap_of(rotation.overlap_seconds)
    row = await find(work, ApiToken, rotation.api_token_id)
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= work.now):
        raise TokenEnded
    ends_at = work.now + overlap
    works_longer = or_(ApiTokenSecret.ends_at.is_(None), ApiTokenSecret.ends_at > ends_at)
    await work.session.execute(
        update(ApiTokenSecret)
        .where(ApiTokenSecret.api_token_id == row.id, works_longer)
        .values(ends_at=ends_at)
    )
    work.record("ApiTokenRotated", {}, topic=topic_of(row), versions=[row])
    return await _add_secret(work, row, token, secret_id)


async def _add_secret(
    work: UnitOfWork, row: ApiToken, token: str, secret_id: UUID
) -> ApiTokenSecret:
    secret = ApiTokenSecret(
        id=secret_id, api_token_id=row.id, token_hash=token_hash(token), created_at=work.now
    )
    work.session.add(secret)
    await work.session.flush()
    return secret


async def _issued(work: UnitOfWork, secret: ApiTokenSecret, token: str) -> IssuedToken:
    row = await work.session.get_one(ApiToken, secret.api_token_id)
    return IssuedToken(row, token if secret.token_hash == token_hash(token) else None)


async def _clean(
    work: UnitOfWork, wanted: Mapping[str, Any], *, kept_expiry: datetime | None = None
) -> dict[str, Any]:
    """Return the wanted fields as they are stored. An expiry that stays may be over."""
    check = InputCheck()
    cleaned: dict[str, Any] = {}
    if "name" in wanted:
        cleaned["name"] = check.line("name", wanted["name"], NAME_CHARACTERS)
    if "scopes" in wanted:
        if not wanted["scopes"]:
            check.refuse("scopes", FieldErrorCode.REQUIRED)
        cleaned["scopes"] = sorted(set(wanted["scopes"] or ()))
    if "expires_at" in wanted:
        expiry = cleaned["expires_at"] = wanted["expires_at"]
        if expiry is not None and expiry <= work.now and expiry != kept_expiry:
            check.refuse("expiresAt", FieldErrorCode.NOT_ALLOWED_VALUE)
    cleaned.update(await links.choose_all(work, check, _LINKS, wanted))
    check.raise_problems()
    return cleaned
