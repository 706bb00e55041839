"""Merging two customers into one, and making two of one again."""

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select

from core.ids import NodeKind, encode_global_id
from models.base import Base
from models.customer_moves import CustomerMove
from models.viewers import ApiScope
from services.merging import moves, telling
from tests.customers import NO_SUCH, create, customer_of, names, update
from tests.desk import World
from tests.interactions import attempt
from tests.live import served
from tests.merges import (
    ADD_NOTE,
    dump,
    load,
    meet,
    merge,
    merged,
    unmerge,
)
from tests.test_company_people import do_jobs


def test_the_journal_knows_every_column_that_refers_to_a_customer() -> None:
    referring = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.target_fullname == "customer.id"
    }

    assert referring == moves.MOVING | moves.STAYING
    assert not moves.MOVING & moves.STAYING


async def test_a_dry_run_tells_what_would_be_and_changes_nothing(world: World) -> None:
    couple = await meet(world)
    before, events = await dump(world), (await world.counts())["event"]

    result = await merge(
        world.nikos, couple.elif_, couple.maria, dryRun=True, fields={"name": "SOURCE"}
    )

    assert result["merge"] is None
    assert result["customer"]["name"] == "Maria Kaya"
    assert result["preview"] == {
        "sourceId": couple.elif_,
        "targetId": couple.maria,
        "counts": {
            "tickets": 2,
            "openTickets": 2,
            "messages": 2,
            "favorites": 1,
            "interactions": 1,
            "profiles": 2,
            "notes": 1,
        },
        "fields": [
            _field("name", "Elif Şahin", "Maria Kaya", "SOURCE", is_conflict=True),
            _field("email", "elif@example.com", "maria@example.com", "TARGET", is_conflict=True),
            _field("phone", "+905321234567", None, "SOURCE", is_conflict=False),
            _field("language", "tr", None, "SOURCE", is_conflict=False),
        ],
    }
    assert await dump(world) == before
    assert (await world.counts())["event"] == events


async def test_all_that_is_the_sources_is_the_targets(world: World) -> None:
    couple = await meet(world)
    told_apart = await load(world.nikos, couple.maria)

    result = await merge(world.nikos, couple.elif_, couple.maria)

    together = await load(world.nikos, couple.maria)
    assert result["customer"] == {
        "id": couple.maria,
        "version": together["version"],
        "name": "Maria Kaya",
        "email": "maria@example.com",
        "phone": "+905321234567",
        "language": "tr",
        "company": None,
    }
    assert result["merge"] == {
        "id": result["merge"]["id"],
        "sourceId": couple.elif_,
        "sourceName": "Elif Şahin",
        "target": {"id": couple.maria, "name": "Maria Kaya"},
        "mergedBy": {"name": "Nikos"},
        "undoneAt": None,
    }
    assert {ticket["id"] for ticket in together["tickets"]["nodes"]} == {
        couple.chat_ticket,
        couple.mail_ticket,
        couple.maria_ticket,
    }
    assert sum(ticket["favoriteCount"] for ticket in together["tickets"]["nodes"]) == 1
    assert [note["body"] for note in together["notes"]["nodes"]] == ["Call after five."]
    assert [one["id"] for one in together["interactions"]["nodes"]] == [couple.call]
    assert [profile["handle"] for profile in together["profiles"]] == [
        "elif@example.com",
        "maria@example.com",
        "@elif",
    ]
    assert told_apart["merges"]["totalCount"] == 0
    assert together["merges"]["totalCount"] == 1
    assert await names(world.nikos) == ["Maria Kaya"]
    assert await names(world.nikos, search="elif@example.com") == ["Maria Kaya"]


async def test_whoever_writes_from_the_other_address_is_the_same_customer(world: World) -> None:
    elif_ = await create(world, "Elif", email="elif@example.com", phone="+905321234567")
    maria = await create(world, "Maria", email="maria@example.com", phone="+306971234567")
    await merged(world.ayse, elif_["id"], maria["id"], fields={"email": "SOURCE"})

    for address in ("elif@example.com", "maria@example.com"):
        _, ticket = await world.receive(handle=address, subject=address)
        assert await customer_of(world, ticket) == maria["id"]
    together = await load(world.ayse, maria["id"])
    assert together["email"] == "elif@example.com"
    assert {(profile["channel"], profile["handle"]) for profile in together["profiles"]} == {
        ("EMAIL", "elif@example.com"),
        ("EMAIL", "maria@example.com"),
        ("PHONE", "+905321234567"),
    }


async def test_old_ids_lead_to_the_target_wherever_they_are_given(world: World) -> None:
    couple = await meet(world)
    last = await create(world, "Zoe")
    await merged(world.ayse, couple.elif_, couple.maria)
    await merged(world.ayse, couple.maria, last["id"])

    for tickets, old in enumerate((couple.elif_, couple.maria), start=3):
        assert (await load(world.ayse, old))["id"] == last["id"]
        found = await world.ayse.ask(
            "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } "
            "tickets(filter: {customerId: $id}) { totalCount } }",
            id=old,
        )
        assert found == {
            "node": {"id": last["id"]},
            "nodes": [{"id": last["id"]}],
            "tickets": {"totalCount": tickets},
        }
        note = {"kind": "CUSTOMER", "customerId": old, "body": "Here"}
        assert (await world.ayse.act(ADD_NOTE, input=note))["__typename"] == "NoteAddSuccess"
        opening = await attempt(world.nikos, "interactionOpen", channel="PHONE", customerId=old)
        assert opening["interaction"]["customer"]["id"] == last["id"]
        draft = await world.ayse.act(SAVE_DRAFT, customer=old)
        assert draft["draft"]["customer"]["id"] == last["id"]
        ticket = await world.ayse.act(
            CREATE_TICKET,
            input={
                "brandId": _brand(world),
                "title": "New",
                "description": "x",
                "customer": {"id": old},
            },
        )
        assert ticket["ticket"]["customer"]["id"] == last["id"]
    assert len((await load(world.ayse, last["id"]))["notes"]["nodes"]) == 3


async def test_an_unmerged_couple_is_byte_for_byte_as_before(world: World) -> None:
    couple = await meet(world)
    before = await dump(world)

    merge_id = await merged(world.ayse, couple.elif_, couple.maria, fields={"email": "SOURCE"})
    assert await dump(world) != before
    result = await unmerge(world.nikos, merge_id)

    assert result["keptFields"] == []
    assert result["source"] == {
        "id": couple.elif_,
        "name": "Elif Şahin",
        "email": "elif@example.com",
        "phone": "+905321234567",
    }
    after = await dump(world)
    # The target was changed twice, and says so.
    assert _touched(before, after) == {("customer", "updated_at")}
    again = await unmerge(world.ayse, merge_id)
    assert again["__typename"] == "CustomerUnmergeSuccess"
    assert await dump(world) == after


async def test_what_came_in_meanwhile_stays_with_whom_it_belongs(world: World) -> None:
    couple = await meet(world)
    merge_id = await merged(world.ayse, couple.elif_, couple.maria)
    _, by_elif = await world.receive(handle="elif@example.com", subject="Another")
    _, by_maria = await world.receive(handle="maria@example.com", subject="One more")
    note = {"kind": "CUSTOMER", "customerId": couple.maria, "body": "Meanwhile"}
    await world.ayse.act(ADD_NOTE, input=note)
    version = (await load(world.ayse, couple.maria))["version"]
    await update(world.ayse, {"id": couple.maria}, version, phone="+306971234567")

    result = await unmerge(world.ayse, merge_id)

    assert result["keptFields"] == [
        {
            "customer": {"id": couple.maria},
            "field": "phone",
            "value": "+306971234567",
            "before": None,
        }
    ]
    elif_, maria = await load(world.ayse, couple.elif_), await load(world.ayse, couple.maria)
    assert {ticket["id"] for ticket in elif_["tickets"]["nodes"]} == {
        couple.chat_ticket,
        couple.mail_ticket,
        by_elif,
    }
    assert {one["id"] for one in maria["tickets"]["nodes"]} == {couple.maria_ticket, by_maria}
    assert [note["body"] for note in elif_["notes"]["nodes"]] == ["Call after five."]
    assert [note["body"] for note in maria["notes"]["nodes"]] == ["Meanwhile"]
    assert (maria["phone"], elif_["phone"]) == ("+306971234567", "+905321234567")
    authors = await world.ayse.ask(
        "query ($id: ID!) { ticket(id: $id) { messages { nodes { author { ... on Customer { id } }"
        " } } } }",
        id=by_elif,
    )
    assert authors["ticket"]["messages"]["nodes"] == [{"author": {"id": couple.elif_}}]
    assert elif_["merges"]["nodes"][0]["undoneBy"] == {"name": "Ayse"}


async def test_merges_that_cannot_be_are_refused_and_leave_no_trace(world: World) -> None:
    elif_, maria, zoe = [await create(world, name) for name in ("Elif", "Maria", "Zoe")]
    first = await merged(world.ayse, elif_["id"], maria["id"])
    second = await merged(world.ayse, maria["id"], zoe["id"])
    writer = await world.integration(ApiScope.CUSTOMERS_WRITE, brands=[world.acme])
    reader = await world.integration(ApiScope.CUSTOMERS_READ, brands=[world.acme])
    before, events = await dump(world), (await world.counts())["event"]

    with_herself = await merge(world.ayse, zoe["id"], zoe["id"])
    assert with_herself["fields"] == [{"path": ["input", "targetId"], "code": "NOT_ALLOWED_VALUE"}]
    for source, target, merge_id in (
        (elif_, zoe, first),
        (zoe, elif_, first),
        (zoe, maria, second),
    ):
        result = await merge(world.ayse, source["id"], target["id"])
        assert result == {
            "__typename": "AlreadyMerged",
            "standingMerge": {"id": merge_id},
            "code": "ALREADY_MERGED",
        }
    assert (await merge(world.ayse, zoe["id"], NO_SUCH))["code"] == "NOT_FOUND"
    other = await create(world, "Nil")
    before, events = await dump(world), (await world.counts())["event"]
    assert (await merge(writer, zoe["id"], other["id"]))["code"] == "NOT_FOUND"
    assert (await merge(reader, zoe["id"], other["id"]))["code"] == "NOT_ALLOWED"
    assert (await unmerge(world.ayse, first)) == {
        "__typename": "NewerMerge",
        "newerMerge": {"id": second},
        "code": "NEWER_MERGE",
    }
    assert (await unmerge(writer, second))["code"] == "NOT_FOUND"
    assert (await unmerge(reader, second))["code"] == "NOT_ALLOWED"
    assert await dump(world) == before
    assert (await world.counts())["event"] == events


async def test_a_value_that_others_changed_is_a_conflict(world: World) -> None:
    elif_ = await create(world, "Elif", phone="+905321234567")
    maria = await create(world, "Maria")
    await update(world.nikos, elif_, 1, phone="+905321234568")

    result = await merge(world.ayse, elif_["id"], maria["id"], sourceVersion=1, targetVersion=1)

    assert result["conflicts"] == [
        {"field": "phone", "base": "+905321234567", "theirs": "+905321234568", "yours": None}
    ]
    assert (await load(world.ayse, elif_["id"]))["id"] == elif_["id"]


async def test_a_form_that_was_loaded_of_the_source_overwrites_nothing_of_the_target(
    world: World,
) -> None:
    elif_ = await create(world, "Elif", phone="+905321234567")
    maria = await create(world, "Maria", phone="+306971234567")
    loaded = await load(world.nikos, elif_["id"])
    await merged(world.ayse, elif_["id"], maria["id"])
    events = (await world.counts())["event"]

    for version in (loaded["version"], loaded["version"] + 1):  # as it was, and as it was hidden
        refused = await update(world.nikos, elif_, version, phone="+905329999999")
        assert refused["__typename"] == "EditConflict"
    left_alone = await update(world.nikos, elif_, loaded["version"], phone="+905321234567")

    assert left_alone["customer"]["id"] == maria["id"]
    assert (await load(world.nikos, maria["id"]))["phone"] == "+306971234567"
    assert (await world.counts())["event"] == events
    for _ in range(2):  # until Maria has a version that Elif never had
        now = (await load(world.nikos, maria["id"]))["version"]
        await update(world.nikos, maria, now, phone=f"+30697123456{now}")
    now = (await load(world.nikos, maria["id"]))["version"]
    edited = await update(world.nikos, elif_, now, phone="+905329999999")
    assert edited["customer"]["id"] == maria["id"]


async def test_notes_move_in_few_statements_however_many_they_are(world: World) -> None:
    counted = []
    for notes in (1, 9):
        elif_, maria = await create(world, "Elif"), await create(world, "Maria")
        for number in range(notes):
            note = {"kind": "CUSTOMER", "customerId": elif_["id"], "body": f"{number}"}
            await world.ayse.act(ADD_NOTE, input=note)
        statements: list[str] = []

        def hear(_connection: Any, _cursor: Any, statement: str, *_: Any, to: Any) -> None:
            to.append(statement)

        listener = partial(hear, to=statements)
        event.listen(Engine, "before_cursor_execute", listener)
        await unmerge(world.ayse, await merged(world.ayse, elif_["id"], maria["id"]))
        event.remove(Engine, "before_cursor_execute", listener)
        counted.append(len(statements))

    assert counted[1] < counted[0] + 8  # less than one more for each further note


async def test_two_who_merge_crosswise_at_once_make_one(world: World) -> None:
    for number in range(4):
        elif_, maria = await create(world, f"Elif {number}"), await create(world, f"M {number}")

        results = await asyncio.gather(
            merge(world.ayse, elif_["id"], maria["id"]),
            merge(world.nikos, maria["id"], elif_["id"]),
            merge(world.admin, elif_["id"], maria["id"], idempotencyKey=f"k{number}"),
            attempt(world.admin, "interactionOpen", channel="PHONE", customerId=elif_["id"]),
        )

        kinds = sorted(result["__typename"] for result in results)
        assert kinds == [
            "AlreadyMerged",
            "AlreadyMerged",
            "CustomerMergeSuccess",
            "InteractionOpenSuccess",
        ]
        left = (await load(world.ayse, elif_["id"]))["id"]
        assert left == (await load(world.ayse, maria["id"]))["id"]
        assert len((await load(world.ayse, left))["interactions"]["nodes"]) == 1


async def test_a_merge_that_is_retried_is_one_merge(world: World) -> None:
    couple = await meet(world)
    first = await merge(world.ayse, couple.elif_, couple.maria, idempotencyKey="once")

    after = await world.counts()

    assert await merge(world.ayse, couple.elif_, couple.maria, idempotencyKey="once") == first

    assert await world.counts() == after
    async with world.desk.database.reading() as connection:
        made = (
            select(func.count()).select_from(CustomerMove).where(CustomerMove.undone_at.is_(None))
        )
        assert await connection.scalar(made) == 3


async def test_a_note_that_moved_is_not_overwritten_unread(world: World) -> None:
    couple = await meet(world)
    (note,) = (await load(world.ayse, couple.elif_))["notes"]["nodes"]
    await merged(world.ayse, couple.elif_, couple.maria)
    (moved,) = (await load(world.ayse, couple.maria))["notes"]["nodes"]

    stale = await world.nikos.act(
        EDIT_NOTE, note=note["id"], version=min(note["version"], moved["version"] - 1)
    )
    fresh = await world.nikos.act(EDIT_NOTE, note=note["id"], version=moved["version"])

    assert stale == {"__typename": "EditConflict", "currentVersion": moved["version"]}
    assert fresh == {"__typename": "NoteUpdateSuccess"}


async def test_many_tickets_move_at_once_and_tell_it_by_jobs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "ROWS_PER_ACT", 1)
    couple = await meet(world)
    await do_jobs(world, telling.JOB_KIND)
    older, newer = couple.mail_ticket, couple.chat_ticket

    async def moves_told_of(ticket: str) -> list[dict[str, Any]]:
        found = (await world.ayse.ask(HISTORY, id=ticket))["ticket"]
        assert found["customer"] == {"id": couple.maria}
        changes = [one["changes"][0] for one in found["changes"]["nodes"] if one["changes"]]
        return [change for change in changes if change["after"] == "Maria Kaya"]

    merge_id = await merged(world.nikos, couple.elif_, couple.maria)

    assert [len(await moves_told_of(ticket)) for ticket in (newer, older)] == [1, 0]
    await do_jobs(world, telling.JOB_KIND)
    assert [len(await moves_told_of(ticket)) for ticket in (newer, older)] == [1, 1]
    # What is told after the merge was undone has nothing left to tell.
    await unmerge(world.nikos, merge_id)
    await merged(world.nikos, couple.elif_, couple.maria)
    await do_jobs(world, telling.JOB_KIND)
    assert [len(await moves_told_of(ticket)) for ticket in (newer, older)] == [2, 2]


async def test_who_looks_at_either_customer_or_their_tickets_is_told(world: World) -> None:
    couple = await meet(world)
    async with (
        served(world) as live,
        live.watch("nikos", CUSTOMER_EVENTS, id=couple.elif_) as of_elif,
        live.watch("nikos", CUSTOMER_EVENTS, id=couple.maria) as of_maria,
        live.watch("nikos", TICKET_EVENTS, id=couple.chat_ticket) as of_ticket,
        live.watch("nikos", WARNINGS, ids=[couple.elif_]) as warned,
        live.watch("nikos", INBOX, filter={"customerId": couple.maria}) as inbox,
    ):
        for watcher in (of_elif, of_maria, of_ticket, inbox):
            assert (await watcher.next())["__typename"] == "StreamReady"

        merge_id = await merged(world.ayse, couple.elif_, couple.maria)

        told = {"__typename": "CustomerMerged", "into": {"id": couple.maria}}
        assert (await of_elif.next()) == told | {"merge": {"id": merge_id}}
        assert (await of_maria.next()) == told | {"merge": {"id": merge_id}}
        change = {"field": "customer", "before": "Elif Şahin", "after": "Maria Kaya"}
        assert (await of_ticket.next())["changes"] == [change]
        assert (await warned.next())["changes"] == [
            {"field": "mergedInto", "before": None, "after": "Maria Kaya"}
        ]
        entered = [(await inbox.next())["ticket"]["id"] for _ in range(2)]
        assert set(entered) == {couple.chat_ticket, couple.mail_ticket}

        await unmerge(world.ayse, merge_id)

        assert (await of_elif.next())["__typename"] == "CustomerUnmerged"
        assert (await of_maria.next())["__typename"] == "CustomerUnmerged"
        assert (await of_ticket.next())["changes"] == [
            {"field": "customer", "before": "Maria Kaya", "after": "Elif Şahin"}
        ]
        assert {(await inbox.next())["ticketId"] for _ in range(2)} == set(entered)


CREATE_TICKET = """
    mutation ($input: TicketCreateInput!) {
      ticketCreate(input: $input) {
        __typename ... on TicketCreateSuccess { ticket { customer { id } } }
        ... on ValidationFailed { fields { path code } }
      }
    }
"""
SAVE_DRAFT = """
    mutation ($customer: ID!) {
      ticketDraftSave(input: {customer: {id: $customer}}) {
        ... on TicketDraftSaveSuccess { draft { customer { id } } }
      }
    }
"""
HISTORY = """
    query ($id: ID!) {
      ticket(id: $id) {
        customer { id } changes { nodes { changes { field after } } }
      }
    }
"""
EDIT_NOTE = """
    mutation ($note: ID!, $version: Int!) {
      noteUpdate(input: {noteId: $note, expectedVersion: $version, body: "Call at six."}) {
        __typename ... on EditConflict { currentVersion }
      }
    }
"""
CUSTOMER_EVENTS = """
    subscription ($id: ID!) {
      customerEvents(customerId: $id) {
        __typename
        ... on CustomerMerged { into { id } merge { id } }
        ... on CustomerUnmerged { customer { id } merge { id } }
      }
    }
"""
TICKET_EVENTS = """
    subscription ($id: ID!) {
      ticketEvents(ticketId: $id) {
        __typename ... on TicketChanged { changes { field before after } }
      }
    }
"""
WARNINGS = """
    subscription ($ids: [ID!]!) {
      editWarnings(resourceIds: $ids) { resource { id } changes { field before after } }
    }
"""
INBOX = """
    subscription ($filter: TicketFilter) {
      inboxEvents(filter: $filter) {
        __typename ... on TicketEntered { ticket { id } } ... on TicketLeft { ticketId }
      }
    }
"""


def _field(
    name: str, source: str | None, target: str | None, wins: str, *, is_conflict: bool
) -> dict[str, Any]:
    return {
        "field": name,
        "source": source,
        "target": target,
        "wins": wins,
        "isConflict": is_conflict,
    }


def _brand(world: World) -> str:
    return encode_global_id(NodeKind.BRAND, world.acme.id)


def _touched(before: dict[str, Any], after: dict[str, Any]) -> set[tuple[str, str]]:
    """Return in which columns of which tables two dumps differ; their rows must be the same."""
    assert before.keys() == after.keys()
    touched = set()
    for table, rows in before.items():
        assert len(rows) == len(after[table]), table
        for old, new in zip(rows, after[table], strict=True):
            touched |= {(table, column) for column in old if old[column] != new[column]}
    return touched
