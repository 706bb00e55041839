"""Filling an empty database with the demo."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import chain, count
from random import Random

from sqlalchemy import exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.database import Database
from models.agents import Agent
from models.tickets import TICKET_NUMBERS, next_number
from services.demo import internal_tickets, plans
from services.demo.customers import populate
from services.demo.internal_tickets import tell_internal
from services.demo.journal import Journal
from services.demo.plans import plan_tickets
from services.demo.schedule import Calendar
from services.demo.staff import PASSWORD, hire
from services.demo.story import DemoDesk, tell
from services.passwords import hash_password

_SEED = 1  # every demo is the same, but for ids and the day it ends on
_DAYS = timedelta(days=90)
_SET_UP_BEFORE = timedelta(days=1)
_ROWS_AT_ONCE = 2_000

OnProgress = Callable[[int, int], None]


async def fill(database: Database, on_progress: OnProgress | None = None) -> bool:
    """Fill an empty database with the demo. One that has agents is left as it is: False.

    `on_progress` is told how many rows are written, and how many there are. Nobody is connected
    to an empty desk, so no event is announced.
    """
    password_hash = await hash_password(PASSWORD)
    async with database.transaction() as session:
        if await session.scalar(select(exists().select_from(Agent))):
            return False
        first_number = await next_number(session)
        journal = make_up(clock.now(), first_number, password_hash)
        await _write(session, journal, on_progress)
        if session.get_bind().dialect.supports_sequences:
            last_number = first_number + plans.TICKETS + internal_tickets.TICKETS - 1
            await session.execute(select(func.setval(TICKET_NUMBERS.name, last_number)))
    return True


def make_up(now: datetime, first_number: int, password_hash: str) -> Journal:
    """Return the demo that ends `now`."""
    rng = Random(_SEED)  # noqa: S311  # a story, not a secret
    calendar = Calendar(begin=now - _DAYS, now=now)
    journal = Journal()
    staff = hire(journal, calendar.begin - _SET_UP_BEFORE, password_hash)
    desk = DemoDesk(journal, calendar, staff, count(first_number))
    people = populate(rng, staff)
    told = chain.from_iterable(tell(rng, desk, plan) for plan in plan_tickets(rng, staff, people))
    deeds = chain(told, tell_internal(rng, desk, people))
    for moment, deed in sorted(deeds, key=lambda pair: pair[0]):
        deed(moment)
    return journal


async def _write(session: AsyncSession, journal: Journal, on_progress: OnProgress | None) -> None:
    tables = list(journal.tables())
    total = sum(len(rows) for _, rows in tables)
    written = 0
    for table, rows in tables:
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            batch = rows[start : start + _ROWS_AT_ONCE]
            await session.execute(insert(table), batch)
            written += len(batch)
            if on_progress is not None:
                on_progress(written, total)
