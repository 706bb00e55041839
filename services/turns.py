"""One act after the other, where there is no row yet that the first could lock.

Turns come before all locks of rows: see "Locks" in docs/architecture.md.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from services.unit_of_work import UnitOfWork


async def take_turn(work: UnitOfWork, name: str) -> None:
    """Wait until no other act has the turn of this name, and keep it until the act ends.

    SQLite has one writer at a time, so there every act has its turn already.
    """
    await _lock(work, func.pg_advisory_xact_lock, name)


async def take_turn_to_move(work: UnitOfWork) -> None:
    """Let people become one, and two again, one act after the other; it comes before all locks.

    Who was merged into the source goes along. While an act waits for the source that may be one
    more, whom another such act has locked: the two could wait for each other.
    """
    await take_turn(work, "customer_move")


async def share_turn(work: UnitOfWork, name: str) -> None:
    """Wait until no act has the turn of this name, and let none take it until this act ends.

    Any number of acts share a turn at once.
    """
    await _lock(work, func.pg_advisory_xact_lock_shared, name)


async def _lock(work: UnitOfWork, function: Callable[..., Any], name: str) -> None:
    if work.session.get_bind().dialect.name == "postgresql":
        await work.session.execute(select(function(func.hashtextextended(name, 0))))
