"""What it costs to connect and subscribe a thousand clients, and to resume them after a restart.

Each client has a session and a socket of its own. Before the restart they come a few at a time, as
people open their tabs; afterwards all at once, each with the cursor of what it was told last. What
was written in between is read from the log once for each ticket, however many follow it.
"""

import asyncio
from collections.abc import Awaitable

from app.lasting_objects import spare_lasting_objects
from bench.fanout_server import BARE
from bench.live_desk import AGENTS, LiveDesk, live_desk
from bench.server_process import ServerProcess, server_process
from bench.socket_clients import Crowd, Subscriber

CLIENTS = 1_000
FOLLOWED = 20  # tickets that all clients follow, a fiftieth of them each
MISSED = 3  # events of each ticket, while there is no server
WARM_UP_CLIENTS = 20
AT_ONCE = 50
SETTLING_SECONDS = 0.5  # the server ends what it has begun

MOST_MS = 1.0

Statements = dict[str, int]
Cost = tuple[float, Statements]


async def run() -> None:
    """Measure and print."""
    async with live_desk() as live:
        spare_lasting_objects()
        subscribers = [
            Subscriber(token, live.ticket(place % FOLLOWED))
            for place, token in enumerate(live.tokens[:CLIENTS])
        ]
        async with server_process(live, BARE) as server:
            bare, _none = await _cost(server, Crowd(server.port).join(subscribers, at_once=AT_ONCE))
        async with server_process(live) as server:
            await _warm_up(server, subscribers)
            crowd = Crowd(server.port)
            connecting = await _cost(server, crowd.join(subscribers, at_once=AT_ONCE))
            await _write(live, range(1, FOLLOWED + 1))
            await _all_hear(crowd, range(1, FOLLOWED + 1))
        await crowd.lost()
        missed = range(FOLLOWED + 1, FOLLOWED * (1 + MISSED) + 1)
        await _write(live, missed)
        async with server_process(live, port=server.port) as server:
            await _warm_up(server, subscribers)
            back = Crowd(server.port)
            resuming = await _cost(server, _resume(crowd, back, missed))
    print(f"{CLIENTS:,} clients of {AGENTS} agents, each with one of {FOLLOWED} tickets")
    print(f"  connecting and subscribing, {AT_ONCE} at a time")
    _print(connecting, f" (at most {MOST_MS})")
    print(f"    by a bare server       {bare:8.2f} ms, which shakes hands and does nothing else")
    print(f"  resuming after a restart, all at once, {MISSED} events behind")
    _print(resuming)


async def _resume(earlier: Crowd, crowd: Crowd, missed: range) -> None:
    await crowd.join([client.resuming() for client in earlier.clients], at_once=CLIENTS)
    await _all_hear(crowd, missed)
    assert set(crowd.heard) == set(missed)
    assert all(len(moments) == CLIENTS // FOLLOWED for moments in crowd.heard.values())


async def _warm_up(server: ServerProcess, subscribers: list[Subscriber]) -> None:
    """Let the server do once what it is to be measured at: caches fill, modules are loaded."""
    crowd = Crowd(server.port)
    await crowd.join(subscribers[:WARM_UP_CLIENTS])
    await crowd.leave()
    await asyncio.sleep(SETTLING_SECONDS)


async def _write(live: LiveDesk, numbers: range) -> None:
    for number in numbers:
        await live.write(number % FOLLOWED, number)


async def _all_hear(crowd: Crowd, numbers: range) -> None:
    for number in numbers:
        await crowd.hears(number, CLIENTS // FOLLOWED)


async def _cost(server: ServerProcess, doing: Awaitable[None]) -> Cost:
    """Return the ms of CPU that each client costs meanwhile, and the statements of all."""
    await server.ask("statements")
    before = await server.ask("cpu")
    await doing
    await asyncio.sleep(SETTLING_SECONDS)
    cpu = (await server.ask("cpu") - before) / CLIENTS * 1e3
    return cpu, await server.ask("statements")


def _print(cost: Cost, limit: str = "") -> None:
    cpu, statements = cost
    count = sum(statements.values())
    by_table = ", ".join(f"{table} {number}" for table, number in sorted(statements.items()))
    print(f"    CPU per client         {cpu:8.2f} ms{limit}")
    print(f"    statements per client  {count / CLIENTS:8.2f}")
    print(f"    statements in total    {count:8,}: {by_table}")
