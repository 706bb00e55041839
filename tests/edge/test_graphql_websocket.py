"""The protocol graphql-transport-ws, sentence by sentence.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
import json
from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed, InvalidStatus

from models.viewers import Viewer
from services import live_viewers
from subscriptions.log.stream import HubStopped
from tests.edge.conftest import LiveDesk
from tests.edge.desk import ALLOWED_ORIGIN, CONNECTIONS_PER_AGENT, SECRET
from tests.edge.graphql_socket import GraphQLSocket, open_socket

pytestmark = pytest.mark.asyncio(loop_scope="module")

INIT = {"type": "connection_init"}
COUNT = "subscription ($upTo: Int!) { count(upTo: $upTo) { number } }"
LIVE = "subscription { live { number } }"
TICKS = "subscription { ticks { number } }"
WAITING = "{ waiting }"


def next_of(operation_id: str, **data: Any) -> dict[str, Any]:
    return {"id": operation_id, "type": "next", "payload": {"data": data}}


def complete_of(operation_id: str) -> dict[str, Any]:
    return {"id": operation_id, "type": "complete"}


async def errors_of(socket: GraphQLSocket, operation_id: str) -> list[dict[str, Any]]:
    """Return the errors that end an operation, which is the next thing the server says."""
    message = await socket.receive()
    errors: list[dict[str, Any]] = message.pop("payload")
    assert message == {"id": operation_id, "type": "error"}
    return errors


async def assert_still_serves(socket: GraphQLSocket) -> None:
    await socket.subscribe("still", "{ greeting }")
    assert await socket.receive() == next_of("still", greeting="Hello you")
    assert await socket.receive() == complete_of("still")


async def begin_live(socket: GraphQLSocket, live: LiveDesk, query: str = LIVE) -> None:
    """Subscribe under the id 1, so that everything told from now on is heard."""
    before = len(live.desk.scopes)
    await socket.subscribe("1", query)
    async with asyncio.timeout(5):
        while not live.desk.script.readers or len(live.desk.scopes) == before:
            await asyncio.sleep(0.001)
    await settled()


async def settled() -> None:
    """Give what is on its way the moment that it needs."""
    await asyncio.sleep(0.02)


# ── The handshake ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("subprotocols", [[], ["graphql-ws"], ["graphql-ws", "soap"]])
async def test_other_subprotocols_are_refused(live: LiveDesk, subprotocols: list[str]) -> None:
    async with open_socket(live.port, subprotocols=subprotocols) as socket:
        assert socket.connection.subprotocol is None
        assert await socket.wait_closed() == (4406, "Subprotocol not acceptable")


async def test_the_subprotocol_is_picked_among_others(live: LiveDesk) -> None:
    async with open_socket(live.port, subprotocols=["soap", "graphql-transport-ws"]) as socket:
        assert socket.connection.subprotocol == "graphql-transport-ws"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[", "127.0.0.1"])
async def test_a_page_of_another_origin_may_not_connect(live: LiveDesk, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with open_socket(live.port, origin=origin):
            pass

    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("origin", [None, ALLOWED_ORIGIN, "http://127.0.0.1:{port}"])
async def test_its_own_pages_allowed_ones_and_programs_may_connect(
    live: LiveDesk, origin: str | None
) -> None:
    origin = origin and origin.format(port=live.port)

    async with open_socket(live.port, origin=origin) as socket:
        await socket.initialise()


# ── Initialisation ─────────────────────────────────────────────────────────────────────────────


async def test_a_client_that_does_not_initialise_in_time_is_closed(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        assert await socket.wait_closed() == (4408, "Connection initialisation timeout")


async def test_pings_do_not_put_off_the_initialisation(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        for _ in range(3):
            await asyncio.sleep(0.05)
            await socket.send(type="ping")

        assert await socket.wait_closed() == (4408, "Connection initialisation timeout")


async def test_an_initialised_client_may_be_silent(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await asyncio.sleep(0.4)

        await assert_still_serves(socket)


@pytest.mark.parametrize("payload", [{}, {"payload": None}, {"payload": {"authorization": None}}])
async def test_a_stranger_may_initialise(live: LiveDesk, payload: dict[str, Any]) -> None:
    async with open_socket(live.port) as socket:
        await socket.send(**INIT, **payload)
        assert await socket.receive() == {"type": "connection_ack"}

        await socket.subscribe("1", "{ viewer }")
        assert await socket.receive() == next_of("1", viewer="a stranger")


async def test_the_token_says_who_is_connected(live: LiveDesk) -> None:
    async with open_socket(live.port, language="el") as socket:
        await socket.initialise(token="valid-Ada")

        await socket.subscribe("1", "{ viewer }")
        assert await socket.receive() == next_of("1", viewer="Ada")
    assert live.desk.languages == ["el"]


async def test_an_invalid_token_is_forbidden(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.send(**INIT, payload={"authorization": "Bearer revoked"})

        assert await socket.wait_closed() == (4403, "Forbidden")


async def test_a_client_is_asked_to_come_again_when_nobody_can_say_who_it_is(
    live: LiveDesk,
) -> None:
    live.desk.is_down = True

    async with open_socket(live.port) as socket:
        with capture_logs() as logs:
            await socket.send(**INIT)
            closing = await socket.wait_closed()

    assert closing == (1013, f"Internal error {logs[0]['error_id']}")


async def test_a_second_initialisation_is_one_too_many(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.send(**INIT)
        await socket.send(**INIT)

        assert await socket.wait_closed() == (4429, "Too many initialisation requests")


async def test_one_connection_of_an_agent_too_many_has_to_come_later(live: LiveDesk) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS_PER_AGENT):
            socket = await stack.enter_async_context(open_socket(live.port))
            await socket.initialise(token="valid-Ada")

        async with open_socket(live.port) as one_more, open_socket(live.port) as of_another:
            await one_more.send(**INIT, payload={"authorization": "Bearer valid-Ada"})
            await of_another.initialise(token="valid-Grace")

            assert await one_more.wait_closed() == (1013, "At most 3 connections of one agent")
            await assert_still_serves(of_another)

    async with open_socket(live.port) as afterwards:
        await afterwards.initialise(token="valid-Ada")


async def test_an_operation_before_the_acknowledgement_is_unauthorized(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.subscribe("1", "{ greeting }")

        assert await socket.wait_closed() == (4401, "Unauthorized")


# ── Messages that are none ─────────────────────────────────────────────────────────────────────

INVALID: dict[str, str | bytes] = {
    "nothing": "",
    "no JSON": "hello",
    "NaN": '{"type": "ping", "payload": {"n": NaN}}',
    "Infinity": '{"type": "ping", "payload": {"n": Infinity}}',
    "too deep": '{"type": "ping", "payload": {"n": %s}}' % ("[" * 5_000 + "]" * 5_000),
    "half a surrogate pair": '{"type": "ping", "payload": {"s": "\\ud800"}}',
    "null": "null",
    "a number": "5",
    "a string": '"connection_init"',
    "a list": '[{"type": "ping"}]',
    "binary": b'{"type": "ping"}',
    "no type": "{}",
    "null as type": '{"type": null}',
    "a list as type": '{"type": ["ping"]}',
    "an unknown type": '{"type": "start"}',
    "a type of 10,000 letters": json.dumps({"type": "x" * 10_000}),
    "a type of the server's": '{"type": "connection_ack"}',
    "another of the server's": '{"type": "next", "id": "1", "payload": {}}',
    "ping with a string": '{"type": "ping", "payload": "x"}',
    "pong with a list": '{"type": "pong", "payload": []}',
    "subscribe without id": '{"type": "subscribe", "payload": {"query": "{ greeting }"}}',
    "subscribe with a number as id": '{"type": "subscribe", "id": 1, "payload": {"query": "{a}"}}',
    "subscribe with an empty id": '{"type": "subscribe", "id": "", "payload": {"query": "{a}"}}',
    "subscribe without payload": '{"type": "subscribe", "id": "1"}',
    "subscribe with a string": '{"type": "subscribe", "id": "1", "payload": "{ greeting }"}',
    "subscribe without query": '{"type": "subscribe", "id": "1", "payload": {}}',
    "a query of another type": '{"type": "subscribe", "id": "1", "payload": {"query": 5}}',
    "an operation name of another type": (
        '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "operationName": 5}}'
    ),
    "variables of another type": (
        '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": "x"}}'
    ),
    "extensions of another type": (
        '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "extensions": []}}'
    ),
    "complete without id": '{"type": "complete"}',
    "complete with a number as id": '{"type": "complete", "id": 1}',
}


@pytest.mark.parametrize("message", INVALID.values(), ids=INVALID.keys())
async def test_an_invalid_message_closes_the_socket_at_once(
    live: LiveDesk, message: str | bytes
) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.connection.send(message)

        code, reason = await socket.wait_closed()

    assert code == 4400
    assert 0 < len(reason.encode()) < 123


@pytest.mark.parametrize("payload", ["x", 5, [], {"authorization": 5}, {"authorization": ["x"]}])
async def test_an_invalid_initialisation_closes_the_socket(live: LiveDesk, payload: object) -> None:
    async with open_socket(live.port) as socket:
        await socket.send(**INIT, payload=payload)

        code, _ = await socket.wait_closed()

    assert code == 4400


# ── Ping and pong ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("is_initialised", [False, True])
async def test_a_ping_is_answered_whenever_it_comes(
    live: LiveDesk, *, is_initialised: bool
) -> None:
    async with open_socket(live.port) as socket:
        if is_initialised:
            await socket.initialise()

        await socket.send(type="ping")
        await socket.send(type="ping", payload={"sent": 5})

        assert await socket.receive() == {"type": "pong"}
        assert await socket.receive() == {"type": "pong", "payload": {"sent": 5}}


async def test_a_pong_needs_no_answer(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.send(type="pong")
        await socket.send(type="pong", payload=None)

        await assert_still_serves(socket)


# ── Operations ─────────────────────────────────────────────────────────────────────────────────


async def test_a_query_is_answered_once_and_complete(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe(
            "ğ\"'\n",
            "query A($name: String!) { greeting(name: $name) } query B { viewer }",
            operationName="A",
            variables={"name": "Ayşe"},
            extensions={},
        )

        assert await socket.receive() == next_of("ğ\"'\n", greeting="Hello Ayşe")
        assert await socket.receive() == complete_of("ğ\"'\n")


async def test_a_mutation_is_executed(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("1", "mutation { increment }")

        assert await socket.receive() == next_of("1", increment=1)
        assert await socket.receive() == complete_of("1")
    assert live.desk.counter == 1


async def test_a_subscription_sends_each_event_and_then_completes(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("1", COUNT, variables={"upTo": 2})

        assert await socket.receive() == next_of("1", count={"number": 0})
        assert await socket.receive() == next_of("1", count={"number": 1})
        assert await socket.receive() == complete_of("1")


async def test_a_subscription_sends_what_happens(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await begin_live(socket, live)

        live.desk.script.write()
        assert await socket.receive() == next_of("1", live={"number": 1})
        live.desk.script.write()
        assert await socket.receive() == next_of("1", live={"number": 2})
        live.desk.script.end()
        assert await socket.receive() == complete_of("1")
        await assert_still_serves(socket)


async def test_a_subscription_goes_on_where_its_client_was(live: LiveDesk) -> None:
    live.desk.script.write(3)
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("1", 'subscription { live(after: "1") { number } }')

        assert await socket.receive() == next_of("1", live={"number": 2})
        assert await socket.receive() == next_of("1", live={"number": 3})
        live.desk.script.write()
        assert await socket.receive() == next_of("1", live={"number": 4})


async def test_each_event_is_executed_in_a_scope_of_its_own(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("1", "subscription { count(upTo: 2) { scopeNumber } }")

        assert await socket.receive() == next_of("1", count={"scopeNumber": 1})
        assert await socket.receive() == next_of("1", count={"scopeNumber": 2})
        assert await socket.receive() == complete_of("1")
    assert not any(scope.is_open for scope in live.desk.scopes)


async def test_a_scope_is_open_only_while_something_is_executed(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("1", TICKS)
        await socket.receive()

        assert live.desk.running == {"ticks"}
        assert [scope.is_open for scope in live.desk.scopes] == [False, False]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ greetin }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { viewer } query B { viewer }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "{ viewer }", "operationName": "A"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query ($n: Int!) { wholeNumber(value: $n) }"}, "BAD_USER_INPUT"),
        ({"query": COUNT, "variables": {"upTo": "2"}}, "BAD_USER_INPUT"),
        ({"query": "subscription { forbidden { number } }"}, "NOT_ALLOWED"),
    ],
)
async def test_an_operation_that_cannot_start_ends_with_its_errors_and_the_socket_goes_on(
    live: LiveDesk, payload: dict[str, Any], code: str
) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.send(id="1", type="subscribe", payload=payload)

        (error,) = await errors_of(socket, "1")
        assert error["extensions"]["code"] == code
        await assert_still_serves(socket)


async def test_a_stream_that_breaks_ends_with_an_error_that_hides_the_reason(
    live: LiveDesk,
) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        with capture_logs() as logs:
            await socket.subscribe("1", "subscription { broken { number } }")
            assert await socket.receive() == next_of("1", broken={"number": 0})
            (error,) = await errors_of(socket, "1")

        assert error["message"] == "Internal error"
        assert str(logs[0]["exc_info"]) == SECRET
        assert logs[0]["error_id"] == error["extensions"]["errorId"]
        await assert_still_serves(socket)


async def test_a_stream_that_breaks_for_all_ends_for_each_in_this_way(live: LiveDesk) -> None:
    async with open_socket(live.port) as one, open_socket(live.port) as other:
        for socket in (one, other):
            await socket.initialise()
            await begin_live(socket, live)

        with capture_logs() as logs:
            live.desk.script.end(RuntimeError(SECRET))
            errors = [*await errors_of(one, "1"), *await errors_of(other, "1")]

        assert [error["message"] for error in errors] == ["Internal error"] * 2
        assert [str(log["exc_info"]) for log in logs] == [SECRET] * 2
        await assert_still_serves(one)
        await assert_still_serves(other)


async def test_a_field_that_fails_in_an_event_is_part_of_its_result(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        with capture_logs():
            await socket.subscribe("1", "subscription { count(upTo: 1) { number failure } }")
            message = await socket.receive()

        assert message["type"] == "next"
        assert message["payload"]["data"] == {"count": {"number": 0, "failure": None}}
        (error,) = message["payload"]["errors"]
        assert error["path"] == ["count", "failure"]
        assert error["extensions"]["code"] == "INTERNAL"
        assert await socket.receive() == complete_of("1")


@pytest.mark.parametrize(
    ("name", "closing"),
    [
        ("fallingBehind", (4450, "Fell behind, resume by cursor")),
        ("stopped", (1012, "The server is restarting")),
    ],
)
async def test_a_stream_that_the_hub_ends_closes_the_socket_so_that_the_client_resumes(
    live: LiveDesk, name: str, closing: tuple[int, str]
) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("1", f"subscription {{ {name} {{ number }} }}")

        assert await socket.receive() == next_of("1", **{name: {"number": 0}})
        with pytest.raises(ConnectionClosed):
            await socket.receive()
        assert await socket.wait_closed() == closing


async def test_a_hub_that_stops_closes_the_sockets_of_all_who_listen(live: LiveDesk) -> None:
    async with open_socket(live.port) as one, open_socket(live.port) as other:
        for socket in (one, other):
            await socket.initialise()
            await begin_live(socket, live)

        live.desk.script.end(HubStopped())

        for socket in (one, other):
            assert await socket.wait_closed() == (1012, "The server is restarting")


@pytest.mark.parametrize("query", [TICKS, LIVE, WAITING])
async def test_an_id_that_is_in_use_closes_the_socket(live: LiveDesk, query: str) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("1", query)
        await socket.subscribe("1", "{ greeting }")

        assert await socket.wait_closed() == (4409, "Subscriber for 1 already exists")


async def test_a_long_id_does_not_tear_the_socket_that_closes_for_it(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("ğ" * 500, TICKS)
        await socket.subscribe("ğ" * 500, TICKS)

        code, reason = await socket.wait_closed()

    assert code == 4409
    assert reason == "Subscriber for " + "ğ" * 53


async def test_an_id_is_free_again_after_the_operation_is_complete(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        for _ in range(20):
            await socket.subscribe("1", "{ greeting }")
            assert await socket.receive() == next_of("1", greeting="Hello you")
            assert await socket.receive() == complete_of("1")


async def test_an_id_is_free_again_after_an_error(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("still", "{")
        await errors_of(socket, "still")

        await assert_still_serves(socket)


async def test_operations_with_different_ids_run_side_by_side(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("slow", "{ waiting(seconds: 0.1) }")
        await socket.subscribe("fast", "{ greeting }")

        assert await socket.receive() == next_of("fast", greeting="Hello you")
        assert await socket.receive() == complete_of("fast")
        assert await socket.receive() == next_of("slow", waiting="query")


async def test_complete_stops_a_subscription_at_once_and_frees_its_id(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.subscribe("still", TICKS)
        await socket.receive()

        await socket.send(type="complete", id="still")
        await assert_still_serves(socket)

        assert live.desk.interrupted == ["ticks"]


async def test_after_complete_no_event_is_sent(live: LiveDesk) -> None:
    async with open_socket(live.port) as stopped, open_socket(live.port) as other:
        for socket in (stopped, other):
            await socket.initialise()
            await begin_live(socket, live)

        await stopped.send(type="complete", id="1")
        await assert_still_serves(stopped)
        live.desk.script.write()

        assert await other.receive() == next_of("1", live={"number": 1})
        await assert_still_serves(stopped)


async def test_an_id_that_is_free_again_gets_no_event_of_what_it_was_before(
    live: LiveDesk,
) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        for _ in range(20):
            await socket.subscribe("1", LIVE)
            await socket.send(type="complete", id="1")
        await begin_live(socket, live)

        live.desk.script.write()
        live.desk.script.end()

        assert await socket.receive() == next_of("1", live={"number": 1})
        assert await socket.receive() == complete_of("1")


async def test_complete_of_what_has_already_ended_is_ignored(live: LiveDesk) -> None:
    async with open_socket(live.port) as socket:
        await socket.initialise()
        await socket.send(type="complete", id="never started")

        await assert_still_serves(socket)


async def test_what_happens_is_executed_once_and_sent_to_all_who_asked_the_same(
    live: LiveDesk,
) -> None:
    async with open_socket(live.port) as one, open_socket(live.port) as other:
        for socket in (one, other):
            await socket.initialise()
            await begin_live(socket, live)
        before = len(live.desk.scopes)

        live.desk.script.write()

        assert await one.receive() == next_of("1", live={"number": 1})
        assert await other.receive() == next_of("1", live={"number": 1})
        assert len(live.desk.scopes) == before + 1


async def test_who_asks_for_something_else_gets_executions_of_their_own(live: LiveDesk) -> None:
    with_scope = "subscription { live { number scopeNumber } }"
    async with open_socket(live.port) as one, open_socket(live.port) as other:
        for socket, query in ((one, LIVE), (other, with_scope)):
            await socket.initialise()
            await begin_live(socket, live, query)
        before = len(live.desk.scopes)

        live.desk.script.write()

        assert await one.receive() == next_of("1", live={"number": 1})
        (event,) = (await other.receive())["payload"]["data"].values()
        assert event["scopeNumber"] in {before, before + 1}
        assert len(live.desk.scopes) == before + 2


# ── The server ends connections ────────────────────────────────────────────────────────────────


async def test_a_restart_closes_all_sockets_and_stops_what_they_run(live: LiveDesk) -> None:
    async with open_socket(live.port) as one, open_socket(live.port) as other:
        await one.initialise()
        await one.subscribe("1", TICKS)
        await one.receive()

        await live.sockets.close_all()

        assert live.desk.interrupted == ["ticks"]
        assert await one.wait_closed() == (1012, "The server is restarting")
        assert await other.wait_closed() == (1012, "The server is restarting")


async def test_the_sockets_of_a_session_that_has_ended_are_closed(
    live: LiveDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: set[str] = set()

    async def find_live(_database: object, viewers: Collection[Viewer]) -> dict[UUID, Viewer]:
        names = live.desk.names
        return {v.session_id: v for v in viewers if v.session_id and names[v.actor] not in ended}

    monkeypatch.setattr(live_viewers, "persons_now", find_live)
    viewers = live.sockets._edge.responder.viewers
    async with open_socket(live.port) as one, open_socket(live.port) as other:
        await one.initialise(token="valid-Ada")
        await one.subscribe("1", TICKS)
        await one.receive()
        await other.initialise(token="valid-Grace")
        await viewers.refresh()
        await assert_still_serves(one)

        ended.add("Ada")
        await viewers.refresh()

        assert await one.wait_closed() == (4403, "Signed out")
        await assert_still_serves(other)
    assert live.desk.interrupted == ["ticks"]


# ── A client of others ─────────────────────────────────────────────────────────────────────────


async def test_gql_subscribes_and_queries(live: LiveDesk) -> None:
    transport = WebsocketsTransport(
        url=f"ws://127.0.0.1:{live.port}/graphql",
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        init_payload={"authorization": "Bearer valid-Ada"},
    )
    async with Client(transport=transport) as session:
        events = [
            event["count"]["number"]
            async for event in session.subscribe(gql("subscription { count(upTo: 3) { number } }"))
        ]

        assert events == [0, 1, 2]
        assert await session.execute(gql("{ viewer }")) == {"viewer": "Ada"}
