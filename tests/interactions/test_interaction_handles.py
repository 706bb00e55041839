"""By what a channel knows somebody: who that is, in whichever spelling, and who learns of it."""

import asyncio
from typing import Any

import pytest

from core.ids import decode_global_id, new_id
from core.text import address_key
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from tests.support.customers import create, customer_of
from tests.support.desk import World
from tests.support.edits import change
from tests.support.interactions import (
    CALLER,
    EVENTS,
    attempt,
    closed,
    does,
    lists,
    load,
    opened,
    trace,
)
from tests.support.live import served

SPELLINGS = [
    "+905321234567",
    "+90 532 123 45 67",
    "0532 123 45 67",
    "(0532) 123-45-67",
    "5321234567",
    "00905321234567",
    "905321234567",
]
PROFILES = """
    query ($id: ID!) { customer(id: $id) { version profiles { channel handle verified } } }
"""


async def profiles(world: World, customer_id: str) -> list[dict[str, Any]]:
    found = await world.ayse.ask(PROFILES, id=customer_id)
    listed: list[dict[str, Any]] = found["customer"]["profiles"]
    return listed


async def link_as_before(world: World, customer_id: str, channel: Channel, handle: str) -> None:
    """Write a profile as the desk did when it told spellings apart."""
    async with world.work("admin") as work:
        work.session.add(
            ChannelProfile(
                id=new_id(),
                customer_id=decode_global_id(customer_id)[1],
                channel=channel,
                handle=handle,
                handle_key=address_key(handle),
            )
        )


# Spellings


@pytest.mark.parametrize("channel", ["PHONE", "WHATSAPP", "VIBER"])
async def test_all_spellings_of_a_number_are_one_contact(world: World, channel: str) -> None:
    ids = {await opened(world.ayse, channel, handle=spelling) for spelling in SPELLINGS}

    assert len(ids) == 1
    assert (await load(world.ayse, ids.pop()))["handle"] == "+905321234567"


@pytest.mark.parametrize("written", SPELLINGS)
async def test_who_wrote_from_a_number_is_known_when_they_write_again(
    world: World, written: str
) -> None:
    await world.receive(channel=Channel.WHATSAPP, handle=written, name="Elif")
    await world.receive(channel=Channel.WHATSAPP, handle="905321234567", name="Elif")

    interaction = await does(
        world.ayse, "interactionOpen", channel="WHATSAPP", handle="0532 123 45 67"
    )

    assert (await world.counts())["customer"] == 1
    assert await profiles(world, interaction["customer"]["id"]) == [
        {"channel": "WHATSAPP", "handle": "+905321234567", "verified": False}
    ]


async def test_numbers_of_the_world_have_no_plus_on_whatsapp(world: World) -> None:
    without = await opened(world.ayse, "WHATSAPP", handle="447911123456")

    assert await opened(world.ayse, "WHATSAPP", handle="+44 7911 123456") == without


@pytest.mark.parametrize("channel", ["WHATSAPP", "VIBER"])
@pytest.mark.parametrize("handle", ["a8f3c2==", "532abcdefg==", "532 1"])
async def test_what_is_no_number_is_kept_where_handles_may_be_other_ids(
    world: World, channel: str, handle: str
) -> None:
    interaction = await does(world.ayse, "interactionOpen", channel=channel, handle=handle)

    assert interaction["handle"] == handle


@pytest.mark.parametrize("handle", ["abc", "1", "+90 532 1", "anonymous"])
async def test_nobody_calls_from_what_is_no_number(world: World, handle: str) -> None:
    before = await trace(world)

    refused = await attempt(world.ayse, "interactionOpen", channel="PHONE", handle=handle)

    assert [(one["path"], one["code"]) for one in refused["fields"]] == [
        (["input", "handle"], "INVALID_PHONE")
    ]
    assert await trace(world) == before


@pytest.mark.parametrize("channel", ["TELEGRAM", "INSTAGRAM"])
async def test_an_at_sign_and_case_make_no_other_handle(world: World, channel: str) -> None:
    ids = {await opened(world.ayse, channel, handle=one) for one in ("@elif_1", "ELIF_1", "elif_1")}
    await world.receive(channel=Channel(channel), handle="elif_1", name="Elif")

    interaction = await does(world.ayse, "interactionOpen", channel=channel, handle="@Elif_1")

    assert ids == {interaction["id"]}
    assert interaction["customer"]["name"] == "Elif"


@pytest.mark.parametrize(
    ("channel", "handle", "asked"),
    [
        (Channel.WHATSAPP, "905321234567", "0532 123 45 67"),
        (Channel.TELEGRAM, "@elif", "Elif"),
        (Channel.TELEGRAM, "elif", "@elif"),
    ],
)
async def test_who_was_linked_before_spellings_were_one_is_found(
    world: World, channel: Channel, handle: str, asked: str
) -> None:
    customer = await create(world, "Elif")
    await link_as_before(world, customer["id"], channel, handle)

    interaction = await does(world.ayse, "interactionOpen", channel=channel, handle=asked)
    await world.receive(channel=channel, handle=asked)

    assert interaction["customer"]["id"] == customer["id"]
    assert (await world.counts())["customer"] == 1


async def test_who_was_linked_in_another_spelling_of_a_number_writes_as_before(
    world: World,
) -> None:
    customer = await create(world, "Elif")
    await link_as_before(world, customer["id"], Channel.VIBER, "+90 (532) 123-45-67")

    _, ticket = await world.receive(channel=Channel.VIBER, handle="+90 (532) 123-45-67")

    assert await customer_of(world, ticket) == customer["id"]


# The number of a customer


async def test_who_calls_from_the_number_of_a_customer_is_that_customer(world: World) -> None:
    customer = await create(world, "Elif", phone="0532 123 45 67")

    interaction = await does(world.ayse, "interactionOpen", channel="PHONE", handle=SPELLINGS[3])

    assert interaction["customer"]["id"] == customer["id"]
    assert await profiles(world, customer["id"]) == []


async def test_a_number_that_several_customers_have_is_nobodys(world: World) -> None:
    for name in ("Elif", "Maria"):
        await create(world, name, phone="+905321234567")

    interaction = await does(world.ayse, "interactionOpen", channel="PHONE", handle=SPELLINGS[0])

    assert interaction["customer"] is None


async def test_who_is_linked_to_a_number_goes_before_who_has_it(world: World) -> None:
    await world.receive(channel=Channel.PHONE, handle=SPELLINGS[0], name="Elif")
    customer = await create(world, "Maria", phone=SPELLINGS[0])

    interaction = await does(world.ayse, "interactionOpen", channel="PHONE", handle=SPELLINGS[1])

    assert interaction["customer"]["name"] == "Elif"
    assert interaction["customer"]["id"] != customer["id"]


# Saying who it is


async def test_saying_who_calls_links_the_number_to_them(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, handle=CALLER)

    await does(
        world.ayse,
        "interactionUpdate",
        interactionId=interaction,
        expectedVersion=1,
        customerId=customer["id"],
    )

    assert await profiles(world, customer["id"]) == [
        {"channel": "PHONE", "handle": CALLER, "verified": False}
    ]
    again = await does(world.nikos, "interactionOpen", channel="PHONE", handle=CALLER)
    assert again["customer"]["id"] == customer["id"]


async def test_a_ticket_that_says_who_calls_links_the_number_too(world: World) -> None:
    _, ticket = await world.receive()
    interaction = await opened(world.ayse, handle=CALLER)

    await does(
        world.ayse,
        "interactionUpdate",
        interactionId=interaction,
        expectedVersion=1,
        ticketId=ticket,
    )

    linked = await profiles(world, await customer_of(world, ticket))
    assert {"channel": "PHONE", "handle": CALLER, "verified": False} in linked


@pytest.mark.parametrize(("channel", "handle"), [("PHONE", CALLER), ("EMAIL", "maria@example.com")])
async def test_a_handle_of_somebody_else_stays_theirs_whoever_it_is_said_to_be(
    world: World, channel: str, handle: str
) -> None:
    elif_ = await create(world, "Elif")
    interaction = await opened(world.ayse, channel, handle=handle)
    maria = await create(world, "Maria", email="maria@example.com", phone=CALLER)

    await does(
        world.ayse,
        "interactionUpdate",
        interactionId=interaction,
        expectedVersion=1,
        customerId=elif_["id"],
    )

    assert await profiles(world, elif_["id"]) == []
    again = await does(world.nikos, "interactionOpen", channel=channel, handle=handle)
    assert again["customer"]["id"] == maria["id"]


# Everybody who has it open


async def test_who_is_created_is_known_to_all_who_have_their_handle_open(world: World) -> None:
    mine = await opened(world.ayse, "TELEGRAM", handle="@elif")
    theirs = await opened(world.nikos, "TELEGRAM", handle="ELIF")
    other = await opened(world.nikos, "TELEGRAM", handle="@maria")
    form = {"name": "Elif K"}
    async with served(world) as live, live.watch("nikos", EVENTS) as watcher:
        await watcher.next()

        created = await does(
            world.ayse,
            "interactionClose",
            interactionId=mine,
            outcome="CREATE",
            customerForm={"name": "Elif"},
        )

        assert await watcher.next() == {
            "__typename": "InteractionChanged",
            "actor": {"name": "Ayse"},
            "interaction": {"id": theirs, "form": None},
            "changes": [change("customer", None, "Elif")],
        }
    refused = await attempt(
        world.nikos, "interactionClose", interactionId=theirs, outcome="CREATE", customerForm=form
    )

    assert (refused["__typename"], refused["existing"]) == (
        "AlreadyExists",
        {"id": created["customer"]["id"]},
    )
    assert await lists(world.nikos) == ([other, theirs], [])
    left = await load(world.nikos, theirs)
    assert (left["customer"], left["form"]["name"]) == (created["customer"], "Elif K")
    assert (await load(world.nikos, other))["customer"] is None
    assert (await world.counts())["customer"] == 1


async def test_whom_somebody_names_is_known_to_all_who_have_their_handle_open(
    world: World,
) -> None:
    customer = await create(world, "Elif")
    mine = await opened(world.ayse, handle=CALLER)
    theirs = await opened(world.nikos, handle=CALLER)
    over = await opened(world.admin, handle=CALLER)
    await closed(world.admin, over)

    await does(
        world.ayse,
        "interactionUpdate",
        interactionId=mine,
        expectedVersion=1,
        customerId=customer["id"],
    )

    assert (await load(world.nikos, theirs))["customer"]["id"] == customer["id"]
    assert (await load(world.admin, over))["customer"] is None


async def test_agents_who_create_who_calls_at_once_make_one_customer(world: World) -> None:
    clients = (world.ayse, world.nikos, world.admin)
    interactions = [await opened(client, handle=CALLER) for client in clients]

    results = await asyncio.gather(
        *(
            attempt(
                client,
                "interactionClose",
                interactionId=interaction,
                outcome="CREATE",
                customerForm={"name": "Elif"},
            )
            for client, interaction in zip(clients, interactions, strict=True)
        )
    )

    assert sorted(result["__typename"] for result in results) == [
        "AlreadyExists",
        "AlreadyExists",
        "InteractionCloseSuccess",
    ]
    assert (await world.counts())["customer"] == 1
    known = [(await load(world.ayse, interaction))["customer"] for interaction in interactions]
    assert known == [known[0]] * 3


async def test_agents_who_name_and_create_who_calls_at_once_wait_in_no_circle(
    world: World,
) -> None:
    for place in range(6):
        handle = f"+9053211122{place:02}"
        customer = await create(world, "Elif")
        mine, theirs = [await opened(one, handle=handle) for one in (world.ayse, world.nikos)]

        results = await asyncio.gather(
            attempt(
                world.ayse,
                "interactionUpdate",
                interactionId=mine,
                expectedVersion=1,
                customerId=customer["id"],
            ),
            attempt(
                world.nikos,
                "interactionClose",
                interactionId=theirs,
                outcome="CREATE",
                customerForm={"name": "Elif"},
            ),
            attempt(world.admin, "interactionTag", interactionId=theirs, tag="iade"),
            attempt(world.admin, "interactionTag", interactionId=mine, tag="iade"),
            world.receive(channel=Channel.PHONE, handle=handle),
        )

        # No act failed inside; whoever was first has the number.
        assert {result["__typename"] for result in results[1:3]} <= {
            "InteractionCloseSuccess",
            "AlreadyExists",
            "InteractionTagSuccess",
            "NotAllowed",
        }
        async with world.desk.database.reading() as connection:
            rows = await connection.execute(
                ChannelProfile.__table__.select().where(ChannelProfile.handle == handle)
            )
            assert len(rows.all()) == 1


async def test_who_became_known_by_a_message_is_known_when_it_is_opened_again(
    world: World,
) -> None:
    interaction = await opened(world.ayse, "TELEGRAM", handle="@elif")
    await world.receive(channel=Channel.TELEGRAM, handle="@elif", name="Elif")
    assert (await load(world.ayse, interaction))["customer"] is None

    again = await does(world.ayse, "interactionOpen", channel="TELEGRAM", handle="@elif")
    before = await trace(world)
    once_more = await does(world.ayse, "interactionOpen", channel="TELEGRAM", handle="@elif")

    assert (again["id"], again["customer"]["name"], again["version"]) == (interaction, "Elif", 2)
    assert once_more == again
    assert await trace(world) == before
