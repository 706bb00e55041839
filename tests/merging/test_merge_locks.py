"""Merges among people who write and agents who answer: none waits for another in a circle."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.ids import NodeKind, encode_global_id
from models.channels import Channel
from models.tickets import Ticket
from services import customer_merges, incoming_messages, profile_links
from services.merging.moves import show_moved
from services.merging.undo_order import refuse_unlink
from tests.automation.workshop import Workshop
from tests.support.acts import CLOSE
from tests.support.connectors import RECEIVE
from tests.support.customers import create, customer_of
from tests.support.desk import World
from tests.support.merges import merge, merged, unmerge
from tests.support.profiles import LINK, add_customer, profile, profile_of
from tests.support.rules import acme, add_rule, run_rules

# Without an order of locks, these tests fail on PostgreSQL within so many rounds.
ROUNDS = 4

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

SEND = """
    mutation ($input: MessageSendInput!) { messageSend(input: $input) { __typename } }
"""
WAITERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


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


async def test_a_profile_is_linked_to_another_while_its_first_owner_writes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taking back the first link, and the second link, lock no more profiles behind customers."""
    first, second = [(await create(world, name))["id"] for name in ("B", "C")]
    _, by_mail = await world.receive(handle="home@x.example", name="Home")
    _, by_chat = await world.receive(handle="@home", name="Home", channel=Channel.TELEGRAM)
    home = await customer_of(world, by_mail)
    await merged(world.admin, await customer_of(world, by_chat), home)
    of_mail = await profile_of(world, by_mail)
    await world.ayse.act(LINK, profile=of_mail, customer=first)
    customers_are_held = asyncio.Event()

    async def take_a_while(*given: Any) -> None:
        customers_are_held.set()
        await asyncio.sleep(0.2)
        await refuse_unlink(*given)

    async def write() -> None:
        await customers_are_held.wait()
        # Into a new ticket: so the profile is locked, and then the customer.
        await world.receive(handle="@home", channel=Channel.TELEGRAM, brand=world.other)

    monkeypatch.setattr(profile_links, "refuse_unlink", take_a_while)
    linked, _ = await asyncio.gather(
        world.ayse.act(LINK, profile=of_mail, customer=second), write()
    )

    assert linked["__typename"] == "ProfileLinkSuccess"


async def test_a_claim_links_tickets_of_which_another_act_holds_the_first(world: World) -> None:
    """Both take tickets in the order of their ids: the claim has not taken its own one yet."""
    shop = Workshop(world)
    await add_customer(world, "Elif", email="elif@example.com")
    await add_rule(world, actions=[{"kind": "LINK_PROFILE"}])
    first = await shop.write("Merhaba")
    await world.ayse.act(CLOSE, ticket=encode_global_id(NodeKind.TICKET, first))
    second = await shop.write("elif@example.com")
    assert first < second
    await shop.work()

    async with world.work() as work:
        await work.session.get_one(Ticket, first, with_for_update=True)
        linking = asyncio.create_task(run_rules(world))
        async with asyncio.timeout(5), world.desk.database.reading() as connection:
            while not await connection.scalar(WAITERS):
                await asyncio.sleep(0.02)
        await work.session.get_one(Ticket, second, with_for_update={"nowait": True})
    await linking

    ticket = encode_global_id(NodeKind.TICKET, second)
    linked = await profile(world.ayse, await profile_of(world, ticket))
    assert linked["linkState"] == "CLAIMED"


async def test_a_first_mail_waits_for_the_merge_that_makes_its_address_a_profile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (await create(world, "A", email="a@x.example"))["id"]
    target = (await create(world, "B", email="b@x.example"))["id"]
    profile_is_made = asyncio.Event()

    async def take_a_while(*given: Any) -> None:
        profile_is_made.set()
        await asyncio.sleep(0.2)
        await show_moved(*given)

    async def write() -> str:
        await profile_is_made.wait()
        _, ticket = await world.receive(handle="a@x.example", name="A")
        return await customer_of(world, ticket)

    monkeypatch.setattr(customer_merges, "show_moved", take_a_while)
    _, writer = await asyncio.gather(merged(world.ayse, source, target), write())

    assert writer == target


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
