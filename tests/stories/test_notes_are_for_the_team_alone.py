"""Notes are for the team alone.

A customer chats on the web site while Ayşe and Nikos discuss her in notes, and star one. Whatever
she asks for, counts, searches, follows or tries is refused, whether there is a note or not. The web
shop, which may read tickets but no notes, sees the conversation as if there were none.
"""

from contextlib import AsyncExitStack

from tests.stories.agent import Agent
from tests.stories.installation import Installation
from tests.stories.shop import Shop, Writer
from tests.stories.visitor import begin_chat
from tests.stories.words import TICKET_EVENTS, ticket_event

IREM = Writer("İrem Su", "irem@team-alone.example")
SECRET = "Dolandırıcı olabilir"
EVERY_WAY_OF_ASKING = {
    "node": "query ($note: ID!) { node(id: $note) { ... on Note { body } } }",
    "nodes": "query ($note: ID!) { nodes(ids: [$note]) { ... on Note { body } } }",
    "notes": "query ($ticket: ID!) { ticket(id: $ticket) { notes { totalCount nodes { body } } } }",
    "timeline": "query ($ticket: ID!) { ticket(id: $ticket) { timeline { totalCount } } }",
    "favorites": "query ($ticket: ID!) { ticket(id: $ticket) { favorites { totalCount } } }",
    "count": "query ($ticket: ID!) { ticket(id: $ticket) { favoriteCount } }",
    "version": "query ($ticket: ID!) { ticket(id: $ticket) { version updatedAt } }",
    "changes": "query ($ticket: ID!) { ticket(id: $ticket) { changes { totalCount } } }",
    "star": """
        query ($ticket: ID!) { ticket(id: $ticket) { messages { nodes { favorite { id } } } } }
    """,
    "handover": "query ($ticket: ID!) { handover(ticketId: $ticket) { notes { totalCount } } }",
    "search": 'query { tickets(search: "Dolandırıcı") { totalCount } }',
    "reminders": "query { reminders { totalCount } }",
    "notifications": "query { notifications { totalCount } }",
}
EVERY_WAY_OF_FOLLOWING = {
    "ticketEvents": """
        subscription ($ticket: ID!) { ticketEvents(ticketId: $ticket) { __typename } }
    """,
    "favorites": "subscription ($ticket: ID!) { favorites(ticketId: $ticket) { favoriteCount } }",
    "presence": "subscription ($ticket: ID!) { presence(resourceId: $ticket) { resourceId } }",
    "editWarnings": "subscription ($note: ID!) { editWarnings(resourceIds: [$note]) { version } }",
    "inboxEvents": "subscription { inboxEvents { __typename } }",
}
EVERY_WAY_OF_ACTING = {
    "noteAdd": """
        mutation ($ticket: ID!) {
          noteAdd(input: {kind: INLINE, ticketId: $ticket, body: "?"}) { __typename }
        }
    """,
    "noteDelete": "mutation ($note: ID!) { noteDelete(input: {noteId: $note}) { __typename } }",
    "favoriteAdd": "mutation ($note: ID!) { favoriteAdd(input: {itemId: $note}) { __typename } }",
}
WHAT_THE_SHOP_SEES = """
    query ($ticket: ID!, $note: ID!) {
      node(id: $note) { id }
      ticket(id: $ticket) {
        favoriteCount
        notes { totalCount nodes { body } }
        favorites { totalCount nodes { item { ... on Message { body } } } }
        timeline { totalCount nodes { ... on Note { body } } }
        changes { totalCount }
      }
      handover(ticketId: $ticket) { notes { totalCount } discussion { totalCount } }
      tickets(search: "Dolandırıcı") { totalCount }
    }
"""


async def test_a_chat_customer_gets_nothing_of_the_notes(
    ayse: Agent, nikos: Agent, installation: Installation, leaving: AsyncExitStack
) -> None:
    customer = await begin_chat(
        "Hande", installation.second_server, installation.office.brand_id, leaving
    )
    chat = await customer.opens_chat()
    await customer.writes("Param nerede?")
    await chat.shows("Param nerede?")
    ticket = customer.ticket

    note = await ayse.writes_inline_note(ticket, SECRET)
    panel = await nikos.adds_note("TICKET", ticketId=ticket, body=SECRET)
    await nikos.stars(note)

    for document in EVERY_WAY_OF_ASKING.values():
        assert await customer.refusal_of_asking(document, ticket=ticket, note=note) == "NOT_ALLOWED"
    for document in EVERY_WAY_OF_FOLLOWING.values():
        refusal = await customer.refusal_of_following(document, ticket=ticket, note=panel.id)
        assert refusal == "NOT_ALLOWED"
    for document in EVERY_WAY_OF_ACTING.values():
        assert await customer.refusal_of_asking(document, ticket=ticket, note=note) == "NOT_ALLOWED"

    await ayse.answers(ticket, "Bakıyoruz.")
    await chat.shows("Bakıyoruz.")
    assert await customer.reads_chat() == ["Param nerede?", "Bakıyoruz."]
    assert await ayse.reads_notes(ticket) == [f"inline: {SECRET}", f"ticket: {SECRET}"]


async def test_an_integration_without_the_right_sees_a_conversation_without_notes(
    ayse: Agent, nikos: Agent, shop: Shop
) -> None:
    received = await shop.brings(IREM, "Param nerede?")
    ticket, message = received.ticket, received.message
    follower = await shop.opens(TICKET_EVENTS, ticket_event, ticket=ticket)
    await follower.shows("ready")

    note = await ayse.writes_inline_note(ticket, SECRET)
    await nikos.adds_note("TICKET", ticketId=ticket, body=SECRET)
    await nikos.stars(note)
    await ayse.stars(message)
    await follower.shows("Ayşe stars: Param nerede? (1)")

    assert await shop.asks(WHAT_THE_SHOP_SEES, ticket=ticket, note=note) == {
        "node": None,
        "ticket": {
            "favoriteCount": 1,
            "notes": {"totalCount": 0, "nodes": []},
            "favorites": {"totalCount": 1, "nodes": [{"item": {"body": "Param nerede?"}}]},
            "timeline": {"totalCount": 3, "nodes": [{}, {}, {}]},
            "changes": {"totalCount": 2},
        },
        "handover": {"notes": {"totalCount": 0}, "discussion": {"totalCount": 0}},
        "tickets": {"totalCount": 0},
    }
    for mutation, fields in (
        ("noteAdd", {"kind": "INLINE", "ticketId": ticket, "body": "?"}),
        ("noteUpdate", {"noteId": note, "expectedVersion": 1, "body": "?"}),
        ("noteDelete", {"noteId": note}),
        ("favoriteAdd", {"itemId": note}),
        ("favoriteRemove", {"itemId": note}),
    ):
        assert (await shop.tries(mutation, **fields))["code"] in {"NOT_ALLOWED", "NOT_FOUND"}
    assert await ayse.favorite_items(ticket) == {"Param nerede?": message, SECRET: note}
