"""A source in memory, those who listen to it, and what each of them was told."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID, uuid5

from models.actors import Actor, ActorKind
from models.viewers import Viewer
from services.live_viewers import LiveViewer, LiveViewers
from subscriptions.log.cursors import ResetReason
from subscriptions.log.following import Gap, Ready
from subscriptions.sharing.groups import Group, Sharing
from subscriptions.sharing.told import Answer, Subject
from subscriptions.source import Item, Judge, Source, State, Verdict
from tests.subscriptions.event_logs import AGENT, PATIENCE_SECONDS

ACME = UUID(int=1)
OTHER = UUID(int=2)


@dataclass(frozen=True, slots=True)
class Step:
    """What stands at one position of a script."""

    position: int

    @property
    def cursor(self) -> str:
        return str(self.position)

    @property
    def identity(self) -> Hashable:
        return self.position


@dataclass(frozen=True, slots=True)
class Farewell:
    """What somebody hears who has lost a script."""

    cursor: str

    @property
    def identity(self) -> Hashable:
        return (Farewell, self.cursor)


def hears_all(_item: Item, _viewer: Viewer) -> Verdict:
    return Verdict.HEARS


class Script(Source):
    """Positions 1, 2, 3 … as a test writes them. A cursor is the position before it.

    `verdict` judges; `opened` is what `open` was asked for; `readers` counts who reads now, and
    `closing` says how many turns of the event loop it takes to stop reading.
    """

    def __init__(self, *key: Hashable, rights: Viewer | None = None) -> None:
        self.key = (Script, *key)
        self.rights = rights
        self.verdict: Callable[[Item, Viewer], Verdict] = hears_all
        self.head = 0
        self.judgements = 0
        self.opened: list[str | None] = []
        self.readers = 0
        self.closing: Callable[[], int] = lambda: 0
        self._readings: set[_Reading] = set()
        self._error: Exception | None = None
        self._has_ended = False
        self._changed = asyncio.Event()

    def write(self, count: int = 1) -> None:
        """Let something happen."""
        self.head += count
        self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Let nothing happen any more."""
        self._has_ended = True
        self._error = error
        self._wake()

    def interrupt(self, error: Exception) -> None:
        """Break off all readings of this moment."""
        for reading in self._readings:
            reading.error = error
        self._wake()

    def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        """Read from now on, or from a cursor."""
        self.opened.append(after)
        if after is None:
            return self._read(Ready(str(self.head)), self.head)
        return self._read(None, int(after))

    def open_anew(self, reason: ResetReason) -> AsyncGenerator[Item, None]:
        """Read from now on, after a gap."""
        return self._read(Gap(str(self.head), reason), self.head)

    def farewell(self, last: Item) -> Item | None:
        """Say goodbye."""
        return Farewell(last.cursor)

    async def judge(self, item: Item) -> Judge:
        """Judge as the test says."""
        self.judgements += 1
        await asyncio.sleep(0)
        return lambda viewer: self.verdict(item, viewer)

    async def _read(self, start: Item | None, position: int) -> AsyncGenerator[Item, None]:
        reading = _Reading()
        self._readings.add(reading)
        self.readers += 1
        try:
            if start is not None:
                yield start
            while True:
                if reading.error is not None:
                    raise reading.error
                if position < self.head:
                    position += 1
                    yield Step(position)
                elif self._error is not None:
                    raise self._error
                elif self._has_ended:
                    return
                else:
                    await self._changed.wait()
        finally:
            self._readings.discard(reading)
            self.readers -= 1
            await take_turns(self.closing())

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class _Reading:
    error: Exception | None = None


class States(Source):
    """How something stands: a number, which tests change."""

    def __init__(self, *key: Hashable) -> None:
        self.key = (States, *key)
        self._number = 0
        self._changed = asyncio.Event()

    def change(self) -> None:
        """Let it stand otherwise."""
        self._number += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def open(self, after: str | None) -> AsyncGenerator[Item, None]:
        """Tell the present state, then each one that is met."""
        while True:
            number = self._number
            yield State(str(number), number)
            while number == self._number:
                await self._changed.wait()

    def greeting(self, last: Item) -> Item:
        """Tell the present state."""
        return last

    async def judge(self, item: Item) -> Judge:
        """Let everybody hear."""
        return lambda _viewer: Verdict.HEARS


class Answers:
    """Works out what is told, and remembers for whom it did.

    `shape` makes the text of an item; an answer is not whole for those in `partial`. The `gate`
    holds up all that are begun while it is closed; `hurdle` says how many turns of the event loop
    each takes.
    """

    def __init__(self) -> None:
        self.worked_out: list[tuple[str, Viewer]] = []
        self.partial: set[Viewer] = set()
        self.errors: dict[str, Exception] = {}
        self.untold: set[str] = set()
        self.shape: Callable[[Item, Viewer], str] = lambda item, _viewer: text_of(item)
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = 0
        self.hurdle: Callable[[], int] = lambda: 0

    async def __call__(self, item: Item, viewer: Viewer) -> Answer | None:
        text = text_of(item)
        self.worked_out.append((text, viewer))
        self.waiting += 1
        await self.gate.wait()
        self.waiting -= 1
        await take_turns(self.hurdle())
        if text in self.errors:
            raise self.errors[text]
        if text in self.untold:
            return None
        return Answer(self.shape(item, viewer).encode(), is_whole=viewer not in self.partial)

    def of(self, text: str) -> list[Viewer]:
        """Return for whom an item was worked out."""
        return [viewer for of, viewer in self.worked_out if of == text]


def text_of(item: Item) -> str:
    """Return what clients are told of an item, such as `ready 3`, `4`, `5`, `farewell 5`."""
    match item:
        case Ready():
            return f"ready {item.cursor}"
        case Gap():
            return f"gap {item.cursor}"
        case Farewell():
            return f"farewell {item.cursor}"
        case _:
            return item.cursor


class Ear:
    """A listener that remembers what it was told, and how it ended.

    `slowness` is how many turns of the event loop it takes to make room; `breaks` what is raised
    instead.
    """

    def __init__(self, viewer: Viewer | LiveViewer, *, slowness: int = 0) -> None:
        self.viewer = viewer if isinstance(viewer, LiveViewer) else LiveViewer(viewer)
        self.heard: list[str] = []
        self.endings: list[Exception | None] = []
        self.begun_anew: list[ResetReason] = []
        self.slowness = slowness
        self.breaks: Exception | None = None
        self.group: Group | None = None

    def tell(self, content: bytes) -> None:
        self.heard.append(content.decode())

    async def tell_patiently(self, content: bytes) -> None:
        await take_turns(self.slowness)
        if self.breaks is not None:
            raise self.breaks
        self.heard.append(content.decode())

    def finish(self, error: Exception | None) -> None:
        self.endings.append(error)
        if self.group is not None:
            self.group.leave(self)

    def begin_anew(self, reason: ResetReason) -> None:
        self.begun_anew.append(reason)

    def leave(self) -> None:
        assert self.group is not None
        self.group.leave(self)


class Hall:
    """Where listeners come together to hear one subject."""

    def __init__(self, source: Source, *, is_shareable: bool = True) -> None:
        self.viewers = LiveViewers(cast("Any", None))  # nobody here has a session to look up
        self.sharing = Sharing(self.viewers)
        self.source = source
        self.answers = Answers()
        self._subject = Subject(source, self.answers, is_shareable)

    async def join(self, ear: Ear, start: str | ResetReason | None = None) -> None:
        """Let somebody in; return when they are up to date."""
        ear.group = await self.sharing.join(self.source.key, self._subject, ear, start)

    async def seat(self, viewer: Viewer | LiveViewer, start: str | None = None) -> Ear:
        """Return somebody who listens."""
        ear = Ear(viewer)
        await self.join(ear, start)
        return ear

    def change_rights(self, ear: Ear, viewer: Viewer) -> None:
        """Let a listener be somebody with other rights."""
        ear.viewer.become(viewer)
        for tell in self.viewers.on_change:
            tell([ear.viewer])

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of what listeners needed."""
        return not self.sharing._groups


def agent(name: str, *, brand: UUID = ACME, language: str = "en", session: int = 0) -> Viewer:
    """Return an agent of a brand; those of one brand and language are one audience."""
    return Viewer(
        Actor(ActorKind.AGENT, uuid5(AGENT, name)),
        language=language,
        brand_ids=frozenset([brand]),
        session_id=UUID(int=session) if session else None,
    )


# Two of one audience, and one of another.
AYSE = agent("Ayşe")
NIKOS = agent("Nikos")
STRANGER = agent("Stranger", brand=OTHER)


async def settle(condition: Callable[[], bool]) -> None:
    """Wait for something that is about to be."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0)


async def soon(awaited: Awaitable[Any]) -> None:
    """Wait for something that takes milliseconds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await awaited


async def let_things_happen() -> None:
    """Give whatever could still happen its turns."""
    await take_turns(50)


async def take_turns(count: int) -> None:
    """Wait for so many turns of the event loop."""
    for _ in range(count):
        await asyncio.sleep(0)
