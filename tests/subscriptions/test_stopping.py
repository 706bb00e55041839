import asyncio

import pytest

from subscriptions import stopping
from subscriptions.stopping import stop


async def test_a_task_that_loses_its_cancellation_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stopping, "AGAIN_SECONDS", 0.01)
    lost = []

    async def lose_first() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as cancellation:
            lost.append(cancellation)
        await asyncio.Event().wait()

    tasks = [asyncio.create_task(lose_first()), asyncio.create_task(asyncio.sleep(0))]
    await asyncio.sleep(0.001)
    async with asyncio.timeout(5):
        await stop(*tasks)
    assert len(lost) == 1
    assert tasks[0].cancelled()
