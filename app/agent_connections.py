"""Who is connected to this process, and how much of it one of them may hold."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import LimitReached
from models.actors import Actor
from models.viewers import Viewer
from subscriptions.presence.online_agents import OnlineAgents

STRANGERS = 500  # they take 25 kB each, and have nothing to wait for
OF_ONE_CUSTOMER = 10  # the tabs of one browser, and those that it has not closed yet


class AgentConnections:
    """Counts the connections of each agent, integration and chat customer, of all their sessions.

    Strangers, who may do little more than sign in, are counted as one.
    """

    def __init__(self, limit: int, online: OnlineAgents) -> None:
        self._limit = limit
        self._online = online
        self._connections: Counter[Actor | None] = Counter()

    def check(self, viewer: Viewer) -> None:
        """Raise LimitReached where there is no room for one more connection."""
        limit = self._limit
        if viewer.actor is None:
            limit = STRANGERS
        elif viewer.is_customer:
            limit = OF_ONE_CUSTOMER
        if self._connections[viewer.actor] >= limit:
            raise LimitReached(limit)

    @contextmanager
    def connected(self, viewer: Viewer) -> Iterator[None]:
        """Count a connection while it lasts. Raises LimitReached for one too many."""
        self.check(viewer)
        actor = viewer.actor
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
