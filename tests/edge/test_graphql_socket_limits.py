"""What one client on one socket cannot do to the server and to the others."""

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from app.graphql_operations import CONCURRENT_ANSWERS, MAX_SUBSCRIPTIONS
from app.graphql_outbox import MAX_QUEUED_BYTES, NoRoom, Outbox
from tests.edge.conftest import LiveDesk
from tests.edge.graphql_socket import GraphQLSocket, open_socket

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def nothing_left_behind(live: LiveDesk) -> AsyncIterator[None]:
    """Check that the server is, within a moment, as idle as it was before."""
    before = asyncio.all_tasks()
    yield
    async with asyncio.timeout(2):
        while asyncio.all_tasks() != before:
            await asyncio.sleep(0.005)
    assert live.desk.running == set()
    assert not any(scope.is_open for scope in live.desk.scopes)
    assert live.sockets._connections == {}


# ── Clients that leave ─────────────────────────────────────────────────────────────────────────


async def leave_by_closing(socket: GraphQLSocket) -> None:
    await socket.connection.close()


async def leave_by_tearing(socket: GraphQLSocket) -> None:
    socket.connection.transport.abort()


LEAVING = pytest.mark.parametrize("leave", [leave_by_closing, leave_by_tearing])


@LEAVING
@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("{ waiting }", "query"),
        ("subscription { ticks { number } }", "ticks"),
        ("subscription { texts(length: 10) }", "texts"),
        ("{ one: waiting two: waiting }", "query"),
    ],
)
async def test_a_client_that_leaves_stops_what_it_started(
    live: LiveDesk, query: str, name: str, leave: object
) -> None:
    async with nothing_left_behind(live), open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("1", query)
        while live.desk.running != {name}:
            await asyncio.sleep(0.001)

        await leave(socket)  # type: ignore[operator]

    assert set(live.desk.interrupted) == {name}


@LEAVING
async def test_a_client_that_leaves_before_it_says_anything_leaves_nothing_behind(
    live: LiveDesk, leave: object
) -> None:
    async with nothing_left_behind(live), open_socket(live.port) as socket:
        await leave(socket)  # type: ignore[operator]


async def test_a_client_that_leaves_in_the_middle_of_a_flood_leaves_nothing_behind(
    live: LiveDesk,
) -> None:
    async with nothing_left_behind(live), open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("1", "subscription { texts(length: 1000) }")
        for _ in range(10):
            await socket.receive()
        await leave_by_tearing(socket)


async def test_a_socket_that_the_server_closes_leaves_nothing_behind(live: LiveDesk) -> None:
    async with nothing_left_behind(live), open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("1", "subscription { ticks { number } }")
        await socket.subscribe("2", "{ waiting }")
        await socket.connection.send("not JSON")
        await socket.wait_closed()


async def test_a_message_that_is_too_large_ends_the_socket_without_an_alarm(
    live: LiveDesk,
) -> None:
    with capture_logs() as logs:
        async with nothing_left_behind(live), open_socket(live.port) as socket:
            await socket.initialise()
            await socket.subscribe("1", "subscription { texts(length: 10) }")
            await socket.send(type="ping", payload={"text": "x" * 128 * 1024})

            code, _ = await socket.wait_closed()

    assert code == 1009
    assert [log["event"] for log in logs] == ["socket closed"]


# ── Clients that ask for much ──────────────────────────────────────────────────────────────────


async def test_one_subscription_too_many_is_refused_and_the_others_go_on(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        for number in range(MAX_SUBSCRIPTIONS):
            await socket.subscribe(str(number), "subscription { ticks { number } }")
            assert (await socket.receive())["type"] == "next"
        too_many = "At most 100 subscriptions are allowed on one connection."

        await socket.subscribe("more", "subscription { ticks { number } }")

        assert await socket.receive() == {
            "id": "more",
            "type": "error",
            "payload": [
                {
                    "message": too_many,
                    "extensions": {"code": "TOO_MANY_SUBSCRIPTIONS", "limit": 100},
                }
            ],
        }
        await socket.send(type="complete", id="7")
        await socket.subscribe("more", "subscription { ticks { number } }")
        assert (await socket.receive())["type"] == "next"


async def flood(socket: GraphQLSocket, query: str, count: int) -> None:
    """Send so many queries at once, in as few packets as possible, and await all answers."""
    text = {"type": "subscribe", "payload": {"query": query}}
    for number in range(count):
        await socket.connection.send(json.dumps({"id": str(number), **text}))
    completed = 0
    while completed < count:
        message = await socket.receive()
        assert message["type"] in {"next", "complete"}
        completed += message["type"] == "complete"


async def count_executions_per_turn(live: LiveDesk, during: asyncio.Task[None]) -> set[int]:
    """Return how many executions began in a turn of the event loop."""
    counts = set()
    while not during.done():
        before = len(live.desk.scopes)
        await asyncio.sleep(0)
        counts.add(len(live.desk.scopes) - before)
    return counts


@pytest.mark.parametrize("query", ["{ greeting }", "{ waiting(seconds: 0.001) }"])
async def test_3000_queries_down_one_socket_are_answered_a_few_in_each_turn(
    live: LiveDesk, query: str
) -> None:
    async with open_socket(live.port) as greedy:
        await greedy.initialise()
        flooding = asyncio.create_task(flood(greedy, query, 3_000))

        counts = await count_executions_per_turn(live, flooding)

        await flooding
    assert len(live.desk.scopes) == 3_000
    assert max(counts) <= CONCURRENT_ANSWERS


async def test_slow_queries_do_not_hold_up_live_events(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        for number in range(10):
            await socket.subscribe(str(number), "{ waiting }")
        await socket.subscribe("live", "subscription { ticks { number } }")

        assert (await socket.receive())["id"] == "live"


# ── Clients that do not read ───────────────────────────────────────────────────────────────────


@asynccontextmanager
async def open_deaf_socket(live: LiveDesk) -> AsyncIterator[GraphQLSocket]:
    """Connect with small buffers, so that not reading is soon felt."""
    connection = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM, sockets.IPPROTO_TCP)
    connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 16 * 1024)
    connection.connect(("127.0.0.1", live.port))
    async with open_socket(live.port, sock=connection, max_queue=1) as socket:
        await socket.initialise()
        yield socket


async def test_a_subscriber_that_does_not_read_falls_behind_and_is_dropped(live: LiveDesk) -> None:
    async with nothing_left_behind(live), open_deaf_socket(live) as socket:
        await socket.subscribe("1", "subscription { texts(length: 100000) }")
        while live.desk.running != {"texts"}:
            await asyncio.sleep(0.001)

        async with asyncio.timeout(3):
            while live.desk.running:
                await asyncio.sleep(0.01)
        socket.connection.transport.abort()


async def flood_live(live: LiveDesk) -> None:
    """Let much happen until nobody listens any more."""
    async with asyncio.timeout(5):
        while not live.desk.script.readers:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        while live.desk.script.readers:
            live.desk.script.write()
            await asyncio.sleep(0.001)


async def test_a_subscriber_that_does_not_read_what_happens_is_dropped_at_once(
    live: LiveDesk,
) -> None:
    async with nothing_left_behind(live), open_deaf_socket(live) as socket:
        await socket.subscribe("1", "subscription { liveTexts(length: 10000) }")

        await flood_live(live)

        assert await socket.wait_closed() == (4450, "Fell behind, resume by cursor")


async def test_one_that_does_not_read_holds_up_nobody(live: LiveDesk) -> None:
    query = "subscription { liveTexts(length: 100000) }"
    async with (
        nothing_left_behind(live),
        open_deaf_socket(live) as deaf,
        open_socket(live.port, max_queue=None) as other,
    ):
        await other.initialise()
        await other.subscribe("1", query)
        await deaf.subscribe("1", query)
        while len(live.desk.scopes) < 2:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)

        for _ in range(100):
            live.desk.script.write()
            assert (await other.receive())["type"] == "next"

        assert await deaf.wait_closed() == (4450, "Fell behind, resume by cursor")
        await other.connection.close()


async def test_a_client_that_fell_behind_hears_so_when_it_reads_again(live: LiveDesk) -> None:
    async with open_deaf_socket(live) as socket:
        await socket.subscribe("1", "subscription { texts(length: 100000) }")
        while live.desk.running != {"texts"}:
            await asyncio.sleep(0.001)
        while live.desk.running:
            await asyncio.sleep(0.001)

        assert await socket.wait_closed() == (4450, "Fell behind, resume by cursor")


async def test_a_slow_reader_gets_a_long_replay_to_its_end(live: LiveDesk) -> None:
    async with open_deaf_socket(live) as socket:
        await socket.subscribe("1", "subscription { count(upTo: 3000) { number } }")
        await asyncio.sleep(0.1)

        for number in range(3_000):
            assert (await socket.receive())["payload"]["data"]["count"]["number"] == number
        assert (await socket.receive())["type"] == "complete"


async def test_an_answer_larger_than_the_whole_outbox_is_sent(live: LiveDesk) -> None:
    length = MAX_QUEUED_BYTES * 2
    async with open_socket(live.port, max_size=None) as socket:
        await socket.initialise()
        await socket.subscribe("1", f"{{ text(length: {length}) }}")

        message = await socket.receive()

    assert len(message["payload"]["data"]["text"]) == length


# ── The outbox itself ──────────────────────────────────────────────────────────────────────────


class Wire:
    """What a client has not taken yet."""

    def __init__(self, high_water_bytes: int = 64 * 1024) -> None:
        self.sent: list[bytes] = []
        self._high_water_bytes = high_water_bytes
        self._drained = asyncio.Event()

    @property
    def waiting_bytes(self) -> int:
        return sum(map(len, self.sent))

    @property
    def has_room(self) -> bool:
        return self.waiting_bytes < self._high_water_bytes

    async def wait_for_room(self) -> None:
        await self._drained.wait()

    def write_text(self, head: bytes, body: bytes = b"", tail: bytes = b"") -> None:
        self.sent.append(head + body + tail)

    def close(self, code: int, reason: str) -> None:
        """Nobody says goodbye here."""

    def drain(self) -> None:
        self.sent.clear()
        self._drained.set()


@pytest.mark.parametrize("length", [1_024, 64 * 1_024])
async def test_the_outbox_holds_so_many_bytes_and_no_more(length: int) -> None:
    wire = Wire()
    outbox = Outbox(wire, patience_seconds=0.01)
    for _ in range(MAX_QUEUED_BYTES // length):
        outbox.send(b"x" * length)

    with pytest.raises(NoRoom):
        outbox.send(b"x")
    with pytest.raises(NoRoom):
        await outbox.put(b"x")

    assert wire.waiting_bytes == MAX_QUEUED_BYTES


async def test_a_single_message_may_be_larger_than_the_outbox() -> None:
    wire = Wire()
    outbox = Outbox(wire, patience_seconds=0.01)

    await outbox.put(b"x" * MAX_QUEUED_BYTES * 2)

    assert wire.waiting_bytes == MAX_QUEUED_BYTES * 2
    with pytest.raises(NoRoom):
        outbox.send(b"x")


async def test_an_answer_waits_for_room_and_is_sent_only_if_it_is_still_wanted() -> None:
    wire = Wire()
    outbox = Outbox(wire, patience_seconds=5)
    outbox.send(b"x" * MAX_QUEUED_BYTES)
    is_wanted = True
    puts = [
        asyncio.create_task(outbox.put(b"wanted")),
        asyncio.create_task(outbox.put(b"unwanted", is_wanted=lambda: is_wanted)),
    ]
    await asyncio.sleep(0)

    is_wanted = False
    wire.drain()
    await asyncio.gather(*puts)

    assert wire.sent == [b"wanted"]
