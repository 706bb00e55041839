"""The rights of an API token are edited, by several admins, while it is in use."""

from datetime import timedelta

import pytest

from core import clock
from core.ids import NodeKind, encode_global_id
from schema.scalars import format_moment
from tests.support.api_tokens import ME, REVOKE, UPDATE, acme, create, edit
from tests.support.desk import Client, World
from tests.support.history import change, history, unlike
from tests.support.live import TICKET_EVENTS, served, watching


async def test_fields_are_edited_and_those_left_out_stay(world: World) -> None:
    expiry = format_moment(clock.now() + timedelta(days=1))
    created = await create(world)
    other = encode_global_id(NodeKind.BRAND, world.other.id)

    first = await edit(world, created, 1, name="Web shop", expiresAt=expiry)
    second = await edit(
        world,
        created,
        1,
        scopes=["TICKETS_WRITE", "TICKETS_READ"],
        brandIds=[acme(world), other],
        expiresAt=expiry,
    )
    before = await world.counts()
    same = await edit(world, created, 3, name="Web shop", brandIds=[other, acme(world)])

    assert (first["__typename"], first["mergedFields"]) == ("ApiTokenUpdateSuccess", [])
    assert second["mergedFields"] == ["expiresAt", "name"]
    assert (
        second["apiToken"]
        == same["apiToken"]
        == {
            "name": "Web shop",
            "scopes": ["TICKETS_READ", "TICKETS_WRITE"],
            "brands": [{"name": "Acme"}, {"name": "Other"}],
            "expiresAt": expiry,
            "version": 3,
        }
    )
    assert await world.counts() == before
    assert (await history(world, created["apiToken"]["id"]))[1:] == [
        (
            "ApiTokenChanged",
            [change("name", "Shop", "Web shop"), change("expiresAt", None, expiry)],
        ),
        (
            "ApiTokenChanged",
            [
                change("scopes", "TICKETS_READ", "TICKETS_READ, TICKETS_WRITE"),
                change("brands", "Acme", "Acme, Other"),
            ],
        ),
    ]


async def test_two_admins_who_choose_other_scopes_are_in_conflict(world: World) -> None:
    created = await create(world)
    await edit(world, created, 1, scopes=["TICKETS_READ", "NOTES_READ"])

    result = await edit(world, created, 1, scopes=["CUSTOMERS_READ"], name="CRM")

    assert result == {
        "__typename": "EditConflict",
        "currentVersion": 2,
        "fields": [
            {
                "field": "scopes",
                "base": "TICKETS_READ",
                "theirs": "NOTES_READ, TICKETS_READ",
                "yours": "CUSTOMERS_READ",
            }
        ],
        "current": {"name": "Shop"},
    }


async def test_what_is_refused_changes_nothing(world: World) -> None:
    created = await create(world)
    token = created["apiToken"]["id"]
    before = await world.counts()

    wrong = await edit(
        world,
        created,
        1,
        name="x" * 201,
        scopes=[],
        brandIds=[unlike(acme(world))],
        expiresAt=format_moment(clock.now()),
    )
    nothing = await edit(world, created, 1, name=None, scopes=None, brandIds=None)
    future = await edit(world, created, 2, name="x")
    given = {"apiTokenId": token, "expectedVersion": 1, "scopes": ["NOTES_READ"]}
    clients = (world.ayse, Client(world.http, created["token"]))
    by_others = [await client.act(UPDATE, input=given) for client in clients]
    unknown = await world.admin.act(UPDATE, input={**given, "apiTokenId": unlike(token)})

    assert wrong["fields"] == [
        {"path": ["input", "name"], "code": "TOO_LONG"},
        {"path": ["input", "scopes"], "code": "REQUIRED"},
        {"path": ["input", "expiresAt"], "code": "NOT_ALLOWED_VALUE"},
        {"path": ["input", "brandIds", "0"], "code": "UNKNOWN_REFERENCE"},
    ]
    assert [field["code"] for field in nothing["fields"]] == ["REQUIRED"] * 3
    assert [field["code"] for field in future["fields"]] == ["VERSION_IN_FUTURE"]
    assert [result["__typename"] for result in by_others] == ["NotAllowed"] * 2
    assert unknown == {"__typename": "NotFound"}
    assert await world.counts() == before
    assert len(await history(world, token)) == 1


async def test_an_expiry_is_put_off_and_a_revoked_token_stays_revoked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now()
    created = await create(world, expiresAt=format_moment(start + timedelta(hours=1)))
    shop = Client(world.http, created["token"])
    assert (await shop.send(ME)).status == 200
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=2))

    # What stays as it was may be over.
    await edit(world, created, 1, expiresAt=created["apiToken"]["expiresAt"], name="Web shop")
    assert (await shop.send(ME)).status == 401
    await edit(world, created, 2, expiresAt=None)
    assert (await shop.ask(ME))["me"]["name"] == "Web shop"

    await world.admin.act(REVOKE, id=created["apiToken"]["id"])
    before = await world.counts()
    assert "was revoked" in (await edit(world, created, 4, name="x"))["message"]
    assert await world.counts() == before


async def test_a_right_that_is_taken_away_is_gone_on_open_connections(world: World) -> None:
    _message, ticket = await world.receive()
    created = await create(world)
    async with (
        served(world) as live,
        watching(live.port, created["token"], TICKET_EVENTS, ticket=ticket) as watcher,
    ):
        await watcher.next()
        await edit(world, created, 1, brandIds=[])
        await world.desk.viewers.refresh()
        await world.receive("Hidden")

        assert await watcher.next() == {"__typename": "AccessLost"}
        await watcher.ended()
