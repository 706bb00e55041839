"""Who is where, and what they are doing there, as all processes together know it."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    aclosing,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from typing import NoReturn, Self
from uuid import UUID

from core.errors import NotAllowed
from core.ids import new_id
from models.presence import PresenceChange, PresenceState, Present, changes_between
from models.viewers import Viewer
from subscriptions.presence.marks import Mark, Voice, present_among
from subscriptions.presence.room import Room
from subscriptions.presence.store import Changes, PresenceStore, Put
from subscriptions.stopping import stop

FAILURE_SECONDS = 1  # the pause after a failure that nobody foresaw

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PresenceTimes:
    """For how many seconds marks stand, and how often those of live sockets are renewed.

    Who is killed is gone after `standing`. Messengers take 5 to 10 seconds without a keystroke for
    the end of typing; a form may lie open longer before XMPP (XEP-0085) takes it for paused.
    """

    standing: float = 30
    typing: float = 6
    editing: float = 30
    renewal: float = 10


@dataclass(frozen=True, slots=True)
class WhoIsHere:
    """Who is at a resource, and what has changed since it was told before."""

    present: tuple[Present, ...]
    changes: tuple[PresenceChange, ...] = ()


Attend = Callable[[], AbstractAsyncContextManager[None]]


class Presence:
    """The presence of this process, and of all that share its store.

    Use it as a context manager. One task renews, reads and forgets for all clients; where nobody of
    this process looks, nothing is read.
    """

    def __init__(self, store: PresenceStore, times: PresenceTimes | None = None) -> None:
        self._store = store
        self._times = times or PresenceTimes()
        self._rooms: dict[str, Room] = {}
        self._woken = asyncio.Event()
        self._renewal_at = 0.0
        self._resources = AsyncExitStack()
        self._task: asyncio.Task[NoReturn]

    async def __aenter__(self) -> Self:
        await self._resources.enter_async_context(self._store.open(self._hear))
        self._task = asyncio.create_task(self._keep_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        await stop(self._task)
        for room in self._rooms.values():
            for name in tuple(room.attending):
                room.leave(name)
        await self._exchange(self._rooms, renewed_for=None)
        await self._resources.aclose()

    async def say(
        self, resource: str, viewer: Viewer, state: PresenceState, field: str | None
    ) -> WhoIsHere:
        """Let somebody say what they are doing, and return who is there then.

        It stands for 30 seconds, or as long as the same connection, or any of the session where it
        was said by plain HTTP, attends the resource. Raises NotAllowed for viewers who do not show.
        """
        voice = Voice.of(viewer)
        if voice is None:
            raise NotAllowed
        boards = await self._store.exchange({resource: self._statement(voice, state, field)})
        self._hear(resource)
        return WhoIsHere(present_among(boards[resource].values()))

    async def present(self, resources: Iterable[str]) -> Mapping[str, tuple[Present, ...]]:
        """Return who is at some resources."""
        nothing: Changes = {}
        boards = await self._store.exchange(dict.fromkeys(resources, nothing))
        return {resource: present_among(board.values()) for resource, board in boards.items()}

    def attendance(self, resource: str, viewer: Viewer) -> Attend | None:
        """Return what a subscription enters while it lasts; None for viewers who do not show.

        To be asked where the subscription is, since it speaks for the connection it came by.
        """
        voice = Voice.of(viewer)
        return None if voice is None else lambda: self._attending(resource, voice)

    async def watch(self, resource: str) -> AsyncGenerator[WhoIsHere, None]:
        """Return who is there, and then again at each change. Who reads slowly skips states."""
        told: tuple[Present, ...] | None = None
        async with aclosing(self._looks(resource)) as looks:
            async for room in looks:
                changes = [] if told is None else changes_between(told, room.present)
                is_first, told = told is None, room.present
                if is_first or changes:
                    yield WhoIsHere(told, tuple(changes))

    async def watch_replies(self, resource: str) -> AsyncGenerator[tuple[UUID, ...], None]:
        """Return which agents type to the customer, and then again whenever these are others.

        Nothing else that anybody does there is a reason to look again for those who hear this.
        """
        told: tuple[UUID, ...] | None = None
        async with aclosing(self._looks(resource)) as looks:
            async for room in looks:
                if room.replying != told:
                    told = room.replying
                    yield told

    async def _looks(self, resource: str) -> AsyncGenerator[Room, None]:
        """Return the room of a resource once it is known, and then whenever it may have changed."""
        woken = asyncio.Event()
        with self._in_room(resource) as room:
            room.watchers.add(woken)
            try:
                if room.is_known:
                    yield room
                while True:
                    await woken.wait()
                    woken.clear()
                    if room.is_known:
                        yield room
            finally:
                room.watchers.discard(woken)

    @asynccontextmanager
    async def _attending(self, resource: str, voice: Voice) -> AsyncIterator[None]:
        # Neither coming nor leaving waits for the store: a connection ends without a delay.
        name = new_id().hex
        mark = Mark(voice, PresenceState.VIEWING, is_said=False)
        with self._in_room(resource) as room:
            room.come(name, mark, self._times.standing)
            self._woken.set()
            try:
                yield
            finally:
                # Where the process is going down it was led out already.
                if name in room.attending:
                    room.leave(name)

    @contextmanager
    def _in_room(self, resource: str) -> Iterator[Room]:
        room = self._rooms.setdefault(resource, Room())
        room.users += 1
        self._woken.set()
        try:
            yield room
        finally:
            room.users -= 1
            self._woken.set()

    def _statement(self, voice: Voice, state: PresenceState, field: str | None) -> Changes:
        """Return the lasting mark that they are here or away, and one that fades by itself."""
        name = f"{voice.session_id.hex}:{voice.connection_id.hex if voice.connection_id else ''}"
        said = Mark(voice, state, field)
        if said.is_lasting:
            return {f"{name}:is": Put(said, self._times.standing), f"{name}:does": None}
        is_typing = state is PresenceState.TYPING
        seconds = self._times.typing if is_typing else self._times.editing
        viewing = Put(Mark(voice, PresenceState.VIEWING), self._times.standing)
        return {f"{name}:is": viewing, f"{name}:does": Put(said, seconds)}

    def _hear(self, resource: str | None) -> None:
        if resource is None:
            self._renewal_at = 0.0
            for room in self._rooms.values():
                room.is_stale = True
        elif resource in self._rooms:
            self._rooms[resource].is_stale = True
        self._woken.set()

    async def _keep_for_ever(self) -> NoReturn:
        while True:
            try:
                await self._keep()
                await self._wait()
            except Exception:
                logger.exception("Presence could not be kept.")
                await asyncio.sleep(FAILURE_SECONDS)

    async def _wait(self) -> None:
        """Wait until a room is to be read or the marks of this process are to be renewed."""
        due_at = min((room.due_at for room in self._rooms.values()), default=self._renewal_at)
        seconds = min(due_at, self._renewal_at) - time.monotonic()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _keep(self) -> None:
        self._woken.clear()
        now = time.monotonic()
        renewed_for = None
        if now >= self._renewal_at:
            self._renewal_at = now + self._times.renewal
            renewed_for = self._times.standing
        rooms = {
            resource: room
            for resource, room in self._rooms.items()
            if room.is_stale or room.due_at <= now or (renewed_for and room.attending)
        }
        if rooms or renewed_for:
            await self._exchange(rooms, renewed_for=renewed_for)
        for resource, room in tuple(self._rooms.items()):
            if room.is_over:
                del self._rooms[resource]

    async def _exchange(self, rooms: Mapping[str, Room], *, renewed_for: float | None) -> None:
        asked = dict(rooms)
        boards = await self._store.exchange(
            {resource: room.changes(renewed_for=renewed_for) for resource, room in asked.items()}
        )
        for resource, room in asked.items():
            room.take(boards[resource])
