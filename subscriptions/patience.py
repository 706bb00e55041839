"""Asking the database again until it answers, so that streams outlive its restart."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.errors import PublicError
from subscriptions.back_off import back_off

STATEMENT_SECONDS = 10  # a statement that takes longer is tried again
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Return what `ask` answers, asked again after every failure.

    A PublicError is an answer, too, and is raised.
    """
    pauses = back_off(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
    while True:
        try:
            async with asyncio.timeout(STATEMENT_SECONDS):
                return await ask()
        except PublicError:
            raise
        except Exception as error:  # noqa: BLE001 - any driver's error; the streams must outlive it
            logger.warning("The database does not answer: %r", error)
        await asyncio.sleep(next(pauses))
