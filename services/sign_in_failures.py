"""Guessing passwords is slow: after ten failures an address has to wait.

The count stands in the database, so that all processes count together, and for unknown addresses
as well: being refused tells nothing about who has an account.
"""

import math
from datetime import datetime
from hashlib import sha256

from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core import clock
from core.errors import Unavailable
from core.text import address_key
from models.sessions import SIGN_IN_FAILURES_MAXIMUM, SIGN_IN_FAILURES_WINDOW, SignInFailures


async def refuse_guessing(connection: AsyncConnection, address: str) -> None:
    """Raise Unavailable, with the seconds to wait, while the address has had ten failures."""
    row = (
        await connection.execute(
            select(SignInFailures.failures, SignInFailures.first_at).where(
                SignInFailures.address_hash == _hash(address),
                SignInFailures.first_at > clock.now() - SIGN_IN_FAILURES_WINDOW,
            )
        )
    ).one_or_none()
    if row is not None and row.failures >= SIGN_IN_FAILURES_MAXIMUM:
        raise Unavailable(_seconds_until(row.first_at + SIGN_IN_FAILURES_WINDOW))


async def count(session: AsyncSession, address: str) -> None:
    """Count a failure. The first one after 15 minutes begins a new count."""
    now = clock.now()
    is_over = SignInFailures.first_at <= now - SIGN_IN_FAILURES_WINDOW
    dialect = session.get_bind().dialect.name
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(SignInFailures)
    await session.execute(
        insert.values(address_hash=_hash(address), failures=1, first_at=now).on_conflict_do_update(
            index_elements=[SignInFailures.address_hash],
            set_={
                "failures": case((is_over, 1), else_=SignInFailures.failures + 1),
                "first_at": case((is_over, now), else_=SignInFailures.first_at),
            },
        )
    )


async def forget(session: AsyncSession, address: str) -> None:
    """Drop the count of an address that has signed in, and counts that are over."""
    over = select(SignInFailures.address_hash).where(
        (SignInFailures.address_hash == _hash(address))
        | (SignInFailures.first_at <= clock.now() - SIGN_IN_FAILURES_WINDOW)
    )
    # Two people who sign in at once must not wait for each other's rows.
    free = over.with_for_update(skip_locked=True)
    await session.execute(delete(SignInFailures).where(SignInFailures.address_hash.in_(free)))


def _hash(address: str) -> bytes:
    return sha256(address_key(address).encode()).digest()


def _seconds_until(moment: datetime) -> int:
    return math.ceil((moment - clock.now()).total_seconds())
