"""Whom a claim can mean: whoever is known by it, in a form or by a handle, and nobody twice."""

import pytest

from models.channels import Channel
from tests.support.connectors import RECEIVE
from tests.support.desk import World
from tests.support.merges import merged
from tests.support.profiles import LINK, UNLINK, add_customer, claim, profile, profile_of
from tests.support.rules import acme


async def test_an_unlink_is_final_whatever_is_claimed_of_that_customer(world: World) -> None:
    elif_ = await add_customer(world, "Elif", email="elif@example.com")
    zoe = await add_customer(world, "Zoe")
    await add_customer(world, "Su", email="su@example.com")
    _, ticket = await world.receive(handle="@eli", channel=Channel.TELEGRAM)
    of_chat = await profile_of(world, ticket)
    assert await claim(world, ticket, "I am elif@example.com")
    assert (await profile(world.ayse, of_chat))["linkState"] == "CLAIMED"
    await world.ayse.act(UNLINK, profile=of_chat)

    for said in ("hello?", "elif@example.com"):
        assert not await claim(world, ticket, said)
    await merged(world.ayse, elif_, zoe, fields={"email": "SOURCE"})
    assert not await claim(world, ticket, "elif@example.com")
    kept = await profile(world.ayse, of_chat)
    assert (kept["linkState"], kept["claimedEmail"]) == ("OWN", "elif@example.com")
    assert [each["customer"]["name"] for each in kept["suggestions"]] == ["Zoe"]

    # Of somebody else nothing was found out.
    assert await claim(world, ticket, "su@example.com")
    assert (await profile(world.ayse, of_chat))["linkState"] == "CLAIMED"


@pytest.mark.both_databases
async def test_who_is_known_by_a_handle_alone_is_known(world: World) -> None:
    source = await add_customer(world, "A", email="a@x.example", phone="+905321234567")
    target = await add_customer(world, "B", email="b@x.example", phone="+905331234567")
    await merged(world.ayse, source, target)

    for handle, said in (("@1", "+905321234567"), ("@2", "a@x.example"), ("@3", "+905331234567")):
        _, ticket = await world.receive(handle=handle, channel=Channel.TELEGRAM)
        assert await claim(world, ticket, said)
        linked = await profile(world.ayse, await profile_of(world, ticket))
        assert (linked["linkState"], linked["customer"]["name"]) == ("CLAIMED", "B")

    _, ticket = await world.receive(handle="home@x.example")
    assert await claim(world, ticket, "a@x.example, 0532 123 45 67")
    suggested = await profile(world.ayse, await profile_of(world, ticket))
    assert suggested["suggestions"] == [{"reason": "CLAIMED_EMAIL", "customer": {"name": "B"}}]


async def test_a_claim_by_which_a_profile_is_linked_stays_where_it_is_said_again(
    world: World,
) -> None:
    await add_customer(world, "Elif", email="elif@example.com")
    _, ticket = await world.receive(handle="@eli", channel=Channel.TELEGRAM)
    said = "not@example.com değil, elif@example.com"
    assert await claim(world, ticket, said)
    before = await world.counts()

    assert not await claim(world, ticket, said)

    assert await world.counts() == before
    linked = await profile(world.ayse, await profile_of(world, ticket))
    assert (linked["linkState"], linked["claimedEmail"]) == ("CLAIMED", "elif@example.com")


async def test_an_address_that_begins_with_a_plus_is_looked_for_among_addresses(
    world: World,
) -> None:
    await add_customer(world, "Elif", email="+elif@example.com")
    written = {"channel": "TELEGRAM", "brandId": acme(world), "handle": "100", "body": "Merhaba"}
    taken = await world.admin.act(RECEIVE, input=written | {"email": "+elif@example.com"})

    profile_id = await profile_of(world, taken["ticket"]["id"])
    suggested = (await profile(world.ayse, profile_id))["suggestions"]
    assert suggested == [{"reason": "CLAIMED_EMAIL", "customer": {"name": "Elif"}}]


async def test_a_profile_that_is_linked_on_a_word_makes_nobody_known(world: World) -> None:
    known = await add_customer(world, "Elif", email="elif@example.com")
    _, of_stranger = await world.receive(handle="m@evil.example", name="Mallory")
    of_mallory = await profile_of(world, of_stranger)
    await world.ayse.act(LINK, profile=of_mallory, customer=known)

    _, ticket = await world.receive(handle="@m", channel=Channel.TELEGRAM)
    assert await claim(world, ticket, "m@evil.example")

    claimed = await profile(world.ayse, await profile_of(world, ticket))
    assert claimed["linkState"] == "CLAIMED"
    assert claimed["customer"]["name"] == "Mallory"
