"""A note that is sent again is written once, and shows its writer no more than they may read."""

from typing import Any

import pytest

from models.notes import Note
from models.viewers import ApiScope
from tests.support.customers import add_company, customer_of
from tests.support.desk import Client, World
from tests.support.favorites import ADD as STAR
from tests.support.note_edits import SUMMER, remove, rows, saved
from tests.support.notes import add as add_note
from tests.support.uploading import upload

ADD = """
    mutation ($input: NoteAddInput!) {
      noteAdd(input: $input) {
        __typename
        ... on NoteAddSuccess { note {
          id kind body createdAt updatedAt author { ... on Integration { name } }
          ticket { id notes { totalCount } } customer { id notes { totalCount } }
          attachments { filename } mentions { name } todos { text }
          remindAt remindWhom { name } doneAt favorite { id }
          corrects { id } corrections { totalCount nodes { body } }
          revisions { totalCount nodes { body } }
        } }
        ... on UserError { code }
      }
    }
"""
VERSION = "query ($id: ID!) { node(id: $id) { ... on Note { version } } }"
WRITE_ONLY = (ApiScope.TICKETS_READ, ApiScope.NOTES_WRITE)
NOT_FOUND = {"__typename": "NotFound", "code": "NOT_FOUND"}


async def add(client: Client, kind: str, **more: Any) -> dict[str, Any]:
    """Send a note under the same key as ever."""
    given = {"kind": kind, "body": "She called @Nikos.", "idempotencyKey": "k", **more}
    return await client.act(ADD, input=given)


async def writer(world: World, *more: ApiScope) -> Client:
    return await world.integration(*WRITE_ONLY, *more, brands=[world.acme])


async def loaded(world: World, note: dict[str, Any]) -> dict[str, Any]:
    """Return a note as an agent edits it."""
    version = (await world.ayse.ask(VERSION, id=note["id"]))["node"]["version"]
    return {"id": note["id"], "version": version}


async def test_who_may_not_read_notes_is_answered_with_what_they_wrote(world: World) -> None:
    _message, ticket = await world.receive()
    shop = await writer(world)
    of_note = {
        "ticketId": ticket,
        "todos": ["Call back"],
        "remindAt": SUMMER,
        "remindWhomId": world.id_of("ayse"),
    }

    first = await add(shop, "TICKET", **of_note)

    note = first["note"]
    assert note == {
        "id": note["id"],
        "kind": "TICKET",
        "body": "She called @Nikos.",
        "createdAt": note["createdAt"],
        "updatedAt": note["createdAt"],
        "author": {"name": "Call centre"},
        "ticket": {"id": ticket, "notes": {"totalCount": 0}},
        "customer": None,
        "attachments": [],
        "mentions": [],
        "todos": [],
        "remindAt": None,
        "remindWhom": None,
        "doneAt": None,
        "favorite": None,
        "corrects": None,
        "corrections": {"totalCount": 0, "nodes": []},
        "revisions": {"totalCount": 0, "nodes": []},
    }
    assert await add(shop, "TICKET", **of_note) == first
    assert await rows(world, Note) == 1


async def test_what_others_made_of_a_note_is_not_told_to_who_sends_it_again(world: World) -> None:
    _message, ticket = await world.receive()
    shop = await writer(world)
    first = await add(shop, "TICKET", ticketId=ticket)
    note = await loaded(world, first["note"])
    await saved(world.ayse, note, body="Between us, @Admin", remindAt=SUMMER)
    await world.ayse.act(STAR, item=note["id"])

    again = await add(shop, "TICKET", ticketId=ticket)
    await remove(world.ayse, note)
    before = await world.counts()
    after_deletion = await add(shop, "TICKET", ticketId=ticket)

    assert again == after_deletion == first
    assert await world.counts() == before
    assert await rows(world, Note) == await rows(world, Note, Note.body.startswith("Betw")) == 1


async def test_an_inline_note_sent_again_is_as_it_was_without_what_came_later(
    world: World,
) -> None:
    _message, ticket = await world.receive()
    shop = await writer(world)
    file = await upload(shop, "call.txt", b"She called.", "text/plain")
    of_note = {"ticketId": ticket, "attachmentIds": [file]}
    first = await add(shop, "INLINE", **of_note)
    note = first["note"]["id"]
    await add_note(world.ayse, ticketId=ticket, body="No, she wrote.", correctsId=note)
    await world.ayse.act(STAR, item=note)
    before = await world.counts()

    assert first["note"]["attachments"] == [{"filename": "call.txt"}]
    assert await add(shop, "INLINE", **of_note) == first
    assert await world.counts() == before


async def test_a_note_on_a_customer_of_ones_tickets_is_written_once_and_not_read(
    world: World,
) -> None:
    _message, ticket = await world.receive()
    customer = await customer_of(world, ticket)
    shop = await writer(world, ApiScope.NOTES_READ)
    first = await add(shop, "CUSTOMER", customerId=customer)
    await saved(world.ayse, await loaded(world, first["note"]), body="Between us")

    again = await add(shop, "CUSTOMER", customerId=customer)

    assert again == first
    assert first["note"]["customer"] == {"id": customer, "notes": {"totalCount": 0}}
    assert first["note"]["mentions"] == first["note"]["revisions"]["nodes"] == []
    assert await shop.ask(VERSION, id=first["note"]["id"]) == {"node": None}


async def test_who_does_not_see_a_customer_or_a_company_writes_no_note_there(world: World) -> None:
    _message, ticket = await world.receive(brand=world.other)
    customer, company = await customer_of(world, ticket), await add_company(world, "Nokta")
    shop = await writer(world)
    before = await world.counts()

    assert await add(shop, "CUSTOMER", customerId=customer) == NOT_FOUND
    assert await add(shop, "COMPANY", companyId=company) == NOT_FOUND
    assert await world.counts() == before


async def test_who_reads_notes_is_answered_with_the_note_as_it_is_now(world: World) -> None:
    _message, ticket = await world.receive()
    shop = await writer(world, ApiScope.NOTES_READ)
    first = await add(shop, "TICKET", ticketId=ticket, todos=["Call back"])
    await saved(world.ayse, await loaded(world, first["note"]), body="She wrote.")

    again = (await add(shop, "TICKET", ticketId=ticket, todos=["Call back"]))["note"]

    assert (again["body"], again["mentions"], again["todos"]) == (
        "She wrote.",
        [],
        [{"text": "Call back"}],
    )
    assert [each["body"] for each in again["revisions"]["nodes"]] == [
        "She called @Nikos.",
        "She wrote.",
    ]


@pytest.mark.parametrize("scopes", [(), (ApiScope.NOTES_READ,)])
async def test_the_same_key_with_another_note_is_refused(
    world: World, scopes: tuple[ApiScope, ...]
) -> None:
    _message, ticket = await world.receive()
    shop = await writer(world, *scopes)
    await add(shop, "TICKET", ticketId=ticket)

    other = await add(shop, "TICKET", ticketId=ticket, body="Another")

    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert await rows(world, Note) == 1


async def test_a_token_that_reads_notes_is_shown_no_deleted_one(world: World) -> None:
    _message, ticket = await world.receive()
    shop = await writer(world, ApiScope.NOTES_READ)
    first = await add(shop, "TICKET", ticketId=ticket)
    await remove(world.ayse, await loaded(world, first["note"]))

    assert await add(shop, "TICKET", ticketId=ticket) == NOT_FOUND
    assert await rows(world, Note) == 1
