"""Floods of strangers who start chats: what is too much is refused, and the team works on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import ColumnElement, select

from models.chats import shows_ticket
from models.tickets import Ticket
from models.viewers import Viewer
from resolvers import batches
from resolvers.scope import open_scope
from services import chats, sessions
from services.chats import STARTS_AT_ONCE
from services.turns import take_turn
from tests.support.chats import CHAT_START, MESSAGE_SEND, brand_id, chat_counts, start_chat
from tests.support.desk import World

pytestmark = pytest.mark.both_databases

LIMIT, FLOOD = 12, 40


async def start(world: World, **given: Any) -> dict[str, Any]:
    return await world.nobody.act(CHAT_START, input={"brandId": brand_id(world.acme), **given})


async def answer(world: World, ticket: str) -> str:
    sent = await world.ayse.act(MESSAGE_SEND, input={"ticketId": ticket, "body": "It is coming."})
    kind: str = sent["__typename"]
    return kind


def wait_for(world: World, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let who wants to chat wait for so long behind the others."""
    monkeypatch.setattr(world.desk.resources.chat_starts, "patience_seconds", seconds)


@asynccontextmanager
async def long_act(world: World) -> AsyncIterator[None]:
    """Let chats wait for an act that takes its time: of anybody's on SQLite."""
    async with world.work() as work:
        await work.session.execute(select(1))
        await take_turn(work, "chats")
        yield


async def test_an_agent_writes_amid_a_flood_of_which_the_limit_lets_in_exactly_its_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chats, "CHATS_OF_BRAND_PER_MINUTE", LIMIT)
    wait_for(world, 60, monkeypatch)
    _, ticket = await world.receive()
    before = await chat_counts(world)
    flood = [asyncio.create_task(start(world)) for _ in range(FLOOD)]
    await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)

    assert await answer(world, ticket) == "MessageSendSuccess"

    after_a_while = await chat_counts(world)
    outcomes = Counter(result["__typename"] for result in await asyncio.gather(*flood))
    after = await chat_counts(world)
    assert after_a_while["chat"] < LIMIT / 2
    assert outcomes == {"ChatStartSuccess": LIMIT, "Unavailable": FLOOD - LIMIT}
    new = {name: after[name] - before[name] for name in ("chat", "chat_session", "ticket")}
    assert new == dict.fromkeys(new, LIMIT)


async def test_what_is_too_much_is_refused_without_waiting_for_who_writes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chats, "CHATS_OF_BRAND_PER_MINUTE", 1)
    await start_chat(world)
    before = await chat_counts(world)

    async with long_act(world), asyncio.timeout(5):
        refusals = [await start(world) for _ in range(STARTS_AT_ONCE + 1)]

    assert {refusal["__typename"] for refusal in refusals} == {"Unavailable"}
    assert all(50 <= refusal["retryAfterSeconds"] <= 60 for refusal in refusals)
    assert await chat_counts(world) == before


async def test_a_retry_is_let_in_though_no_further_chat_may_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chats, "CHATS_OF_BRAND_PER_MINUTE", 1)
    key = str(uuid4())
    first = await start(world, idempotencyKey=key)

    assert (await start(world, idempotencyKey=key))["ticket"] == first["ticket"]
    assert (await start(world, idempotencyKey=str(uuid4())))["__typename"] == "Unavailable"


async def test_a_few_wait_for_a_long_act_and_the_others_are_told_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(world, 0.05, monkeypatch)
    _, ticket = await world.receive()

    async with long_act(world), asyncio.timeout(5):
        starts = [asyncio.create_task(start(world)) for _ in range(STARTS_AT_ONCE + 12)]
        first = iter(asyncio.as_completed(starts))
        refusals = [await next(first) for _ in range(12)]
        if not world.desk.database.is_sqlite:  # where nobody writes meanwhile
            assert await answer(world, ticket) == "MessageSendSuccess"

    assert [(refusal["__typename"], refusal["retryAfterSeconds"]) for refusal in refusals] == [
        ("Unavailable", 1)
    ] * 12
    waited = [await one for one in first]
    assert [each["__typename"] for each in waited] == ["ChatStartSuccess"] * STARTS_AT_ONCE
    assert (await chat_counts(world))["chat"] == STARTS_AT_ONCE


async def test_a_start_that_fails_leaves_its_place_to_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(world, 0.05, monkeypatch)
    nowhere = brand_id(type(world.acme)(id=uuid4()))
    for _ in range(STARTS_AT_ONCE + 1):
        assert (await start(world, brandId=nowhere))["__typename"] == "ValidationFailed"

    assert (await start(world))["__typename"] == "ChatStartSuccess"


async def test_customers_do_not_push_out_the_statements_of_the_team(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "KEPT_STATEMENTS", 1)
    made_for: list[Viewer] = []

    def noting(viewer: Viewer) -> ColumnElement[bool]:
        made_for.append(viewer)
        return shows_ticket(viewer)

    by_id = batches.rows_by_id(Ticket, noting)
    chat, other = await start_chat(world), await start_chat(world)
    tokens = [world.tokens["ayse"], chat.token, other.token, world.tokens["ayse"]]
    viewers = [
        await sessions.authenticate(world.desk.database, f"Bearer {token}") for token in tokens
    ]

    seen = []
    for viewer in viewers:
        async with open_scope(world.desk.resources, viewer) as scope:
            seen.append([*await by_id(scope, [chat.ticket_id], None, None)])

    assert seen == [[chat.ticket_id], [chat.ticket_id], [], [chat.ticket_id]]
    assert made_for == [viewer.person for viewer in viewers[:3]]
