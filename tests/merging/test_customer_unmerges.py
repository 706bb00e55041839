"""Making two customers of one again, what stands in the way of it, and who is told."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, event

from models.viewers import ApiScope
from services.merging import telling
from tests.support.customers import NO_SUCH, create, update
from tests.support.desk import World
from tests.support.jobs import do_jobs
from tests.support.live import served
from tests.support.merges import (
    ADD_NOTE,
    dump,
    load,
    meet,
    merge,
    merged,
    unmerge,
)


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


HISTORY = """
    query ($id: ID!) {
      ticket(id: $id) {
        customer { id } changes { nodes { changes { field after } } }
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


def _touched(before: dict[str, Any], after: dict[str, Any]) -> set[tuple[str, str]]:
    """Return in which columns of which tables two dumps differ; their rows must be the same."""
    assert before.keys() == after.keys()
    touched = set()
    for table, rows in before.items():
        assert len(rows) == len(after[table]), table
        for old, new in zip(rows, after[table], strict=True):
            touched |= {(table, column) for column in old if old[column] != new[column]}
    return touched
