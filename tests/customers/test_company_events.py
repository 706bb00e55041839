"""What viewers of a company see live, over WebSocket."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select, update

from core.ids import decode_global_id
from models.api_tokens import ApiToken
from models.companies import Company
from models.event_topics import topic_named
from models.events import read_heads
from models.viewers import ApiScope
from subscriptions.log.cursors import encode_cursor
from tests.support.companies import create
from tests.support.companies import update as save
from tests.support.customers import add_company
from tests.support.customers import create as create_customer
from tests.support.customers import update as update_customer
from tests.support.desk import World
from tests.support.history import unlike
from tests.support.live import WHO, LiveWorld, served, watching
from tests.support.notes import add as add_note

COMPANY_EVENTS = (
    """
    subscription ($company: ID!, $after: EventCursor) {
      companyEvents(companyId: $company, after: $after) {
        __typename
        ... on Event { cursor }
        ... on StreamReset { reason }
        ... on CompanyCreated { actor { ...Who } company { name } }
        ... on CompanyChanged {
          actor { ...Who } changes { field before after } company { name domains version }
        }
        ... on NoteAdded { actor { ...Who } note { body company { id } } }
      }
    }
    """
    + WHO
)
SNAPSHOT = """
    query ($id: ID!) {
      company(id: $id) { eventCursor version name notes { totalCount } }
    }
"""


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveWorld]:
    async with served(world) as opened:
        yield opened


async def found(world: World, **fields: Any) -> dict[str, Any]:
    """Add a company, and return what its creator is shown."""
    company: dict[str, Any] = (await create(world, **fields))["company"]
    return company


async def note_on(world: World, company: dict[str, Any]) -> None:
    result = await add_note(world.ayse, "COMPANY", companyId=company["id"])
    assert result["__typename"] == "NoteAddSuccess", result


async def test_a_change_shows_at_once_with_who_made_it(live: LiveWorld) -> None:
    company = await found(live.world, domains=["kuzey.example"])
    async with live.watch("nikos", COMPANY_EVENTS, company=company["id"]) as watcher:
        assert await watcher.next() == {"__typename": "StreamReady"}

        await save(live.world, company, name="Kuzey A.Ş.", domains=["kuzey.example", "k.example"])

        assert await watcher.next() == {
            "__typename": "CompanyChanged",
            "actor": {"name": "Ayse"},
            "changes": [
                {"field": "name", "before": "Kuzey", "after": "Kuzey A.Ş."},
                {
                    "field": "domains",
                    "before": "kuzey.example",
                    "after": "k.example, kuzey.example",
                },
            ],
            "company": {
                "name": "Kuzey A.Ş.",
                "domains": ["k.example", "kuzey.example"],
                "version": 2,
            },
        }


async def test_a_note_shows_to_all_who_look_at_the_company(live: LiveWorld) -> None:
    company = await found(live.world)
    async with (
        live.watch("nikos", COMPANY_EVENTS, company=company["id"]) as nikos,
        live.watch("stranger", COMPANY_EVENTS, company=company["id"]) as stranger,
    ):
        for watcher in (nikos, stranger):
            await watcher.next()

        await note_on(live.world, company)

        for watcher in (nikos, stranger):
            assert await watcher.next() == {
                "__typename": "NoteAdded",
                "actor": {"name": "Ayse"},
                "note": {"body": "She called.", "company": {"id": company["id"]}},
            }


async def test_a_change_that_changes_nothing_is_no_event(live: LiveWorld) -> None:
    company = await found(live.world, domains=["kuzey.example"])
    async with live.watch("nikos", COMPANY_EVENTS, company=company["id"]) as watcher:
        await watcher.next()

        await save(live.world, company, name="Kuzey", domains=["KUZEY.example"])
        await save(live.world, company, name="Güney")

        assert (await watcher.next())["company"]["version"] == 2


async def test_another_company_and_what_its_people_do_are_not_told(live: LiveWorld) -> None:
    world = live.world
    company, other = await found(world), await found(world, name="Güney")
    customer = await create_customer(world, "Elif")
    async with live.watch("nikos", COMPANY_EVENTS, company=company["id"]) as watcher:
        await watcher.next()

        await save(world, other, name="Doğu")
        await note_on(world, other)
        await update_customer(world.ayse, customer, 1, companyId=company["id"])
        await save(world, company, name="Batı")

        assert (await watcher.next())["company"]["name"] == "Batı"


async def test_the_version_of_a_company_is_the_place_of_the_last_event(world: World) -> None:
    company = await found(world)
    await note_on(world, company)
    await save(world, company, name="Güney")
    topic = topic_named(Company, decode_global_id(company["id"])[1])

    async with world.desk.database.reading() as connection:
        heads = await read_heads(connection, [topic])
        version = (await connection.execute(select(Company.version))).scalar_one()

    assert version == heads[topic].sequence == 3


async def test_who_was_away_gets_what_was_missed_once_and_in_order(live: LiveWorld) -> None:
    world = live.world
    company = await found(world)
    async with live.watch("nikos", COMPANY_EVENTS, company=company["id"]) as watcher:
        await watcher.next()
        await note_on(world, company)
        await watcher.next()
        seen = watcher.cursor

    await save(world, company, name="Güney")
    await note_on(world, company)

    async with live.watch("nikos", COMPANY_EVENTS, company=company["id"], after=seen) as watcher:
        await save(world, company, name="Doğu", expectedVersion=4)
        types = [(await watcher.next())["__typename"] for _ in range(3)]
    assert types == ["CompanyChanged", "NoteAdded", "CompanyChanged"]


async def test_a_stream_from_a_query_has_neither_gap_nor_overlap(live: LiveWorld) -> None:
    company = await found(live.world)
    await note_on(live.world, company)
    shown = (await live.world.nikos.ask(SNAPSHOT, id=company["id"]))["company"]
    cursor = shown.pop("eventCursor")
    await save(live.world, company, name="Güney")

    assert shown == {"version": 2, "name": "Kuzey", "notes": {"totalCount": 1}}
    async with live.watch("nikos", COMPANY_EVENTS, company=company["id"], after=cursor) as watcher:
        assert (await watcher.next())["company"] == {"name": "Güney", "domains": [], "version": 3}


async def test_a_stream_may_begin_before_anything_has_happened(live: LiveWorld) -> None:
    silent = {"id": await add_company(live.world, "Kuzey")}
    cursor = (await live.world.nikos.ask(SNAPSHOT, id=silent["id"]))["company"]["eventCursor"]
    async with live.watch("nikos", COMPANY_EVENTS, company=silent["id"], after=cursor) as watcher:
        await note_on(live.world, silent)
        assert (await watcher.next())["__typename"] == "NoteAdded"


async def test_a_cursor_of_another_company_resets_the_stream(live: LiveWorld) -> None:
    first, second = await found(live.world), await found(live.world, name="Güney")
    cursor = (await live.world.nikos.ask(SNAPSHOT, id=first["id"]))["company"]["eventCursor"]
    async with live.watch("nikos", COMPANY_EVENTS, company=second["id"], after=cursor) as watcher:
        assert await watcher.next() == {"__typename": "StreamReset", "reason": "TOPICS"}


async def test_who_does_not_see_a_company_is_refused_as_if_there_were_none(
    live: LiveWorld,
) -> None:
    world = live.world
    company = (await found(world))["id"]
    _message, ticket = await world.receive()
    of_tickets = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    for token, wanted, code in (
        (world.tokens["nikos"], unlike(company), "NOT_FOUND"),
        (of_tickets.token, company, "NOT_FOUND"),
        (of_tickets.token, unlike(company), "NOT_FOUND"),
        (world.tokens["nikos"], ticket, "VALIDATION_FAILED"),
        (None, company, "UNAUTHENTICATED"),
    ):
        async with watching(live.port, token, COMPANY_EVENTS, company=wanted) as watcher:
            assert (await watcher.refusal())["extensions"]["code"] == code


async def test_what_is_no_cursor_is_refused(live: LiveWorld) -> None:
    company = (await found(live.world))["id"]
    async with live.watch("nikos", COMPANY_EVENTS, company=company, after="now") as watcher:
        assert (await watcher.refusal())["extensions"]["code"] == "VALIDATION_FAILED"


async def test_who_reads_no_notes_hears_of_none(live: LiveWorld) -> None:
    company = await found(live.world)
    reader = await live.world.integration(ApiScope.CUSTOMERS_READ)
    async with watching(live.port, reader.token, COMPANY_EVENTS, company=company["id"]) as watcher:
        await watcher.next()

        await note_on(live.world, company)
        await save(live.world, company, name="Güney")

        assert (await watcher.next())["__typename"] == "CompanyChanged"


async def test_an_integration_that_may_read_customers_no_more_hears_no_more(
    live: LiveWorld,
) -> None:
    world = live.world
    company = await found(world)
    reader = await world.integration(ApiScope.CUSTOMERS_READ)
    async with watching(live.port, reader.token, COMPANY_EVENTS, company=company["id"]) as watcher:
        await watcher.next()
        await save(world, company, name="Güney")
        assert (await watcher.next())["__typename"] == "CompanyChanged"

        async with world.desk.database.transaction() as session:
            await session.execute(update(ApiToken).values(scopes=[ApiScope.TICKETS_READ]))
        await world.desk.viewers.refresh()
        await save(world, company, name="Doğu", expectedVersion=2)

        assert await watcher.next() == {"__typename": "AccessLost"}
        await watcher.ended()


async def test_an_event_of_a_newer_version_is_left_out(live: LiveWorld) -> None:
    company = await found(live.world)
    topic = topic_named(Company, decode_global_id(company["id"])[1])
    async with live.watch("nikos", COMPANY_EVENTS, company=company["id"]) as watcher:
        await watcher.next()
        async with live.world.work() as work:
            work.record("CompanyMerged", {}, topic=topic)
        await note_on(live.world, company)
        assert (await watcher.next())["__typename"] == "NoteAdded"


async def test_whoever_follows_from_the_beginning_is_told_that_it_was_added(
    live: LiveWorld,
) -> None:
    company = await found(live.world)
    topic = topic_named(Company, decode_global_id(company["id"])[1])
    start = encode_cursor(live.world.desk.resources.epoch, {topic: 0})
    async with live.watch("nikos", COMPANY_EVENTS, company=company["id"], after=start) as watcher:
        assert await watcher.next() == {
            "__typename": "CompanyCreated",
            "actor": {"name": "Ayse"},
            "company": {"name": "Kuzey"},
        }
