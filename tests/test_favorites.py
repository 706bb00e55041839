"""Starring messages and notes."""

from models.viewers import ApiScope
from tests.desk import World
from tests.test_notes import add as add_note

ADD = """
    mutation ($item: ID!) {
      favoriteAdd(input: {itemId: $item}) {
        __typename
        ... on FavoriteAddSuccess {
          favorite { id item { ... on Message { id } } addedBy { ... on Agent { name } } }
          ticket { favoriteCount favorites { totalCount nodes { id } } }
        }
        ... on ValidationFailed { fields { path code } }
        ... on UserError { code message }
      }
    }
"""
REMOVE = """
    mutation ($item: ID!) {
      favoriteRemove(input: {itemId: $item}) {
        __typename
        ... on FavoriteRemoveSuccess { itemId ticket { favoriteCount } }
        ... on UserError { code }
      }
    }
"""


async def test_starring_shows_the_star_and_who_put_it_there(world: World) -> None:
    message, _ticket = await world.receive()

    result = await world.ayse.act(ADD, item=message)

    favorite = result["favorite"]
    assert favorite["item"] == {"id": message}
    assert favorite["addedBy"] == {"name": "Ayse"}
    assert result["ticket"] == {
        "favoriteCount": 1,
        "favorites": {"totalCount": 1, "nodes": [{"id": favorite["id"]}]},
    }


async def test_starring_twice_leaves_one_star_and_no_second_event(world: World) -> None:
    message, _ticket = await world.receive()
    first = await world.ayse.act(ADD, item=message)
    before = await world.counts()

    second = await world.nikos.act(ADD, item=message)

    assert second == first
    assert await world.counts() == before


async def test_a_stranger_finds_no_message_and_leaves_no_trace(world: World) -> None:
    message, _ticket = await world.receive()
    before = await world.counts()

    result = await world.stranger.act(ADD, item=message)

    assert result == {
        "__typename": "NotFound",
        "code": "NOT_FOUND",
        "message": "This does not exist, or you may not see it.",
    }
    assert await world.counts() == before


async def test_any_colleague_can_take_the_star_away_and_twice_is_once(world: World) -> None:
    message, _ticket = await world.receive()
    await world.ayse.act(ADD, item=message)

    first = await world.nikos.act(REMOVE, item=message)
    before = await world.counts()
    second = await world.ayse.act(REMOVE, item=message)

    assert first == second
    assert first["ticket"] == {"favoriteCount": 0}
    assert await world.counts() == before


async def test_who_may_not_read_notes_is_not_told_that_one_is_starred(world: World) -> None:
    message, ticket = await world.receive()
    note = (await add_note(world.ayse, ticketId=ticket, body="Secret"))["note"]["id"]
    await world.ayse.act(ADD, item=note)
    await world.ayse.act(ADD, item=message)
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    counts = "query ($id: ID!) { ticket(id: $id) { favoriteCount favorites { totalCount } } }"

    assert (await reader.ask(counts, id=ticket))["ticket"] == {
        "favoriteCount": 1,
        "favorites": {"totalCount": 1},
    }
    assert (await world.ayse.ask(counts, id=ticket))["ticket"] == {
        "favoriteCount": 2,
        "favorites": {"totalCount": 2},
    }
