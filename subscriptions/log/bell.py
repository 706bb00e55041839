"""The bell: after a commit it tells every process that there is something new in the log.

It carries hints only. The log is the truth: whatever the bell drops, doubles or reorders, each hub
finds there what it is missing.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import orjson
from broadcaster import Broadcast
from pydantic import TypeAdapter

from models.event_records import EventRecord
from subscriptions.log.bell_backend import GAP, BellBackend
from subscriptions.stopping import stop

MESSAGE_BYTES = 32 * 1024  # beyond this, reading the log costs less than sending to every process
OUTBOX_RINGS = 1_000  # commits that may wait to be published; the newest are dropped beyond that
PUBLISH_SECONDS = 1  # Redis answers within a millisecond, or it is in trouble
SILENT_SECONDS = 2  # the pause after a failure; hubs look into the log that often by themselves

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hint:
    """The log of `topic` now reaches `sequence`."""

    topic: str
    sequence: int


class Listener(Protocol):
    """Who hears the bell. Its methods return at once."""

    def hear(self, records: Sequence[EventRecord]) -> None:
        """Take in events that have happened."""

    def hear_hints(self, hints: Sequence[Hint]) -> None:
        """Take in how far topics reach."""

    def hear_gap(self) -> None:
        """Take in that something may have been missed."""


@dataclass(frozen=True, slots=True)
class _Message:
    records: Sequence[EventRecord] = ()
    hints: Sequence[Hint] = ()


_MESSAGE = TypeAdapter(_Message)


class Bell:
    """Hands the events of a commit to `listener` at once, and to all other processes soon.

    Installations that share a Redis server differ in `namespace`. Use it as a context manager:
    only inside does it publish and listen.
    """

    def __init__(
        self, backend: BellBackend, listener: Listener, namespace: str = "starling"
    ) -> None:
        self._backend = backend
        self._listeners = [listener]
        self._channel = f"{namespace}:bell"
        self._broadcast = Broadcast(backend=backend)
        self._outbox: asyncio.Queue[Sequence[EventRecord]] = asyncio.Queue(OUTBOX_RINGS)
        self._silent_until = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connected(self) -> bool:
        """Whether other processes are heard at once, and not only when the log is looked at."""
        return self._backend.connected

    def add_listener(self, listener: Listener) -> None:
        """Let somebody else hear the bell, too."""
        self._listeners.append(listener)

    async def __aenter__(self) -> Self:
        await self._broadcast.connect()
        self._tasks = [
            asyncio.create_task(self._listen_for_ever()),
            asyncio.create_task(self._publish_for_ever()),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        await stop(*self._tasks)
        await self._broadcast.disconnect()

    def ring(self, records: Sequence[EventRecord]) -> None:
        """Tell everybody of events that were just committed. Never waits and never raises."""
        for listener in self._listeners:
            try:
                listener.hear(records)
            except Exception:
                # The change is committed; whoever made it must not be told that it failed.
                logger.exception("The listener of this process failed.")
        if records and not self._outbox.full() and time.monotonic() >= self._silent_until:
            self._outbox.put_nowait(records)

    async def _publish_for_ever(self) -> None:
        while True:
            records = await self._outbox.get()
            try:
                async with asyncio.timeout(PUBLISH_SECONDS):
                    await self._broadcast.publish(self._channel, _encode(records))
            except Exception as error:  # noqa: BLE001 - whatever happens, it must publish again
                logger.warning(
                    "The bell rings only in this process for now: %s: %s",
                    type(error).__name__,
                    error,
                )
                self._fall_silent()

    def _fall_silent(self) -> None:
        """Spare a server in trouble; what waits would be old news when it is back."""
        self._silent_until = time.monotonic() + SILENT_SECONDS
        while not self._outbox.empty():
            self._outbox.get_nowait()

    async def _listen_for_ever(self) -> None:
        async with self._broadcast.subscribe(self._channel) as subscriber:
            # This queue of broadcaster has no bound, and needs none: nothing here waits.
            while True:
                event = await subscriber.get()
                self._hear(event.message)

    def _hear(self, text: str) -> None:
        if text == GAP:
            self._hear_gap()
            return
        try:
            message = _MESSAGE.validate_json(text)
            for listener in self._listeners:
                listener.hear(message.records)
                listener.hear_hints(message.hints)
        except Exception:
            # Perhaps a process of another version wrote it. What it tells stands in the log.
            logger.exception("The bell could not use a message.")
            self._hear_gap()

    def _hear_gap(self) -> None:
        for listener in self._listeners:
            listener.hear_gap()


def _encode(records: Sequence[EventRecord]) -> str:
    """Return the most telling message for `records` that is not too large."""
    # Ids that a database driver made are UUIDs of its own class, which the encoder does not know.
    whole = orjson.dumps(_Message(records=records), default=str)
    if len(whole) <= MESSAGE_BYTES:
        return whole.decode()
    newest: dict[str, int] = {}
    for record in records:
        newest[record.topic] = max(record.sequence, newest.get(record.topic, 0))
    hints = orjson.dumps(_Message(hints=[Hint(*place) for place in newest.items()]))
    return hints.decode() if len(hints) <= MESSAGE_BYTES else GAP
