"""An agent's browser, and a connector: who sees what is written, and who carries it."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from bench.incoming_plan import Planned
from models.channels import CONNECTOR_CHANNELS
from tests.edge.graphql_socket import GraphQLSocket, open_socket
from tests.support.connectors import CONFIRM, REQUESTS
from tests.support.desk import Client
from tests.support.live import TICKET_EVENTS

INBOX = """
    subscription {
      inboxEvents {
        __typename
        ... on Event { cursor }
        ... on StreamReset { reason }
        ... on TicketEntered { ticket { ...Row } changes { field before after } }
        ... on TicketUpdated { ticket { ...Row } changes { field before after } }
        ... on TicketLeft { ticketId }
      }
    }
    fragment Row on Ticket {
      id version number title status priority channel updatedAt messageCount
      customer { id name } assignee { id name } team { id name } tags { id name }
      messages(last: 5) { nodes { id body direction createdAt } }
    }
"""
RECEIVE = """
    mutation ($input: MessageReceiveInput!) {
      messageReceive(input: $input) {
        __typename
        ... on MessageReceiveSuccess { isFirstContact message { id } }
        ... on ValidationFailed { fields { path code } }
        ... on UserError { code }
      }
    }
"""
INBOX_ID = "inbox"
SUBSCRIBED_SECONDS = 10
PAUSES = (0.5, 1, 2, 4, 0)  # after a try that was not answered, in seconds


class Screen:
    """An agent's browser. For each message it notes when it was first shown, in seconds."""

    def __init__(self, socket: GraphQLSocket) -> None:
        self.in_list: dict[int, float] = {}
        self.in_ticket: dict[int, float] = {}
        self.resets: list[str] = []
        self._socket = socket
        self._subscribed: set[str] = set()

    async def open(self, tickets: Sequence[str]) -> None:
        """Show the list of all tickets, and these tickets beside it."""
        await self._socket.subscribe(INBOX_ID, INBOX)
        for ticket in tickets:
            await self._socket.subscribe(ticket, TICKET_EVENTS, variables={"ticket": ticket})
        async with asyncio.timeout(SUBSCRIBED_SECONDS):
            while len(self._subscribed) <= len(tickets):
                self._see(await self._socket.connection.recv())

    async def watch(self) -> None:
        """See what happens until cancelled."""
        async for frame in self._socket.connection:
            self._see(frame)

    def _see(self, frame: str | bytes) -> None:
        now = time.perf_counter()
        told = orjson.loads(frame)
        if told["type"] != "next":
            return
        self._subscribed.add(told["id"])
        (event,) = told["payload"]["data"].values()
        if event["__typename"] == "StreamReset":
            self.resets.append(event["reason"])
        shown = self.in_list if told["id"] == INBOX_ID else self.in_ticket
        for body in _bodies(event):
            if body.endswith(")"):
                shown.setdefault(_number(body), now)


def _bodies(event: dict[str, Any]) -> list[str]:
    """Return the messages that an event shows."""
    if "message" in event:
        return [event["message"]["body"]]
    ticket = event.get("ticket") or {}
    return [message["body"] for message in ticket.get("messages", {"nodes": ()})["nodes"]]


def _number(body: str) -> int:
    return int(body.rpartition("(")[2][:-1])


@asynccontextmanager
async def open_screen(port: int, token: str, tickets: Sequence[str]) -> AsyncIterator[Screen]:
    """Open an agent's browser."""
    async with open_socket(port) as socket:
        await socket.initialise(token)
        screen = Screen(socket)
        await screen.open(tickets)
        watching = asyncio.create_task(screen.watch())
        yield screen
        watching.cancel()
        await asyncio.wait([watching])


@dataclass(slots=True)
class Taken:
    """What became of handing in a message: when it was sent, and how long each try took."""

    sent_at: float
    seconds: list[float] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)


class Connector:
    """A program that hands in messages of all channels, and says yes to each answer.

    `taken` is what became of each message, and `answered` how many seconds after it was sent each
    answer to it came. `tried_again` counts requests that failed and might succeed later.
    """

    def __init__(self, client: Client, brand: str) -> None:
        self.taken: dict[int, Taken] = {}
        self.answered: list[float] = []
        self.unexpected: list[str] = []
        self.tried_again = 0
        self._client = client
        self._brand = brand
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._awaited: defaultdict[str, deque[int]] = defaultdict(deque)
        self._confirming: set[asyncio.Task[None]] = set()

    async def hand_in(self, planned: Planned) -> None:
        """Hand in a message, twice where it is planned; those of a chat one after the other."""
        async with self._turns[planned.person.handle]:
            self._awaited[planned.person.handle].extend([planned.number] * planned.answers)
            taken = self.taken[planned.number] = Taken(time.perf_counter())
            times = 2 if planned.repeats == "at once" else 1
            await asyncio.gather(*(self._send(planned, taken) for _ in range(times)))
            if planned.repeats == "later":
                await self._send(planned, taken)

    async def _send(self, planned: Planned, taken: Taken) -> None:
        given = planned.person.writes(planned.body, planned.external_id)
        began = time.perf_counter()
        result = await self._insist(RECEIVE, {"brandId": self._brand, **given})
        taken.seconds.append(time.perf_counter() - began)
        taken.results.append(result)

    async def deliver(self, socket: GraphQLSocket) -> None:
        """Confirm whatever is to be delivered, until cancelled."""
        async for frame in socket.connection:
            told = orjson.loads(frame)
            assert told["type"] == "next", told
            event = told["payload"]["data"]["deliveryRequests"]
            if event["__typename"] == "DeliveryRequested":
                self._heed(event)
            elif event["__typename"] != "StreamReady":
                self.unexpected.append(event["__typename"])

    def _heed(self, event: dict[str, Any]) -> None:
        awaited = self._awaited[event["recipient"]]
        if awaited:
            sent_at = self.taken[awaited.popleft()].sent_at
            self.answered.append(time.perf_counter() - sent_at)
        else:
            self.unexpected.append(event["recipient"])
        confirming = asyncio.create_task(self._confirm(event))
        self._confirming.add(confirming)
        confirming.add_done_callback(self._confirming.discard)

    async def _confirm(self, event: dict[str, Any]) -> None:
        given = {"messageId": event["message"]["id"], "attempt": event["attempt"]}
        result = await self._insist(CONFIRM, {**given, "outcome": "SENT"})
        if result["__typename"] != "DeliveryConfirmSuccess":
            self.unexpected.append(result["__typename"])

    async def _insist(self, document: str, given: dict[str, Any]) -> dict[str, Any]:
        """Send a mutation until it is answered, as docs/channels.md asks of connectors."""
        for pause in PAUSES:
            answer = await self._client.send(document, input=given)
            if "errors" not in answer.body:
                (result,) = answer.data.values()
                assert isinstance(result, dict)
                return result
            self.tried_again += 1
            await asyncio.sleep(pause)
        raise RuntimeError("the desk does not answer")


@asynccontextmanager
async def delivering(port: int, connector: Connector, token: str) -> AsyncIterator[None]:
    """Let a connector hear what is to be delivered on all of its channels."""
    async with open_socket(port) as socket:
        await socket.initialise(token)
        for channel in CONNECTOR_CHANNELS:
            await socket.subscribe(channel, REQUESTS, variables={"channel": channel})
        hearing = asyncio.create_task(connector.deliver(socket))
        yield
        hearing.cancel()
        await asyncio.wait([hearing])
