"""What it costs to tell a thousand subscribers of one ticket what happens, and how soon they know.

The server has a process of its own; whoever writes and all who listen are in this one. CPU is that
of the server's process, what the kernel does for it included. It is compared with a loop that only
writes one prepared frame to each of the same sockets, in turns with it and at the same pace, and
with a server that executes each event for each subscriber.
"""

import asyncio
import statistics
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass

from app.lasting_objects import spare_lasting_objects
from bench.fanout_server import WITHOUT_SHARING
from bench.live_desk import AGENTS, LiveDesk, live_desk, words
from bench.server_process import ServerProcess, server_process
from bench.socket_clients import Crowd, Subscriber

SUBSCRIBERS = 1_000
ROUNDS = 3
EVENTS_PER_ROUND = 50
PAUSE_SECONDS = 0.1  # from one event to the next
EVENTS_WITHOUT_SHARING = 3  # each takes about a second
OWN_TICKETS = 500
OWN_PAUSE_SECONDS = 0.02
WARM_UP_SUBSCRIBERS = 20
WARM_UP_EVENTS = 4
SETTLING_SECONDS = 1.0

MOST_OF_PLAIN = 1.6
LEAST_SAVING = 20
MOST_IDLE_KILOBYTES = 25

PREPARED = 0  # the number in the prepared frame; acts are numbered from 1


@dataclass(frozen=True, slots=True)
class Shared:
    """What subscribers of one ticket cost: µs of CPU for each delivery, a figure for each round.

    `quiet` is what the same time costs in which nothing is told, spread over as many deliveries.
    """

    idle_bytes: float
    quiet: float
    plain: Sequence[float]
    told: Sequence[float]
    delays: Sequence[float]
    frame_bytes: int


@dataclass(frozen=True, slots=True)
class Own:
    """What subscribers cost of whom each has a ticket of their own, for each delivery."""

    cpu: float
    statements: float
    delays: Sequence[float]


async def run() -> None:
    """Measure and print."""
    async with live_desk() as live:
        spare_lasting_objects()
        async with server_process(live) as server:
            await _warm_up(live, server)
            shared = await _measure_shared(live, server)
            own = await _measure_own(live, server)
        async with server_process(live, WITHOUT_SHARING) as server:
            await _warm_up(live, server)
            unshared = await _measure_unshared(live, server)
    _print_shared(shared, unshared)
    _print_own(own)


async def _measure_shared(live: LiveDesk, server: ServerProcess) -> Shared:
    empty = await server.ask("memory")
    crowd = await _gather(live, server, SUBSCRIBERS, tickets=1)
    await asyncio.sleep(SETTLING_SECONDS)
    idle_bytes = (await server.ask("memory") - empty) / SUBSCRIBERS
    deliveries = EVENTS_PER_ROUND * SUBSCRIBERS
    quiet = await _cpu(server, asyncio.sleep(EVENTS_PER_ROUND * PAUSE_SECONDS), deliveries)
    told, plain = [], []
    for first in range(1, ROUNDS * EVENTS_PER_ROUND, EVENTS_PER_ROUND):
        numbers = range(first, first + EVENTS_PER_ROUND)
        told.append(await _cpu(server, _tell_one_ticket(live, crowd, numbers), deliveries))
        plain.append(await _cpu(server, _send_plainly(server, crowd, first), deliveries))
    delays, frame_bytes = _delays(live, crowd), len(crowd.clients[0].last_told)
    await crowd.leave()
    return Shared(idle_bytes, quiet, plain, told, delays, frame_bytes)


async def _measure_unshared(live: LiveDesk, server: ServerProcess) -> float:
    crowd = await _gather(live, server, SUBSCRIBERS, tickets=1)

    async def tell() -> None:
        # One after the other: they take far longer than the pause between events.
        for number in range(1, EVENTS_WITHOUT_SHARING + 1):
            await live.write(0, number)
            await crowd.hears(number, SUBSCRIBERS)

    cpu = await _cpu(server, tell(), EVENTS_WITHOUT_SHARING * SUBSCRIBERS)
    await crowd.leave()
    return cpu


async def _measure_own(live: LiveDesk, server: ServerProcess) -> Own:
    crowd = await _gather(live, server, OWN_TICKETS, tickets=OWN_TICKETS)
    await server.ask("statements")

    async def tell() -> None:
        numbers = range(1, OWN_TICKETS + 1)
        acts = ((number % OWN_TICKETS, number) for number in numbers)
        await _write(live, acts, OWN_PAUSE_SECONDS)
        for number in numbers:
            await crowd.hears(number, 1)

    cpu = await _cpu(server, tell(), OWN_TICKETS)
    statements = sum((await server.ask("statements")).values()) / OWN_TICKETS
    delays = _delays(live, crowd)
    await crowd.leave()
    return Own(cpu, statements, delays)


async def _warm_up(live: LiveDesk, server: ServerProcess) -> None:
    """Let the server do once what it is to be measured at: caches fill, modules are loaded."""
    crowd = await _gather(live, server, WARM_UP_SUBSCRIBERS, tickets=1)
    for number in range(1, WARM_UP_EVENTS + 1):
        await live.write(0, number)
        await crowd.hears(number, WARM_UP_SUBSCRIBERS)
    await crowd.leave()
    await asyncio.sleep(SETTLING_SECONDS)


async def _gather(live: LiveDesk, server: ServerProcess, size: int, *, tickets: int) -> Crowd:
    crowd = Crowd(server.port)
    await crowd.join(
        [
            Subscriber(token, live.ticket(place % tickets))
            for place, token in enumerate(live.tokens[:size])
        ]
    )
    return crowd


async def _tell_one_ticket(live: LiveDesk, crowd: Crowd, numbers: range) -> None:
    await _write(live, ((0, number) for number in numbers), PAUSE_SECONDS)
    for number in numbers:
        await crowd.hears(number, SUBSCRIBERS)


async def _write(live: LiveDesk, acts: Iterable[tuple[int, int]], pause_seconds: float) -> None:
    """Write acts, each a place of a ticket and a number, at a steady pace."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    for place, number in acts:
        await live.write(place, number)
        due += pause_seconds
        await asyncio.sleep(due - loop.time())


async def _send_plainly(server: ServerProcess, crowd: Crowd, first: int) -> None:
    """Have the frame of an event sent as often, under a number of its own."""
    newest, told = words(first + EVENTS_PER_ROUND - 1), crowd.clients[0].last_told.decode()
    assert newest in told
    await server.ask(
        "send_plainly",
        text=told.replace(newest, words(PREPARED)),
        times=EVENTS_PER_ROUND,
        pause_seconds=PAUSE_SECONDS,
    )
    await crowd.hears(PREPARED, EVENTS_PER_ROUND * SUBSCRIBERS)
    del crowd.heard[PREPARED]


async def _cpu(server: ServerProcess, doing: Awaitable[None], deliveries: int) -> float:
    """Return the µs of CPU that the server takes meanwhile for each of so many deliveries."""
    before = await server.ask("cpu")
    await doing
    return float((await server.ask("cpu") - before) / deliveries * 1e6)


def _delays(live: LiveDesk, crowd: Crowd) -> list[float]:
    """Return how many ms after the commit each act was read by each subscriber, sorted."""
    return sorted(
        (read_at - live.written_at[number]) / 1e6
        for number, moments in crowd.heard.items()
        for read_at in moments
    )


def _print_shared(shared: Shared, unshared: float) -> None:
    told, plain = statistics.median(shared.told), statistics.median(shared.plain)
    ratio = statistics.median(
        ours / theirs for ours, theirs in zip(shared.told, shared.plain, strict=True)
    )
    net_ratio = (told - shared.quiet) / (plain - shared.quiet)
    print(
        f"{SUBSCRIBERS:,} subscribers of one ticket ({AGENTS} agents), an event each"
        f" {PAUSE_SECONDS * 1e3:.0f} ms, frames of {shared.frame_bytes} bytes;"
        f" median of {ROUNDS} rounds of {EVENTS_PER_ROUND} events"
    )
    print(f"  CPU per delivery             {told:9.1f} µs")
    print(f"  prepared frame, plain loop   {plain:9.1f} µs")
    print(f"  ratio                        {ratio:9.2f} × (at most {MOST_OF_PLAIN})")
    print(f"  sockets kept, nothing told   {shared.quiet:9.1f} µs, which is part of both")
    print(f"  ratio without that           {net_ratio:9.2f} ×")
    print(f"  one execution each           {unshared:9.1f} µs")
    print(f"  saved by sharing             {unshared / told:9.1f} × (at least {LEAST_SAVING})")
    _print_delays(shared.delays)
    kilobytes = shared.idle_bytes / 1_000
    print(f"  memory per idle subscriber   {kilobytes:9.1f} kB (at most {MOST_IDLE_KILOBYTES})")


def _print_own(own: Own) -> None:
    pace = f"{OWN_PAUSE_SECONDS * 1e3:.0f} ms"
    print(
        f"{OWN_TICKETS} subscribers of {OWN_TICKETS} tickets, an event on one of them each {pace}"
    )
    print(f"  CPU per delivery             {own.cpu:9.1f} µs")
    print(f"  statements per delivery      {own.statements:9.1f}")
    _print_delays(own.delays)


def _print_delays(delays: Sequence[float]) -> None:
    median, late = (delays[int(len(delays) * share)] for share in (0.5, 0.99))
    print(
        f"  from commit to receipt       {median:9.1f} ms median,"
        f" {late:.1f} ms 99th percentile, {delays[-1]:.1f} ms longest"
    )
