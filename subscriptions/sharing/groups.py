"""Shared execution: what an item looks like is worked out once for all who asked the same.

A group follows one source for all its listeners. Each item is judged, executed and encoded once
for each audience, and the bytes go to everybody in one go, without a task or an await for each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from core import clock
from models.viewers import Viewer
from services.live_viewers import LiveViewer, LiveViewers
from subscriptions.log.cursors import ResetReason
from subscriptions.log.following import Happened
from subscriptions.log.stream import FellBehind
from subscriptions.metrics import GROUPS, LAG_SECONDS
from subscriptions.sharing.joining import Joining, count_delivery
from subscriptions.sharing.listening import Listener
from subscriptions.sharing.told import Answer, LatelyTold, Subject, Told
from subscriptions.source import Item, Judge, Verdict

EXECUTIONS_AT_ONCE = 8  # so that events leave database connections to queries
LISTENERS_PER_TURN = 250  # of the event loop, about 3 ms: pings and other groups need theirs


class Sharing:
    """All groups of a process."""

    def __init__(self, viewers: LiveViewers) -> None:
        self.viewers = viewers
        self.turns = asyncio.Semaphore(EXECUTIONS_AT_ONCE)
        self._groups: dict[Hashable, Group] = {}
        viewers.on_change.append(self._review)
        viewers.on_refresh.append(self._look_for_lost)

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

    def _look_for_lost(self) -> None:
        for group in tuple(self._groups.values()):
            if group.source.is_lost_unsaid:
                group.look_for_lost()

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
        self.source = subject.source
        self._subject = subject
        self.viewers = sharing.viewers
        self.told = LatelyTold(subject, sharing.turns)
        self._listeners: dict[Listener, Viewer] = {}
        self._audiences: dict[Viewer, dict[Listener, None]] = {}
        self._changes = 0  # of the listeners: what was planned before one is out of date
        self._joining = 0
        self.has_ended = False
        self.error: Exception | None = None
        self.last: Item | None = None
        self.moved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading = asyncio.create_task(self._read())

    async def join(self, listener: Listener, start: str | ResetReason | None) -> "Group | None":
        """Bring a listener to where the group stands, and keep it up to date from there on."""
        self._joining += 1
        has_come = False
        try:
            has_come = await Joining(self, listener).bring(start)
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
                self.enter(listener, judged=listener.viewer.person)
        if concerned:
            self.look_for_lost()
        self._dissolve_if_empty()

    def look_for_lost(self) -> None:
        """Send away those who have lost the source, though nothing has happened there."""
        self._in_background(self._part_with_lost())

    # Reading for all

    async def _read(self) -> None:
        try:
            while not await self._follow():
                pass
        except Exception as error:  # noqa: BLE001  # each listener is told in its own way
            self.error = error
        self.has_ended = True
        self._sharing.forget(self._key, self)
        self.moved.set_result(None)
        for listener in tuple(self._listeners):
            self._remove(listener)
            listener.finish(self.error)

    async def _follow(self) -> bool:
        """Tell all items until there are no more; false where reading has to begin again."""
        after = self.last.cursor if self.last is not None else None
        try:
            async with aclosing(self.source.open(after)) as items:
                async for item in items:
                    await self._tell_all(item)
        except FellBehind:
            return False
        return True

    async def _tell_all(self, item: Item) -> None:
        if not self._listeners:
            self._move_to(item)
            return
        await self.viewers.fresh()
        told = self.told.get(item)
        judge = await told.judge()
        deliveries, lost = await self._work_out(told, judge)
        # From here to the next await nobody comes: who joins afterwards joins after this item.
        self._move_to(item)
        for listener in lost:
            self._part_with(listener)
        planned = self._changes
        for answer, listeners in deliveries:
            await self._hand_out(answer.content, listeners, planned)
        count_delivery(item, sum(len(listeners) for _answer, listeners in deliveries))
        if isinstance(item, Happened) and deliveries:
            LAG_SECONDS.observe((clock.now() - item.record.occurred_at).total_seconds())

    async def _work_out(self, told: Told, judge: Judge) -> "tuple[list[Delivery], list[Listener]]":
        """Return who is told what, and who has lost the source, of those who listen by the end."""
        answers: dict[Viewer, Answer | None] = {}
        while True:
            hearing, lost = self._sort(judge)
            missing = _unanswered(hearing, answers)
            if not missing and self.viewers.are_fresh:
                return _deliveries(hearing, answers), lost
            # What takes long may outlive the rights of those who wait for it.
            await self.viewers.fresh()
            found = await asyncio.gather(*(ask(told) for ask in missing.values()))
            answers.update(zip(missing, found, strict=True))

    def _sort(self, judge: Judge) -> tuple[dict[Viewer, list[Listener]], list[Listener]]:
        """Return who hears the item, by audience, and who has lost the source."""
        hearing = {}
        lost = []
        verdicts: dict[int, Verdict] = {}  # of each person, who may have many connections
        for audience, listeners in self._audiences.items():
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
                hearing[audience] = of_audience
        return hearing, lost

    async def _hand_out(self, content: bytes, listeners: Sequence[Listener], planned: int) -> None:
        for start in range(0, len(listeners), LISTENERS_PER_TURN):
            turn = listeners[start : start + LISTENERS_PER_TURN]
            if start:
                await asyncio.sleep(0)
            if self._changes != planned:  # some may have left, or lost the source
                turn = [listener for listener in turn if listener in self._listeners]
            for listener in turn:
                listener.tell(content)

    def _move_to(self, item: Item) -> None:
        self.last = item
        self.moved.set_result(None)
        self.moved = asyncio.get_running_loop().create_future()

    # Coming and going

    def enter(self, listener: Listener, judged: Viewer) -> bool:
        """Let a listener hear what comes; `judged` is who they were when that was decided."""
        if self.has_ended:
            listener.finish(self.error)
            return False
        if not self.suits(listener):
            listener.begin_anew(ResetReason.RIGHTS)
            return False
        if listener.viewer.person is not judged:
            self.look_for_lost()
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

    def suits(self, listener: Listener) -> bool:
        """Tell whether this is still the source for a listener, whose rights may be others now."""
        rights = self.source.rights
        return rights is None or rights == listener.viewer.now.rights

    def _part_with(self, listener: Listener) -> None:
        """Send away somebody who may hear nothing more; what they are told last takes a moment."""
        if self.last is not None and listener in self._listeners:
            self._remove(listener)
            self._in_background(self.take_leave(listener, self.last))

    async def take_leave(self, listener: Listener, last: Item) -> None:
        """Tell a listener last what the source says to those who have lost it."""
        try:
            await self._say_farewell(listener, last)
        except Exception as error:  # noqa: BLE001  # nobody else looks after them any more
            listener.finish(error)
        else:
            listener.finish(None)

    async def _say_farewell(self, listener: Listener, last: Item) -> None:
        farewell = self.source.farewell(last)
        if farewell is not None:
            answer = await self.told.get(farewell).answer(listener.viewer)
            if answer is not None:
                await listener.tell_patiently(answer.content)

    async def _part_with_lost(self) -> None:
        """Send away those who have lost the source, though nothing happens there."""
        if self.last is None:
            return
        judge = await self.source.judge(self.last)
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


def _unanswered(
    hearing: Mapping[Viewer, Sequence[Listener]], answers: Mapping[Viewer, Answer | None]
) -> dict[Viewer, Callable[[Told], Awaitable[Answer | None]]]:
    """Return what is still to be worked out: for audiences, and for each person where it failed."""
    missing: dict[Viewer, Callable[[Told], Awaitable[Answer | None]]] = {}
    for audience, listeners in hearing.items():
        if audience not in answers:
            missing[audience] = partial(Told.answer, viewer=listeners[0].viewer)
        elif _has_failed(answers[audience]):
            for listener in listeners:
                if listener.viewer.person not in answers:
                    ask = partial(Told.answer_alone, viewer=listener.viewer)
                    missing[listener.viewer.person] = ask
    return missing


def _deliveries(
    hearing: Mapping[Viewer, Sequence[Listener]], answers: Mapping[Viewer, Answer | None]
) -> list[Delivery]:
    """Return what is handed to whom: to an audience the same, or to each their own."""
    shares: list[tuple[Answer | None, Sequence[Listener]]] = []
    for audience, listeners in hearing.items():
        if _has_failed(answers[audience]):
            shares += [(answers[one.viewer.person], [one]) for one in listeners]
        else:
            shares.append((answers[audience], listeners))
    return [(answer, listeners) for answer, listeners in shares if answer is not None]


def _has_failed(answer: Answer | None) -> bool:
    return answer is not None and not answer.is_whole
