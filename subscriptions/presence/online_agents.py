"""Which agents are there: those with a live connection to this process, or to any other."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID


class OnlineAgents:
    """Counts the connections of each agent: several tabs are one agent.

    It knows of this process; of the others it knows what `hear_of_others` was told last.
    """

    def __init__(self) -> None:
        self._connections: Counter[UUID] = Counter()
        self._elsewhere: frozenset[UUID] = frozenset()
        self._watchers: set[asyncio.Event] = set()

    @property
    def here(self) -> frozenset[UUID]:
        """The agents who are connected to this process."""
        return frozenset(self._connections)

    @property
    def now(self) -> frozenset[UUID]:
        """The agents who are connected to any process."""
        return self.here | self._elsewhere

    def came(self, agent_id: UUID) -> None:
        """Take in a new connection of an agent to this process."""
        self._connections[agent_id] += 1
        if self._connections[agent_id] == 1:
            self._wake()

    def went(self, agent_id: UUID) -> None:
        """Take in the end of a connection that came."""
        self._connections[agent_id] -= 1
        if not self._connections[agent_id]:
            del self._connections[agent_id]
            self._wake()

    def hear_of_others(self, agents: frozenset[UUID]) -> None:
        """Take in who is connected to the other processes."""
        if agents != self._elsewhere:
            self._elsewhere = agents
            self._wake()

    @contextmanager
    def watched(self, changed: asyncio.Event) -> Iterator[None]:
        """Set `changed` whenever somebody may have come or gone."""
        self._watchers.add(changed)
        try:
            yield
        finally:
            self._watchers.discard(changed)

    def _wake(self) -> None:
        for watcher in self._watchers:
            watcher.set()
