"""The secret of an API token is exchanged, and the integration stays the same."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app import migrations
from core import clock
from core.database import Database
from core.ids import NodeKind, encode_global_id
from models.api_tokens import ApiTokenSecret
from models.viewers import ApiScope
from schema.scalars import format_moment
from services.rotations import OVERLAP_SECONDS_MAXIMUM
from services.upkeep import TRACES_KEPT_FOR, tidy_up
from tests.support.api_tokens import HOUR, ME, REVOKE, ROTATE, USED, create, rotate
from tests.support.desk import Client, World
from tests.support.history import history, unlike
from tests.support.live import TICKET_EVENTS, served, watching

SECRETS = "{ apiTokens { secrets { endsAt } } }"


async def opens(world: World, issued: dict[str, Any]) -> bool:
    """Tell whether a token that was shown opens the desk."""
    answer = await Client(world.http, issued["token"]).send(ME)
    assert answer.status in {200, 401}
    return answer.status == 200


async def secrets(world: World) -> int:
    async with world.desk.database.reading() as connection:
        counted = await connection.execute(select(func.count()).select_from(ApiTokenSecret))
        return int(counted.scalar_one())


async def test_another_secret_opens_what_the_one_before_did(world: World) -> None:
    created = await create(world)

    rotated = await rotate(world, created)

    assert rotated["apiToken"] == {
        "id": created["apiToken"]["id"],
        "name": "Shop",
        "scopes": ["TICKETS_READ"],
        "brands": [{"name": "Acme"}],
        "version": 2,
    }
    assert rotated["token"].startswith("sta_")
    assert not await opens(world, created)
    shop = Client(world.http, rotated["token"])
    assert (await shop.ask(ME))["me"] == {"id": created["apiToken"]["id"], "name": "Shop"}
    assert await history(world, created["apiToken"]["id"]) == [
        ("ApiTokenCreated", []),
        ("ApiTokenRotated", []),
    ]


async def test_the_secret_before_works_until_the_overlap_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = await create(world)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    rotated = await rotate(world, created, overlapSeconds=HOUR)
    end = now + timedelta(seconds=HOUR)

    assert (await world.admin.ask(SECRETS))["apiTokens"] == [
        {"secrets": [{"endsAt": None}, {"endsAt": format_moment(end)}]}
    ]
    monkeypatch.setattr(clock, "now", lambda: end - timedelta(microseconds=1))
    assert await opens(world, created)
    assert await opens(world, rotated)

    monkeypatch.setattr(clock, "now", lambda: end)
    assert not await opens(world, created)
    assert await opens(world, rotated)
    assert (await world.admin.ask(SECRETS))["apiTokens"] == [{"secrets": [{"endsAt": None}]}]


async def test_a_later_exchange_ends_all_before_it_and_prolongs_none(world: World) -> None:
    first = await create(world)
    second = await rotate(world, first, overlapSeconds=HOUR)
    ((_newest, shorter),) = (
        one["secrets"] for one in (await world.admin.ask(SECRETS))["apiTokens"]
    )
    third = await rotate(world, first, overlapSeconds=2 * HOUR)

    assert [await opens(world, one) for one in (first, second, third)] == [True] * 3
    ends = (await world.admin.ask(SECRETS))["apiTokens"][0]["secrets"]
    assert ends[2] == shorter
    assert ends[1]["endsAt"] > shorter["endsAt"]

    fourth = await rotate(world, first)
    assert [await opens(world, one) for one in (first, second, third)] == [False] * 3
    assert await opens(world, fourth)


async def test_revoking_ends_both(world: World) -> None:
    created = await create(world)
    rotated = await rotate(world, created, overlapSeconds=HOUR)

    await world.admin.act(REVOKE, id=created["apiToken"]["id"])

    assert not await opens(world, created)
    assert not await opens(world, rotated)
    assert (await world.admin.ask(SECRETS))["apiTokens"] == [{"secrets": []}]


async def test_a_repeated_key_exchanges_once_and_shows_the_secret_no_second_time(
    world: World,
) -> None:
    created = await create(world)
    first = await rotate(world, created, overlapSeconds=HOUR, idempotencyKey="k")
    before = await world.counts()

    again = await rotate(world, created, overlapSeconds=HOUR, idempotencyKey="k")
    other = await rotate(world, created, idempotencyKey="k")

    assert again == {**first, "token": None}
    assert other == {"__typename": "IdempotencyKeyReused"}
    assert await world.counts() == before
    assert await secrets(world) == 2
    assert await opens(world, created)


async def test_a_secret_that_has_ended_is_kept_as_long_as_it_tells_of_the_last_use(
    world: World,
) -> None:
    first = await create(world)
    second = await rotate(world, first)
    assert await opens(world, second)
    third = await rotate(world, first)
    used = await world.admin.ask(USED)
    await tidy_up(world.desk.database)
    assert await secrets(world) == 3

    long_ago = clock.now() - TRACES_KEPT_FOR - timedelta(seconds=1)
    async with world.desk.database.transaction() as session:
        has_ended = ApiTokenSecret.ends_at.is_not(None)
        await session.execute(update(ApiTokenSecret).where(has_ended).values(ends_at=long_ago))
    await tidy_up(world.desk.database)
    assert await secrets(world) == 2  # the first was never used
    assert await world.admin.ask(USED) == used

    assert await opens(world, third)
    await tidy_up(world.desk.database)
    assert await secrets(world) == 1


async def test_what_is_refused_leaves_the_secret_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = await create(world, expiresAt=format_moment(clock.now() + timedelta(hours=1)))
    token = created["apiToken"]["id"]
    own = Client(world.http, created["token"])
    before = await world.counts()

    for seconds, nearest in ((-1, 0), (OVERLAP_SECONDS_MAXIMUM + 1, OVERLAP_SECONDS_MAXIMUM)):
        assert (await rotate(world, created, overlapSeconds=seconds))["fields"] == [
            {
                "path": ["input", "overlapSeconds"],
                "code": "OUT_OF_RANGE",
                "limit": nearest,
                "actual": seconds,
            }
        ]
    unknown = await world.admin.act(ROTATE, input={"apiTokenId": unlike(token)})
    brand = encode_global_id(NodeKind.BRAND, world.acme.id)
    no_token = await world.admin.act(ROTATE, input={"apiTokenId": brand})
    by_others = [
        await client.act(ROTATE, input={"apiTokenId": token}) for client in (world.ayse, own)
    ]

    assert unknown == {"__typename": "NotFound"}
    assert [field["code"] for field in no_token["fields"]] == ["INVALID_ID"]
    assert [result["__typename"] for result in by_others] == ["NotAllowed"] * 2
    assert await world.counts() == before
    assert await secrets(world) == 1
    assert await opens(world, created)

    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "has expired" in (await rotate(world, created))["message"]
    await world.admin.act(REVOKE, id=token)
    assert "was revoked" in (await rotate(world, created))["message"]
    assert await secrets(world) == 1


async def test_a_connection_of_the_secret_before_ends_with_it_and_that_of_the_new_one_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _message, ticket = await world.receive()
    created = await create(world)
    async with (
        served(world) as live,
        watching(live.port, created["token"], TICKET_EVENTS, ticket=ticket) as before,
    ):
        await before.next()
        rotated = await rotate(world, created, overlapSeconds=HOUR)
        async with watching(live.port, rotated["token"], TICKET_EVENTS, ticket=ticket) as after:
            await after.next()
            await world.receive("Overlap")
            assert (await before.next())["message"]["body"] == "Overlap"
            assert (await after.next())["message"]["body"] == "Overlap"

            end = clock.now() + timedelta(seconds=HOUR)
            monkeypatch.setattr(clock, "now", lambda: end)
            await world.desk.viewers.refresh()
            assert await before.socket.wait_closed() == (4403, "Signed out")
            await world.receive("Over")
            assert (await after.next())["message"]["body"] == "Over"


async def test_migrating_down_keeps_the_newest_secret_and_up_again_loses_nothing(
    world: World,
) -> None:
    created = await create(world)
    rotated = await rotate(world, created, overlapSeconds=HOUR)
    other = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    database = Database(world.desk.settings.database_url)

    await migrations.downgrade(database, "0022")
    await migrations.upgrade(database)
    await database.close()

    assert await opens(world, rotated)
    assert not await opens(world, created)
    assert (await other.ask("{ brands { name } }"))["brands"] == [{"name": "Acme"}]
    assert (await rotate(world, created))["apiToken"]["version"] == 3
