"""What one agent has open, live: replicas, and the one socket whose streams move them."""

from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

from tests.edge.graphql_socket import GraphQLSocket, open_socket
from tests.support.desk import Client
from tests.support.replicas import STREAM_ENDED, Replica


class Screen:
    """Replicas by the names that scenes give them."""

    def __init__(self, client: Client, socket: GraphQLSocket) -> None:
        self._client = client
        self._socket = socket
        self._replicas: dict[str, Replica] = {}
        self._as_opened: dict[str, Replica] = {}
        self._heard: dict[str, list[str]] = {}
        self._waiting: dict[str, deque[dict[str, Any]]] = {}

    async def show(self, name: str, replica: Replica) -> None:
        """Fetch a replica and open its stream: where it was fetched, or just before."""
        if replica.is_fetched_first:
            replica.state = await replica.fetch(self._client)
            replica.cursor = replica.state.get("eventCursor")
            await self._subscribe(name, replica)
        else:
            await self._subscribe(name, replica)
            replica.cursor = (await self._next(name))["cursor"]
            replica.state = await replica.fetch(self._client)
        self._replicas[name] = replica
        self._as_opened[name] = deepcopy(replica)
        self._heard[name] = []

    def is_open(self, name: str) -> bool:
        """Tell whether a stream goes on."""
        return STREAM_ENDED not in self._heard[name]

    def state(self, name: str) -> Any:
        """Return how a replica stands."""
        return self._replicas[name].state

    async def hear(self, told: Mapping[str, Sequence[str]]) -> None:
        """Take in what the streams tell: these events, once each and in this order."""
        for name, expected in told.items():
            heard = [await self._take(name, self._replicas[name]) for _ in expected]
            assert heard == list(expected), name
            self._heard[name] += heard

    async def hear_all(self, name: str) -> None:
        """Take in what a stream tells until it has told what the log holds now."""
        replica = self._replicas[name]
        head = (await replica.fetch(self._client))["eventCursor"]
        while replica.cursor != head:
            self._heard[name].append(await self._take(name, replica))

    async def compare(self, names: Iterable[str] | None = None) -> None:
        """Compare replicas with a fresh fetch, and their places with where the events stand.

        None compares all there are.
        """
        for name in self._replicas if names is None else names:
            replica = self._replicas[name]
            fresh = await replica.fetch(self._client)
            assert replica.state == fresh, name
            if isinstance(fresh, dict) and "eventCursor" in fresh:
                assert replica.cursor == fresh["eventCursor"], name

    async def compare_with_who_was_away(self) -> None:
        """Let each replica go on from where it was opened: what was missed leads to the same."""
        for name, live in self._replicas.items():
            if "$after" not in live.subscription or not self.is_open(name):
                continue
            away = self._as_opened[name]
            await self._subscribe(f"{name} of one who was away", away)
            for label in self._heard[name]:
                assert await self._take(f"{name} of one who was away", away) == label, name
            assert (away.state, away.cursor) == (live.state, live.cursor), name

    async def _subscribe(self, name: str, replica: Replica) -> None:
        self._waiting[name] = deque()
        variables = replica.variables | replica.opening()
        await self._socket.subscribe(name, replica.subscription, variables=variables)

    async def _take(self, name: str, replica: Replica) -> str:
        event = await self._next(name)
        if event.get("__typename") == STREAM_ENDED:
            replica.state = None
            return STREAM_ENDED
        replica.cursor = event["cursor"]
        replica.apply(event)
        return replica.label(event)

    async def _next(self, name: str) -> dict[str, Any]:
        while not self._waiting[name]:
            message = await self._socket.receive()
            assert message["type"] in ("next", "complete"), message
            self._waiting[message["id"]].append(_event(message))
        return self._waiting[name].popleft()


def _event(message: Mapping[str, Any]) -> dict[str, Any]:
    if message["type"] == "complete":
        return {"__typename": STREAM_ENDED}
    assert "errors" not in message["payload"], message
    (event,) = message["payload"]["data"].values()
    assert isinstance(event, dict)
    return event


@asynccontextmanager
async def open_screen(port: int, client: Client) -> AsyncIterator[Screen]:
    """Connect as an agent whose screen is still empty."""
    async with open_socket(port) as socket:
        await socket.initialise(client.token)
        yield Screen(client, socket)
