"""Asking the database again until it answers, so that streams outlive its restart."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from core.errors import PublicError
from subscriptions.back_off import back_off

STATEMENT_SECONDS = 10  # a statement that takes longer is tried again
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_asking: set[asyncio.Task[Any]] = set()


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Return what `ask` answers, asked again after every failure.

    A PublicError is an answer, too, and is raised. Whoever is cancelled leaves the question to its
    end: a statement torn in the middle costs its connection.
    """
    pauses = back_off(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
    while True:
        asked = asyncio.create_task(_ask_in_time(ask))
        _asking.add(asked)
        asked.add_done_callback(_forget)
        await asyncio.wait([asked])
        try:
            return asked.result()
        except PublicError:
            raise
        except Exception as error:  # noqa: BLE001 - any driver's error; the streams must outlive it
            logger.warning("The database does not answer: %r", error)
        await asyncio.sleep(next(pauses))


async def _ask_in_time(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    async with asyncio.timeout(STATEMENT_SECONDS):
        return await ask()


def _forget(asked: asyncio.Task[Any]) -> None:
    _asking.discard(asked)
    if not asked.cancelled():
        asked.exception()  # nobody may be left to take it
