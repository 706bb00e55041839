"""The presence of a single process: the twin of the Redis store."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from core import clock
from subscriptions.presence.marks import Held, Mark
from subscriptions.presence.store import Board, Changes, Hear, Put

CLEANING_SECONDS = 60  # how often marks are looked for that lapsed where nobody looks any more


@dataclass(slots=True)
class _Standing:
    mark: Mark
    since: datetime
    lapses_at: float


class MemoryPresence:
    """Keeps the marks of all who share this object."""

    connected = True

    def __init__(self) -> None:
        self._boards: dict[str, dict[str, _Standing]] = {}
        self._listeners: list[Hear] = []
        self._cleaned_at = time.monotonic()

    @asynccontextmanager
    async def open(self, hear: Hear) -> AsyncIterator[None]:
        """Let `hear` be called until the context is left."""
        self._listeners.append(hear)
        try:
            yield
        finally:
            self._listeners.remove(hear)

    async def exchange(self, changes: Mapping[str, Changes]) -> Mapping[str, Board]:
        """Change marks, and return all that stand then."""
        self._clean()
        return {resource: self._exchange(resource, some) for resource, some in changes.items()}

    def adopt(self, boards: Mapping[str, Board]) -> None:
        """Take over what is known from elsewhere; nobody is told."""
        now = time.monotonic()
        for resource, board in boards.items():
            self._keep(
                resource,
                {
                    name: _Standing(held.mark, held.since, now + held.seconds_left)
                    for name, held in board.items()
                },
            )

    def _exchange(self, resource: str, changes: Changes) -> Board:
        now = time.monotonic()
        before = self._boards.get(resource, {})
        standing = {name: one for name, one in before.items() if one.lapses_at > now}
        for name, put in changes.items():
            if put is None:
                standing.pop(name, None)
            else:
                standing[name] = _put(standing.get(name), put, now)
        self._keep(resource, standing)
        if _said(standing) != _said(before):
            for hear in self._listeners:
                hear(resource)
        return {
            name: Held(one.mark, one.since, one.lapses_at - now) for name, one in standing.items()
        }

    def _keep(self, resource: str, standing: dict[str, _Standing]) -> None:
        self._boards[resource] = standing
        if not standing:
            del self._boards[resource]

    def _clean(self) -> None:
        now = time.monotonic()
        if now - self._cleaned_at < CLEANING_SECONDS:
            return
        self._cleaned_at = now
        for resource, standing in list(self._boards.items()):
            if all(one.lapses_at <= now for one in standing.values()):
                del self._boards[resource]


def _put(standing: _Standing | None, put: Put, now: float) -> _Standing:
    if standing is not None and (put.renews or put.mark == standing.mark):
        return _Standing(standing.mark, standing.since, now + put.seconds)
    return _Standing(put.mark, clock.now(), now + put.seconds)


def _said(standing: Mapping[str, _Standing]) -> dict[str, Mark]:
    return {name: one.mark for name, one in standing.items()}
