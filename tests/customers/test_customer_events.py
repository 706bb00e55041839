"""What viewers of a customer see live, over WebSocket."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine

import pytest
from sqlalchemy import delete, select

from core.ids import decode_global_id
from models.api_tokens import ApiTokenBrand
from models.channels import Channel
from models.customers import Customer
from models.event_topics import topic_named
from models.events import read_events, read_heads
from models.viewers import ApiScope
from services import companies, customers
from tests.support.companies import create as create_company
from tests.support.customers import NO_SUCH, create, customer_of, update
from tests.support.desk import World
from tests.support.live import CUSTOMER_EVENTS, LiveWorld, served, watching
from tests.support.notes import add as add_note

SNAPSHOT = """
    query ($id: ID!) {
      customer(id: $id) { eventCursor version name tickets { totalCount } profiles { handle } }
    }
"""
ELIF = "elif@example.com"
KNOWN = "known@example.com"
Act = Callable[[World, str, str], Coroutine[None, None, str]]


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveWorld]:
    async with served(world) as opened:
        yield opened


async def types_of(world: World, customer: str) -> list[str]:
    topic = topic_named(Customer, decode_global_id(customer)[1])
    async with world.desk.database.reading() as connection:
        return [event.type for event in await read_events(connection, topic, 0, 1_000)]


async def test_a_change_shows_at_once_with_who_made_it(live: LiveWorld) -> None:
    customer = await create(live.world, "Elif")
    async with live.watch("nikos", CUSTOMER_EVENTS, customer=customer["id"]) as watcher:
        assert await watcher.next() == {"__typename": "StreamReady"}

        await update(live.world.ayse, customer, 1, name="Elif Şahin", phone="+905321234567")

        assert await watcher.next() == {
            "__typename": "CustomerChanged",
            "actor": {"name": "Ayse"},
            "changes": [
                {"field": "name", "before": "Elif", "after": "Elif Şahin"},
                {"field": "phone", "before": None, "after": "+905321234567"},
            ],
            "customer": {"name": "Elif Şahin", "version": 2},
        }


async def test_a_change_that_changes_nothing_is_no_event(live: LiveWorld) -> None:
    customer = await create(live.world, "Elif")
    async with live.watch("nikos", CUSTOMER_EVENTS, customer=customer["id"]) as watcher:
        await watcher.next()

        await update(live.world.ayse, customer, 1, name="Elif")
        await update(live.world.ayse, customer, 1, name="Defne")

        assert (await watcher.next())["customer"] == {"name": "Defne", "version": 2}


async def test_notes_profiles_and_tickets_of_a_customer_show(live: LiveWorld) -> None:
    world = live.world
    customer = await create(world, "Elif Şahin", email=ELIF)
    async with live.watch("nikos", CUSTOMER_EVENTS, customer=customer["id"]) as watcher:
        await watcher.next()

        await add_note(world.ayse, "CUSTOMER", customerId=customer["id"])
        await world.receive(handle=ELIF, subject="My order")

        assert await watcher.next() == {
            "__typename": "NoteAdded",
            "actor": {"name": "Ayse"},
            "note": {"body": "She called.", "customer": {"id": customer["id"]}},
        }
        assert await watcher.next() == {
            "__typename": "ProfileLinked",
            "profile": {"channel": "EMAIL", "handle": ELIF},
        }
        assert await watcher.next() == {
            "__typename": "CustomerTicketOpened",
            "ticket": {"title": "My order"},
        }


async def test_a_message_in_an_ongoing_ticket_is_no_event_of_the_customer(world: World) -> None:
    _message, ticket = await world.receive(channel=Channel.LIVE_CHAT, handle="elif")
    customer = await customer_of(world, ticket)
    first = await types_of(world, customer)

    await world.receive(channel=Channel.LIVE_CHAT, handle="elif", body="Hello?")

    assert first == ["CustomerCreated", "ProfileLinked", "CustomerTicketOpened"]
    assert await types_of(world, customer) == first


async def test_the_version_of_a_customer_is_the_place_of_the_last_event(world: World) -> None:
    _message, ticket = await world.receive()
    await world.receive(subject="Another matter")
    customer = await customer_of(world, ticket)
    await add_note(world.ayse, "CUSTOMER", customerId=customer)
    topic = topic_named(Customer, decode_global_id(customer)[1])

    async with world.desk.database.reading() as connection:
        heads = await read_heads(connection, [topic])
        version = (await connection.execute(select(Customer.version))).scalar_one()

    assert version == heads[topic].sequence == 5


async def test_an_edit_of_before_a_new_ticket_is_merged_with_it(world: World) -> None:
    customer = await create(world, "Elif", email=ELIF)
    await world.receive(handle=ELIF)

    result = await update(world.ayse, customer, customer["version"], phone="+905321234567")

    assert result["__typename"] == "CustomerUpdateSuccess"
    assert result["customer"]["version"] == 4
    assert result["mergedFields"] == []


async def test_who_was_away_gets_what_was_missed_once_and_in_order(live: LiveWorld) -> None:
    world = live.world
    customer = await create(world, "Elif", email=ELIF)
    async with live.watch("nikos", CUSTOMER_EVENTS, customer=customer["id"]) as watcher:
        await watcher.next()
        await add_note(world.ayse, "CUSTOMER", customerId=customer["id"])
        await watcher.next()
        seen = watcher.cursor

    await update(world.ayse, customer, 1, name="Defne")
    await world.receive(handle=ELIF)

    async with live.watch("nikos", CUSTOMER_EVENTS, customer=customer["id"], after=seen) as watcher:
        await add_note(world.ayse, "CUSTOMER", customerId=customer["id"])
        types = [(await watcher.next())["__typename"] for _ in range(4)]
    assert types == ["CustomerChanged", "ProfileLinked", "CustomerTicketOpened", "NoteAdded"]


async def test_a_stream_from_a_query_has_neither_gap_nor_overlap(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive(handle=ELIF)
    customer = await customer_of(live.world, ticket)
    found = (await live.world.nikos.ask(SNAPSHOT, id=customer))["customer"]
    cursor = found.pop("eventCursor")
    await live.world.receive(handle=ELIF, subject="Later")

    assert found == {
        "version": 3,
        "name": "Elif Şahin",
        "tickets": {"totalCount": 1},
        "profiles": [{"handle": ELIF}],
    }
    async with live.watch("nikos", CUSTOMER_EVENTS, customer=customer, after=cursor) as watcher:
        assert (await watcher.next())["ticket"] == {"title": "Later"}


async def test_a_cursor_of_another_customer_resets_the_stream(live: LiveWorld) -> None:
    elif_, defne = [await create(live.world, name) for name in ("Elif", "Defne")]
    async with live.watch("nikos", CUSTOMER_EVENTS, customer=defne["id"]) as watcher:
        await watcher.next()
        cursor = watcher.cursor
    async with live.watch("nikos", CUSTOMER_EVENTS, customer=elif_["id"], after=cursor) as watcher:
        assert await watcher.next() == {"__typename": "StreamReset", "reason": "TOPICS"}


async def test_who_does_not_see_a_customer_is_refused_as_if_there_were_none(
    live: LiveWorld,
) -> None:
    customer = (await create(live.world, "Elif"))["id"]
    _message, ticket = await live.world.receive()
    elsewhere = await live.world.integration(ApiScope.TICKETS_READ, brands=[live.world.other])
    for token, document_id, code in (
        (live.world.tokens["nikos"], NO_SUCH, "NOT_FOUND"),
        (elsewhere.token, customer, "NOT_FOUND"),
        (elsewhere.token, await customer_of(live.world, ticket), "NOT_FOUND"),
        (live.world.tokens["nikos"], ticket, "VALIDATION_FAILED"),
        (None, customer, "UNAUTHENTICATED"),
    ):
        async with watching(live.port, token, CUSTOMER_EVENTS, customer=document_id) as watcher:
            assert (await watcher.refusal())["extensions"]["code"] == code


async def test_an_event_of_a_newer_version_is_left_out(live: LiveWorld) -> None:
    customer = await create(live.world, "Elif")
    topic = topic_named(Customer, decode_global_id(customer["id"])[1])
    async with live.watch("nikos", CUSTOMER_EVENTS, customer=customer["id"]) as watcher:
        await watcher.next()
        async with live.world.work() as work:
            work.record("CustomerCloned", {}, topic=topic)
        await add_note(live.world.ayse, "CUSTOMER", customerId=customer["id"])
        assert (await watcher.next())["__typename"] == "NoteAdded"


# ── Who hears what ─────────────────────────────────────────────────────────────────────────────


async def test_who_reads_no_notes_hears_of_none(live: LiveWorld) -> None:
    customer = await create(live.world, "Elif")
    reader = await live.world.integration(ApiScope.CUSTOMERS_READ)
    async with watching(
        live.port, reader.token, CUSTOMER_EVENTS, customer=customer["id"]
    ) as watcher:
        await watcher.next()

        await add_note(live.world.ayse, "CUSTOMER", customerId=customer["id"])
        await update(live.world.ayse, customer, 1, name="Defne")

        assert (await watcher.next())["__typename"] == "CustomerChanged"


async def test_who_sees_a_customer_by_their_tickets_only_hears_of_no_note_on_them(
    live: LiveWorld,
) -> None:
    _message, ticket = await live.world.receive()
    customer = {"id": await customer_of(live.world, ticket)}
    reader = await live.world.integration(
        ApiScope.TICKETS_READ, ApiScope.NOTES_READ, brands=[live.world.acme]
    )
    async with watching(
        live.port, reader.token, CUSTOMER_EVENTS, customer=customer["id"]
    ) as watcher:
        await watcher.next()

        await add_note(live.world.ayse, "CUSTOMER", customerId=customer["id"])
        await update(live.world.ayse, customer, 1, name="Defne")

        assert (await watcher.next())["__typename"] == "CustomerChanged"


async def test_a_ticket_is_told_only_to_those_who_see_it(live: LiveWorld) -> None:
    world = live.world
    customer = await create(world, "Elif", email=ELIF)
    await world.receive(handle=ELIF)
    async with live.watch("stranger", CUSTOMER_EVENTS, customer=customer["id"]) as watcher:
        await watcher.next()

        await world.receive(handle=ELIF, subject="Hidden")
        await world.receive(handle=ELIF, subject="Seen", brand=world.other)

        assert (await watcher.next())["ticket"] == {"title": "Seen"}


async def test_an_integration_that_loses_the_customers_tickets_hears_no_more(
    live: LiveWorld,
) -> None:
    world = live.world
    _message, ticket = await world.receive()
    customer = await customer_of(world, ticket)
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    async with watching(live.port, reader.token, CUSTOMER_EVENTS, customer=customer) as watcher:
        await watcher.next()
        await update(world.ayse, {"id": customer}, 3, name="Defne")
        assert (await watcher.next())["__typename"] == "CustomerChanged"

        async with world.desk.database.transaction() as session:
            await session.execute(delete(ApiTokenBrand))
        await world.desk.viewers.refresh()
        await update(world.ayse, {"id": customer}, 4, name="Elif")

        assert await watcher.next() == {"__typename": "AccessLost"}
        await watcher.ended()


# ── Two at once ────────────────────────────────────────────────────────────────────────────────


async def note_on_customer(world: World, customer: str, _company: str) -> str:
    result = await add_note(world.ayse, "CUSTOMER", customerId=customer)
    return str(result["__typename"])


async def note_on_company(world: World, _customer: str, company: str) -> str:
    result = await add_note(world.ayse, "COMPANY", companyId=company)
    return str(result["__typename"])


async def ticket_of_known_handle(world: World, _customer: str, _company: str) -> str:
    await world.receive(handle=KNOWN, subject="Another matter")
    return "received"


async def ticket_of_new_handle(world: World, _customer: str, _company: str) -> str:
    await world.receive(handle=ELIF)
    return "received"


@pytest.mark.parametrize(
    "act", [note_on_customer, note_on_company, ticket_of_known_handle, ticket_of_new_handle]
)
async def test_whoever_writes_during_an_edit_waits_for_its_end(world: World, act: Act) -> None:
    # Their rows refer to the one that is edited. Whoever came to the log without having waited
    # would hold the topic's counter while the row is another's: a circle.
    _message, ticket = await world.receive(handle=KNOWN)
    customer = await customer_of(world, ticket)
    company = (await create_company(world))["company"]["id"]
    await update(world.ayse, {"id": customer}, 3, email=ELIF)
    nikos = await world.viewer("nikos")

    async with world.work("nikos") as work:
        row_id = decode_global_id(customer)[1]
        await customers.update(work, nikos, row_id, 4, {"name": "Defne"})
        row_id = decode_global_id(company)[1]
        await companies.update(work, nikos, row_id, 1, {"name": "Güney"})
        acting = asyncio.create_task(act(world, customer, company))
        await asyncio.wait([acting], timeout=0.2)
        assert not acting.done()

    assert await acting in ("NoteAddSuccess", "received")
