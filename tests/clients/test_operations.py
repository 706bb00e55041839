"""What the clients of graphql-ws and graphql-sse make of each kind of operation."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.javascript import Program, connected, url_of
from tests.support.desk import World
from tests.support.favorites import ADD
from tests.support.live import FAVORITES, served

TITLE = "query ($ticket: ID!) { ticket(id: $ticket) { title } }"
EVENTS = "subscription ($ticket: ID!) { ticketEvents(ticketId: $ticket) { __typename } }"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(params=["web socket", "event streams"])
def way(request: pytest.FixtureRequest) -> str:
    """How the program is connected."""
    return str(request.param)


@pytest.fixture
async def program(world: World, installed: Path, way: str) -> AsyncIterator[Program]:
    """A client of an agent."""
    async with (
        served(world) as desk,
        connected(installed, way, url_of(desk), world.tokens["nikos"]) as program,
    ):
        yield program


async def test_queries_mutations_and_subscriptions_are_answered(
    world: World, program: Program
) -> None:
    message, ticket = await world.receive(subject="Siparişim")

    assert await program.ask(TITLE, ticket=ticket) == {"data": {"ticket": {"title": "Siparişim"}}}
    await program.follow(FAVORITES, ticket=ticket)
    first = await program.says("next")
    added = await program.ask(ADD, item=message)
    second = await program.says("next")

    assert added["data"]["favoriteAdd"]["__typename"] == "FavoriteAddSuccess"
    counts = [result["data"]["favorites"]["favoriteCount"] for result in (first, second)]
    assert counts == [0, 1]


async def test_what_is_refused_is_an_error_of_a_web_socket_and_a_result_of_an_event_stream(
    world: World, program: Program, way: str
) -> None:
    _message, hidden = await world.receive(brand=world.other)

    await program.does("ask", {"query": "{ nothing }"})
    await program.follow(EVENTS, ticket=hidden)

    if way == "web socket":
        (invalid,), (unseen,) = await program.says("refused"), await program.says("error")
    else:
        invalid_result, unseen_result = await program.says("answer"), await program.says("next")
        assert (invalid_result.keys(), unseen_result.keys()) == ({"errors"}, {"errors"})
        (invalid,), (unseen,) = invalid_result["errors"], unseen_result["errors"]
        assert await program.says("complete") is True
    assert invalid["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert unseen["extensions"]["code"] == "NOT_FOUND"
