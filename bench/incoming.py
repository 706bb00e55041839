"""Whether a busy desk keeps up: a thousand messages a minute on twelve channels, thirty rules.

One web process, one worker process, PostgreSQL and Redis, each a process of its own; then the same
more briefly on SQLite, with the worker in the web process. In this process are the connector that
hands messages in, and an agent's browser. What is written, and what the rules must make of it, is
planned before (`bench.incoming_plan`) and compared with the database afterwards.

`python -m bench.incoming --seconds 20 --burst --embedded` measures one of them, shorter or in
bursts.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
from uvicorn.loops.auto import auto_loop_factory

from bench import fanout_server, incoming_rules, worker_process
from bench.incoming_check import JobWait, faults, job_waits, waiting_jobs
from bench.incoming_clients import RECEIVE, Connector, Taken, delivering, open_screen
from bench.incoming_plan import CHANNELS, Plan, Planned, make_plan
from bench.server_process import ServerProcess, commanded_process
from core import clock
from core.database import Database
from core.ids import NodeKind, encode_global_id
from services.automation.triggers import RUN_RULES
from tests.support.api_tokens import CREATE as CREATE_TOKEN
from tests.support.desk import Client, migrate
from tests.support.people import People, settle_in
from tests.support.servers import start_postgres, start_redis

PER_MINUTE = 1_000
SECONDS = 120
EMBEDDED_SECONDS = 30
BURST = 20  # as many at once as a connector has kept that could not reach the desk for a second
OPEN_TICKETS = 24
LIMIT_MS = 300  # from receipt to the agent's screen, for the 95th percentile
SETTLING_SECONDS = 60.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Setting:
    """Processes that are measured, and what belongs to them; `worker` may be the web process."""

    database: Database
    people: People
    web: ServerProcess
    worker: ServerProcess
    http: httpx2.AsyncClient

    def client(self, name: str) -> Client:
        """Return the client of a person."""
        return Client(self.http, self.people.tokens[name])

    @property
    def brand(self) -> str:
        """The brand that is written to."""
        return encode_global_id(NodeKind.BRAND, self.people.acme.id)

    @property
    def processes(self) -> dict[str, ServerProcess]:
        """What is measured, by what it does."""
        if self.web is self.worker:
            return {"web and worker": self.web}
        return {"web": self.web, "worker": self.worker}


@dataclass(frozen=True, slots=True)
class Used:
    """What a process took: seconds of CPU, and statements by their first table."""

    cpu: float
    statements: dict[str, int]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found of so many messages; times in seconds."""

    messages: int
    seconds: float
    first_requests: list[float]
    requests: list[float]
    first_in_list: list[float]
    in_list: list[float]
    in_ticket: list[float]
    answers: list[float]
    jobs: list[JobWait]
    settling: float
    used: dict[str, Used]
    faults: list[str]


async def run() -> None:
    """Measure and print both."""
    await measure(SECONDS)
    await measure(EMBEDDED_SECONDS, is_embedded=True)


async def measure(seconds: int, *, is_embedded: bool = False, in_bursts: bool = False) -> None:
    """Measure one setting and print what was found."""
    plan = make_plan(PER_MINUTE * seconds // 60)
    async with _embedded() if is_embedded else _apart() as setting:
        measured = await _measure(setting, plan, BURST if in_bursts else 1)
    where = "SQLite, one process" if is_embedded else "PostgreSQL, a web and a worker process"
    pace = f"{BURST} at once" if in_bursts else "evenly"
    print(
        f"{len(plan.messages):,} messages on {len(CHANNELS)} channels by {len(plan.people)} handles"
        f" in {measured.seconds:.0f} s, {pace}; {incoming_rules.RULES} rules; {where}"
    )
    _print(plan, measured)


@asynccontextmanager
async def _apart() -> AsyncIterator[Setting]:
    with start_postgres() as postgres, start_redis() as redis:
        environment = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis.url,
            "PORT": "0",
            "WORKER_IN_WEB": "false",
        }
        async with (
            _peopled(postgres.url) as (database, people),
            commanded_process(fanout_server.__name__, **environment) as web,
            commanded_process(worker_process.__name__, **environment) as worker,
            _http(web) as http,
        ):
            yield Setting(database, people, web, worker, http)


@asynccontextmanager
async def _embedded() -> AsyncIterator[Setting]:
    with TemporaryDirectory(prefix="starling-bench-") as folder:
        url = f"sqlite:///{folder}/desk.sqlite3"
        environment = {"DATABASE_URL": url, "PORT": "0", "STORAGE_PATH": f"{folder}/files"}
        async with (
            _peopled(url) as (database, people),
            commanded_process(fanout_server.__name__, **environment) as web,
            _http(web) as http,
        ):
            yield Setting(database, people, web, web, http)


@asynccontextmanager
async def _peopled(url: str) -> AsyncIterator[tuple[Database, People]]:
    driver = url.replace("postgresql://", "postgresql+asyncpg://", 1)
    driver = driver.replace("sqlite://", "sqlite+aiosqlite://", 1)
    await migrate(driver)
    database = Database(driver)
    try:
        yield database, await settle_in(database)
    finally:
        await database.close()


def _http(web: ServerProcess) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=f"http://127.0.0.1:{web.port}", timeout=60)


async def _measure(setting: Setting, plan: Plan, at_once: int) -> Measured:
    tickets = await _remember(setting, plan)
    team = encode_global_id(NodeKind.TEAM, setting.people.support.id)
    rules = await incoming_rules.install(setting.client("admin"), setting.brand, team)
    token = await _token(setting)
    connector = Connector(Client(setting.http, token), setting.brand)
    async with AsyncExitStack() as cleanup:
        port = setting.web.port
        agent = setting.people.tokens["ayse"]
        screen = await cleanup.enter_async_context(open_screen(port, agent, tickets))
        await cleanup.enter_async_context(delivering(port, connector, token))
        since = clock.now()
        await _used(setting)
        before = await _used(setting)
        began = time.perf_counter()
        await _hand_in(connector, plan.messages, at_once)
        handed_in = time.perf_counter()
        settling = await _settle(setting.database, handed_in)
        used = {
            name: Used(now.cpu - before[name].cpu, now.statements)
            for name, now in (await _used(setting)).items()
        }
        found = [fault async for fault in faults(setting.database, plan, rules)]
    taken = connector.taken
    first = [planned.number for planned in plan.messages if planned.is_first]
    return Measured(
        messages=len(plan.messages),
        seconds=handed_in - began,
        first_requests=_requests(taken, first),
        requests=_requests(taken, taken),
        first_in_list=_delays(taken, screen.in_list, first),
        in_list=_delays(taken, screen.in_list, taken),
        in_ticket=_delays(taken, screen.in_ticket, taken),
        answers=connector.answered,
        jobs=await job_waits(setting.database, since),
        settling=settling,
        used=used,
        faults=[
            *found,
            *_wrong_results(plan, connector),
            *(f"not shown: {number}" for number in connector.taken if number not in screen.in_list),
            *(
                [f"requests that were not answered: {connector.tried_again}"]
                * bool(connector.tried_again)
            ),
            *(f"the stream was reset: {reason}" for reason in screen.resets),
            *(f"the connector did not expect: {what}" for what in connector.unexpected),
        ],
    )


async def _remember(setting: Setting, plan: Plan) -> list[str]:
    """Let those write who are known from before; return some of their tickets."""
    admin = setting.client("admin")
    document = RECEIVE.replace("message { id }", "message { id } ticket { id }")
    tickets = []
    for person in plan.known:
        given = {"brandId": setting.brand, **person.writes("Merhaba")}
        result = await admin.act(document, input=given)
        tickets.append(result["ticket"]["id"])
    return tickets[:OPEN_TICKETS]


async def _token(setting: Setting) -> str:
    given = {"name": "Connector", "scopes": ["MESSAGES_WRITE"], "brandIds": [setting.brand]}
    result = await setting.client("admin").act(CREATE_TOKEN, input=given)
    return str(result["token"])


def _requests(taken: Mapping[int, Taken], numbers: Iterable[int]) -> list[float]:
    """Return how long the requests took that handed in these messages."""
    return [each for number in numbers for each in taken[number].seconds]


def _delays(
    taken: Mapping[int, Taken], shown: Mapping[int, float], numbers: Iterable[int]
) -> list[float]:
    """Return how long after they were sent these messages were shown, of those that were."""
    return [shown[number] - taken[number].sent_at for number in numbers if number in shown]


async def _hand_in(connector: Connector, messages: Sequence[Planned], at_once: int) -> None:
    """Hand in messages at a steady pace, so many at once."""
    began = time.perf_counter()
    async with asyncio.TaskGroup() as sending:
        for first in range(0, len(messages), at_once):
            due = began + first * 60 / PER_MINUTE
            await asyncio.sleep(due - time.perf_counter())
            for planned in messages[first : first + at_once]:
                sending.create_task(connector.hand_in(planned))


async def _settle(database: Database, since: float) -> float:
    """Wait until no job is due; return how many seconds after `since` that was."""
    async with asyncio.timeout(SETTLING_SECONDS):
        while await waiting_jobs(database):  # noqa: ASYNC110  # other processes do them
            await asyncio.sleep(POLL_SECONDS)
    seconds = time.perf_counter() - since
    await asyncio.sleep(1)  # for the last answers to be confirmed, and shown
    return seconds


async def _used(setting: Setting) -> dict[str, Used]:
    """Return the CPU so far of what is measured, and its statements since the last time."""
    return {
        name: Used(await process.ask("cpu"), await process.ask("statements"))
        for name, process in setting.processes.items()
    }


def _wrong_results(plan: Plan, connector: Connector) -> list[str]:
    """Return which messages were refused, and those whose second copy was answered otherwise."""
    wrong = []
    for planned in plan.messages:
        results = connector.taken[planned.number].results
        if len(results) != (2 if planned.repeats else 1) or any(
            result != results[0] or result["__typename"] != "MessageReceiveSuccess"
            for result in results
        ):
            wrong.append(f"answered wrongly: {planned.number} {results}")
    return wrong


def _print(plan: Plan, measured: Measured) -> None:
    jobs = [each.seconds for each in measured.jobs if each.kind == RUN_RULES]
    others = [each.seconds for each in measured.jobs if each.kind != RUN_RULES]
    print(f"  {'ms':30}{'50 %':>8}{'95 %':>8}{'99 %':>8}{'longest':>9}")
    for name, seconds in (
        ("messageReceive", measured.requests),
        ("- of first contacts", measured.first_requests),
        (f"on the screen: list (≤ {LIMIT_MS})", measured.in_list),
        ("- of first contacts", measured.first_in_list),
        ("on the screen: open ticket", measured.in_ticket),
        ("a rule's answer, at connector", measured.answers),
        ("rules: from due to done", jobs),
        ("other jobs: from due to done", others),
    ):
        print(f"  {name:30}{_spread(seconds)}  of {len(seconds):,}")
    for name, used in measured.used.items():
        total = sum(used.statements.values())
        most = sorted(used.statements.items(), key=lambda item: -item[1])[:8]
        print(
            f"  {name}: {used.cpu / measured.seconds:.0%} of a core,"
            f" {used.cpu / measured.messages * 1e3:.1f} ms and"
            f" {total / measured.messages:.1f} statements a message"
            f" ({', '.join(f'{table} {count}' for table, count in most)})"
        )
    runs = sum(len(planned.rules) for planned in plan.messages) + plan.updates().total()
    twice = sum(planned.repeats is not None for planned in plan.messages)
    print(f"  the queue was empty {measured.settling:.1f} s after the last message")
    print(f"  planned: {twice} messages twice, {runs:,} runs of rules, in {len(jobs):,} jobs")
    print(f"  not as planned: {len(measured.faults) or 'nothing'}")
    for fault in measured.faults[:20]:
        print(f"    {fault}")


def _spread(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return f"{'–':>33}"
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    values: Any = (cuts[49], cuts[94], cuts[98], max(seconds))
    return "".join(
        f"{value * 1e3:{width}.0f}" for value, width in zip(values, (8, 8, 8, 9), strict=True)
    )


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Measure one setting.")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--burst", action="store_true", help=f"{BURST} at once instead of evenly")
    parser.add_argument("--embedded", action="store_true", help="on SQLite, in one process")
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(measure(given.seconds, is_embedded=given.embedded, in_bursts=given.burst))


if __name__ == "__main__":
    main()
