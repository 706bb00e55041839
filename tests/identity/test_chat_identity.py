"""Whomever agents find out that a chat's customer is: the chat shows them nothing of it."""

import json

from schema.customer_access import OPEN_FIELDS
from tests.support.chats import CHAT_EVENTS, TRANSCRIPT, start_chat
from tests.support.customers import customer_of
from tests.support.desk import World
from tests.support.live import served, watching
from tests.support.merges import MERGE
from tests.support.private_questions import SCHEMA
from tests.support.profiles import claim
from tests.support.schema_paths import Questioner

LEVELS = 3
WHO = """
    query ($id: ID!) {
      me { ... on Customer { id name } }
      node(id: $id) { id }
      chat { ticket { messages(first: 9) { nodes { author { ... on Customer { id name } } } } } }
    }
"""


async def test_a_chat_that_is_linked_to_a_known_customer_shows_nothing_of_them(
    world: World,
) -> None:
    _message, mail = await world.receive(name="Defne Kaya", handle="defne@example.com")
    known = await customer_of(world, mail)
    chat = await start_chat(world)
    message = (await chat.write("I am Defne, what did I order?"))["message"]["id"]
    visitor = await customer_of(world, chat.ticket)
    before = await chat.customer.ask(WHO, id=known)

    assert await claim(world, chat.ticket, "defne@example.com")

    assert await customer_of(world, chat.ticket) == known
    seen = await chat.customer.ask(WHO, id=known)
    assert seen == before
    assert seen["me"] == {"id": visitor, "name": "Elif"}
    assert seen["node"] is None
    assert [one["author"] for one in seen["chat"]["ticket"]["messages"]["nodes"]] == [seen["me"]]

    told = [str(await chat.customer.ask(TRANSCRIPT, ticket=chat.ticket))]
    async with served(world) as live, watching(live.port, chat.token, CHAT_EVENTS) as customer:
        await customer.next()
        await chat.write("Hello?")
        told.append(str(await customer.next()))
    ids = {"id": chat.ticket, "ids": known, "around": message, "ticketId": chat.ticket}
    for question in Questioner(SCHEMA, LEVELS, OPEN_FIELDS).questions("query", ids):
        if question.root_field != "nodes":  # a hundred conversations at once are too dear
            answer = await chat.customer.send(question.document, **question.variables)
            told.append(json.dumps(answer.body))
    for secret in ("Defne Kaya", "defne@example.com", known, mail):
        assert secret not in " ".join(told)


async def test_a_visitor_who_takes_over_somebodys_name_reads_their_own(world: World) -> None:
    _message, mail = await world.receive(name="Defne Kaya", handle="defne@example.com")
    chat = await start_chat(world)
    await chat.write("Hello")
    visitor = await customer_of(world, chat.ticket)
    before = await chat.customer.ask(WHO, id=visitor)

    given = {"sourceId": await customer_of(world, mail), "targetId": visitor}
    merged = await world.ayse.act(MERGE, input={**given, "fields": {"name": "SOURCE"}})

    assert merged["customer"]["name"] == "Defne Kaya"
    assert await chat.customer.ask(WHO, id=visitor) == before
    assert "Defne Kaya" not in str(await chat.customer.ask(TRANSCRIPT, ticket=chat.ticket))
