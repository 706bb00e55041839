"""Finding customers, what belongs to them, and whom a message comes from."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core import clock
from core.ids import decode_global_id, new_id
from core.text import fold
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.customers import Customer
from models.interactions import Interaction, InteractionTag
from tests.support.customers import (
    CREATE,
    LIST,
    NO_SUCH,
    add_company,
    create,
    customer_of,
    names,
    update,
)
from tests.support.desk import World

pytestmark = pytest.mark.both_databases


async def count(world: World, model: type[Any]) -> int:
    async with world.desk.database.reading() as connection:
        found: int = (
            await connection.execute(select(func.count()).select_from(model))
        ).scalar_one()
    return found


# Finding


async def test_customers_are_listed_by_name_whatever_its_case_and_accents(world: World) -> None:
    for name in ("Özgür", "ayla", "Ιωάννα", "Şule", "Zeynep", "Beril"):
        await create(world, name)

    first = await world.nikos.ask(LIST, first=4)
    rest = await world.nikos.ask(LIST, after=first["customers"]["pageInfo"]["endCursor"])

    pages = first["customers"]["nodes"] + rest["customers"]["nodes"]
    assert [node["name"] for node in pages] == [
        "ayla",
        "Beril",
        "Özgür",
        "Şule",
        "Zeynep",
        "Ιωάννα",
    ]
    assert first["customers"]["totalCount"] == 6
    assert first["customers"]["pageInfo"]["hasNextPage"] is True
    assert rest["customers"]["pageInfo"]["hasNextPage"] is False


async def test_a_customer_is_found_by_name_address_number_handle_and_company(world: World) -> None:
    await world.receive(
        name="Elif Şahin", handle="elif_chats", channel=Channel.TELEGRAM, subject="-"
    )
    customer = (await world.ayse.ask("{ customers { nodes { id } } }"))["customers"]["nodes"][0]
    company = await add_company(world, "Yıldız Tekstil A.Ş.")
    await update(
        world.ayse,
        customer,
        1,
        email="elif.sahin@posta.example",
        phone="+905321234567",
        companyId=company,
    )
    await create(world, "Somebody Else", email="other@example.com", phone="+302101234567")

    for search in (
        "ELIF",
        "şahin eli",
        "sahin",
        "elif.sahin@posta.example",
        "posta.example",
        "0532 123 45 67",
        "5321234567",
        "elif_chats",
        "tekstil",
        "elif tekstil",
    ):
        assert await names(world.nikos, search=search) == ["Elif Şahin"], search


async def test_an_old_name_and_an_old_address_find_nobody_any_more(world: World) -> None:
    customer = await create(world, "Elif Yılmaz", email="yilmaz@example.com")
    await update(world.ayse, customer, 1, name="Elif Şahin", email="sahin@example.com")

    assert await names(world.ayse, search="yılmaz") == []
    assert await names(world.ayse, search="yilmaz@example.com") == []
    assert await names(world.ayse, search="şahin") == ["Elif Şahin"]


async def test_a_blank_search_lists_all_and_mere_signs_find_nobody(world: World) -> None:
    await create(world, "Elif")

    assert await names(world.ayse, search=" ") == ["Elif"]
    assert await names(world.ayse, search="%") == []


async def test_the_filter_limits_by_company_channel_address_and_moment(world: World) -> None:
    start = clock.now()
    company = await add_company(world, "Alpha")
    await create(world, "With company", companyId=company)
    await create(world, "With address", email="address@example.com")
    await world.receive(name="In chat", handle="chat", channel=Channel.VIBER)

    for wanted, expected in (
        ({"companyId": company}, ["With company"]),
        ({"channel": "VIBER"}, ["In chat"]),
        ({"hasEmail": True}, ["With address"]),
        ({"hasEmail": False}, ["In chat", "With company"]),
        ({"hasEmail": False, "channel": "EMAIL"}, []),
        ({"createdUntil": start.isoformat()}, []),
        ({"createdSince": start.isoformat()}, ["In chat", "With address", "With company"]),
        ({}, ["In chat", "With address", "With company"]),
    ):
        assert await names(world.ayse, filter=wanted) == expected


async def test_wrong_arguments_of_the_list_are_refused(world: World) -> None:
    for variables, path, code in (
        ({"first": 101}, ["first"], "PAGE_TOO_LARGE"),
        ({"after": "nonsense"}, ["after"], "INVALID_CURSOR"),
        ({"search": "x" * 201}, ["search"], "TOO_LONG"),
        ({"filter": {"companyId": "x"}}, ["filter", "companyId"], "INVALID_ID"),
    ):
        error = (await world.ayse.send(LIST, **variables)).error
        assert error["extensions"]["code"] == "VALIDATION_FAILED"
        (field,) = error["extensions"]["fields"]
        assert (field["path"], field["code"]) == (path, code)


async def test_a_single_customer_is_null_where_there_is_none(world: World) -> None:
    customer = await create(world, "Elif")
    document = "query ($id: ID!) { customer(id: $id) { name } }"

    assert await world.ayse.ask(document, id=customer["id"]) == {"customer": {"name": "Elif"}}
    assert await world.ayse.ask(document, id=NO_SUCH) == {"customer": None}
    answer = await world.ayse.send(document, id=world.id_of("ayse"))
    assert answer.error["extensions"]["fields"][0]["code"] == "INVALID_ID"


# What belongs to a customer


CONTEXT = """
    query ($id: ID!) {
      customer(id: $id) {
        profiles { channel handle verified customer { id } }
        tickets { totalCount nodes { title } }
        notes { totalCount nodes { body } }
        interactions {
          totalCount
          nodes { channel summary tags closedAt agent { name } customer { id } ticket { title } }
        }
      }
    }
"""


async def test_profiles_and_the_history_of_interactions_stand_on_the_customer(
    world: World,
) -> None:
    _, ticket = await world.receive()
    customer_id = await customer_of(world, ticket)
    now = clock.now()
    async with world.desk.database.transaction() as session:
        for minutes, summary in ((0, "First call"), (5, "Second call")):
            interaction = Interaction(
                id=new_id(),
                agent_id=world.agents["nikos"].id,
                customer_id=decode_global_id(customer_id)[1],
                ticket_id=decode_global_id(ticket)[1],
                channel=Channel.PHONE,
                opened_at=now + timedelta(minutes=minutes),
                summary=summary,
            )
            session.add(interaction)
            await session.flush()
            session.add_all(
                InteractionTag(interaction_id=interaction.id, tag=tag, tag_key=fold(tag))
                for tag in ("refund", "İade")
            )

    found = (await world.ayse.ask(CONTEXT, id=customer_id))["customer"]

    def interaction_of(summary: str) -> dict[str, Any]:
        return {
            "channel": "PHONE",
            "summary": summary,
            "tags": ["İade", "refund"],
            "closedAt": None,
            "agent": {"name": "Nikos"},
            "customer": {"id": customer_id},
            "ticket": {"title": "My order"},
        }

    assert found == {
        "profiles": [
            {
                "channel": "EMAIL",
                "handle": "customer@example.com",
                "verified": False,
                "customer": {"id": customer_id},
            }
        ],
        "tickets": {"totalCount": 1, "nodes": [{"title": "My order"}]},
        "notes": {"totalCount": 0, "nodes": []},
        "interactions": {
            "totalCount": 2,
            "nodes": [interaction_of("Second call"), interaction_of("First call")],
        },
    }


async def test_a_page_of_customers_costs_the_same_statements_however_long(world: World) -> None:
    document = """
        {
          customers(first: %d) {
            totalCount
            nodes {
              name company { name } profiles { handle } notes(first: 5) { nodes { body } }
              interactions(first: 5) { nodes { tags agent { name } ticket { title } } }
              tickets(first: 5) { totalCount nodes { title } }
            }
          }
        }
    """
    company = await add_company(world, "Alpha")
    for number in range(6):
        await world.receive(handle=f"{number}@example.com", name=f"Customer {number}")
    nodes = (await world.ayse.ask("{ customers { nodes { id version } } }"))["customers"]["nodes"]
    for node in nodes:
        await update(world.ayse, node, node["version"], companyId=company)

    async with world.counted_statements() as few:
        await world.ayse.ask(document % 1)
    async with world.counted_statements() as many:
        await world.ayse.ask(document % 6)

    assert len(many) == len(few)


# Who writes


async def test_two_first_messages_at_once_are_of_one_customer_with_one_profile(
    world: World,
) -> None:
    for channel in (Channel.EMAIL, Channel.TELEGRAM):
        before = (await count(world, Customer), await count(world, ChannelProfile))

        await asyncio.gather(
            *(world.receive(handle="new@example.com", channel=channel) for _ in range(4))
        )

        after = (await count(world, Customer), await count(world, ChannelProfile))
        assert after == (before[0] + 1, before[1] + 1)


async def test_a_first_mail_while_its_sender_is_created_is_of_the_same_customer(
    world: World,
) -> None:
    for number in range(5):
        address = f"new{number}@example.com"

        result, (_, ticket) = await asyncio.gather(
            world.ayse.act(CREATE, input={"name": "New", "email": address}),
            world.receive(handle=address),
        )

        found = result.get("customer") or result.get("existing")
        assert await customer_of(world, ticket) == found["id"]


async def test_a_mail_belongs_to_the_customer_with_its_address(world: World) -> None:
    customer = await create(world, "Elif", email="Elif@example.com")

    _, ticket = await world.receive(handle="elif@EXAMPLE.com")

    assert await customer_of(world, ticket) == customer["id"]


async def test_a_handle_longer_than_a_name_may_be_still_makes_a_customer(world: World) -> None:
    handle = "h" * 254

    await world.receive(handle=handle, channel=Channel.LINE, name="")

    assert await names(world.ayse) == [handle[:200]]
