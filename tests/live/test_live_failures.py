"""What clients are told while the database fails under an execution, or is asked for too much."""

from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import pytest

from app.engine import Engine
from app.live_documents import LiveDocument
from app.metrics import OPEN_SUBSCRIPTIONS
from resolvers.scope import Scope
from schema.schema import build_schema
from subscriptions.sharing import told
from tests.support.desk import World
from tests.support.favorites import ADD, REMOVE
from tests.support.live import TICKET_EVENTS, LiveWorld, served


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveWorld]:
    async with served(world) as opened:
        yield opened


async def test_an_event_whose_execution_fails_for_a_while_is_told_late_whole_and_once(
    live: LiveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "FIRST_PAUSE_SECONDS", 0.01)
    fetch, execute_event = Scope.fetch, Engine.execute_event
    is_event = ContextVar("is_event", default=False)
    failures = 0

    async def fail_thrice(scope: Scope, *arguments: Any) -> Any:
        nonlocal failures
        if is_event.get() and failures < 3:
            failures += 1
            raise ConnectionRefusedError
        return await fetch(scope, *arguments)

    async def note_event(engine: Engine, *arguments: Any) -> Any:
        is_event.set(True)
        return await execute_event(engine, *arguments)

    message, ticket = await live.world.receive()
    async with (
        live.watch("nikos", TICKET_EVENTS, ticket=ticket) as first,
        live.watch("ayse", TICKET_EVENTS, ticket=ticket) as second,
    ):
        await first.next()
        await second.next()
        monkeypatch.setattr(Scope, "fetch", fail_thrice)
        monkeypatch.setattr(Engine, "execute_event", note_event)
        await live.world.ayse.act(ADD, item=message)
        added = [await first.next(), await second.next()]
        await live.world.ayse.act(REMOVE, item=message)
        removed = [await first.next(), await second.next()]

    assert failures == 3
    assert [event["__typename"] for event in added] == ["FavoriteAdded"] * 2
    assert [event["favorite"]["item"] for event in added] == [{"id": message}] * 2
    assert [event["__typename"] for event in removed] == ["FavoriteRemoved"] * 2


def document(query: str, name: str | None = None) -> LiveDocument:
    return LiveDocument.of(Engine(build_schema()._schema).prepare(query, name))


EVENTS = "ticketEvents(ticketId: $ticket, after: $after) { __typename }"


def test_a_cursor_tells_no_answers_apart() -> None:
    said = document(f"subscription ($ticket: ID!, $after: EventCursor) {{ {EVENTS} }}")

    assert (said.telling, said.cursor) == (("ticket",), "after")
    assert said.told_apart({"ticket": "1", "after": "x"}) == said.told_apart({"ticket": "1"})
    assert said.told_apart({"ticket": "1"}) != said.told_apart({"ticket": "2"})


def test_an_absent_variable_is_another_than_one_that_is_null() -> None:
    said = document(f"subscription ($ticket: ID!, $after: EventCursor) {{ {EVENTS} }}")

    assert said.told_apart({}) != said.told_apart({"ticket": None})


def test_what_an_operation_does_not_declare_is_not_kept() -> None:
    said = document(f"subscription ($ticket: ID!, $after: EventCursor) {{ {EVENTS} }}")

    assert said.declared({"ticket": "1", "after": "x", "more": "x" * 1_000}) == {"ticket": "1"}


@pytest.mark.parametrize("type_", ["EventCursor!", 'EventCursor = "somewhere"'])
def test_a_cursor_that_must_be_there_or_has_a_default_is_left_to_the_resolver(type_: str) -> None:
    said = document(f"subscription ($ticket: ID!, $after: {type_}) {{ {EVENTS} }}")

    assert said.cursor is None


def test_the_variables_of_another_operation_say_nothing() -> None:
    other = f"subscription B($ticket: ID!, $after: EventCursor) {{ {EVENTS} }}"
    literal = 'ticketEvents(ticketId: $ticket, after: "x") { __typename }'
    said = document(f"subscription A($ticket: ID!) {{ {literal} }} {other}", "A")

    assert (said.telling, said.cursor) == (("ticket",), None)


async def test_half_a_character_spoils_its_own_operation_only(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket) as watcher:
        await watcher.next()
        await watcher.socket.connection.send(
            '{"id":"2","type":"subscribe","payload":{"query":"{ me { __typename } }",'
            '"variables":{"text":"cut \\ud83d"}}}'
        )
        refused = await watcher.socket.receive()
        await watcher.socket.subscribe("3", "{ me { __typename } }", variables={"text": "🙂"})
        answered = await watcher.socket.receive()

    assert (refused["type"], refused["id"]) == ("error", "2")
    assert refused["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert answered["payload"] == {"data": {"me": {"__typename": "Agent"}}}


async def test_clients_that_come_and_go_at_once_leave_nothing_behind(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    before = OPEN_SUBSCRIPTIONS._value.get()
    async with live.watch("nikos", TICKET_EVENTS, ticket=ticket) as watcher:
        await watcher.next()
        for number in range(300):
            await watcher.socket.subscribe(
                str(number + 2), TICKET_EVENTS, variables={"ticket": ticket}
            )
            await watcher.socket.send(type="complete", id=str(number + 2))
        await watcher.socket.subscribe("last", "{ me { __typename } }")
        while (await watcher.socket.receive())["id"] != "last":
            pass
        assert OPEN_SUBSCRIPTIONS._value.get() == before + 1
