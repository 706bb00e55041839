"""How customers start chats: what comes of it, what is refused, and how often it may be done."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from core import clock
from models.channel_profiles import ChannelProfile
from models.chats import SESSIONS_PER_CHAT, Chat, ChatSession
from models.customers import Customer
from models.idempotency_keys import KEPT_FOR
from services import chats, sessions
from services.upkeep import tidy_up
from tests.support.chats import CHAT, CHAT_START, brand_id, chat_counts, start_chat
from tests.support.desk import World

STATUS = "query ($id: ID!) { ticket(id: $id) { status closedAt title customer { name language } } }"


async def start(world: World, **given: Any) -> dict[str, Any]:
    return await world.nobody.act(
        CHAT_START, input={"brandId": brand_id(world.acme), "name": "Elif", **given}
    )


async def assert_refused(world: World, expected: dict[str, Any], **given: Any) -> None:
    before = await chat_counts(world)
    result = await start(world, **given)
    result.pop("message")
    assert result == expected
    assert await chat_counts(world) == before


def invalid(field: str, code: str, limit: int | None = None, actual: int | None = None) -> Any:
    problem = {"path": ["input", field], "code": code, "limit": limit, "actual": actual}
    return {
        "__typename": "ValidationFailed",
        "code": "VALIDATION_FAILED",
        "fields": [problem],
    }


async def test_a_stranger_starts_a_chat_and_is_its_customer(world: World) -> None:
    chat = await start_chat(world, "  Elif   Şahin ", language="tr")

    assert await chat.customer.ask("{ me { __typename ... on Customer { name } } }") == {
        "me": {"__typename": "Customer", "name": "Elif Şahin"}
    }
    agents_see = (await world.ayse.ask(STATUS, id=chat.ticket))["ticket"]
    assert agents_see == {
        "status": "NEW",
        "closedAt": None,
        "title": "Sohbet: Elif Şahin",
        "customer": {"name": "Elif Şahin", "language": "tr"},
    }


async def test_a_chat_customer_is_known_by_nothing_but_a_random_handle(world: World) -> None:
    one, other = await start_chat(world), await start_chat(world)

    async with world.desk.database.reading() as connection:
        statement = select(ChannelProfile.channel, ChannelProfile.handle, Customer.email).join(
            Customer, Customer.id == ChannelProfile.customer_id
        )
        profiles = (await connection.execute(statement)).all()
    assert [(row.channel, row.email) for row in profiles] == [("LIVE_CHAT", None)] * 2
    assert len({row.handle for row in profiles}) == 2
    assert min(len(row.handle) for row in profiles) >= 22
    assert one.ticket != other.ticket


async def test_the_start_is_an_act_of_the_customer(world: World) -> None:
    chat = await start_chat(world)

    document = """
        query ($id: ID!) {
          ticket(id: $id) { changes { nodes { action actor { ... on Customer { name } } } } }
        }
    """
    (change,) = (await world.ayse.ask(document, id=chat.ticket))["ticket"]["changes"]["nodes"]
    assert change == {"action": "CREATED", "actor": {"name": "Elif"}}


async def test_of_a_token_only_the_hash_is_kept(world: World) -> None:
    chat = await start_chat(world)

    async with world.desk.database.reading() as connection:
        kept = (await connection.execute(select(ChatSession.token_hash))).scalar_one()
    assert kept == sessions.token_hash(chat.token)
    assert chat.token.startswith("stc_")
    assert len(chat.token) == len("stc_") + 43


async def test_who_does_not_say_a_name_is_a_visitor_in_their_language(world: World) -> None:
    chat = await start_chat(world, None, language="el")

    assert (await world.ayse.ask(STATUS, id=chat.ticket))["ticket"] == {
        "status": "NEW",
        "closedAt": None,
        "title": "Sohbet: Επισκέπτης",
        "customer": {"name": "Επισκέπτης", "language": "el"},
    }


async def test_bad_input_starts_nothing(world: World) -> None:
    await assert_refused(world, invalid("name", "TOO_LONG", 200, 201), name="x" * 201)
    await assert_refused(world, invalid("language", "NOT_ALLOWED_VALUE"), language="de")
    await assert_refused(
        world, invalid("idempotencyKey", "TOO_SHORT", 20, 19), idempotencyKey="k" * 19
    )
    await assert_refused(
        world, invalid("idempotencyKey", "TOO_LONG", 255, 256), idempotencyKey="k" * 256
    )
    await assert_refused(
        world,
        invalid("brandId", "UNKNOWN_REFERENCE"),
        brandId=brand_id(type(world.acme)(id=uuid4())),
    )
    await assert_refused(world, invalid("brandId", "INVALID_ID"), brandId=world.id_of("ayse"))


async def test_agents_and_integrations_start_no_chats(world: World) -> None:
    given = {"brandId": brand_id(world.acme)}
    document = "mutation ($input: ChatStartInput!) { chatStart(input: $input) { __typename } }"
    before = await chat_counts(world)

    for client in (world.admin, await world.integration(brands=[world.acme])):
        assert await client.act(document, input=given) == {"__typename": "NotAllowed"}
    assert {**await chat_counts(world), "api_token": before["api_token"]} == before


async def test_a_start_that_is_retried_is_one_chat_with_a_token_for_each_try(world: World) -> None:
    key = str(uuid4())
    one, other = await asyncio.gather(
        start(world, idempotencyKey=key), start(world, idempotencyKey=key)
    )
    counts = await chat_counts(world)

    assert one["ticket"] == other["ticket"]
    assert one["token"] != other["token"]
    assert (counts["ticket"], counts["customer"], counts["chat_session"]) == (1, 1, 2)
    for started in (one, other):
        client = type(world.nobody)(world.http, started["token"])
        assert (await client.ask(CHAT))["chat"]["ticket"]["id"] == one["ticket"]["id"]


async def test_a_key_with_another_input_is_refused(world: World) -> None:
    key = str(uuid4())
    await start(world, idempotencyKey=key)

    refusal = {"__typename": "IdempotencyKeyReused", "code": "IDEMPOTENCY_KEY_REUSED"}
    await assert_refused(world, refusal, idempotencyKey=key, name="Somebody else")


async def test_a_key_is_free_again_after_72_hours(world: World) -> None:
    key = str(uuid4())
    first = await start(world, idempotencyKey=key)
    async with world.desk.database.transaction() as session:
        await session.execute(update(Chat).values(started_at=clock.now() - KEPT_FOR * 1.1))

    second = await start(world, idempotencyKey=key)

    assert second["ticket"]["id"] != first["ticket"]["id"]


async def test_a_key_is_forgotten_after_72_hours(world: World) -> None:
    await start(world, idempotencyKey=str(uuid4()))
    for age, is_known in ((KEPT_FOR * 0.99, True), (KEPT_FOR * 1.01, False)):
        async with world.desk.database.transaction() as session:
            await session.execute(update(Chat).values(started_at=clock.now() - age))
        await tidy_up(world.desk.database)
        async with world.desk.database.reading() as connection:
            hashes = select(Chat.start_key_hash, Chat.start_input_hash)
            kept = (await connection.execute(hashes)).one()
        assert [one is not None for one in kept] == [is_known, is_known]


async def test_a_key_opens_a_chat_a_few_times_only(world: World) -> None:
    key = str(uuid4())
    for _ in range(SESSIONS_PER_CHAT):
        await start(world, idempotencyKey=key)

    limit = {"__typename": "LimitReached", "code": "LIMIT_REACHED", "limit": SESSIONS_PER_CHAT}
    await assert_refused(world, limit, idempotencyKey=key)


async def test_a_brand_gets_so_many_chats_a_minute(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chats, "CHATS_OF_BRAND_PER_MINUTE", 2)
    await start_chat(world)
    await start_chat(world)

    refusal = await start(world)
    assert (refusal["__typename"], refusal["code"]) == ("Unavailable", "UNAVAILABLE")
    assert 55 <= refusal["retryAfterSeconds"] <= 60
    assert (await chat_counts(world))["chat"] == 2
    await start(world, brandId=brand_id(world.other))
    assert (await chat_counts(world))["chat"] == 3

    async with world.desk.database.transaction() as session:
        await session.execute(update(Chat).values(started_at=clock.now() - timedelta(seconds=61)))
    assert (await start(world))["__typename"] == "ChatStartSuccess"


async def test_all_brands_together_get_so_many_chats_a_minute(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chats, "CHATS_PER_MINUTE", 2)
    await start_chat(world)
    await start_chat(world, brandId=brand_id(world.other))

    for brand in (world.acme, world.other):
        refusal = await start(world, brandId=brand_id(brand))
        assert refusal["__typename"] == "Unavailable"
    assert (await chat_counts(world))["chat"] == 2
