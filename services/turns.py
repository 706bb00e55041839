"""One act after the other, where there is no row yet that the first could lock."""

from sqlalchemy import func, select

from services.unit_of_work import UnitOfWork


async def take_turn(work: UnitOfWork, name: str) -> None:
    """Wait until no other act has the turn of this name, and keep it until the act ends.

    SQLite has one writer at a time, so there every act has its turn already.
    """
    if work.session.get_bind().dialect.name == "postgresql":
        await work.session.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0)))
        )
