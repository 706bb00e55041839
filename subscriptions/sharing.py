"""Shared execution: what an item looks like is worked out once for all who asked the same.

A group follows one source for all its listeners. Each item is judged, executed and encoded once
for each audience, and the bytes go to everybody in one go, without a task or an await for each.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Coroutine, Hashable, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from core import clock
from services.live_viewers import LiveViewer, LiveViewers
from subscriptions.cursors import ResetReason
from subscriptions.following import Gap, Happened
from subscriptions.metrics import CATCH_UPS, DELIVERIES, GROUPS, LAG_SECONDS, RESETS
from subscriptions.source import Item, Judge, State, Verdict
from subscriptions.stream import FellBehind
from subscriptions.told import Answer, LatelyTold, Subject, Told

EXECUTIONS_AT_ONCE = 8  # so that events leave database connections to queries
LISTENERS_PER_TURN = 250  # of the event loop, about 3 ms: pings and other groups need theirs


class Listener(Protocol):
    """One subscription of one client."""

    @property
    def viewer(self) -> LiveViewer:
        """Who listens."""

    def tell(self, content: bytes) -> None:
        """Send at once. A client without room for it is disconnected, and told why."""

    async def tell_patiently(self, content: bytes) -> None:
        """Send when there is room. Raises what ends the connection if there never is."""

    def finish(self, error: Exception | None) -> None:
        """End the subscription: nothing more will come."""

    def begin_anew(self, reason: ResetReason) -> None:
        """Ask for the subscription again: this source is not the viewer's any more."""


class Sharing:
    """All groups of a process."""

    def __init__(self, viewers: LiveViewers) -> None:
        self.viewers = viewers
        self.turns = asyncio.Semaphore(EXECUTIONS_AT_ONCE)
        self._groups: dict[Hashable, Group] = {}
        viewers.on_change.append(self._review)

    async def join(
        self, key: Hashable, subject: Subject, listener: Listener, start: str | ResetReason | None
    ) -> "Group | None":
        """Tell the listener how things stand, or what it missed; let it join its group.

        `start` is a cursor to go on after, or why what was before is lost. Returns the group to
        leave in the end, and None where the listener was refused on the way.
        """
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(self, key, subject)
            GROUPS.inc()
        return await group.join(listener, start)

    def forget(self, key: Hashable, group: "Group") -> None:
        """Let the next who asks find a new group."""
        if self._groups.get(key) is group:
            del self._groups[key]
            GROUPS.dec()

    def _review(self, viewers: Collection[LiveViewer]) -> None:
        for group in tuple(self._groups.values()):
            group.review(viewers)


class Group:
    """Those who listen to one subject, and the task that reads it for them.

    `join` and `leave` are all that listeners need.
    """

    def __init__(self, sharing: Sharing, key: Hashable, subject: Subject) -> None:
        self._sharing = sharing
        self._key = key
        self._source = subject.source
        self._subject = subject
        self._told = LatelyTold(subject, sharing.turns)
        self._listeners: dict[Listener, Hashable] = {}
        self._audiences: dict[Hashable, dict[Listener, None]] = {}
        self._changes = 0  # of the listeners: what was planned before one is out of date
        self._joining = 0
        self._has_ended = False
        self._error: Exception | None = None
        self._last: Item | None = None
        self._moved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading = asyncio.create_task(self._read())

    async def join(self, listener: Listener, start: str | ResetReason | None) -> "Group | None":
        """Bring a listener to where the group stands, and keep it up to date from there on."""
        self._joining += 1
        has_come = False
        try:
            has_come = await self._bring(listener, start)
        finally:
            if not has_come:
                self._remove(listener)  # they may have given up at the very moment of coming
            self._joining -= 1
            self._dissolve_if_empty()
        return self if has_come else None

    def leave(self, listener: Listener) -> None:
        """Tell a listener nothing more."""
        self._remove(listener)
        self._dissolve_if_empty()

    def review(self, viewers: Collection[LiveViewer]) -> None:
        """Look again at what these viewers may hear: their rights have changed."""
        changed = set(viewers)
        concerned = [listener for listener in self._listeners if listener.viewer in changed]
        for listener in concerned:
            self._remove(listener)
            if not listener.viewer.has_ended:
                self._enter(listener)
        if concerned:
            self._in_background(self._part_with_lost())
        self._dissolve_if_empty()

    # Reading for all

    async def _read(self) -> None:
        try:
            while not await self._follow():
                pass
        except Exception as error:  # noqa: BLE001  # each listener is told in its own way
            self._error = error
        self._has_ended = True
        self._sharing.forget(self._key, self)
        self._moved.set_result(None)
        for listener in tuple(self._listeners):
            self._remove(listener)
            listener.finish(self._error)

    async def _follow(self) -> bool:
        """Tell all items until there are no more; false where reading has to begin again."""
        after = self._last.cursor if self._last is not None else None
        try:
            async with aclosing(self._source.open(after)) as items:
                async for item in items:
                    await self._tell_all(item)
        except FellBehind:
            return False
        return True

    async def _tell_all(self, item: Item) -> None:
        if not self._listeners:
            self._move_to(item)
            return
        await self._sharing.viewers.fresh()
        told = self._told.get(item)
        judge = await told.judge()
        deliveries, lost = await self._work_out(told, judge)
        # From here to the next await nobody comes: who joins afterwards joins after this item.
        self._move_to(item)
        for listener in lost:
            self._part_with(listener)
        for answer, listeners in deliveries:
            await self._hand_out(answer.content, listeners)
        _count(item, sum(len(listeners) for _answer, listeners in deliveries))
        if isinstance(item, Happened) and deliveries:
            LAG_SECONDS.observe((clock.now() - item.record.occurred_at).total_seconds())

    async def _work_out(self, told: Told, judge: Judge) -> "tuple[list[Delivery], list[Listener]]":
        """Return who is told what, and who has lost the source, of those who listen by the end."""
        while True:
            changes = self._changes
            hearing, lost = self._sort(judge)
            deliveries = await asyncio.gather(*(_deliveries(told, group) for group in hearing))
            if changes == self._changes:
                return [one for of_audience in deliveries for one in of_audience], lost

    def _sort(self, judge: Judge) -> tuple[list[list[Listener]], list[Listener]]:
        """Return who hears the item, by audience, and who has lost the source."""
        hearing = []
        lost = []
        verdicts: dict[int, Verdict] = {}  # of each person, who may have many connections
        for listeners in self._audiences.values():
            of_audience = []
            for listener in listeners:
                person = listener.viewer.person
                verdict = verdicts.get(id(person))
                if verdict is None:
                    verdict = verdicts[id(person)] = judge(person)
                if verdict is Verdict.HEARS:
                    of_audience.append(listener)
                elif verdict is Verdict.LOST:
                    lost.append(listener)
            if of_audience:
                hearing.append(of_audience)
        return hearing, lost

    async def _hand_out(self, content: bytes, listeners: Sequence[Listener]) -> None:
        changes = self._changes
        for start in range(0, len(listeners), LISTENERS_PER_TURN):
            turn = listeners[start : start + LISTENERS_PER_TURN]
            if start:
                await asyncio.sleep(0)
            if changes != self._changes:  # some may have left, or lost the source
                turn = [listener for listener in turn if listener in self._listeners]
            for listener in turn:
                listener.tell(content)

    def _move_to(self, item: Item) -> None:
        self._last = item
        self._moved.set_result(None)
        self._moved = asyncio.get_running_loop().create_future()

    # Bringing one listener to where the others are

    async def _bring(self, listener: Listener, start: str | ResetReason | None) -> bool:
        if self._last is None and not self._has_ended:
            await asyncio.wait([self._moved])
        if self._last is None or self._has_ended:
            listener.finish(self._error)
            return False
        if start is None:
            return await self._greet(listener, self._last)
        if start == self._last.cursor:
            return self._enter(listener)
        if isinstance(start, ResetReason):
            return await self._catch_up(listener, self._source.open_anew(start), None)
        return await self._catch_up(listener, self._source.open(start), start)

    async def _greet(self, listener: Listener, last: Item) -> bool:
        greeting = self._source.greeting(last)
        if not await self._tell_one(listener, greeting):
            return False
        if self._last is None or self._last is last:
            return self._enter(listener)
        if isinstance(greeting, State):
            return await self._greet(listener, self._last)
        cursor = greeting.cursor
        return await self._catch_up(listener, self._source.open(cursor), cursor)

    async def _catch_up(
        self, listener: Listener, items: AsyncGenerator[Item, None], cursor: str | None
    ) -> bool:
        """Tell the items one by one until the group stands at the same place."""
        CATCH_UPS.inc()
        upcoming: asyncio.Task[Item | None] | None = None
        async with aclosing(items):
            try:
                while self._last is not None and cursor != self._last.cursor:
                    upcoming = upcoming or asyncio.create_task(_next_of(items))
                    either = (upcoming, self._moved)
                    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                    if upcoming.done():
                        item = upcoming.result()
                        upcoming = None
                        if item is None:
                            listener.finish(None)
                            return False
                        if not await self._tell_one(listener, item):
                            return False
                        cursor = item.cursor
                    elif self._has_ended:
                        break
                return self._enter(listener)
            finally:
                if upcoming is not None:
                    upcoming.cancel()
                    await asyncio.wait([upcoming])

    async def _tell_one(self, listener: Listener, item: Item) -> bool:
        """Tell a listener an item when there is room; false where they are sent away."""
        await self._sharing.viewers.fresh()
        if not self._suits(listener):
            listener.begin_anew(ResetReason.RIGHTS)
            return False
        told = self._told.get(item)
        verdict = (await told.judge())(listener.viewer.person)
        if verdict is Verdict.LOST:
            await self._take_leave(listener, item)
            return False
        answer = await told.answer(listener.viewer) if verdict is Verdict.HEARS else None
        if answer is not None and not answer.is_whole:
            answer = await told.answer_alone(listener.viewer)
        if answer is not None:
            await listener.tell_patiently(answer.content)
            _count(item, 1)
        return True

    # Coming and going

    def _enter(self, listener: Listener) -> bool:
        if self._has_ended:
            listener.finish(self._error)
            return False
        if not self._suits(listener):
            listener.begin_anew(ResetReason.RIGHTS)
            return False
        audience = self._subject.audience_of(listener.viewer)
        self._listeners[listener] = audience
        self._audiences.setdefault(audience, {})[listener] = None
        self._changes += 1
        return True

    def _remove(self, listener: Listener) -> None:
        audience = self._listeners.pop(listener, None)
        if audience is None:
            return
        self._changes += 1
        others = self._audiences[audience]
        del others[listener]
        if not others:
            del self._audiences[audience]

    def _suits(self, listener: Listener) -> bool:
        rights = self._source.rights
        return rights is None or rights == listener.viewer.now.rights

    def _part_with(self, listener: Listener) -> None:
        """Send away somebody who may hear nothing more; what they are told last takes a moment."""
        if self._last is not None and listener in self._listeners:
            self._remove(listener)
            self._in_background(self._take_leave(listener, self._last))

    async def _take_leave(self, listener: Listener, last: Item) -> None:
        try:
            await self._say_farewell(listener, last)
        except Exception as error:  # noqa: BLE001  # nobody else looks after them any more
            listener.finish(error)
        else:
            listener.finish(None)

    async def _say_farewell(self, listener: Listener, last: Item) -> None:
        farewell = self._source.farewell(last)
        if farewell is not None:
            answer = await self._told.get(farewell).answer(listener.viewer)
            if answer is not None:
                await listener.tell_patiently(answer.content)

    async def _part_with_lost(self) -> None:
        """Send away those who have lost the source, though nothing happens there."""
        if self._last is None:
            return
        judge = await self._source.judge(self._last)
        _hearing, lost = self._sort(judge)
        for listener in lost:
            self._part_with(listener)

    def _dissolve_if_empty(self) -> None:
        if not self._listeners and not self._joining:
            self._sharing.forget(self._key, self)
            self._reading.cancel()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


Delivery = tuple[Answer, Sequence[Listener]]


async def _deliveries(told: Told, listeners: Sequence[Listener]) -> list[Delivery]:
    """Return what an audience is told: all the same, or where that failed each their own."""
    answer = await told.answer(listeners[0].viewer)
    if answer is None:
        return []
    if answer.is_whole:
        return [(answer, listeners)]
    alone = await asyncio.gather(*(told.answer_alone(one.viewer) for one in listeners))
    return [(answer, [one]) for answer, one in zip(alone, listeners, strict=True) if answer]


async def _next_of(items: AsyncGenerator[Item, None]) -> Item | None:
    return await anext(items, None)


def _count(item: Item, listeners: int) -> None:
    DELIVERIES.inc(listeners)
    if isinstance(item, Gap):
        RESETS.labels(item.reason).inc(listeners)
