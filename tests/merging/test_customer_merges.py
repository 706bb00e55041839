"""Merging two customers into one."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from core.ids import NodeKind, encode_global_id
from models.base import Base
from models.customer_moves import CustomerMove
from services.merging import moves
from tests.support.customers import create, customer_of, names, update
from tests.support.desk import World
from tests.support.interactions import attempt
from tests.support.merges import (
    ADD_NOTE,
    dump,
    load,
    meet,
    merge,
    merged,
)


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

    zoe = (await create(world, "Zoe"))["id"]
    await merged(world.ayse, couple.maria, zoe)
    late = await merge(world.ayse, couple.elif_, couple.maria, idempotencyKey="once")
    assert (late["merge"]["id"], late["customer"]["id"]) == (first["merge"]["id"], zoe)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_foreseeing_a_merge_waits_for_nobody_who_writes(world: World) -> None:
    elif_, maria = (await create(world, "Elif"))["id"], (await create(world, "Maria"))["id"]

    async with world.work() as work:  # the only writer that SQLite has
        await work.session.execute(select(1))
        foreseen = await merge(world.ayse, elif_, maria, dryRun=True)
        refused = await merge(world.ayse, elif_, elif_, dryRun=True)

    assert (foreseen["merge"], foreseen["preview"]["counts"]["tickets"]) == (None, 0)
    assert refused["fields"][0]["code"] == "NOT_ALLOWED_VALUE"


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
EDIT_NOTE = """
    mutation ($note: ID!, $version: Int!) {
      noteUpdate(input: {noteId: $note, expectedVersion: $version, body: "Call at six."}) {
        __typename ... on EditConflict { currentVersion }
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
