"""How long it takes to jump from a favourite to its place in a long chat, and to take one over.

The API answers from PostgreSQL, in one process and called without a socket: what is measured is
what an agent waits for, but for the network.
"""

import statistics
import time
from typing import Any

import orjson
from sqlalchemy import select, text
from starlette.types import ASGIApp

from app.application import create_application
from app.desk import Desk
from bench.asgi import post
from bench.desk import a_message_and_its_ticket, demo_desk, sign_in_admin
from core.ids import decode_global_id
from models.event_topics import topic_named
from models.tickets import Ticket
from subscriptions.log.cursors import encode_cursor
from tests.support.long_chats import write_long_chat

ITEMS = 5_000
NOTE_EACH = 50
FAVORITES = 40
SHIFT = 2_000  # so many items ago the last shift ended
ROUNDS = 40
LIMIT_MS = 50  # for a jump: what feels like scrolling

ITEM = "__typename ... on Message { id body } ... on Note { id body }"
STAR = """
    mutation ($item: ID!) { favoriteAdd(input: {itemId: $item}) { __typename } }
"""
FAVORITE_LIST = f"""
    query ($ticket: ID!) {{
      ticket(id: $ticket) {{ favorites(first: 100) {{ nodes {{ item {{ {ITEM} }} }} }} }}
    }}
"""
MESSAGES = """
    query ($ticket: ID!, $item: ID!) {
      ticket(id: $ticket) { messages(around: $item) { nodes { id body favorite { id } } } }
    }
"""
TIMELINE = f"""
    query ($ticket: ID!, $item: ID!) {{
      ticket(id: $ticket) {{ timeline(around: $item) {{ nodes {{ {ITEM} }} }} }}
    }}
"""
HANDOVER = f"""
    query ($ticket: ID!, $since: EventCursor) {{
      handover(ticketId: $ticket, since: $since) {{
        cursor messageCount
        favorites(first: 50) {{ nodes {{ item {{ {ITEM} }} }} }}
        reminders {{ nodes {{ body }} }} notes {{ nodes {{ body }} }}
        changes(last: 25) {{ nodes {{ action }} }}
        messages(last: 25) {{ nodes {{ id body }} }}
        discussion(last: 25) {{ nodes {{ id body }} }}
      }}
    }}
"""


class _Client:
    """An admin who asks the API, called without a socket."""

    def __init__(self, application: ASGIApp, token: str) -> None:
        self._application = application
        self._token = token

    async def ask(self, document: str, **variables: str) -> Any:
        """Return the data of an answer without errors."""
        body = orjson.dumps({"query": document, "variables": variables})
        answer = orjson.loads(await post(self._application, "/graphql", body, self._token))
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def times_ms(self, document: str, **variables: str) -> list[float]:
        """Return how long each of some answers takes."""
        taken = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            await self.ask(document, **variables)
            taken.append((time.perf_counter() - started) * 1_000)
        return taken


async def run() -> None:
    """Measure and print."""
    async with demo_desk() as desk:
        client = _Client(create_application(desk), await sign_in_admin(desk))
        _message, ticket = await a_message_and_its_ticket(desk)
        items = await _write_chat(desk, client, ticket)
        message, note = items[ITEMS // 2], items[ITEMS // 2 + NOTE_EACH - 1]
        since = await _items_ago(desk, ticket, SHIFT)
        print(f"a chat of {ITEMS:,} items, {FAVORITES} of them starred, median of {ROUNDS}")
        for name, document, variables in (
            ("the list of favourites", FAVORITE_LIST, {}),
            ("messages around a message", MESSAGES, {"item": message}),
            ("timeline around a message", TIMELINE, {"item": message}),
            ("timeline around a note", TIMELINE, {"item": note}),
            ("timeline around the first", TIMELINE, {"item": items[0]}),
            ("handover, a shift of 2,000", HANDOVER, {"since": since}),
            ("handover, from the beginning", HANDOVER, {}),
        ):
            taken = await client.times_ms(document, ticket=ticket, **variables)
            median, fastest = statistics.median(taken), min(taken)
            print(f"  {name:30}{median:8.1f} ms (at most {LIMIT_MS}), fastest {fastest:.1f} ms")


async def _write_chat(desk: Desk, client: _Client, ticket: str) -> list[str]:
    ticket_id = decode_global_id(ticket)[1]
    items = await write_long_chat(desk.database, ticket_id, ITEMS, note_each=NOTE_EACH)
    for item in items[:: ITEMS // FAVORITES]:
        await client.ask(STAR, item=item)
    async with desk.database.reading() as connection:
        for table in ("message", "note", "event", "favorite"):  # as autovacuum would
            await connection.execute(text(f"VACUUM ANALYZE {table}"))
    return items


async def _items_ago(desk: Desk, ticket: str, count: int) -> str:
    ticket_id = decode_global_id(ticket)[1]
    async with desk.database.reading() as connection:
        version = select(Ticket.version).where(Ticket.id == ticket_id)
        position = (await connection.execute(version)).scalar_one() - count
    return encode_cursor(desk.resources.epoch, {topic_named(Ticket, ticket_id): position})
