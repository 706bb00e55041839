"""Searched and filtered lists of customers, live."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from core.ids import decode_global_id
from models.api_tokens import ApiToken
from models.channels import Channel
from models.customers import Customer
from models.event_topics import customers_topic
from models.events import Event, read_events
from models.viewers import ApiScope
from services import customers
from services.customer_filters import CustomerFilter
from services.customer_lists import CustomerView, State
from services.customers import NewCustomer
from services.search import customers_matching
from services.ticket_filters import MomentRange
from tests.support.companies import create as create_company
from tests.support.companies import update as update_company
from tests.support.customers import create
from tests.support.customers import update as edit
from tests.support.desk import World
from tests.support.executions import Counted
from tests.support.live import LiveWorld, served, watching

EVENTS = """
    subscription ($search: String, $filter: CustomerFilter, $after: EventCursor) {
      customerListEvents(search: $search, filter: $filter, after: $after) {
        __typename
        ... on Event { cursor }
        ... on StreamReset { reason }
        ... on CustomerEntered { customer { name } changes { field after } }
        ... on CustomerUpdated { customer { name } changes { field before after } }
        ... on CustomerLeft { customerId }
        ... on CustomerCompanyRenamed { company { name } isOutdated }
      }
    }
"""
CURSOR = "{ customerListEventCursor customers(first: 10) { nodes { name } totalCount } }"


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveWorld]:
    async with served(world) as opened:
        yield opened


async def events_told(world: World) -> int:
    async with world.desk.database.reading() as connection:
        statement = select(func.count()).where(Event.topic == customers_topic())
        return int((await connection.execute(statement)).scalar_one())


def entered(name: str, **changes: str | None) -> dict[str, Any]:
    told = [{"field": field, "after": after} for field, after in changes.items()]
    return {"__typename": "CustomerEntered", "customer": {"name": name}, "changes": told}


# What is told


async def test_who_is_searched_for_enters_changes_and_leaves(live: LiveWorld) -> None:
    world = live.world
    async with live.watch("nikos", EVENTS, search="yılmaz") as watcher:
        assert (await watcher.next())["__typename"] == "StreamReady"

        await create(world, "Somebody Else")
        customer = await create(world, "Elif YILMAZ")
        assert await watcher.next() == entered("Elif YILMAZ")

        await edit(world.ayse, customer, 1, phone="0532 123 45 67")
        assert await watcher.next() == {
            "__typename": "CustomerUpdated",
            "customer": {"name": "Elif YILMAZ"},
            "changes": [{"field": "phone", "before": None, "after": "+905321234567"}],
        }
        await edit(world.ayse, customer, 2, name="Elif Kaya")
        assert await watcher.next() == {
            "__typename": "CustomerLeft",
            "customerId": customer["id"],
        }
        await edit(world.ayse, customer, 3, email="e.yilmaz@home.example")
        assert await watcher.next() == entered("Elif Kaya", email="e.yilmaz@home.example")


async def test_who_writes_for_the_first_time_enters_with_their_handle(live: LiveWorld) -> None:
    world = live.world
    async with (
        live.watch("nikos", EVENTS, search="elif_chats") as found,
        live.watch("nikos", EVENTS, filter={"channel": "TELEGRAM"}) as on_telegram,
    ):
        for watcher in (found, on_telegram):
            await watcher.next()

        await world.receive(name="Elif", handle="elif_chats", channel=Channel.TELEGRAM)
        for watcher in (found, on_telegram):
            assert await watcher.next() == entered("Elif")

    assert await events_told(world) == 1


async def test_a_known_customer_of_whom_a_channel_knows_enters_its_lists(live: LiveWorld) -> None:
    world = live.world
    await create(world, "Elif", email="elif@example.com")
    async with (
        live.watch("nikos", EVENTS) as all_of_them,
        live.watch("nikos", EVENTS, filter={"channel": "EMAIL"}) as by_mail,
    ):
        for watcher in (all_of_them, by_mail):
            await watcher.next()

        await world.receive(handle="Elif@example.com")

        assert await all_of_them.next() == {
            "__typename": "CustomerUpdated",
            "customer": {"name": "Elif"},
            "changes": [],
        }
        assert await by_mail.next() == entered("Elif")


async def test_messages_of_those_who_are_known_tell_lists_nothing(world: World) -> None:
    await world.receive(subject="One")
    before = await events_told(world)

    await world.receive(subject="One", body="And now?")
    await world.receive(subject="Another")

    assert await events_told(world) == before == 1


async def test_a_company_brings_its_people_into_the_lists_that_ask_for_it(live: LiveWorld) -> None:
    world = live.world
    company = (await create_company(world, "Nokta"))["company"]
    await create(world, "Elif", email="elif@nokta.example")
    async with (
        live.watch("nikos", EVENTS, filter={"companyId": company["id"]}) as of_company,
        live.watch("nikos", EVENTS, search="nokta elif") as found,
        live.watch("nikos", EVENTS, search="virgül") as by_its_other_name,
    ):
        for watcher in (of_company, found, by_its_other_name):
            await watcher.next()

        await update_company(world, company, domains=["nokta.example"])
        assert await of_company.next() == entered("Elif", company="Nokta")
        assert (await found.next())["__typename"] == "CustomerUpdated"  # the address has the word

        await update_company(world, {**company, "version": 2}, name="Virgül")
        renamed = {"__typename": "CustomerCompanyRenamed", "company": {"name": "Virgül"}}
        assert await of_company.next() == {**renamed, "isOutdated": False}
        assert await found.next() == {**renamed, "isOutdated": True}
        assert await by_its_other_name.next() == {**renamed, "isOutdated": True}


async def test_a_search_for_mere_signs_is_told_of_nobody(live: LiveWorld) -> None:
    async with live.watch("nikos", EVENTS, search="%") as watcher:
        await watcher.next()

        await create(live.world, "100 %")

        await watcher.hears_nothing()


async def test_the_same_values_again_tell_nobody(world: World) -> None:
    customer = await create(world, "Elif", phone="+905321234567")
    before = await events_told(world)

    await edit(world.ayse, customer, 1, name=" Elif ", phone="0532 123 45 67")
    await edit(world.ayse, customer, 1, email="no address")

    assert await events_told(world) == before == 1


# Going on


async def test_a_list_and_the_stream_after_its_cursor_have_no_gap_and_no_overlap(
    live: LiveWorld,
) -> None:
    world = live.world
    await create(world, "Before")
    fetched = await world.nikos.ask(CURSOR)
    assert fetched["customers"] == {"nodes": [{"name": "Before"}], "totalCount": 1}

    await create(world, "After")
    async with live.watch("nikos", EVENTS, after=fetched["customerListEventCursor"]) as watcher:
        assert await watcher.next() == entered("After")
        await create(world, "Later")
        assert await watcher.next() == entered("Later")


async def test_who_was_away_is_told_what_they_missed_once_and_in_order(live: LiveWorld) -> None:
    world = live.world
    customer = await create(world, "Elif")
    async with live.watch("nikos", EVENTS, search="elif") as watcher:
        await watcher.next()
        seen = watcher.cursor
        await edit(world.ayse, customer, 1, language="tr")
        await edit(world.ayse, customer, 2, name="Leyla")
        await create(world, "Elif Demir")
        as_it_happened = [(await watcher.next())["__typename"] for _ in range(3)]
        last = watcher.cursor

    async with live.watch("nikos", EVENTS, search="elif", after=seen) as watcher:
        missed = [await watcher.next() for _ in range(3)]
        assert watcher.cursor == last
        await watcher.hears_nothing()
    assert missed == [
        {
            "__typename": "CustomerUpdated",
            "customer": {"name": "Leyla"},  # as she is called now
            "changes": [{"field": "language", "before": None, "after": "tr"}],
        },
        {"__typename": "CustomerLeft", "customerId": customer["id"]},
        entered("Elif Demir"),
    ]
    assert as_it_happened == [event["__typename"] for event in missed]


async def test_a_cursor_of_another_stream_begins_anew(live: LiveWorld) -> None:
    inbox = (await live.world.nikos.ask("{ inboxEventCursor }"))["inboxEventCursor"]
    async with live.watch("nikos", EVENTS, after=inbox) as watcher:
        assert await watcher.next() == {"__typename": "StreamReset", "reason": "TOPICS"}


async def test_all_agents_who_ask_for_the_same_share_one_execution(live: LiveWorld) -> None:
    async with (
        live.watch("ayse", EVENTS, search="elif") as ayse,
        live.watch("nikos", EVENTS, search="elif") as nikos,
        live.watch("nikos", EVENTS, search="elif") as his_other_tab,
        live.watch("nikos", EVENTS, search="leyla") as of_others,
    ):
        watchers = (ayse, nikos, his_other_tab)
        for watcher in (*watchers, of_others):
            await watcher.next()
        counted = Counted()

        await create(live.world, "Elif")
        assert [await watcher.next() for watcher in watchers] == [entered("Elif")] * 3
        await of_others.hears_nothing()

    assert counted.executions == 2  # Ayşe has other rights, and reads another language
    assert counted.deliveries == 3


# Who may


async def test_only_those_who_may_read_customers_hear_of_their_lists(live: LiveWorld) -> None:
    world = live.world
    tickets_only = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    reader = await world.integration(ApiScope.CUSTOMERS_READ, brands=[world.acme])
    for client, code in ((tickets_only, "NOT_ALLOWED"), (world.nobody, "UNAUTHENTICATED")):
        async with watching(live.port, client.token, EVENTS) as refused:
            assert (await refused.refusal())["extensions"]["code"] == code
        answer = await client.send("{ customerListEventCursor }")
        assert answer.error["extensions"]["code"] == code

    async with watching(live.port, reader.token, EVENTS) as watcher:
        await watcher.next()
        await create(world, "Elif")
        assert await watcher.next() == entered("Elif")


async def test_who_may_read_customers_no_more_is_told_nothing_more(live: LiveWorld) -> None:
    world = live.world
    reader = await world.integration(ApiScope.CUSTOMERS_READ, brands=[world.acme])
    async with watching(live.port, reader.token, EVENTS) as watcher:
        await watcher.next()
        async with world.desk.database.transaction() as session:
            await session.execute(update(ApiToken).values(scopes=[ApiScope.TICKETS_READ]))
        await world.desk.viewers.refresh()

        await create(world, "Elif")

        await watcher.ended()


async def test_wrong_arguments_are_named(live: LiveWorld) -> None:
    for variables, path, code in (
        ({"search": "x" * 201}, ["search"], "TOO_LONG"),
        ({"filter": {"companyId": "x"}}, ["filter", "companyId"], "INVALID_ID"),
        ({"after": "nonsense"}, ["after"], "INVALID_CURSOR"),
    ):
        async with live.watch("nikos", EVENTS, **variables) as watcher:
            (field,) = (await watcher.refusal())["extensions"]["fields"]
            assert (field["path"], field["code"]) == (path, code)


# The same questions, asked of the state that the event log keeps

NAMES = ("Elif Yılmaz", "ELİF SU", "Işıl Şahin", "Ιωάννα Παπαδοπούλου", "Γιώργος", "O'Brien Müller")
DOMAINS = ("nokta.example", "münich.example", "posta.example")
NUMBERS = ("+905321234567", "+905321234568", "+302101234567")
HANDLES = ("elif_chats", "@su.elif", "+905321234567", "Işıl-77")
COMPANIES = ("Nokta Tekstil A.Ş.", "Ναυτιλιακή Δ.Ε.")


@dataclass(frozen=True, slots=True)
class People:
    """Customers of all kinds, with their states as the log keeps them."""

    world: World
    states: dict[UUID, State]

    async def found(self, search: str | None, wanted: CustomerFilter) -> set[UUID]:
        clauses = wanted.clauses() + ([customers_matching(search)] if search else [])
        async with self.world.desk.database.reading() as connection:
            rows = await connection.execute(select(Customer.id).where(*clauses))
            return {row.id for row in rows}


async def people_of(world: World, random: Random) -> People:
    """Write customers, a third of whom change afterwards, or are known by further handles."""
    ids = [(await create_company(world, name))["company"]["id"] for name in COMPANIES]
    companies = [decode_global_id(company)[1] for company in ids]
    admin = await world.viewer("admin")
    for number in range(40):
        new = NewCustomer(
            name=random.choice(NAMES),
            email=random.choice([None, f"k{number}.elif@{random.choice(DOMAINS)}"]),
            phone=random.choice([None, *NUMBERS]),
            company_id=random.choice([None, *companies]),
        )
        async with world.work() as work:
            customer = await customers.create(work, admin, new)
        if number % 3 == 0:
            changes = {"name": random.choice(NAMES), "company_id": random.choice(companies)}
            async with world.work() as work:
                await customers.update(work, admin, customer.id, customer.version, changes)
        elif number % 3 == 1:
            handle = f"{random.choice(HANDLES)}{number}"
            channel = random.choice([Channel.TELEGRAM, Channel.VIBER])
            await world.receive(handle=handle, channel=channel, name=random.choice(NAMES))
    states = {}
    async with world.desk.database.reading() as connection:
        for event in await read_events(connection, customers_topic(), 0, 1_000):
            states[UUID(event.payload["customer_id"])] = event.payload["after"]
    return People(world, states)


def a_search(random: Random, people: Sequence[State]) -> str | None:
    """Return the beginnings of words by which somebody may be found, or nothing."""
    texts = [*NAMES, *DOMAINS, *NUMBERS, *HANDLES, *COMPANIES, "0532 123", "4567", "k1", "kim"]
    texts += [state["email"] for state in random.sample(people, 3) if state["email"]]
    words = [word for text in random.sample(texts, random.randint(0, 2)) for word in text.split()]
    cut = [word[: random.randint(3, len(word))] if len(word) > 3 else word for word in words]
    return " ".join(random.sample(cut, min(len(cut), 2))) or None


async def test_a_view_means_the_same_in_the_log_and_in_the_database(world: World) -> None:
    random = Random(1)
    people = await people_of(world, random)
    states = list(people.states.values())
    companies = sorted({state["company_id"] for state in states if state["company_id"]})
    moments = [state["created_at"] for state in states]
    found_any = 0
    for _ in range(120):
        since, until = sorted(random.sample(moments, 2))
        wanted = random.choice(
            [
                CustomerFilter(),
                CustomerFilter(company_id=UUID(random.choice(companies))),
                CustomerFilter(channel=random.choice([Channel.TELEGRAM, Channel.EMAIL])),
                CustomerFilter(has_email=random.choice([True, False])),
                CustomerFilter(created=MomentRange(*map(datetime.fromisoformat, (since, until)))),
            ]
        )
        search = a_search(random, states)
        view = CustomerView.of(search, wanted)
        shown = {row for row, state in people.states.items() if view.shows(state)}
        found_any += bool(shown)
        assert shown == await people.found(search, wanted), (search, wanted)
    assert 40 < found_any < 120
