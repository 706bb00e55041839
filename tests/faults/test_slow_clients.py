"""A client that asks for much and never reads is let go, and harms nobody meanwhile."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx2
import psutil
from websockets.exceptions import ConnectionClosed

from tests.edge.graphql_socket import GraphQLSocket, open_socket
from tests.faults.report import Promise
from tests.faults.rush import rush_hour
from tests.faults.sizes import Size, takes_long
from tests.faults.stage import Stage
from tests.faults.web import WebProcess

SLEEPERS = 20
NOTES = 100
LONG = "ğ" * 10_000  # 20 kB: what is written here would fill 40 MB, were it kept for all sleepers
ALLOWED_BYTES = 20 * 1024 * 1024  # half a megabyte for each, and what a process grows by anyway
RECEIVE_BUFFER_BYTES = 4_096
LET_GO_SECONDS = 30  # a client has 5 to make room, once its buffers are full
FREED_SECONDS = 60  # the system gives a peer up that takes nothing for 20 seconds
FELL_BEHIND = 4450

NOTES_OF = """
    subscription ($ticket: ID!, $after: EventCursor) {
      ticketEvents(ticketId: $ticket, after: $after) {
        __typename
        ... on Event { cursor }
        ... on NoteAdded { note { id body } }
      }
    }
"""
WRITE = """
    mutation ($ticket: ID!, $body: String!) {
      noteAdd(input: {kind: INLINE, ticketId: $ticket, body: $body}) {
        ... on NoteAddSuccess { note { id } }
      }
    }
"""


@asynccontextmanager
async def sleeper(stage: Stage, number: int, ticket: str) -> AsyncIterator[GraphQLSocket]:
    """Subscribe at the first process, and read no more."""
    port = httpx2.URL(stage.urls[0]).port
    assert port is not None
    async with open_socket(port, max_queue=1, compression=None, close_timeout=0.1) as sleeping:
        receiving = sleeping.connection.transport.get_extra_info("socket")
        receiving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        await sleeping.initialise(stage.cast.tokens[number])
        await sleeping.subscribe("1", NOTES_OF, variables={"ticket": ticket})
        assert "StreamReady" in str(await sleeping.receive())
        yield sleeping


async def open_sockets(web: WebProcess) -> int:
    """Return how many sockets a process serves."""
    async with httpx2.AsyncClient() as http:
        metrics = (await http.get(f"{web.url}/metrics")).text
    (line,) = (line for line in metrics.splitlines() if line.startswith("starling_sockets_open"))
    return int(float(line.split()[1]))


async def write_long_notes(stage: Stage, ticket: str) -> list[str]:
    """Return the notes that an agent wrote at the other process."""
    async with stage.agent(stage.cast.tokens[0], web=1) as agent:
        answers = [await agent.act(WRITE, ticket=ticket, body=LONG) for _ in range(NOTES)]
    return [answer["note"]["id"] for answer in answers]


async def read_to_the_end(sleeping: GraphQLSocket) -> tuple[list[str], str]:
    """Return the notes that were sent before the server closed the socket, and the last cursor."""
    frames: list[dict[str, Any]] = []
    with suppress(ConnectionClosed):
        while True:
            frames.append(await sleeping.receive())
    events = [frame["payload"]["data"]["ticketEvents"] for frame in frames]
    return [event["note"]["id"] for event in events], events[-1]["cursor"]


async def test_clients_that_do_not_read_are_let_go_and_disturb_nobody(
    stage: Stage, size: Size, promise: Promise
) -> None:
    web, _other = stage.webs
    ticket = stage.cast.spare_tickets.pop()
    process = psutil.Process(web.process_id)
    async with (
        rush_hour(stage, size) as rush,
        AsyncExitStack() as sleepers,
        asyncio.TaskGroup() as tasks,
    ):
        awake = await open_sockets(web)
        sleeping = [
            await sleepers.enter_async_context(sleeper(stage, number, ticket))
            for number in range(SLEEPERS)
        ]
        before = process.memory_info().rss
        writing = tasks.create_task(write_long_notes(stage, ticket))
        async with asyncio.timeout(LET_GO_SECONDS):
            while await open_sockets(web) > awake:
                await asyncio.sleep(0.1)
        heard, cursor = await read_to_the_end(sleeping[0])
        written = await writing

        assert sleeping[0].connection.close_code == FELL_BEHIND
        assert process.memory_info().rss - before < ALLOWED_BYTES
        assert heard == written[: len(heard)]
        async with stage.watch(
            stage.cast.tokens[0], NOTES_OF, ticket=ticket, after=cursor
        ) as watcher:
            missed = [(await watcher.next())["note"]["id"] for _ in range(NOTES - len(heard))]
        assert heard + missed == written

    promise.kept(rush, within_seconds=2)


@takes_long
async def test_connections_of_clients_that_never_read_are_freed(stage: Stage) -> None:
    web, _other = stage.webs
    process = psutil.Process(web.process_id)
    ticket = stage.cast.spare_tickets.pop()
    before = len(process.net_connections())
    async with AsyncExitStack() as sleepers:
        for number in range(SLEEPERS):
            await sleepers.enter_async_context(sleeper(stage, number, ticket))
        await write_long_notes(stage, ticket)

        async with asyncio.timeout(FREED_SECONDS):
            while len(process.net_connections()) > before:
                await asyncio.sleep(0.5)
