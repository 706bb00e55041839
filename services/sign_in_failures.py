"""Guessing passwords is slow: after ten failures an address has to wait.

The count stands in the database, so that all processes count together, and for unknown addresses
as well: being refused tells nothing about who has an account.

Strangers who guess must not keep out whoever has the address. So who shows the token of an earlier
session of that agent has a count of their own: the "device cookies" that OWASP describes in "Slow
Down Online Guessing Attacks with Device Cookies".
"""

import math
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core import clock
from core.errors import Unavailable
from core.text import address_key
from models.sessions import SIGN_IN_FAILURES_MAXIMUM, SIGN_IN_FAILURES_WINDOW, SignInFailures


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who says that an address is theirs: a stranger, or whoever held an earlier session of it."""

    address: str
    earlier_session_id: UUID | None = None

    @property
    def hash(self) -> bytes:
        """Return what their failures are counted under. No address has a line break."""
        return sha256(f"{address_key(self.address)}\n{self.earlier_session_id}".encode()).digest()


async def refuse_guessing(connection: AsyncConnection, claimant: Claimant) -> None:
    """Raise Unavailable, with the seconds to wait, while the claimant has had ten failures."""
    row = (
        await connection.execute(
            select(SignInFailures.failures, SignInFailures.first_at).where(
                SignInFailures.claimant_hash == claimant.hash,
                SignInFailures.first_at > clock.now() - SIGN_IN_FAILURES_WINDOW,
            )
        )
    ).one_or_none()
    if row is not None and row.failures >= SIGN_IN_FAILURES_MAXIMUM:
        raise Unavailable(_seconds_until(row.first_at + SIGN_IN_FAILURES_WINDOW))


async def count(session: AsyncSession, claimant: Claimant) -> None:
    """Count a failure. The first one after 15 minutes begins a new count."""
    now = clock.now()
    is_over = SignInFailures.first_at <= now - SIGN_IN_FAILURES_WINDOW
    dialect = session.get_bind().dialect.name
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(SignInFailures)
    await session.execute(
        insert.values(claimant_hash=claimant.hash, failures=1, first_at=now).on_conflict_do_update(
            index_elements=[SignInFailures.claimant_hash],
            set_={
                "failures": case((is_over, 1), else_=SignInFailures.failures + 1),
                "first_at": case((is_over, now), else_=SignInFailures.first_at),
            },
        )
    )


async def forget(session: AsyncSession, claimant: Claimant) -> None:
    """Drop the count of a claimant who has signed in, and counts that are over."""
    over = select(SignInFailures.claimant_hash).where(
        (SignInFailures.claimant_hash == claimant.hash)
        | (SignInFailures.first_at <= clock.now() - SIGN_IN_FAILURES_WINDOW)
    )
    # Two people who sign in at once must not wait for each other's rows.
    free = over.with_for_update(skip_locked=True)
    await session.execute(delete(SignInFailures).where(SignInFailures.claimant_hash.in_(free)))


def _seconds_until(moment: datetime) -> int:
    return math.ceil((moment - clock.now()).total_seconds())
