"""Ending tasks that use redis-py."""

import asyncio
from typing import Any

AGAIN_SECONDS = 0.5  # ending a task takes milliseconds


async def stop(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they have ended.

    redis-py loses a cancellation that comes at the same moment as one of its own time limits.
    """
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=AGAIN_SECONDS)
