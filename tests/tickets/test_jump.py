"""From a favourite to its place in the conversation, however long that is."""

from typing import Any, NamedTuple

import pytest
from sqlalchemy import update

from core import clock
from core.ids import decode_global_id
from models.channels import Channel
from models.notes import Note
from tests.support.desk import Client, World
from tests.support.favorites import ADD
from tests.support.long_chats import write_long_chat
from tests.support.notes import add as add_note

LENGTH = 5_000
NOTE_EACH = 50
FAVORITES = """
    query ($id: ID!) {
      ticket(id: $id) { favorites { nodes { item { ... on Message { id } ... on Note { id } } } } }
    }
"""
MESSAGES = """
    query ($id: ID!, $around: ID, $first: Int) {
      ticket(id: $id) { page: messages(around: $around, first: $first) {
        nodes { id } pageInfo { hasPreviousPage hasNextPage }
      } }
    }
"""
TIMELINE = """
    query ($id: ID!, $around: ID, $first: Int) {
      ticket(id: $id) { page: timeline(around: $around, first: $first) {
        nodes { ... on Message { id } ... on Note { id } ... on TicketChange { id } }
        pageInfo { hasPreviousPage hasNextPage }
      } }
    }
"""
AROUND = pytest.mark.parametrize("document", [MESSAGES, TIMELINE], ids=["messages", "timeline"])


class Chat(NamedTuple):
    """A long chat: its ticket, and its messages and inline notes in order."""

    ticket: str
    items: list[str]

    @property
    def messages(self) -> list[str]:
        return [item for place, item in enumerate(self.items, 1) if place % NOTE_EACH]


@pytest.fixture
async def chat(world: World) -> Chat:
    _message, ticket = await world.receive(channel=Channel.LIVE_CHAT, handle="visitor")
    ticket_id = decode_global_id(ticket)[1]
    items = await write_long_chat(world.desk.database, ticket_id, LENGTH, note_each=NOTE_EACH)
    return Chat(ticket, items)


async def page(client: Client, document: str, ticket: str, **given: Any) -> dict[str, Any]:
    found = (await client.ask(document, id=ticket, **given))["ticket"]["page"]
    assert isinstance(found, dict)
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [node["id"] for node in found["nodes"]]


async def refusal(client: Client, document: str, ticket: str, around: str) -> tuple[Any, Any]:
    answer = await client.send(document, id=ticket, around=around)
    (field,) = answer.error["extensions"]["fields"]
    assert answer.error["extensions"]["code"] == "VALIDATION_FAILED"
    return field["path"], field["code"]


async def test_each_favourite_leads_to_its_place_in_a_chat_of_5000_items(
    world: World, chat: Chat
) -> None:
    note, early, late = chat.items[2_499], chat.items[17], chat.items[4_711]
    for item in (late, note, early):
        await world.ayse.act(ADD, item=item)

    favorites = (await world.nikos.ask(FAVORITES, id=chat.ticket))["ticket"]["favorites"]["nodes"]
    found = [
        ids(await page(world.nikos, TIMELINE, chat.ticket, around=star["item"]["id"], first=3))
        for star in favorites
    ]

    assert found == [chat.items[16:19], chat.items[2_498:2_501], chat.items[4_710:4_713]]


async def test_a_page_of_messages_leaves_out_the_notes_between_them(
    world: World, chat: Chat
) -> None:
    place = 2_500
    found = await page(world.nikos, MESSAGES, chat.ticket, around=chat.messages[place])

    assert ids(found) == chat.messages[place - 12 : place + 13]
    assert found["pageInfo"] == {"hasPreviousPage": True, "hasNextPage": True}


async def test_one_item_asked_for_is_the_item_itself(world: World, chat: Chat) -> None:
    for document, item in (
        (MESSAGES, chat.messages[2_500]),
        (TIMELINE, chat.items[2_499]),
    ):
        found = await page(world.nikos, document, chat.ticket, around=item, first=1)
        assert ids(found) == [item]
        assert found["pageInfo"] == {"hasPreviousPage": True, "hasNextPage": True}


@AROUND
async def test_at_the_end_there_is_less_to_show(world: World, chat: Chat, document: str) -> None:
    found = await page(world.nikos, document, chat.ticket, around=chat.items[-2], first=5)

    if document is TIMELINE:
        assert ids(found) == chat.items[-4:]
    else:
        assert ids(found) == chat.messages[-3:]
    assert found["pageInfo"] == {"hasPreviousPage": True, "hasNextPage": False}


async def test_at_the_beginning_there_is_less_to_show(world: World) -> None:
    message, ticket = await world.receive()
    await add_note(world.ayse, ticketId=ticket)

    of_messages = await page(world.nikos, MESSAGES, ticket, around=message, first=5)
    first = ids(await page(world.nikos, TIMELINE, ticket))[0]
    of_all = await page(world.nikos, TIMELINE, ticket, around=first, first=3)

    assert ids(of_messages) == [message]
    assert of_messages["pageInfo"] == {"hasPreviousPage": False, "hasNextPage": False}
    assert ids(of_all)[0] == first
    assert len(ids(of_all)) == 2
    assert of_all["pageInfo"] == {"hasPreviousPage": False, "hasNextPage": True}


async def test_a_ticket_note_stands_in_the_panel_and_not_in_the_conversation(world: World) -> None:
    _message, ticket = await world.receive()
    note = (await add_note(world.ayse, "TICKET", ticketId=ticket))["note"]["id"]
    await world.ayse.act(ADD, item=note)

    unknown = (["around"], "UNKNOWN_REFERENCE")
    assert await refusal(world.nikos, TIMELINE, ticket, note) == unknown
    assert await refusal(world.nikos, MESSAGES, ticket, note) == (["around"], "INVALID_ID")


async def test_an_inline_note_is_no_message(world: World, chat: Chat) -> None:
    refused = await refusal(world.nikos, MESSAGES, chat.ticket, chat.items[NOTE_EACH - 1])

    assert refused == (["around"], "INVALID_ID")


@AROUND
async def test_what_is_hidden_or_gone_is_answered_as_what_stands_elsewhere(
    world: World, document: str
) -> None:
    _message, ticket = await world.receive()
    elsewhere, _ticket = await world.receive(subject="Another")
    hidden, _ticket = await world.receive(brand=world.other)
    deleted = (await add_note(world.ayse, "TICKET", ticketId=ticket))["note"]["id"]
    async with world.desk.database.transaction() as session:
        gone = Note.id == decode_global_id(deleted)[1]
        await session.execute(update(Note).where(gone).values(deleted_at=clock.now()))

    unknown = (["around"], "UNKNOWN_REFERENCE")
    assert await refusal(world.nikos, document, ticket, elsewhere) == unknown
    assert await refusal(world.nikos, document, ticket, hidden) == unknown
    if document is TIMELINE:
        assert await refusal(world.nikos, document, ticket, deleted) == unknown


@AROUND
async def test_the_statements_of_a_jump_do_not_grow_with_the_chat(
    world: World, chat: Chat, document: str
) -> None:
    message, short = await world.receive()
    await add_note(world.ayse, ticketId=short)

    async with world.counted_statements() as of_short:
        await page(world.nikos, document, short, around=message, first=10)
    async with world.counted_statements() as of_long:
        await page(world.nikos, document, chat.ticket, around=chat.items[2_504], first=10)

    assert len(of_long) <= len(of_short)
