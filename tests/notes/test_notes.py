"""Private notes: what only the team may read."""

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from models.agents import Agent
from models.event_topics import notifications_topic, topic_named
from models.events import read_heads
from models.viewers import ApiScope
from tests.support.desk import World
from tests.support.messages import upload
from tests.support.notes import REMINDERS, add, of_ticket
from tests.support.transfers import team_id, transfer

COMPANY = """
    mutation { companyCreate(input: {name: "Papadopoulos"}) {
      ... on CompanyCreateSuccess { company { id } }
    } }
"""


async def test_an_inline_note_stands_in_the_ticket_with_its_files(world: World) -> None:
    _message, ticket = await world.receive()
    files = await upload(world, "call.txt")

    result = await add(world.ayse, ticketId=ticket, attachmentIds=files)

    assert result["note"] == {
        "id": result["note"]["id"],
        "kind": "INLINE",
        "version": 1,
        "body": "She called.",
        "author": {"name": "Ayse"},
        "ticket": {"id": ticket},
        "customer": None,
        "company": None,
        "attachments": [{"filename": "call.txt"}],
        "mentions": [],
        "remindAt": None,
        "remindWhom": None,
        "doneAt": None,
        "todos": [],
        "revisions": {"totalCount": 0, "nodes": []},
    }
    assert (await of_ticket(world.nikos, ticket))["version"] == 3


async def test_a_ticket_note_has_the_tickets_version_and_its_first_revision(world: World) -> None:
    _message, ticket = await world.receive()

    note = (await add(world.ayse, "TICKET", ticketId=ticket))["note"]

    assert (note["kind"], note["version"]) == ("TICKET", 3)
    assert note["revisions"] == {
        "totalCount": 1,
        "nodes": [{"body": "She called.", "author": {"name": "Ayse"}}],
    }


async def test_notes_stand_on_customers_and_companies(world: World) -> None:
    _message, ticket = await world.receive()
    customer = (await of_ticket(world.ayse, ticket))["customer"]
    company = (await world.ayse.act(COMPANY))["company"]

    on_customer = await add(world.ayse, "CUSTOMER", customerId=customer["id"])
    on_company = await add(world.ayse, "COMPANY", companyId=company["id"])

    assert on_customer["note"]["customer"] == customer
    assert on_company["note"]["company"] == company


async def test_notes_of_a_ticket_are_listed_by_kind(world: World) -> None:
    _message, ticket = await world.receive()
    await add(world.ayse, ticketId=ticket, body="Inline")
    await add(world.ayse, "TICKET", ticketId=ticket, body="Panel")

    assert (await of_ticket(world.nikos, ticket))["notes"] == {
        "totalCount": 2,
        "nodes": [{"kind": "INLINE", "body": "Inline"}, {"kind": "TICKET", "body": "Panel"}],
    }
    assert (await of_ticket(world.nikos, ticket, "TICKET"))["notes"] == {
        "totalCount": 1,
        "nodes": [{"kind": "TICKET", "body": "Panel"}],
    }


async def test_a_note_belongs_to_exactly_what_suits_its_kind(world: World) -> None:
    _message, ticket = await world.receive()
    customer = (await of_ticket(world.ayse, ticket))["customer"]["id"]
    before = await world.counts()

    nothing = await add(world.ayse, "INLINE")
    too_much = await add(world.ayse, "TICKET", ticketId=ticket, customerId=customer)
    another = await add(world.ayse, "COMPANY", customerId=customer)
    another_type = await add(world.ayse, "CUSTOMER", customerId=ticket)

    assert nothing["fields"] == [{"path": ["input", "ticketId"], "code": "REQUIRED"}]
    assert too_much["fields"] == [{"path": ["input", "customerId"], "code": "NOT_ALLOWED_VALUE"}]
    assert another["fields"] == [
        {"path": ["input", "customerId"], "code": "NOT_ALLOWED_VALUE"},
        {"path": ["input", "companyId"], "code": "REQUIRED"},
    ]
    assert another_type["fields"] == [{"path": ["input", "customerId"], "code": "INVALID_ID"}]
    assert await world.counts() == before


async def test_a_note_mentions_agents_whatever_follows_their_names(world: World) -> None:
    _message, ticket = await world.receive()

    result = await add(
        world.ayse, ticketId=ticket, body="@Nikos, look. @admin'e sor! Not @somebody or a@Ayse.com."
    )

    assert result["note"]["mentions"] == [{"name": "Admin"}, {"name": "Nikos"}]


async def test_a_reminder_is_for_its_writer_unless_told_otherwise(world: World) -> None:
    _message, ticket = await world.receive()
    moment = "2030-01-01T09:00:00Z"

    mine = await add(world.ayse, ticketId=ticket, remindAt=moment)
    theirs = await add(
        world.ayse, ticketId=ticket, remindAt=moment, remindWhomId=world.id_of("nikos")
    )

    assert (mine["note"]["remindAt"], mine["note"]["remindWhom"]) == (moment, {"name": "Ayse"})
    assert theirs["note"]["remindWhom"] == {"name": "Nikos"}


async def test_ones_own_reminders_are_listed_the_earliest_due_first(world: World) -> None:
    _message, ticket = await world.receive()
    for year in ("2032", "2031"):
        await add(
            world.ayse, "TICKET", ticketId=ticket, body=year, remindAt=f"{year}-01-01T00:00:00Z"
        )

    found = (await world.ayse.ask(REMINDERS))["reminders"]

    assert found["totalCount"] == 2
    assert [note["body"] for note in found["nodes"]] == ["2031", "2032"]
    assert (await world.ayse.ask(REMINDERS, done=True))["reminders"]["nodes"] == []
    assert (await world.nikos.ask(REMINDERS))["reminders"]["nodes"] == []


async def test_a_reminder_of_a_lost_ticket_is_not_listed(world: World) -> None:
    _message, ticket = await world.receive(brand=world.other)
    await add(
        world.admin,
        ticketId=ticket,
        remindAt="2030-01-01T00:00:00Z",
        remindWhomId=world.id_of("ayse"),
    )

    assert (await world.ayse.ask(REMINDERS))["reminders"] == {
        "totalCount": 0,
        "nodes": [],
        "edges": [],
    }


async def test_whom_to_remind_needs_a_moment(world: World) -> None:
    _message, ticket = await world.receive()

    result = await add(world.ayse, ticketId=ticket, remindWhomId=world.id_of("nikos"))

    assert result["fields"] == [{"path": ["input", "remindAt"], "code": "REQUIRED"}]


async def test_a_note_carries_a_list_of_what_is_to_be_done(world: World) -> None:
    _message, ticket = await world.receive()

    result = await add(world.ayse, ticketId=ticket, todos=["Call back", "Send the invoice"])

    assert result["note"]["todos"] == [
        {"text": "Call back", "doneAt": None},
        {"text": "Send the invoice", "doneAt": None},
    ]


@pytest.mark.parametrize(
    ("more", "path", "code"),
    [
        ({"body": "x" * 10_001}, ["input", "body"], "TOO_LONG"),
        ({"body": " "}, ["input", "body"], "REQUIRED"),
        ({"todos": ["ok", "x" * 2_001]}, ["input", "todos", "1"], "TOO_LONG"),
    ],
)
async def test_a_text_that_is_none_or_too_long_leaves_no_trace(
    world: World, more: dict[str, Any], path: list[str], code: str
) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await add(world.ayse, ticketId=ticket, **more)

    assert result["fields"] == [{"path": path, "code": code}]
    assert await world.counts() == before


async def test_51_things_to_do_are_one_too_many(world: World) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await add(world.ayse, ticketId=ticket, todos=["again"] * 51)

    assert result == {"__typename": "LimitReached", "code": "LIMIT_REACHED", "limit": 50}
    assert await world.counts() == before


async def test_only_inline_notes_have_files(world: World) -> None:
    _message, ticket = await world.receive()
    files = await upload(world, "call.txt")

    result = await add(world.ayse, "TICKET", ticketId=ticket, attachmentIds=files)

    assert result["fields"] == [{"path": ["input", "attachmentIds"], "code": "NOT_ALLOWED_VALUE"}]


async def test_the_same_key_writes_once(world: World) -> None:
    _message, ticket = await world.receive()
    first = await add(world.ayse, ticketId=ticket, idempotencyKey="k")
    before = await world.counts()

    again = await add(world.ayse, ticketId=ticket, idempotencyKey="k")
    other = await add(world.ayse, ticketId=ticket, idempotencyKey="k", body="Another")

    assert again == first
    assert other == {"__typename": "IdempotencyKeyReused", "code": "IDEMPOTENCY_KEY_REUSED"}
    assert await world.counts() == before


@pytest.mark.parametrize("kind", ["INLINE", "TICKET"])
async def test_the_same_key_shows_no_note_to_who_has_lost_sight_of_it(
    world: World, kind: str
) -> None:
    _message, ticket = await world.receive()
    await add(world.nikos, kind, ticketId=ticket, idempotencyKey="k")
    await transfer(world.admin, ticket, teamId=team_id(world, "support"))
    before = await world.counts()

    again = await add(world.nikos, kind, ticketId=ticket, idempotencyKey="k")

    assert again == {"__typename": "NotFound", "code": "NOT_FOUND"}
    assert await world.counts() == before


async def test_another_brands_ticket_gets_no_note(world: World) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await add(world.stranger, ticketId=ticket)

    assert result == {"__typename": "NotFound", "code": "NOT_FOUND"}
    assert await world.counts() == before


async def test_a_token_without_the_right_reads_and_writes_no_note(world: World) -> None:
    _message, ticket = await world.receive()
    note = (await add(world.ayse, ticketId=ticket))["note"]["id"]
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    before = await world.counts()

    assert await add(reader, ticketId=ticket) == {"__typename": "NotAllowed", "code": "NOT_ALLOWED"}
    assert (await of_ticket(reader, ticket))["notes"] == {"totalCount": 0, "nodes": []}
    found = await reader.ask("query ($id: ID!) { node(id: $id) { id } }", id=note)
    assert found == {"node": None}
    assert await world.counts() == before


async def test_a_file_on_a_note_is_seen_by_who_reads_the_note_only(world: World) -> None:
    _message, ticket = await world.receive()
    files = await upload(world, "call.txt")
    await add(world.ayse, ticketId=ticket, attachmentIds=files)
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    query = "query ($id: ID!) { node(id: $id) { ... on Attachment { filename } } }"

    assert await world.nikos.ask(query, id=files[0]) == {"node": {"filename": "call.txt"}}
    assert await reader.ask(query, id=files[0]) == {"node": None}
    assert await world.stranger.ask(query, id=files[0]) == {"node": None}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE note SET body = 'Nothing happened.'",
        "UPDATE note SET kind = 'TICKET'",
        "DELETE FROM note",
        "UPDATE attachment SET note_id = NULL",
        "DELETE FROM attachment",
    ],
)
async def test_the_database_keeps_inline_notes_as_they_are(world: World, statement: str) -> None:
    _message, ticket = await world.receive()
    files = await upload(world, "call.txt")
    await add(world.ayse, ticketId=ticket, attachmentIds=files)

    with pytest.raises(DBAPIError, match="never changes"):
        async with world.desk.database.transaction() as session:
            await session.execute(text(statement))

    assert (await of_ticket(world.ayse, ticket))["notes"]["nodes"] == [
        {"kind": "INLINE", "body": "She called."}
    ]


async def test_other_notes_can_be_changed_and_removed_by_sql(world: World) -> None:
    _message, ticket = await world.receive()
    await add(world.ayse, "TICKET", ticketId=ticket)

    async with world.desk.database.transaction() as session:
        await session.execute(text("UPDATE note SET body = 'She wrote.'"))

    assert (await of_ticket(world.ayse, ticket))["notes"]["nodes"] == [
        {"kind": "TICKET", "body": "She wrote."}
    ]


async def test_a_mention_is_told_to_the_agent_and_is_no_change_of_the_agent(world: World) -> None:
    _message, ticket = await world.receive()
    nikos = world.agents["nikos"].id

    await add(world.ayse, ticketId=ticket, body="@Nikos please")

    topics = {topic_named(Agent, nikos), notifications_topic(nikos)}
    async with world.desk.database.reading() as connection:
        heads = await read_heads(connection, topics)
        version = (
            await connection.execute(select(Agent.version).where(Agent.id == nikos))
        ).scalar_one()
    assert heads[notifications_topic(nikos)].sequence == 1
    assert heads[topic_named(Agent, nikos)].sequence == version == 0
