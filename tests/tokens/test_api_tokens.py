"""API tokens, by which other systems sign in."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from models.api_tokens import ApiTokenSecret
from schema.scalars import format_moment
from services.sessions import token_hash
from tests.support.api_tokens import CREATE, ME, REVOKE, USED, acme, create
from tests.support.desk import Client, World
from tests.support.history import history, unlike

LIST = "{ apiTokens { id name brands { name } createdBy { name } revokedAt lastUsedAt } }"


async def test_a_token_is_shown_once_and_opens_its_brands(world: World) -> None:
    result = await create(world, scopes=["TICKETS_READ", "CUSTOMERS_READ", "TICKETS_READ"])

    token = result["apiToken"]
    assert token == {
        "id": token["id"],
        "name": "Shop",
        "scopes": ["CUSTOMERS_READ", "TICKETS_READ"],
        "brands": [{"name": "Acme"}],
        "createdBy": {"name": "Admin"},
        "expiresAt": None,
        "revokedAt": None,
    }
    shop = Client(world.http, result["token"])
    assert (await shop.ask(ME))["me"] == {"id": token["id"], "name": "Shop"}
    assert (await shop.ask("{ brands { name } }"))["brands"] == [{"name": "Acme"}]
    assert await history(world, token["id"]) == [("ApiTokenCreated", [])]


async def test_admins_see_when_a_token_was_used_last(world: World) -> None:
    created = await create(world)
    (never,) = (await world.admin.ask(USED))["apiTokens"]
    before = clock.now()
    await Client(world.http, created["token"]).ask(ME)

    (used,) = (await world.admin.ask(USED))["apiTokens"]

    assert never == {"lastUsedAt": None, "secrets": [{"endsAt": None, "lastUsedAt": None}]}
    assert used["secrets"] == [{"endsAt": None, "lastUsedAt": used["lastUsedAt"]}]
    assert format_moment(before) <= used["lastUsedAt"] <= format_moment(clock.now())


async def test_only_the_hash_of_a_token_is_kept(world: World) -> None:
    token = (await create(world))["token"]

    async with world.desk.database.reading() as connection:
        kept = (await connection.execute(select(ApiTokenSecret.token_hash))).scalar_one()
    assert kept == token_hash(token)
    assert token.startswith("sta_")


async def test_a_revoked_token_is_401_and_stays_revoked(world: World) -> None:
    created = await create(world)
    shop = Client(world.http, created["token"])
    await shop.ask(ME)

    first = await world.admin.act(REVOKE, id=created["apiToken"]["id"])
    before = await world.counts()
    second = await world.admin.act(REVOKE, id=created["apiToken"]["id"])

    answer = await shop.send(ME)
    assert answer.status == 401
    assert answer.error["extensions"]["code"] == "UNAUTHENTICATED"
    assert first["apiToken"]["revokedAt"] is not None
    assert second == first
    assert await world.counts() == before
    assert await history(world, created["apiToken"]["id"]) == [
        ("ApiTokenCreated", []),
        ("ApiTokenRevoked", []),
    ]


async def test_an_expired_token_is_401(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    expiry = clock.now() + timedelta(hours=1)
    created = await create(world, expiresAt=format_moment(expiry))
    shop = Client(world.http, created["token"])
    await shop.ask(ME)

    monkeypatch.setattr(clock, "now", lambda: expiry)

    assert created["apiToken"]["expiresAt"] == format_moment(expiry)
    assert (await shop.send(ME)).status == 401


async def test_a_repeated_key_makes_one_token_and_shows_it_no_second_time(world: World) -> None:
    first = await create(world, idempotencyKey="k")
    before = await world.counts()

    again = await create(world, idempotencyKey="k")
    other = await create(world, idempotencyKey="k", scopes=["TICKETS_WRITE"])

    assert again == {**first, "token": None}
    assert other == {"__typename": "IdempotencyKeyReused"}
    assert await world.counts() == before


async def test_wrong_values_leave_no_token(world: World) -> None:
    before = await world.counts()

    result = await create(
        world,
        name=" ",
        scopes=[],
        brandIds=[acme(world), unlike(acme(world))],
        expiresAt=format_moment(clock.now() - timedelta(seconds=1)),
    )
    unknown_scope = await world.admin.send(
        CREATE, input={"name": "Shop", "scopes": ["EVERYTHING"], "brandIds": []}
    )

    assert result["fields"] == [
        {"path": ["input", "name"], "code": "REQUIRED"},
        {"path": ["input", "scopes"], "code": "REQUIRED"},
        {"path": ["input", "expiresAt"], "code": "NOT_ALLOWED_VALUE"},
        {"path": ["input", "brandIds", "1"], "code": "UNKNOWN_REFERENCE"},
    ]
    assert unknown_scope.error["extensions"]["code"] == "BAD_USER_INPUT"
    assert await world.counts() == before


async def test_only_admins_make_see_and_revoke_tokens(world: World) -> None:
    token = (await create(world))["apiToken"]["id"]
    before = await world.counts()

    made = await world.ayse.act(CREATE, input={"name": "x", "scopes": [], "brandIds": []})
    revoked = await world.ayse.act(REVOKE, id=token)
    listed = await world.ayse.send(LIST)

    assert made == revoked == {"__typename": "NotAllowed"}
    assert listed.error["extensions"]["code"] == "NOT_ALLOWED"
    assert (await world.nobody.send(LIST)).error["extensions"]["code"] == "UNAUTHENTICATED"
    assert await world.counts() == before


async def test_an_integration_cannot_make_tokens_for_itself(world: World) -> None:
    shop = Client(world.http, (await create(world))["token"])

    result = await shop.act(CREATE, input={"name": "x", "scopes": [], "brandIds": []})

    assert result == {"__typename": "NotAllowed"}


async def test_unknown_tokens_and_other_ids_are_refused(world: World) -> None:
    token = (await create(world))["apiToken"]["id"]

    assert await world.admin.act(REVOKE, id=unlike(token)) == {"__typename": "NotFound"}
    assert (await world.admin.act(REVOKE, id=acme(world)))["fields"] == [
        {"path": ["input", "apiTokenId"], "code": "INVALID_ID"}
    ]


async def test_more_tokens_need_no_more_statements(world: World) -> None:
    await create(world)
    async with world.counted_statements() as few:
        await world.admin.ask(LIST)
    for number in range(4):
        await create(world, name=f"Shop {number}")

    async with world.counted_statements() as many:
        tokens = (await world.admin.ask(LIST))["apiTokens"]

    assert [token["name"] for token in tokens] == ["Shop 3", "Shop 2", "Shop 1", "Shop 0", "Shop"]
    assert len(many) == len(few)
