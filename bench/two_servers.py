"""How soon a star set on one web process reaches a subscriber of the other.

Two processes on one PostgreSQL and one Redis. Measured from sending the mutation to the first
process over HTTP until the event has come from the second one over WebSocket, one at a time.
"""

import asyncio
import statistics
import time

import httpx2

from bench.desk import a_message_and_its_ticket, demo_desk, sign_in_admin
from tests.support.commands import served
from tests.support.desk import Client
from tests.support.favorites import ADD, REMOVE
from tests.support.live import TICKET_EVENTS, watching
from tests.support.servers import start_redis

STARS = 300
PAUSE_SECONDS = 0.02
LIMIT_MS = 50  # for the 95th percentile, on an idle machine


async def run() -> None:
    """Measure and print."""
    with start_redis() as redis:
        async with demo_desk() as desk:
            token = await sign_in_admin(desk)
            message, ticket = await a_message_and_its_ticket(desk)
            database_url = desk.database.url.render_as_string(hide_password=False)
            environment = {
                "DATABASE_URL": database_url,
                "REDIS_URL": redis.url,
                "LOG_LEVEL": "WARNING",
            }
            with served(**environment) as first, served(**environment) as second:
                delays = await _delays(first.url, second.url, token, message, ticket)
    percentiles = statistics.quantiles(delays, n=100)
    print(f"a star from one web process to a subscriber of the other, {STARS} times")
    print(f"  median           {statistics.median(delays):8.2f} ms")
    print(f"  95th percentile  {percentiles[94]:8.2f} ms (at most {LIMIT_MS})")
    print(f"  longest          {max(delays):8.2f} ms")


async def _delays(
    first_url: str, second_url: str, token: str, message: str, ticket: str
) -> list[float]:
    port = httpx2.URL(second_url).port
    assert port is not None
    delays = []
    async with (
        httpx2.AsyncClient(base_url=first_url) as http,
        watching(port, token, TICKET_EVENTS, ticket=ticket) as watcher,
    ):
        client = Client(http, token)
        await watcher.next()
        for number in range(STARS):
            sent = time.perf_counter()
            act = asyncio.create_task(client.act(REMOVE if number % 2 else ADD, item=message))
            await watcher.next()
            delays.append((time.perf_counter() - sent) * 1_000)
            await act
            await asyncio.sleep(PAUSE_SECONDS)
    return delays
