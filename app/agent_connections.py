"""Who is connected to this process, and how much of it one agent or integration may hold."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import LimitReached
from models.actors import Actor
from models.viewers import Viewer
from subscriptions.online_agents import OnlineAgents


class AgentConnections:
    """Counts the connections of each agent and integration, of all their sessions together.

    Strangers are not counted: they may subscribe to nothing, and are many behind one address.
    """

    def __init__(self, limit: int, online: OnlineAgents) -> None:
        self._limit = limit
        self._online = online
        self._connections: Counter[Actor] = Counter()

    def check(self, viewer: Viewer) -> None:
        """Raise LimitReached where there is no room for one more connection."""
        if viewer.actor is not None and self._connections[viewer.actor] >= self._limit:
            raise LimitReached(self._limit)

    @contextmanager
    def connected(self, viewer: Viewer) -> Iterator[None]:
        """Count a connection while it lasts. Raises LimitReached for one too many."""
        self.check(viewer)
        actor = viewer.actor
        if actor is None:
            yield
            return
        self._connections[actor] += 1
        if viewer.agent_id is not None:
            self._online.came(viewer.agent_id)
        try:
            yield
        finally:
            self._connections[actor] -= 1
            if not self._connections[actor]:
                del self._connections[actor]
            if viewer.agent_id is not None:
                self._online.went(viewer.agent_id)
