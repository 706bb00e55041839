"""Web processes die, stop and come back; their clients go on elsewhere from where they stood."""

import asyncio

from tests.faults.report import Promise
from tests.faults.rush import rush_hour
from tests.faults.sizes import Size
from tests.faults.stage import Stage

# A client comes back after a second at most, and a busy process answers it within another.
COME_BACK_SECONDS = 2.0
SILENCE_SECONDS = 1.0  # after which a client asks whether the server lives, and how long it waits


async def test_a_process_is_killed_and_restarted(
    stage: Stage, size: Size, promise: Promise
) -> None:
    killed, _kept = stage.webs
    async with rush_hour(stage, size) as rush:
        await rush.goes_on(0.5)
        killed.kill()
        await rush.goes_on(size.outage_seconds / 2)
        await asyncio.to_thread(killed.restart)
        await rush.goes_on(size.outage_seconds / 2)

    promise.kept(rush, within_seconds=COME_BACK_SECONDS)
    assert rush.reconnects >= size.clients / 2


async def test_a_process_is_stopped_for_a_while(stage: Stage, size: Size, promise: Promise) -> None:
    stopped, _kept = stage.webs
    async with rush_hour(stage, size, patience_seconds=SILENCE_SECONDS) as rush:
        await rush.goes_on(0.5)
        with stopped.paused():
            await rush.goes_on(size.outage_seconds)
        await rush.goes_on(0.5)

    promise.kept(rush, within_seconds=size.outage_seconds + COME_BACK_SECONDS)
    assert rush.reconnects


async def test_a_crowd_comes_back_at_once(stage: Stage, size: Size, promise: Promise) -> None:
    async with rush_hour(stage, size, clients=size.crowd, writers=1) as rush:
        await rush.goes_on(0.5)
        for listener in rush.listeners:
            listener.drop()
        await rush.goes_on(size.outage_seconds)

    promise.kept(rush, within_seconds=COME_BACK_SECONDS)
    assert rush.reconnects >= size.crowd
