"""Queries and mutations whose client does not wait for them are never torn in the middle."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from app.graphql_operations import CONCURRENT_ANSWERS
from tests.edge.conftest import LiveDesk
from tests.edge.desk import SECRET
from tests.edge.graphql_socket import GraphQLSocket, open_socket

pytestmark = pytest.mark.asyncio(loop_scope="module")

INCREMENT_SLOWLY = "mutation { incrementSlowly }"
FAIL_SLOWLY = "mutation { failSlowly }"


@pytest.fixture(autouse=True)
def no_alarm(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail on what asyncio has to complain about, such as exceptions that nobody retrieved."""
    gc.freeze()  # what was there before is not the test's: to walk it took most of a second
    yield
    gc.collect()
    alarms = [r for r in caplog.records if r.name == "asyncio" and r.levelno >= logging.WARNING]
    assert [alarm.getMessage() for alarm in alarms] == []


@asynccontextmanager
async def running(live: LiveDesk, *mutations: str) -> AsyncIterator[GraphQLSocket]:
    """Open a socket on which mutations run."""
    async with open_socket(live.port) as socket:
        await socket.initialise()
        for number, mutation in enumerate(mutations):
            await socket.subscribe(str(number), mutation)
        async with asyncio.timeout(3):
            while live.desk.running != {"mutation"}:
                await asyncio.sleep(0.001)
        yield socket


async def until_idle(live: LiveDesk) -> None:
    async with asyncio.timeout(3):
        while live.sockets._connections or live.desk.running:
            await asyncio.sleep(0.005)


async def test_a_mutation_ends_after_complete_and_its_answer_is_dropped(live: LiveDesk) -> None:
    async with running(live, INCREMENT_SLOWLY) as socket:
        await socket.send(type="complete", id="0")
        await socket.subscribe("0", "{ waiting(seconds: 0.2) }")

        assert (await socket.receive())["payload"] == {"data": {"waiting": "query"}}
        assert await socket.receive() == {"id": "0", "type": "complete"}
    assert live.desk.counter == 1
    assert live.desk.interrupted == []


async def test_a_mutation_ends_after_its_client_left(live: LiveDesk) -> None:
    async with running(live, INCREMENT_SLOWLY) as socket:
        socket.connection.transport.abort()
        await until_idle(live)
    assert live.desk.counter == 1
    assert live.desk.interrupted == []


async def test_a_mutation_ends_after_complete_and_a_client_that_left(live: LiveDesk) -> None:
    async with running(live, INCREMENT_SLOWLY) as socket:
        await socket.send(type="complete", id="0")
        await socket.connection.close()
        await until_idle(live)
    assert live.desk.counter == 1
    assert live.desk.interrupted == []


async def test_a_mutation_ends_while_the_server_goes_down(live: LiveDesk) -> None:
    async with running(live, INCREMENT_SLOWLY) as socket:
        await live.sockets.close_all()

        assert live.desk.counter == 1
        assert await socket.wait_closed() == (1012, "The server is restarting")


async def test_a_mutation_that_takes_too_long_is_cancelled_after_its_client_left(
    live: LiveDesk,
) -> None:
    async with running(live, "mutation { incrementSlowly(seconds: 60) }") as socket:
        await socket.connection.close()
        await until_idle(live)
    assert live.desk.counter == 0
    assert live.desk.interrupted == ["mutation"]


@pytest.mark.parametrize("leaves", [False, True])
async def test_a_mutation_that_fails_after_complete_is_logged_and_nothing_else(
    live: LiveDesk, *, leaves: bool
) -> None:
    with capture_logs() as logs:
        async with running(live, FAIL_SLOWLY) as socket:
            await socket.send(type="complete", id="0")
            if leaves:
                await socket.connection.close()
            else:
                await socket.subscribe("1", "{ waiting(seconds: 0.2) }")
                assert (await socket.receive())["id"] == "1"
        await until_idle(live)
    assert [str(log["exc_info"]) for log in logs if log["log_level"] == "error"] == [SECRET]


async def test_what_nobody_waits_for_takes_its_turn_like_everything_else(live: LiveDesk) -> None:
    count = 2 * CONCURRENT_ANSWERS
    async with running(live, *[INCREMENT_SLOWLY] * count) as socket:
        for number in range(count):
            await socket.send(type="complete", id=str(number))
        await socket.subscribe("last", "{ greeting }")

        assert (await socket.receive())["id"] == "last"
        assert live.desk.counter > CONCURRENT_ANSWERS
        await asyncio.sleep(0.2)
    assert live.desk.counter == count
