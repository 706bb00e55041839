"""Redis only makes it fast: without it nothing is lost, and news come two seconds late at most."""

import asyncio

from redis.asyncio import Redis

from core import clock
from subscriptions.log.hub import LOOK_SECONDS
from tests.faults.report import Promise
from tests.faults.rush import rush_hour
from tests.faults.sizes import Size
from tests.faults.stage import Stage

PROMPT_SECONDS = 0.8  # usual where the bell is heard; without it the median is a whole second
KILL_SECONDS = 0.5


async def test_redis_is_killed_and_restarted(stage: Stage, size: Size, promise: Promise) -> None:
    async with rush_hour(stage, size) as rush:
        await rush.goes_on(0.5)
        stage.redis.kill()
        await rush.goes_on(size.outage_seconds)
        await asyncio.to_thread(stage.redis.restart)
        await stage.hear_the_bell()
        recovered = clock.now()
        await rush.goes_on(1.5)

    promise.kept(rush, within_seconds=LOOK_SECONDS)
    assert rush.usual_delay_after(recovered) < PROMPT_SECONDS


async def test_connections_that_hear_the_bell_are_killed_every_half_second(
    stage: Stage, size: Size, promise: Promise
) -> None:
    async with rush_hour(stage, size) as rush, Redis.from_url(stage.redis.url) as redis:
        killed = 0
        for _ in range(int(size.outage_seconds / KILL_SECONDS)):
            killed += await redis.client_kill_filter(_type="pubsub")
            await rush.goes_on(KILL_SECONDS)
        assert killed > size.outage_seconds / KILL_SECONDS

    promise.kept(rush, within_seconds=LOOK_SECONDS)


async def test_redis_is_stopped_for_a_while(stage: Stage, size: Size, promise: Promise) -> None:
    async with rush_hour(stage, size) as rush:
        await rush.goes_on(0.5)
        with stage.redis.paused():
            await rush.goes_on(size.outage_seconds)
        await stage.hear_the_bell()
        await rush.goes_on(1)

    promise.kept(rush, within_seconds=LOOK_SECONDS)


async def test_redis_is_absent_from_the_start(stage: Stage, size: Size, promise: Promise) -> None:
    stage.redis.stop()
    for web in stage.webs:
        web.restart()

    async with rush_hour(stage, size) as rush:
        await rush.goes_on(size.outage_seconds)
        await asyncio.to_thread(stage.redis.restart)
        await stage.hear_the_bell()
        recovered = clock.now()
        await rush.goes_on(1.5)

    promise.kept(rush, within_seconds=LOOK_SECONDS)
    assert rush.usual_delay_after(recovered) < PROMPT_SECONDS
