"""Merges among people who write and agents who answer: none waits for another in a circle."""

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError

from models.channels import Channel
from services import customer_merges, incoming_messages
from tests.connectors import RECEIVE
from tests.customers import create, customer_of
from tests.desk import World
from tests.merges import merge, merged, unmerge
from tests.rules import acme, add_rule

# Without an order of locks, these tests fail on PostgreSQL within so many rounds.
ROUNDS = 4

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

SEND = """
    mutation ($input: MessageSendInput!) { messageSend(input: $input) { __typename } }
"""


async def test_two_handles_write_and_are_answered_while_they_are_merged_in_turns(
    world: World,
) -> None:
    # With rules an act writes its ticket more than once, and so shares what the ticket refers to.
    for channel in ("TELEGRAM", "VIBER"):
        await add_rule(world, name=channel, allOf=[{"kind": "CHANNEL", "channels": [channel]}])
    _, on_telegram = await world.receive(handle="@elif", channel=Channel.TELEGRAM)
    _, on_viber = await world.receive(handle="01elif==", channel=Channel.VIBER)
    elif_, maria = await customer_of(world, on_telegram), await customer_of(world, on_viber)
    is_over = asyncio.Event()

    async def write(handle: str, channel: Channel) -> None:
        while not is_over.is_set():
            await world.receive(handle=handle, channel=channel)

    async def answer(ticket: str) -> None:
        while not is_over.is_set():
            result = await world.nikos.act(SEND, input={"ticketId": ticket, "body": "Hello"})
            assert result["__typename"] == "MessageSendSuccess"

    async def merge_in_turns() -> None:
        try:
            for _ in range(ROUNDS):
                merge_id = await merged(world.ayse, elif_, maria)
                undone = await unmerge(world.ayse, merge_id)
                assert undone["__typename"] == "CustomerUnmergeSuccess", undone
        finally:
            is_over.set()

    await asyncio.gather(
        merge_in_turns(),
        write("@elif", Channel.TELEGRAM),
        write("01elif==", Channel.VIBER),
        answer(on_telegram),
        answer(on_viber),
    )

    assert await customer_of(world, on_telegram) == elif_
    assert await customer_of(world, on_viber) == maria


class Deadlock(Exception):
    sqlstate = "40P01"


async def test_an_act_that_the_database_breaks_off_is_one_to_repeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a member of the result where there is one for it, and otherwise an error."""
    elif_, maria = (await create(world, "Elif"))["id"], (await create(world, "Maria"))["id"]
    before = await world.counts()

    async def fall_into_a_circle(*_given: object, **_others: object) -> None:
        raise DBAPIError("SELECT", None, Deadlock())

    monkeypatch.setattr(customer_merges, "hold", fall_into_a_circle)
    monkeypatch.setattr(incoming_messages, "take_in", fall_into_a_circle)
    merging = await merge(world.ayse, elif_, maria, idempotencyKey="once")
    written = {"channel": "TELEGRAM", "brandId": acme(world), "handle": "100", "body": "Merhaba"}
    writing = (await world.admin.send(RECEIVE, input=written)).body["errors"]

    assert merging == {"__typename": "Unavailable", "code": "UNAVAILABLE"}
    assert [error["extensions"] for error in writing] == [
        {"code": "UNAVAILABLE", "retryAfterSeconds": 1}
    ]
    assert await world.counts() == before
    monkeypatch.undo()
    assert (await merge(world.ayse, elif_, maria, idempotencyKey="once"))["__typename"] == (
        "CustomerMergeSuccess"
    )


async def test_three_who_are_merged_in_a_circle_at_once_become_one(world: World) -> None:
    for number in range(ROUNDS):
        a, b, c = [(await create(world, f"{name} {number}"))["id"] for name in "ABC"]

        results = await asyncio.gather(
            merge(world.ayse, a, b), merge(world.nikos, b, c), merge(world.admin, c, a)
        )

        kinds = [result["__typename"] for result in results]
        assert set(kinds) <= {"CustomerMergeSuccess", "AlreadyMerged"}, kinds
