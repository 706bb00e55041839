"""Who is online on which process, told through Redis.

Each process keeps one key there that says who is connected to it, and that Redis forgets by itself
when the process falls silent: a killed one leaves no ghosts. No clock is compared with another.
"""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any, Self
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from core.ids import new_id
from subscriptions.presence.online_agents import OnlineAgents
from subscriptions.stopping import stop

CALL_SECONDS = 2.0  # how late the other processes hear who came, at most
FORGET_SECONDS = 30  # a process may be held up for seconds, and its agents are still there
ANSWER_SECONDS = 2.0  # Redis answers within a millisecond, or it is in trouble

logger = logging.getLogger(__name__)


class RollCall:
    """Tells the other processes who is online here, and `online` who is there.

    Installations that share a Redis server differ in `namespace`. Use it as a context manager.
    While Redis is away, what it said last stands for as long as it would have remembered it.
    """

    def __init__(self, url: str, online: OnlineAgents, namespace: str = "starling") -> None:
        # One retry replaces a pooled connection that a restart of Redis has left dead.
        self._redis = Redis.from_url(url, retry=Retry(NoBackoff(), 1), decode_responses=True)
        self._online = online
        self._processes_key = f"{namespace}:online"
        self._own_key = f"{namespace}:online:{new_id().hex}"
        self._heard_at = 0.0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._call_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        await stop(self._task)
        with suppress(Exception):  # whatever hinders it, Redis forgets this process by itself
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._leave()
        await self._redis.aclose()

    async def _call_for_ever(self) -> None:
        with self._online.watched(self._changed):
            while True:
                self._changed.clear()
                try:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        await self._call()
                except Exception as error:  # noqa: BLE001 - whatever happens, it must call again
                    logger.warning("Redis does not say who is online: %r", error)
                    self._forget_in_time()
                with suppress(TimeoutError):
                    async with asyncio.timeout(CALL_SECONDS):
                        await self._changed.wait()

    async def _call(self) -> None:
        here = ",".join(agent_id.hex for agent_id in self._online.here)
        await self._redis.set(self._own_key, here, ex=FORGET_SECONDS)
        await self._redis.sadd(self._processes_key, self._own_key)
        processes: set[Any] = await self._redis.smembers(self._processes_key)
        others = list(processes - {self._own_key})
        answers: list[Any] = await self._redis.mget(others) if others else []
        silent = [key for key, answer in zip(others, answers, strict=True) if answer is None]
        if silent:
            await self._redis.srem(self._processes_key, *silent)
        self._heard_at = time.monotonic()
        self._online.hear_of_others(
            frozenset(UUID(name) for answer in answers if answer for name in answer.split(","))
        )

    def _forget_in_time(self) -> None:
        if time.monotonic() - self._heard_at > FORGET_SECONDS:
            self._online.hear_of_others(frozenset())

    async def _leave(self) -> None:
        await self._redis.delete(self._own_key)
        await self._redis.srem(self._processes_key, self._own_key)
