"""The way of one listener to where a group stands."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from models.viewers import Viewer
from services.live_viewers import LiveViewers
from subscriptions.log.cursors import ResetReason
from subscriptions.log.following import Gap
from subscriptions.metrics import CATCH_UPS, DELIVERIES, RESETS
from subscriptions.sharing.listening import Listener
from subscriptions.sharing.told import LatelyTold
from subscriptions.source import Item, Source, State, Verdict


class Destination(Protocol):
    """What a listener has to know of the group that it joins.

    `last` is the item at which the group stands, and `moved` is done when it stands at another.
    """

    source: Source
    told: LatelyTold
    viewers: LiveViewers
    last: Item | None
    moved: asyncio.Future[None]
    has_ended: bool
    error: Exception | None

    def enter(self, listener: Listener, judged: Viewer) -> bool:
        """Let a listener hear what comes; `judged` is who they were when that was decided."""

    def suits(self, listener: Listener) -> bool:
        """Tell whether this is still the source for a listener, whose rights may be others now."""

    async def take_leave(self, listener: Listener, last: Item) -> None:
        """Tell a listener last what the source says to those who have lost it."""


class Joining:
    """Tells a listener how things stand, or what was missed, until the group stands there, too.

    Whoever asks to join was admitted just before, as the person they were then.
    """

    def __init__(self, group: Destination, listener: Listener) -> None:
        self._group = group
        self._listener = listener
        self._judged = listener.viewer.person

    async def bring(self, start: str | ResetReason | None) -> bool:
        """Bring the listener into the group; false where they are sent away on the way."""
        group = self._group
        if group.last is None and not group.has_ended:
            await asyncio.wait([group.moved])
        if group.last is None or group.has_ended:
            self._listener.finish(group.error)
            return False
        if start is None or isinstance(group.last, State):  # a state is all there is to know
            return await self._greet(group.last)
        if start == group.last.cursor:
            return self._enter()
        if isinstance(start, ResetReason):
            return await self._catch_up(group.source.open_anew(start), None)
        return await self._catch_up(group.source.open(start), start)

    async def _greet(self, last: Item) -> bool:
        group = self._group
        greeting = group.source.greeting(last)
        if not await self._tell(greeting):
            return False
        if group.last is None or group.last is last:
            return self._enter()
        if isinstance(greeting, State):
            return await self._greet(group.last)
        return await self._catch_up(group.source.open(greeting.cursor), greeting.cursor)

    async def _catch_up(self, items: AsyncGenerator[Item, None], cursor: str | None) -> bool:
        CATCH_UPS.inc()
        group = self._group
        upcoming: asyncio.Task[Item | None] | None = None
        async with aclosing(items):
            try:
                while group.last is not None and cursor != group.last.cursor:
                    upcoming = upcoming or asyncio.create_task(_next_of(items))
                    either = (upcoming, group.moved)
                    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                    if upcoming.done():
                        item = upcoming.result()
                        upcoming = None
                        if item is None:
                            self._listener.finish(None)
                            return False
                        if not await self._tell(item):
                            return False
                        cursor = item.cursor
                    elif group.has_ended:
                        break
                return self._enter()
            finally:
                if upcoming is not None:
                    upcoming.cancel()
                    await asyncio.wait([upcoming])

    async def _tell(self, item: Item) -> bool:
        """Tell an item when there is room; false where the listener is sent away."""
        group, listener = self._group, self._listener
        told = group.told.get(item)
        judge = await told.judge()
        answer = None
        if judge(listener.viewer.person) is Verdict.HEARS:
            answer = await told.answer(listener.viewer)
            if answer is not None and not answer.is_whole:
                answer = await told.answer_alone(listener.viewer)
        # What took long may have outlived the listener's rights.
        await group.viewers.fresh()
        if not group.suits(listener):
            listener.begin_anew(ResetReason.RIGHTS)
            return False
        self._judged = listener.viewer.person
        verdict = judge(self._judged)
        if verdict is Verdict.LOST:
            await group.take_leave(listener, item)
            return False
        if verdict is Verdict.HEARS and answer is not None:
            await listener.tell_patiently(answer.content)
            count_delivery(item, 1)
        return True

    def _enter(self) -> bool:
        return self._group.enter(self._listener, self._judged)


async def _next_of(items: AsyncGenerator[Item, None]) -> Item | None:
    return await anext(items, None)


def count_delivery(item: Item, listeners: int) -> None:
    """Count that an item was handed to so many listeners."""
    DELIVERIES.inc(listeners)
    if isinstance(item, Gap):
        RESETS.labels(item.reason).inc(listeners)
