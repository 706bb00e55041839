"""Who has something open is warned when somebody else changes it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from core.ids import NodeKind, encode_global_id, new_id
from models.viewers import ApiScope
from subscriptions.log.cursors import encode_cursor
from tests.support.customers import add_company, customer_of
from tests.support.desk import World
from tests.support.edits import (
    EDIT_WARNINGS,
    RENAME_COMPANY,
    RENAME_CUSTOMER,
    change,
    edit,
    let_a_week_pass,
    note_on,
    rename,
    titles_told,
    versions_of,
    write_into_note,
)
from tests.support.favorites import ADD
from tests.support.live import LiveWorld, served, watching
from tests.support.notes import add as add_note
from tests.support.tickets import CLOSE

SEND = """
    mutation ($ticket: ID!) {
      messageSend(input: {ticketId: $ticket, body: "Bakıyoruz"}) { __typename }
    }
"""
TRANSFER = """
    mutation ($ticket: ID!, $team: ID) {
      ticketTransfer(input: {ticketId: $ticket, teamId: $team}) { __typename }
    }
"""


@pytest.fixture
async def live(world: World) -> AsyncIterator[LiveWorld]:
    async with served(world) as opened:
        yield opened


async def test_a_colleague_learns_at_once_who_changed_what(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive(subject="Sipariş")
    (version,) = await versions_of(live.world.nikos, ticket)
    async with live.watch("nikos", EDIT_WARNINGS, ids=[ticket], versions=[version]) as watcher:
        await edit(live.world.ayse, ticket, title="İade", status="PENDING")

        assert await watcher.next() == {
            "version": version + 1,
            "reset": None,
            "changedBy": {"name": "Ayse"},
            "changes": [change("title", "Sipariş", "İade"), change("status", "NEW", "PENDING")],
            "resource": {"id": ticket, "title": "İade", "status": "PENDING"},
        }


async def test_what_an_agent_changes_warns_all_others_and_none_of_their_own_screens(
    live: LiveWorld,
) -> None:
    _message, ticket = await live.world.receive()
    opened = {"ids": [ticket], "versions": await versions_of(live.world.admin, ticket)}
    async with (
        live.watch("ayse", EDIT_WARNINGS, **opened) as ayse,
        live.watch("nikos", EDIT_WARNINGS, **opened) as nikos,
        live.watch("admin", EDIT_WARNINGS, **opened) as admin,
    ):
        await edit(live.world.ayse, ticket, title="From Ayşe")
        await edit(live.world.nikos, ticket, title="From Nikos")

        assert await titles_told(ayse, 1) == ["From Nikos"]
        assert await titles_told(nikos, 1) == ["From Ayşe"]
        assert await titles_told(admin, 2) == ["From Ayşe", "From Nikos"]


async def test_customers_and_companies_warn_as_tickets_do(live: LiveWorld) -> None:
    world = live.world
    _message, ticket = await world.receive(name="Elif")
    customer, company = await customer_of(world, ticket), await add_company(world, "Nokta")
    opened = [customer, company]
    versions = await versions_of(world.nikos, *opened)
    async with live.watch("nikos", EDIT_WARNINGS, ids=opened, versions=versions) as watcher:
        await rename(world.ayse, RENAME_CUSTOMER, customer, "Elif Şahin")
        warned = await watcher.next()
        assert warned["changes"] == [change("name", "Elif", "Elif Şahin")]
        assert warned["resource"] == {"id": customer, "name": "Elif Şahin"}

        await rename(world.ayse, RENAME_COMPANY, company, "Nokta A.Ş.")
        warned = await watcher.next()
        assert warned["changes"] == [change("name", "Nokta", "Nokta A.Ş.")]
        assert warned["resource"] == {"id": company, "name": "Nokta A.Ş."}


async def test_a_note_warns_apart_from_its_ticket(live: LiveWorld) -> None:
    world = live.world
    _message, ticket = await world.receive()
    note = await note_on(world, ticket, "Once")
    await edit(world.ayse, ticket, title="Known")
    on_ticket, on_note = await versions_of(world.nikos, ticket, note)
    both = {"ids": [note, ticket], "versions": [on_note, on_ticket]}
    only_ticket = {"ids": [ticket], "versions": [on_ticket]}
    async with (
        live.watch("nikos", EDIT_WARNINGS, **both) as watcher,
        live.watch("nikos", EDIT_WARNINGS, **only_ticket) as watcher_of_ticket,
    ):
        await write_into_note(world, note, "Twice")
        await edit(world.ayse, ticket, title="New")

        warned = await watcher.next()
        assert warned["changes"] == [change("body", "Once", "Twice")]
        assert warned["resource"] == {"id": note, "body": "Twice"}
        assert await titles_told(watcher, 1) == ["New"]
        assert await titles_told(watcher_of_ticket, 1) == ["New"]


async def test_what_changes_no_field_warns_nobody(live: LiveWorld) -> None:
    world = live.world
    message, ticket = await world.receive()
    await edit(world.ayse, ticket, status="OPEN")
    (version,) = await versions_of(world.nikos, ticket)
    async with live.watch("nikos", EDIT_WARNINGS, ids=[ticket], versions=[version]) as watcher:
        await world.ayse.act(SEND, ticket=ticket)
        await world.ayse.act(ADD, item=message)
        await add_note(world.ayse, kind="TICKET", ticketId=ticket, body="Between us")
        await world.ayse.act(CLOSE, ticket=ticket)

        assert (await watcher.next())["changes"] == [change("status", "OPEN", "CLOSED")]


async def test_what_others_changed_since_the_loaded_version_is_told_at_once(
    live: LiveWorld,
) -> None:
    _message, ticket = await live.world.receive()
    await edit(live.world.ayse, ticket, title="Loaded")
    (version,) = await versions_of(live.world.nikos, ticket)
    await edit(live.world.ayse, ticket, title="Missed")
    await edit(live.world.nikos, ticket, title="Mine")
    await edit(live.world.ayse, ticket, title="Missed, too")
    async with live.watch("nikos", EDIT_WARNINGS, ids=[ticket], versions=[version]) as watcher:
        await edit(live.world.ayse, ticket, title="New")

        assert await titles_told(watcher, 3) == ["Missed", "Missed, too", "New"]


async def test_of_a_resource_named_twice_the_older_version_counts(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    (version,) = await versions_of(live.world.nikos, ticket)
    await edit(live.world.ayse, ticket, title="Missed")
    opened = {"ids": [ticket, ticket], "versions": [version + 1, version]}
    async with live.watch("nikos", EDIT_WARNINGS, **opened) as watcher:
        await edit(live.world.ayse, ticket, title="New")

        assert await titles_told(watcher, 2) == ["Missed", "New"]


async def test_who_reconnects_goes_on_after_the_last_warning(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    opened = {"ids": [ticket], "versions": await versions_of(live.world.nikos, ticket)}
    async with live.watch("nikos", EDIT_WARNINGS, **opened) as watcher:
        await edit(live.world.ayse, ticket, title="Told")
        await titles_told(watcher, 1)
        seen = watcher.cursor
    await edit(live.world.ayse, ticket, title="Missed")
    async with live.watch("nikos", EDIT_WARNINGS, **opened, after=seen) as watcher:
        await edit(live.world.ayse, ticket, title="New")

        assert await titles_told(watcher, 2) == ["Missed", "New"]


async def test_losing_one_resource_leaves_the_others_and_losing_all_ends_the_stream(
    live: LiveWorld,
) -> None:
    world = live.world
    tickets = [(await world.receive(subject=subject))[1] for subject in ("One", "Other")]
    support = encode_global_id(NodeKind.TEAM, world.support.id)
    opened = {"ids": tickets, "versions": await versions_of(world.nikos, *tickets)}
    async with live.watch("nikos", EDIT_WARNINGS, **opened) as watcher:
        await edit(world.ayse, tickets[0], title="Nikos watches now")
        assert await titles_told(watcher, 1) == ["Nikos watches now"]

        await world.ayse.act(TRANSFER, ticket=tickets[0], team=support)
        await edit(world.ayse, tickets[0], title="Not for Nikos")
        await edit(world.ayse, tickets[1], title="For Nikos")
        assert await titles_told(watcher, 1) == ["For Nikos"]

        await world.ayse.act(TRANSFER, ticket=tickets[1], team=support)
        await watcher.ended()


async def test_what_happened_too_long_ago_is_a_reset_of_each_changed_resource(
    live: LiveWorld,
) -> None:
    world = live.world
    _message, ticket = await world.receive(name="Elif")
    customer, company = await customer_of(world, ticket), await add_company(world, "Nokta")
    opened = [ticket, company, customer]
    versions = await versions_of(world.nikos, *opened)
    await edit(world.ayse, ticket, title="Unseen")
    await edit(world.nikos, ticket, title="Mine")
    await rename(world.ayse, RENAME_CUSTOMER, customer, "Elif Şahin")
    await let_a_week_pass(world)
    async with live.watch("nikos", EDIT_WARNINGS, ids=opened, versions=versions) as watcher:
        resets = {
            warned["resource"]["id"]: warned for warned in [await watcher.next() for _ in "ab"]
        }
        await rename(world.ayse, RENAME_COMPANY, company, "Nokta A.Ş.")
        assert (await watcher.next())["changes"] == [change("name", "Nokta", "Nokta A.Ş.")]

    assert resets == {
        ticket: {
            "version": versions[0] + 2,
            "reset": "RETENTION",
            "changedBy": {"name": "Nikos"},
            "changes": [],
            "resource": {"id": ticket, "title": "Mine", "status": "NEW"},
        },
        customer: {
            "version": versions[2] + 1,
            "reset": "RETENTION",
            "changedBy": {"name": "Ayse"},
            "changes": [],
            "resource": {"id": customer, "name": "Elif Şahin"},
        },
    }


async def test_a_note_that_is_as_it_was_loaded_is_not_reset_for_its_age(live: LiveWorld) -> None:
    world = live.world
    _message, ticket = await world.receive()
    note = await note_on(world, ticket, "Once")
    await edit(world.ayse, ticket, title="After the note")
    opened = [note, (await world.receive(subject="Other"))[1]]
    versions = await versions_of(world.nikos, *opened)
    await let_a_week_pass(world)
    async with live.watch("nikos", EDIT_WARNINGS, ids=opened, versions=versions) as watcher:
        await edit(world.ayse, opened[1], title="Nikos watches now")
        assert await titles_told(watcher, 1) == ["Nikos watches now"]

        await write_into_note(world, note, "Twice")
        assert (await watcher.next())["changes"] == [change("body", "Once", "Twice")]


async def test_who_goes_on_between_two_resets_is_told_both_again(live: LiveWorld) -> None:
    world = live.world
    tickets = [(await world.receive(subject=subject))[1] for subject in ("One", "Other")]
    cursor: str | None = encode_cursor("abcdef01", {f"ticket:{7:032x}": 5})  # of another log
    async with live.watch("nikos", EDIT_WARNINGS, ids=tickets, after=cursor) as watcher:
        before = await watcher.next()
        cursor = watcher.cursor
    async with live.watch("nikos", EDIT_WARNINGS, ids=tickets, after=cursor) as watcher:
        resets = [await watcher.next() for _ in tickets]
        cursor = watcher.cursor
    async with live.watch("nikos", EDIT_WARNINGS, ids=tickets, after=cursor) as watcher:
        await edit(world.ayse, tickets[0], title="New")
        assert await titles_told(watcher, 1) == ["New"]

    assert before == resets[0]
    assert [reset["reset"] for reset in resets] == ["EPOCH", "EPOCH"]
    assert {reset["resource"]["title"] for reset in resets} == {"One", "Other"}


# What is given, and where, why and by what limit it is refused. A ticket has the version 2.
REFUSALS: Sequence[tuple[Mapping[str, Any], list[str], str, int | None, int | None]] = [
    ({"ids": []}, ["resourceIds"], "REQUIRED", None, None),
    ({"ids": ["ticket"] * 101}, ["resourceIds"], "OUT_OF_RANGE", 100, 101),
    ({"ids": ["ticket", "brand"]}, ["resourceIds", "1"], "INVALID_ID", None, None),
    ({"ids": ["nonsense"]}, ["resourceIds", "0"], "INVALID_ID", None, None),
    ({"ids": ["ticket"], "versions": []}, ["versions"], "OUT_OF_RANGE", 1, 0),
    ({"ids": ["ticket"], "versions": [2, 2]}, ["versions"], "OUT_OF_RANGE", 1, 2),
    ({"ids": ["ticket"] * 2, "versions": [2, -1]}, ["versions", "1"], "OUT_OF_RANGE", 0, -1),
    ({"ids": ["ticket"], "versions": [3]}, ["versions", "0"], "VERSION_IN_FUTURE", 2, 3),
    ({"ids": ["ticket"], "after": "soon"}, ["after"], "INVALID_CURSOR", None, None),
]


async def test_what_cannot_be_watched_is_refused_by_name(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    ids = {"ticket": ticket, "brand": encode_global_id(NodeKind.BRAND, live.world.acme.id)}
    for given, *problem in REFUSALS:
        variables = {**given, "ids": [ids.get(name, name) for name in given["ids"]]}
        async with live.watch("nikos", EDIT_WARNINGS, **variables) as watcher:
            extensions = (await watcher.refusal())["extensions"]
        assert extensions["code"] == "VALIDATION_FAILED"
        (field,) = extensions["fields"]
        assert [field[name] for name in ("path", "code", "limit", "actual")] == problem


async def test_hidden_and_absent_resources_are_refused_alike(live: LiveWorld) -> None:
    world = live.world
    _message, ticket = await world.receive()
    _message, visible = await world.receive(brand=world.other)
    kinds = (NodeKind.TICKET, NodeKind.CUSTOMER, NodeKind.COMPANY, NodeKind.NOTE)
    absent = [encode_global_id(kind, new_id()) for kind in (*kinds, NodeKind.INTERACTION)]
    refusals = []
    for row_id in (ticket, *absent):
        async with live.watch("stranger", EDIT_WARNINGS, ids=[visible, row_id]) as watcher:
            refusals.append(await watcher.refusal())

    assert refusals[0]["extensions"]["code"] == "NOT_FOUND"
    assert all(refusal == refusals[0] for refusal in refusals)


async def test_who_may_not_read_customers_and_notes_is_not_warned_of_them(live: LiveWorld) -> None:
    world = live.world
    _message, ticket = await world.receive()
    company = await add_company(world, "Nokta")
    note = await note_on(world, ticket, "Once")
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    for hidden in (company, note):
        async with watching(live.port, reader.token, EDIT_WARNINGS, ids=[hidden]) as watcher:
            assert (await watcher.refusal())["extensions"]["code"] == "NOT_FOUND"


async def test_nobody_is_warned_without_signing_in(live: LiveWorld) -> None:
    _message, ticket = await live.world.receive()
    async with watching(live.port, None, EDIT_WARNINGS, ids=[ticket]) as watcher:
        assert (await watcher.refusal())["extensions"]["code"] == "UNAUTHENTICATED"
