"""Tokens by which a company's own site vouches for who is writing: signed, short, used once.

A site that knows who is signed in makes one, and its chat window hands it in (docs/identity.md).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import select

from core.ids import NodeKind, encode_global_id
from core.secrets import SecretBox, SecretUnreadable
from models.brands import Brand
from models.event_topics import topic_of
from models.identity_tokens import BrandIdentitySecret, UsedIdentityToken
from models.tickets import Ticket
from models.viewers import Viewer
from services.directory import find, take_directory
from services.identity.claims_in_text import emails_in
from services.unit_of_work import UnitOfWork
from services.validation import e164

SECRET_PREFIX = "sis_"  # noqa: S105  # a prefix that secret scanners can look for
SECRET_BYTES = 32  # RFC 7518, section 3.2: at least as long as the hash
TOKEN_CHARACTERS = 4_096  # several times what the claims need
LIFETIME = timedelta(minutes=10)
# Clocks of other servers are some seconds off.
LEEWAY = timedelta(seconds=30)
_ALGORITHMS = ("HS256",)
_JTI_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a token proves: the address or the number of who is writing, and that it is new."""

    brand_id: UUID
    email: str | None
    phone: str | None
    token_id: str
    ends_at: datetime


async def rotate_secret(
    work: UnitOfWork, viewer: Viewer, box: SecretBox, brand_id: UUID
) -> tuple[Brand, str]:
    """Give a brand a new secret, and return it this once; tokens signed with the old one end."""
    await take_directory(work, viewer)
    brand = await find(work, Brand, brand_id)
    secret = SECRET_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    await work.session.merge(
        BrandIdentitySecret(
            brand_id=brand.id,
            sealed=box.seal(secret.encode(), context=_context(brand.id)),
            made_at=work.now,
        )
    )
    work.record("BrandIdentitySecretRotated", {}, topic=topic_of(brand), versions=[brand])
    return brand, secret


async def read_token(
    work: UnitOfWork, box: SecretBox, profile_id: UUID, token: str
) -> Vouched | None:
    """Return what a token proves of who writes by a profile; None where it proves nothing.

    It counts if it is signed with the secret of a brand that the profile has written to.
    """
    if len(token) > TOKEN_CHARACTERS:
        return None
    written_to = select(Ticket.brand_id).where(Ticket.profile_id == profile_id)
    rows = await work.session.scalars(
        select(BrandIdentitySecret)
        .where(BrandIdentitySecret.brand_id.in_(written_to))
        .order_by(BrandIdentitySecret.brand_id)
    )
    for row in rows:
        vouched = _read(token, _opened(box, row), row.brand_id, work.now)
        if vouched is not None:
            return vouched
    return None


async def is_used_up(work: UnitOfWork, vouched: Vouched) -> bool:
    """Tell whether a token has been used before; who uses it at this moment may not have yet."""
    used = await work.session.get(UsedIdentityToken, (vouched.brand_id, _hash(vouched)))
    return used is not None


async def use_up(work: UnitOfWork, vouched: Vouched) -> bool:
    """Let a token prove nothing any more; False where it was used before."""
    return await work.insert_unique(
        UsedIdentityToken(
            brand_id=vouched.brand_id,
            token_hash=_hash(vouched),
            ends_at=vouched.ends_at,
        )
    )


def _hash(vouched: Vouched) -> bytes:
    return sha256(vouched.token_id.encode()).digest()


def _opened(box: SecretBox, row: BrandIdentitySecret) -> bytes | None:
    try:
        return box.open(row.sealed, context=_context(row.brand_id))
    except SecretUnreadable:
        return None


def _context(brand_id: UUID) -> bytes:
    return b"identity secret of brand " + brand_id.bytes


def _read(token: str, secret: bytes | None, brand_id: UUID, now: datetime) -> Vouched | None:
    if secret is None or not token.isascii():
        return None
    try:
        claims = jwt.decode(token, OctKey.import_key(secret), algorithms=_ALGORITHMS).claims
    # Of a "crit" in its header that is no list of names, joserfc raises TypeError.
    except (JoseError, ValueError, TypeError):
        return None
    if claims.get("aud") != encode_global_id(NodeKind.BRAND, brand_id):
        return None
    return _vouched(claims, brand_id, now)


def _vouched(claims: Mapping[str, Any], brand_id: UUID, now: datetime) -> Vouched | None:
    ends_at = _moment(claims.get("exp"))
    begins_at = _moment(claims.get("iat"))
    token_id = claims.get("jti")
    if ends_at is None or begins_at is None or not isinstance(token_id, str):
        return None
    is_now = begins_at <= now + LEEWAY and now < ends_at
    is_short = ends_at - begins_at <= LIFETIME
    if not (is_now and is_short and 0 < len(token_id) <= _JTI_CHARACTERS):
        return None
    email, phone = _email(claims.get("email")), _phone(claims.get("phone"))
    if (email, phone) == (None, None):
        return None
    return Vouched(brand_id, email, phone, token_id, ends_at)


def _moment(seconds: object) -> datetime | None:
    """Return the moment of a NumericDate (RFC 7519, section 2); None for what is none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _email(value: object) -> str | None:
    found = emails_in(value) if isinstance(value, str) and len(value) <= TOKEN_CHARACTERS else []
    return found[0] if len(found) == 1 else None


def _phone(value: object) -> str | None:
    return e164(value) if isinstance(value, str) and value.startswith("+") else None
