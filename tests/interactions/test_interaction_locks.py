"""Acts on one customer at once: none waits for another in a circle, so none of them fails."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from models.channels import Channel
from tests.support.customers import create, customer_of, names, update
from tests.support.desk import World
from tests.support.interactions import attempt, closed, does, load, number_of, opened

pytestmark = pytest.mark.both_databases

# Without an order of locks, most of these tests fail on PostgreSQL within so many rounds.
ROUNDS = 8

COMPANY = """
    mutation ($input: CompanyCreateInput!) { companyCreate(input: $input) { __typename } }
"""
VERSION = "query ($id: ID!) { node(id: $id) { ... on Customer { version name } } }"
PEOPLE = "{ customers(first: 50) { nodes { name profiles { handle } } } }"


async def outcomes(*acts: Awaitable[dict[str, Any]]) -> list[str]:
    """Let all of this happen at once; return what came of each. What fails inside raises."""
    return [result["__typename"] for result in await asyncio.gather(*acts)]


async def test_agents_open_one_customer_at_once(world: World) -> None:
    for number in range(ROUNDS):
        customer = await create(world, f"Elif {number}")
        given = {"channel": "PHONE", "customerId": customer["id"]}

        results = await outcomes(
            attempt(world.ayse, "interactionOpen", **given),
            attempt(world.nikos, "interactionOpen", **given),
            attempt(world.admin, "interactionOpen", **given),
        )

        assert results == ["InteractionOpenSuccess"] * 3
        found = await world.ayse.ask(VERSION, id=customer["id"])
        assert found["node"]["version"] == 4


async def test_a_ticket_is_linked_and_opened_while_its_customer_is_renamed(world: World) -> None:
    for number in range(ROUNDS):
        _, ticket = await world.receive(handle=f"elif{number}@example.com")
        customer = {"id": await customer_of(world, ticket)}
        interaction = await opened(world.ayse, customerId=customer["id"])
        unknown = await opened(world.ayse, handle=number_of(number))
        of_ticket = {"expectedVersion": 1, "ticketId": ticket}

        results = await outcomes(
            attempt(world.ayse, "interactionUpdate", interactionId=interaction, **of_ticket),
            attempt(world.admin, "interactionUpdate", interactionId=unknown, **of_ticket),
            attempt(world.admin, "interactionOpen", channel="EMAIL", ticketId=ticket),
            update(world.nikos, customer, 1, name="Elif Kaya"),
        )

        assert results == [
            "InteractionUpdateSuccess",
            "InteractionUpdateSuccess",
            "InteractionOpenSuccess",
            "CustomerUpdateSuccess",
        ]
        linked = await load(world.ayse, unknown)
        assert linked["customer"] == {"id": customer["id"], "name": "Elif Kaya"}
        await closed(world.ayse, interaction)
        await closed(world.ayse, unknown)


async def test_two_interactions_change_their_customers_crosswise(world: World) -> None:
    elif_, maria = await create(world, "Elif"), await create(world, "Maria")
    first = await opened(world.ayse, customerId=elif_["id"])
    second = await opened(world.nikos, customerId=maria["id"])
    versions, about = {first: 1, second: 1}, [elif_["id"], maria["id"]]

    for _ in range(ROUNDS):
        about.reverse()
        moved = await asyncio.gather(
            *(
                does(
                    client,
                    "interactionUpdate",
                    interactionId=interaction,
                    expectedVersion=versions[interaction],
                    customerId=customer,
                )
                for client, interaction, customer in (
                    (world.ayse, first, about[0]),
                    (world.nikos, second, about[1]),
                )
            )
        )

        assert [one["customer"]["id"] for one in moved] == about
        versions = {one["id"]: one["version"] for one in moved}


async def test_a_customer_is_saved_and_reopened_while_others_rename_them_and_write(
    world: World,
) -> None:
    for number in range(ROUNDS):
        address = f"elif{number}@example.com"
        _, ticket = await world.receive(handle=address)
        customer = {"id": await customer_of(world, ticket)}
        mine = await opened(world.ayse, ticketId=ticket)
        theirs = await opened(world.nikos, ticketId=ticket)
        await closed(world.nikos, theirs)
        form = {"expectedVersion": 1, "phone": "+905321234567"}
        saving = {"interactionId": mine, "outcome": "SAVE", "customerForm": form}

        results, _received = await asyncio.gather(
            outcomes(
                attempt(world.ayse, "interactionClose", **saving),
                attempt(world.nikos, "interactionReopen", interactionId=theirs),
                update(world.admin, customer, 1, name="Elif Kaya"),
            ),
            world.receive(handle=address),
        )

        assert results == [
            "InteractionCloseSuccess",
            "InteractionReopenSuccess",
            "CustomerUpdateSuccess",
        ]


async def test_customers_join_a_company_while_agents_are_in_touch_with_them(world: World) -> None:
    for number in range(ROUNDS):
        domain = f"k{number}.example"
        tickets = [(await world.receive(handle=f"p{n}@{domain}"))[1] for n in range(3)]
        customer = await customer_of(world, tickets[0])
        interaction = await opened(world.ayse, customerId=customer)
        saved = await opened(world.nikos, ticketId=tickets[1])
        form = {"expectedVersion": 1, "name": "Maria"}
        company = {"name": f"K{number}", "domains": [domain]}

        results = await outcomes(
            world.admin.act(COMPANY, input=company),
            attempt(
                world.ayse,
                "interactionUpdate",
                interactionId=interaction,
                expectedVersion=1,
                ticketId=tickets[0],
            ),
            attempt(
                world.nikos,
                "interactionClose",
                interactionId=saved,
                outcome="SAVE",
                customerForm=form,
            ),
            attempt(world.admin, "interactionOpen", channel="EMAIL", ticketId=tickets[2]),
        )

        assert results == [
            "CompanyCreateSuccess",
            "InteractionUpdateSuccess",
            "InteractionCloseSuccess",
            "InteractionOpenSuccess",
        ]


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.TELEGRAM])
async def test_who_is_created_while_they_write_has_their_handle_once(
    world: World, channel: Channel
) -> None:
    for number in range(ROUNDS):
        handle = f"elif{number}@example.com"
        interaction = await opened(world.ayse, channel, handle=handle)
        form = {"name": "Elif Kaya", "email": handle}
        creating = {"interactionId": interaction, "outcome": "CREATE", "customerForm": form}

        result, _received = await asyncio.gather(
            attempt(world.ayse, "interactionClose", **creating),
            world.receive(handle=handle, name="Elif", channel=channel),
        )

        assert result["__typename"] in {"InteractionCloseSuccess", "AlreadyExists"}
        people = (await world.admin.ask(PEOPLE))["customers"]["nodes"]
        assert sum(one["profiles"].count({"handle": handle}) for one in people) == 1


async def test_who_is_created_while_another_of_their_name_writes_is_found(world: World) -> None:
    for letter in "abcdefgh"[:ROUNDS]:
        # Words that nobody has had yet; those of the address come before those of the name.
        name, word = f"Zeynur{letter}", f"adakar{letter}"
        interaction = await opened(world.ayse, Channel.TELEGRAM, handle=f"@{word}")
        creating = {
            "interactionId": interaction,
            "outcome": "CREATE",
            "customerForm": {"name": name},
        }

        results, _received = await asyncio.gather(
            outcomes(attempt(world.ayse, "interactionClose", **creating)),
            world.receive(handle=f"info@{word}.example", name=name),
        )

        assert results == ["InteractionCloseSuccess"]
        assert await names(world.ayse, search=name) == [name, name]
        assert await names(world.ayse, search=word) == [name, name]
