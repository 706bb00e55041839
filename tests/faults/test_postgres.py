"""PostgreSQL crashes and recovers; many write to one ticket, and some of them fail."""

import asyncio
import random
from contextlib import suppress
from typing import NoReturn

from app.desk import Desk
from core.ids import decode_global_id
from models.notes import NoteKind
from models.viewers import Viewer
from services import notes, sessions
from services.notes import NewNote
from services.unit_of_work import UnitOfWork, unit_of_work
from subscriptions.patience import LONGEST_PAUSE_SECONDS
from tests.faults.report import Promise
from tests.faults.rush import rush_hour
from tests.faults.sizes import Size
from tests.faults.stage import Stage

WRITERS = 16
ACTS_OF_EACH = 12


class ChangedMind(Exception):
    """An act is given up."""


async def test_postgresql_crashes_and_recovers(stage: Stage, size: Size, promise: Promise) -> None:
    async with rush_hour(stage, size) as rush:
        await rush.goes_on(0.5)
        await asyncio.to_thread(stage.postgres.restart)
        await rush.goes_on(size.outage_seconds)

    promise.kept(rush, within_seconds=LONGEST_PAUSE_SECONDS)
    assert rush.reconnects == 0


async def test_sixteen_write_on_one_ticket_and_half_of_the_acts_are_rolled_back(
    stage: Stage, size: Size, promise: Promise
) -> None:
    ticket = stage.cast.tickets[0]
    async with (
        rush_hour(stage, size, writers=1) as rush,
        stage.desk() as desk,
        asyncio.TaskGroup() as tasks,
    ):
        for token in stage.cast.tokens[:WRITERS]:
            viewer = await sessions.authenticate(desk.database, f"Bearer {token}")
            tasks.create_task(_write_and_change_mind(desk, viewer, ticket))

    assert len(rush.unacknowledged) == WRITERS * ACTS_OF_EACH / 2
    promise.about_nothing_but_order(rush)


async def _write_and_change_mind(desk: Desk, viewer: Viewer, ticket: str) -> None:
    """Write notes; every second one is rolled back after it has taken its place in the log."""
    new = NewNote(NoteKind.INLINE, decode_global_id(ticket)[1], "Between us")
    for number in range(ACTS_OF_EACH):
        with suppress(ChangedMind):
            async with unit_of_work(desk.database, desk.resources.announce, viewer.actor) as work:
                await notes.add(work, viewer, new)
                if number % 2:
                    await _change_mind(work)


async def _change_mind(work: UnitOfWork) -> NoReturn:
    await work.write_events()
    await asyncio.sleep(random.uniform(0, 0.01))
    raise ChangedMind
