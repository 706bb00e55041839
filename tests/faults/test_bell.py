"""The bell only says "look": whatever it does, the log is the truth."""

import asyncio
import signal

from subscriptions.log.hub import LOOK_SECONDS
from tests.faults.report import Promise
from tests.faults.rush import rush_hour
from tests.faults.sizes import Size
from tests.faults.stage import Stage

FAULTY = "tests.faults.faulty_web"


async def test_a_process_dies_between_a_commit_and_its_bell(
    stage: Stage, size: Size, promise: Promise
) -> None:
    _kept, dying = stage.webs
    dying.restart(FAULTY)
    async with rush_hour(stage, size) as rush:
        await rush.goes_on(0.5)
        dying.send(signal.SIGUSR1)
        await dying.ended()
        await rush.goes_on(size.outage_seconds)
        await asyncio.to_thread(dying.restart)
        await rush.goes_on(0.5)

    promise.kept(rush, within_seconds=LOOK_SECONDS)
    assert rush.unacknowledged


async def test_the_bell_drops_doubles_and_reorders(
    stage: Stage, size: Size, promise: Promise
) -> None:
    for web in stage.webs:
        web.restart(FAULTY)
        web.send(signal.SIGUSR2)

    async with rush_hour(stage, size) as rush:
        await rush.goes_on(size.outage_seconds)

    promise.kept(rush, within_seconds=LOOK_SECONDS)
