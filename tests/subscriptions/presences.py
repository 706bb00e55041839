"""Agents at resources, in processes that share a store of presence."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from typing import ClassVar
from uuid import UUID

from core.ids import new_id
from models.actors import Actor, ActorKind
from models.presence import PresenceState
from models.viewers import Viewer
from subscriptions.presence.marks import connection_id
from subscriptions.presence.presence import Presence, PresenceTimes, WhoIsHere
from subscriptions.presence.store import PresenceStore
from subscriptions.stopping import stop
from tests.subscriptions.bells import until

TICKET = "a ticket"
# A fiftieth of the real ones.
TIMES = PresenceTimes(standing=0.6, typing=0.12, editing=0.6, renewal=0.2)
# What each agent does, by name, such as {"ayse": "TYPING reply"}.
Picture = dict[str, str]


class Person:
    """An agent with a session; another of the same name is the same agent, signed in again."""

    _ids: ClassVar[dict[str, UUID]] = {}

    def __init__(self, name: str) -> None:
        self.name = name
        agent_id = self._ids.setdefault(name, new_id())
        self.viewer = Viewer(Actor(ActorKind.AGENT, agent_id), session_id=new_id())

    @classmethod
    def name_of(cls, agent_id: UUID | None) -> str:
        return next(name for name, known in cls._ids.items() if known == agent_id)


class Screen:
    """A tab of an agent: its operations come by a connection of their own."""

    def __init__(self, person: Person, presence: Presence) -> None:
        self.person = person
        self._presence = presence
        self._connection_id = new_id()
        self._stack = AsyncExitStack()

    async def open(self, resource: str = TICKET) -> None:
        with self._speaking():
            attend = self._presence.attendance(resource, self.person.viewer)
        assert attend is not None
        await self._stack.enter_async_context(attend())

    async def close(self) -> None:
        await self._stack.aclose()

    async def say(self, state: PresenceState, field: str | None = None) -> Picture:
        with self._speaking():
            return await say(self._presence, self.person, state, field)

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        token = connection_id.set(self._connection_id)
        try:
            yield
        finally:
            connection_id.reset(token)


async def say(
    presence: Presence, person: Person, state: PresenceState, field: str | None = None
) -> Picture:
    """Say what an agent does, by plain HTTP unless a screen speaks."""
    return picture(await presence.say(TICKET, person.viewer, state, field))


def picture(who_is_here: WhoIsHere) -> Picture:
    return {
        Person.name_of(one.actor_id): f"{one.state} {one.field or ''}".rstrip()
        for one in who_is_here.present
    }


def changes(who_is_here: WhoIsHere) -> list[str]:
    return [f"{Person.name_of(one.actor_id)} {one.kind}" for one in who_is_here.changes]


class Onlooker:
    """Remembers what a process told of the presence at a resource."""

    def __init__(self) -> None:
        self.told: list[WhoIsHere] = []

    @property
    def present(self) -> Picture:
        return picture(self.told[-1])

    @property
    def changes(self) -> list[str]:
        return [change for told in self.told for change in changes(told)]

    async def until_sees(self, wanted: Picture) -> None:
        await until(lambda: self.told and self.present == wanted)


@asynccontextmanager
async def looking_on(presence: Presence, resource: str = TICKET) -> AsyncIterator[Onlooker]:
    """Look on until the context is left."""
    onlooker = Onlooker()

    async def look() -> None:
        async with aclosing(presence.watch(resource)) as states:
            async for who_is_here in states:
                onlooker.told.append(who_is_here)

    looking = asyncio.create_task(look())
    try:
        await until(lambda: onlooker.told)
        yield onlooker
    finally:
        await stop(looking)


class Installation:
    """Processes that share a store."""

    def __init__(self, make_store: Callable[[], PresenceStore], stack: AsyncExitStack) -> None:
        self._make_store = make_store
        self._stack = stack
        self._screens: list[Screen] = []

    async def process(self, times: PresenceTimes = TIMES) -> Presence:
        return await self._stack.enter_async_context(Presence(self._make_store(), times))

    async def processes(self, number: int) -> Sequence[Presence]:
        return [await self.process() for _ in range(number)]

    async def opened(self, person: Person, presence: Presence, resource: str = TICKET) -> Screen:
        """Open a screen, which stays open until it is closed or its process ends."""
        screen = Screen(person, presence)
        self._screens.append(screen)
        await screen.open(resource)
        return screen


async def kill(presence: Presence) -> None:
    """End a process without a word: it renews nothing any more, and tells nobody that it left."""
    await stop(presence._task)
    presence._rooms.clear()
