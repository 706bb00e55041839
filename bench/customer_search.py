"""How long an agent waits for a search among 100,000 customers, over HTTP.

One web process on a PostgreSQL that has been vacuumed; one agent who searches again and again, each
time for somebody else. Measured is from sending the request until its answer is read: the first 25
customers with their companies, with and without how many there are in all.
"""

import statistics
import time
from collections import defaultdict
from random import Random

import httpx2

from app import migrations
from app.desk import open_desk
from bench.desk import sign_in_admin
from bench.many_customers import CUSTOMERS, Known, fill_with_customers
from core import clock
from core.database import Database
from core.settings import Settings
from models.agents import Agent, AgentRole
from tests.support.commands import served
from tests.support.desk import Client
from tests.support.servers import start_postgres

SEARCHES_OF_A_KIND = 40
WARM_UP_ROUNDS = 5  # until each connection and each cache is filled
LIMIT_MS = 50  # for the 95th percentile of all pages

_CUSTOMERS = "nodes { id name email phone company { id name } } pageInfo { hasNextPage endCursor }"
PAGE = f"query ($search: String) {{ customers(search: $search) {{ {_CUSTOMERS} }} }}"
_ASKED = {
    f"page (95 % at most {LIMIT_MS} ms)": PAGE,
    "page and totalCount": PAGE.replace("pageInfo", "totalCount pageInfo"),
}


async def run() -> None:
    """Measure and print."""
    with start_postgres() as server:
        settings = Settings(
            database_url=server.url.replace("postgresql://", "postgresql+asyncpg://", 1),
            _env_file=None,
        )
        people = await _open_desk_of(settings)
        async with open_desk(settings) as desk:
            token = await sign_in_admin(desk)
        with served(DATABASE_URL=settings.database_url, LOG_LEVEL="WARNING") as process:
            async with httpx2.AsyncClient(base_url=process.url) as http:
                client = Client(http, token)
                for title, document in _ASKED.items():
                    _print(title, await _measure(client, document, people))


async def _open_desk_of(settings: Settings) -> list[Known]:
    """Fill the database with customers, and an admin to look for them."""
    database = Database(settings.database_url)
    await migrations.upgrade(database)
    async with database.transaction() as session:
        session.add(
            Agent(
                name="Ada",
                name_key="ada",
                email="ada@desk.example",
                email_key="ada@desk.example",
                password_hash="not a hash: nobody signs in",  # noqa: S106
                role=AgentRole.ADMIN,
                language="en",
                created_at=clock.now(),
            )
        )
    people = await fill_with_customers(database)
    await database.close()
    return people


async def _measure(client: Client, document: str, people: list[Known]) -> dict[str, list[float]]:
    rng = Random(11)  # the same searches in each run
    # Those of whom everything is known, so that each kind of search has somebody to find.
    well_known = [one for one in people if one.email and one.phone and one.handle and one.company]
    taken: dict[str, list[float]] = defaultdict(list)
    for round_number in range(WARM_UP_ROUNDS + SEARCHES_OF_A_KIND):
        for kind, search in _searches(rng, rng.choice(well_known)).items():
            started = time.perf_counter()
            await client.ask(document, search=search)
            if round_number >= WARM_UP_ROUNDS:
                taken[kind].append((time.perf_counter() - started) * 1_000)
    return taken


def _searches(rng: Random, one: Known) -> dict[str, str]:
    """Return what somebody may type who looks for this customer, and for nobody."""
    given, _, family = one.name.rpartition(" ")
    return {
        "name and family name": one.name,
        "family name": family,
        "beginning of a name": given[:4],
        "two beginnings": f"{given[:3]} {family[:3]}",
        "first letter": given[0],
        "e-mail address": one.email,
        "e-mail domain": "@" + one.email.partition("@")[2],
        "phone number": _national(one.phone),
        "last four digits": one.phone[-4:],
        "handle": one.handle,
        "company": " ".join(one.company.split()[:2]),
        "name and company": f"{given} {one.company.split()[0]}",
        "mistyped family name": _mistyped(rng, family),
        "nobody": f"{given} qx{rng.randrange(10**6)}",
    }


def _print(title: str, taken: dict[str, list[float]]) -> None:
    print(f"{title}: a search among {CUSTOMERS:,} customers, {SEARCHES_OF_A_KIND} of each kind")
    print(f"  {'':24}{'median':>10}{'95 %':>10}{'longest':>10}")
    for kind, of_kind in taken.items():
        print(f"  {kind:24}{_figures(of_kind)}")
    every = [one for of_kind in taken.values() for one in of_kind]
    print(f"  {'all':24}{_figures(every)}")


def _figures(taken: list[float]) -> str:
    percentile = statistics.quantiles(taken, n=20)[18]
    return "".join(f"{ms:7.1f} ms" for ms in (statistics.median(taken), percentile, max(taken)))


def _national(phone: str) -> str:
    """Write a number as people do, without the country code and in groups."""
    digits = phone[-10:]
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}"


def _mistyped(rng: Random, word: str) -> str:
    """Swap two letters, or leave one out."""
    place = rng.randrange(1, len(word) - 1)
    if rng.random() < 0.5:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return word[:place] + word[place + 1 :]
