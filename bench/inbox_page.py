"""CPU of one inbox page: the API beside one hand-written endpoint that returns the same JSON.

Both answer from the same PostgreSQL with the same rows, in turns, in one process, called as ASGI
applications without a socket. The figures are CPU time of this process per page, and the number
of SQL statements. What PostgreSQL itself spends is not counted.
"""

import gc
import statistics
import time
from typing import Any

import orjson
from sqlalchemy import event, text
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from app.application import create_application
from app.desk import Desk
from bench.asgi import post
from bench.desk import demo_desk, sign_in_admin
from core.ids import NodeKind

PAGE_SIZE = 50
ROUNDS = 30
PAGES_PER_ROUND = 5
LIMIT_RATIO = 40  # what the API may cost beside the endpoint, for now

QUERY = """
query Inbox($first: Int!) {
  tickets(first: $first) {
    nodes {
      id number title status priority updatedAt messageCount
      customer { id name email company { id name } }
      tags { id name }
      lastMessage { id body createdAt direction }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


def global_id(kind: NodeKind, column: str) -> str:
    """Return SQL for the global id of a row."""
    raw = rf"'\x{kind.value.hex()}'::bytea || uuid_send({column})"
    return f"translate(rtrim(encode({raw}, 'base64'), '='), '+/', '-_')"


def moment(column: str, ending: str = "Z") -> str:
    """Return SQL for a moment as RFC 3339."""
    pattern = f"""YYYY-MM-DD"T"HH24:MI:SS.US"{ending}\""""
    return f"to_char({column} AT TIME ZONE 'UTC', '{pattern}')"


_KEY = f"""'["updated_at-","' || {moment("updated_at", "+00:00")} || '","' || id || '"]'"""
_CURSOR = f"translate(rtrim(encode(convert_to({_KEY}, 'UTF8'), 'base64'), E'=\\n'), E'+/\\n', '-_')"

SQL = f"""
WITH page AS (
    SELECT *, row_number() OVER (ORDER BY updated_at DESC, id DESC) AS place
    FROM ticket ORDER BY updated_at DESC, id DESC LIMIT {PAGE_SIZE + 1}
)
SELECT json_build_object('data', json_build_object('tickets', json_build_object(
    'nodes', (
        SELECT json_agg(json_build_object(
            'id', {global_id(NodeKind.TICKET, "page.id")}, 'number', page.number,
            'title', page.title, 'status', page.status, 'priority', page.priority,
            'updatedAt', {moment("page.updated_at")}, 'messageCount', page.message_count,
            'customer', json_build_object(
                'id', {global_id(NodeKind.CUSTOMER, "customer.id")}, 'name', customer.name,
                'email', customer.email,
                'company', CASE WHEN company.id IS NULL THEN NULL ELSE json_build_object(
                    'id', {global_id(NodeKind.COMPANY, "company.id")}, 'name', company.name) END),
            'tags', COALESCE((
                SELECT json_agg(json_build_object('id', {global_id(NodeKind.TAG, "tag.id")},
                    'name', tag.name) ORDER BY tag.name_key)
                FROM ticket_tag JOIN tag ON tag.id = ticket_tag.tag_id
                WHERE ticket_tag.ticket_id = page.id), '[]'::json),
            'lastMessage', CASE WHEN message.id IS NULL THEN NULL ELSE json_build_object(
                'id', {global_id(NodeKind.MESSAGE, "message.id")}, 'body', message.body,
                'createdAt', {moment("message.created_at")},
                'direction', message.direction) END
        ) ORDER BY page.place)
        FROM page
        JOIN customer ON customer.id = page.customer_id
        LEFT JOIN company ON company.id = customer.company_id
        LEFT JOIN message ON message.id = page.last_message_id
        WHERE page.place <= {PAGE_SIZE}),
    'pageInfo', json_build_object(
        'hasNextPage', (SELECT count(*) > {PAGE_SIZE} FROM page),
        'endCursor', (SELECT {_CURSOR} FROM page WHERE place = {PAGE_SIZE}))
)))::text
"""  # noqa: S608  # every part of it stands in this file


def hand_written(desk: Desk) -> ASGIApp:
    """Return the endpoint that is nothing but one statement."""
    statement = text(SQL.replace(":", r"\:").replace(r"\:\:", "::"))

    async def endpoint(scope: Any, receive: Any, send: Any) -> None:
        await Request(scope, receive).body()
        async with desk.database.reading() as connection:
            body = (await connection.execute(statement)).scalar_one()
        await Response(body, media_type="application/json")(scope, receive, send)

    return endpoint


async def run() -> None:
    """Measure and print."""
    async with demo_desk() as desk:
        token = await sign_in_admin(desk)
        api, endpoint = create_application(desk), hand_written(desk)
        body = orjson.dumps({"query": QUERY, "variables": {"first": PAGE_SIZE}})

        async def page(application: ASGIApp) -> Any:
            return orjson.loads(await post(application, "/graphql", body, token))

        assert await page(api) == await page(endpoint), "the two answers differ"
        statements = await _count_statements(desk, lambda: page(api))
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        pairs = [
            (await _cpu_ms(api, body, token), await _cpu_ms(endpoint, body, token))
            for _ in range(ROUNDS)
        ]
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    print(f"inbox page of {PAGE_SIZE} tickets, CPU of the process, median of {ROUNDS} rounds")
    print(f"  API                    {statistics.median(p[0] for p in pairs):8.2f} ms")
    print(f"  hand-written endpoint  {statistics.median(p[1] for p in pairs):8.2f} ms")
    print(f"  ratio                  {ratio:8.1f} × (at most {LIMIT_RATIO})")
    print(f"  statements of the API  {statements:8d}")


async def _cpu_ms(application: ASGIApp, body: bytes, token: str) -> float:
    started = time.process_time()
    for _ in range(PAGES_PER_ROUND):
        await post(application, "/graphql", body, token)
    return (time.process_time() - started) / PAGES_PER_ROUND * 1_000


async def _count_statements(desk: Desk, ask: Any) -> int:
    count = 0

    def note(*_: Any) -> None:
        nonlocal count
        count += 1

    engine = desk.database._reader.sync_engine  # noqa: SLF001  # to count, not to read
    event.listen(engine, "before_cursor_execute", note)
    await ask()
    event.remove(engine, "before_cursor_execute", note)
    return count
