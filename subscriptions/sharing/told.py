"""What has been worked out about an item lately: who may hear it, and what it looks like."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from models.viewers import Viewer
from services.live_viewers import LiveViewer
from subscriptions.back_off import back_off
from subscriptions.metrics import EXECUTIONS
from subscriptions.source import Item, Judge, Source

logger = logging.getLogger(__name__)

KEPT_ITEMS = 256  # what many who resume together replay at about the same time
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
KEPT_SECONDS = 1.0  # how old a judgement, or what was read for an answer, may be


@dataclass(frozen=True, slots=True)
class Answer:
    """The encoded result of an execution; `is_whole` is false where some field failed."""

    content: bytes
    is_whole: bool


class TryAgain(Exception):
    """An answer could not be worked out for a reason that passes, such as a restart."""


# Raises TryAgain. Works out what a viewer is told of an item; None where clients are not told.
AnswerItem = Callable[[Item, Viewer], Awaitable[Answer | None]]

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a group is about: its source, how an item is answered, and who shares an answer."""

    source: Source
    answer: AnswerItem
    is_shareable: bool

    def audience_of(self, viewer: LiveViewer) -> Viewer:
        """Return what all have in common who are told the same bytes."""
        return viewer.audience if self.is_shareable else viewer.person


class Told:
    """An item on its way out. What many ask at the same time is worked out once."""

    def __init__(self, subject: Subject, item: Item, turns: asyncio.Semaphore) -> None:
        self.item = item
        self._subject = subject
        self._turns = turns
        self._began = time.monotonic()
        self._judging: asyncio.Task[Judge] | None = None
        self._answers: dict[Viewer, asyncio.Task[Answer | None]] = {}

    @property
    def is_young(self) -> bool:
        """Whether what was worked out may still be told to others."""
        return time.monotonic() - self._began < KEPT_SECONDS

    async def judge(self) -> Judge:
        """Return who may hear the item."""
        if self._judging is None:
            self._judging = asyncio.create_task(self._subject.source.judge(self.item))
            self._judging.add_done_callback(_forget)
        return await _result_of(self._judging)

    async def answer(self, viewer: LiveViewer) -> Answer | None:
        """Return what the viewer's audience is told; None where clients are not told of it."""
        return await self._answer_as(self._subject.audience_of(viewer), viewer.now)

    async def answer_alone(self, viewer: LiveViewer) -> Answer | None:
        """Return what this person is told, whatever their audience is.

        Where an answer to an audience is not whole, the one it was executed for may just have lost
        what all others still see.
        """
        return await self._answer_as(viewer.person, viewer.now)

    async def _answer_as(self, key: Viewer, viewer: Viewer) -> Answer | None:
        answering = self._answers.get(key)
        if answering is None:
            answering = self._answers[key] = asyncio.create_task(self._execute(viewer))
            answering.add_done_callback(_forget)
        return await _result_of(answering)

    async def _execute(self, viewer: Viewer) -> Answer | None:
        pauses = back_off(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        while True:
            try:
                async with self._turns:
                    EXECUTIONS.inc()
                    return await self._subject.answer(self.item, viewer)
            except TryAgain as error:
                # To go on would lose the event: its cursor would lie behind those who heard it.
                logger.warning("An event could not be told yet: %r", error.__cause__)
            await asyncio.sleep(next(pauses))


class LatelyTold:
    """The items told within the last second, for those who come to the same place meanwhile."""

    def __init__(self, subject: Subject, turns: asyncio.Semaphore) -> None:
        self._subject = subject
        self._turns = turns
        self._kept: OrderedDict[Hashable, Told] = OrderedDict()
        self._cleaning: asyncio.TimerHandle | None = None

    def get(self, item: Item) -> Told:
        """Return what is worked out about an item."""
        told = self._kept.get(item.identity)
        if told is None or not told.is_young:
            told = Told(self._subject, item, self._turns)
            self._kept[item.identity] = told
            self._kept.move_to_end(item.identity)
            if len(self._kept) > KEPT_ITEMS:
                self._kept.popitem(last=False)
        if self._cleaning is None:
            loop = asyncio.get_running_loop()
            self._cleaning = loop.call_later(KEPT_SECONDS, self._forget_old)
        return told

    def _forget_old(self) -> None:
        self._cleaning = None
        while self._kept and not next(iter(self._kept.values())).is_young:
            self._kept.popitem(last=False)
        if self._kept:
            loop = asyncio.get_running_loop()
            self._cleaning = loop.call_later(KEPT_SECONDS, self._forget_old)


async def _result_of(task: asyncio.Task[Result]) -> Result:
    """Return what a task of many gives; whoever is cancelled leaves it to the others."""
    await asyncio.wait([task])
    return task.result()


def _forget(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()  # nobody may be left to take it
