"""Customers: reading, finding, creating and editing them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from core.text import fold
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.companies import Company, CompanyDomain
from models.customers import Customer
from models.interactions import Interaction, InteractionTag
from models.viewers import ApiScope
from tests.desk import Client, World

CREATE = """
    mutation ($input: CustomerCreateInput!) {
      customerCreate(input: $input) {
        __typename
        ... on CustomerCreateSuccess { customer { id version name email phone language
                                                  company { name } } }
        ... on AlreadyExists { existing { id } }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on UserError { code }
      }
    }
"""
UPDATE = """
    mutation ($input: CustomerUpdateInput!) {
      customerUpdate(input: $input) {
        __typename
        ... on CustomerUpdateSuccess {
          customer { id version name email phone language company { name } }
          mergedFields
        }
        ... on EditConflict {
          currentVersion
          changedBy { ... on Agent { name } }
          fields { field base theirs yours }
          current { id ... on Customer { name company { name } } }
        }
        ... on AlreadyExists { existing { id ... on Customer { name } } }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on UserError { code }
      }
    }
"""
LIST = """
    query ($search: String, $filter: CustomerFilter, $first: Int, $after: String) {
      customers(search: $search, filter: $filter, first: $first, after: $after) {
        totalCount nodes { name } pageInfo { hasNextPage endCursor }
      }
    }
"""
NO_SUCH = encode_global_id(NodeKind.CUSTOMER, new_id())


async def create(world: World, name: str, **fields: Any) -> dict[str, Any]:
    result = await world.ayse.act(CREATE, input={"name": name, **fields})
    assert result["__typename"] == "CustomerCreateSuccess", result
    customer: dict[str, Any] = result["customer"]
    return customer


async def update(
    client: Client, customer: dict[str, Any], version: int, **fields: Any
) -> dict[str, Any]:
    return await client.act(
        UPDATE, input={"customerId": customer["id"], "expectedVersion": version, **fields}
    )


async def add_company(world: World, name: str, domain: str | None = None) -> str:
    now = clock.now()
    company = Company(id=new_id(), name=name, name_key=fold(name), created_at=now, updated_at=now)
    async with world.desk.database.transaction() as session:
        session.add(company)
        await session.flush()
        if domain is not None:
            session.add(CompanyDomain(domain=domain, company_id=company.id))
    return encode_global_id(NodeKind.COMPANY, company.id)


async def names(client: Client, **variables: Any) -> list[str]:
    found = await client.ask(LIST, **variables)
    return [node["name"] for node in found["customers"]["nodes"]]


async def count(world: World, model: type[Any]) -> int:
    async with world.desk.database.reading() as connection:
        found: int = (
            await connection.execute(select(func.count()).select_from(model))
        ).scalar_one()
    return found


# Creating


async def test_a_new_customer_is_stored_clean_and_belongs_to_the_company_of_the_address(
    world: World,
) -> None:
    await add_company(world, "Tekstil A.Ş.", "tekstil.example")

    customer = await create(
        world,
        "  Elif   Şahin ",
        email="Elif@Tekstil.example",
        phone="0532 123 45 67",
        language="tr",
    )

    assert customer == {
        "id": customer["id"],
        "version": 1,
        "name": "Elif Şahin",
        "email": "Elif@tekstil.example",
        "phone": "+905321234567",
        "language": "tr",
        "company": {"name": "Tekstil A.Ş."},
    }


async def test_a_taken_address_shows_the_customer_who_has_it(world: World) -> None:
    customer = await create(world, "Elif", email="elif@example.com")
    before = await world.counts()

    result = await world.nikos.act(CREATE, input={"name": "X", "email": "ELIF@example.com"})

    assert result == {
        "__typename": "AlreadyExists",
        "existing": {"id": customer["id"]},
        "code": "ALREADY_EXISTS",
    }
    assert await world.counts() == before


async def test_who_may_only_write_is_not_shown_who_has_the_address(world: World) -> None:
    await create(world, "Elif", email="elif@example.com")
    shop = await world.integration(ApiScope.CUSTOMERS_WRITE)

    result = await shop.act(CREATE, input={"name": "X", "email": "elif@example.com"})

    assert result["existing"] is None


async def test_two_who_create_the_same_customer_at_once_make_one(world: World) -> None:
    wanted = {"name": "Elif", "email": "elif@example.com"}

    results = await asyncio.gather(
        *(client.act(CREATE, input=wanted) for client in (world.ayse, world.nikos, world.admin))
    )

    assert sorted(result["__typename"] for result in results) == [
        "AlreadyExists",
        "AlreadyExists",
        "CustomerCreateSuccess",
    ]
    assert (await world.counts())["customer"] == 1


async def test_the_same_key_and_input_is_the_same_customer(world: World) -> None:
    wanted = {"name": "Elif", "email": "elif@example.com", "idempotencyKey": "form-1"}
    first = await world.ayse.act(CREATE, input=wanted)
    before = await world.counts()

    again = await world.ayse.act(CREATE, input=wanted)
    other = await world.ayse.act(CREATE, input={**wanted, "name": "Elif Şahin"})

    assert again == first
    assert other == {"__typename": "IdempotencyKeyReused", "code": "IDEMPOTENCY_KEY_REUSED"}
    assert await world.counts() == before


async def test_all_refused_fields_are_told_at_once_and_nothing_is_stored(world: World) -> None:
    before = await world.counts()

    result = await world.ayse.act(
        CREATE,
        input={
            "name": "é" * 201,
            "email": "elif@",
            "phone": "12",
            "language": "de",
            "companyId": encode_global_id(NodeKind.COMPANY, new_id()),
        },
    )

    assert [(field["path"], field["code"]) for field in result["fields"]] == [
        (["input", "name"], "TOO_LONG"),
        (["input", "email"], "INVALID_EMAIL"),
        (["input", "phone"], "INVALID_PHONE"),
        (["input", "language"], "NOT_ALLOWED_VALUE"),
        (["input", "companyId"], "UNKNOWN_REFERENCE"),
    ]
    assert (result["fields"][0]["limit"], result["fields"][0]["actual"]) == (200, 201)
    assert await world.counts() == before


@pytest.mark.parametrize("name", ["", " \t", "\u200b"])
async def test_a_name_that_nobody_can_see_is_missing(world: World, name: str) -> None:
    result = await world.ayse.act(CREATE, input={"name": name})

    assert result["fields"] == [
        {"path": ["input", "name"], "code": "REQUIRED", "limit": None, "actual": None}
    ]


async def test_who_may_not_write_creates_and_changes_nothing(world: World) -> None:
    customer = await create(world, "Elif")
    reader = await world.integration(ApiScope.CUSTOMERS_READ)
    before = await world.counts()

    refused = {"__typename": "NotAllowed", "code": "NOT_ALLOWED"}
    assert await reader.act(CREATE, input={"name": "X"}) == refused
    assert await update(reader, customer, 1, name="X") == refused
    for document, wanted in (
        (CREATE, {"name": "X"}),
        (UPDATE, {"customerId": customer["id"], "expectedVersion": 1, "name": "X"}),
    ):
        answer = await world.nobody.send(document, input=wanted)
        assert answer.error["extensions"] == {"code": "UNAUTHENTICATED"}
    assert await world.counts() == before


# Editing


async def test_an_absent_field_stays_and_null_clears_it(world: World) -> None:
    customer = await create(world, "Elif", email="elif@example.com", phone="+905321234567")

    result = await update(world.nikos, customer, 1, name="Elif Şahin", phone=None)

    assert result == {
        "__typename": "CustomerUpdateSuccess",
        "customer": {
            "id": customer["id"],
            "version": 2,
            "name": "Elif Şahin",
            "email": "elif@example.com",
            "phone": None,
            "language": None,
            "company": None,
        },
        "mergedFields": [],
    }


async def test_a_name_cannot_be_cleared(world: World) -> None:
    customer = await create(world, "Elif")

    result = await update(world.nikos, customer, 1, name=None)

    assert [field["code"] for field in result["fields"]] == ["REQUIRED"]


async def test_saving_what_is_there_already_is_no_change(world: World) -> None:
    customer = await create(world, "Elif", phone="+905321234567")
    before = await world.counts()

    result = await update(world.nikos, customer, 1, name="Elif", phone="0532 123 45 67")

    assert result["customer"]["version"] == 1
    assert await world.counts() == before


async def test_edits_of_different_fields_are_merged(world: World) -> None:
    customer = await create(world, "Elif")
    await update(world.ayse, customer, 1, name="Elif Şahin")

    result = await update(world.nikos, customer, 1, phone="+905321234567")

    assert result["mergedFields"] == ["name"]
    assert result["customer"]["name"] == "Elif Şahin"
    assert result["customer"]["phone"] == "+905321234567"
    assert result["customer"]["version"] == 3


async def test_a_field_that_the_form_sends_unchanged_does_not_undo_the_edit_of_another(
    world: World,
) -> None:
    customer = await create(world, "Elif")
    await update(world.ayse, customer, 1, name="Elif Şahin")

    result = await update(world.nikos, customer, 1, name="Elif", language="tr")

    assert result["customer"]["name"] == "Elif Şahin"
    assert result["customer"]["language"] == "tr"


async def test_edits_of_the_same_field_show_all_three_versions_and_change_nothing(
    world: World,
) -> None:
    companies = [await add_company(world, name) for name in ("Alpha", "Beta", "Gamma")]
    customer = await create(world, "Elif", companyId=companies[0])
    await update(world.ayse, customer, 1, name="Elif Şahin", companyId=companies[1])
    before = await world.counts()

    result = await update(
        world.nikos, customer, 1, name="Elif Sahin", companyId=companies[2], language="tr"
    )

    assert result == {
        "__typename": "EditConflict",
        "currentVersion": 2,
        "changedBy": {"name": "Ayse"},
        "fields": [
            {"field": "name", "base": "Elif", "theirs": "Elif Şahin", "yours": "Elif Sahin"},
            {"field": "company", "base": "Alpha", "theirs": "Beta", "yours": "Gamma"},
        ],
        "current": {"id": customer["id"], "name": "Elif Şahin", "company": {"name": "Beta"}},
        "code": "EDIT_CONFLICT",
    }
    assert await world.counts() == before


async def test_the_same_edit_by_two_is_no_conflict(world: World) -> None:
    customer = await create(world, "Elif")
    await update(world.ayse, customer, 1, name="Elif Şahin")

    result = await update(world.nikos, customer, 1, name="Elif Şahin")

    assert result["__typename"] == "CustomerUpdateSuccess"
    assert result["customer"]["version"] == 2


async def test_a_version_that_does_not_exist_yet_is_refused(world: World) -> None:
    customer = await create(world, "Elif")

    result = await update(world.nikos, customer, 2, name="X")

    assert result["fields"] == [
        {"path": ["input", "expectedVersion"], "code": "VERSION_IN_FUTURE", "limit": 1, "actual": 2}
    ]


async def test_an_address_cannot_be_taken_from_another_customer(world: World) -> None:
    taken = await create(world, "Elif", email="elif@example.com")
    customer = await create(world, "Maria")
    before = await world.counts()

    result = await update(world.nikos, customer, 1, email="elif@example.com", name="Eleni")

    assert result == {
        "__typename": "AlreadyExists",
        "existing": {"id": taken["id"], "name": "Elif"},
        "code": "ALREADY_EXISTS",
    }
    assert await world.counts() == before
    assert await names(world.ayse) == ["Elif", "Maria"]


async def test_a_customer_who_is_not_there_cannot_be_edited(world: World) -> None:
    message, _ = await world.receive()

    unknown = await update(world.ayse, {"id": NO_SUCH}, 1, name="X")
    other_kind = await update(world.ayse, {"id": message}, 1, name="X")

    assert unknown == {"__typename": "NotFound", "code": "NOT_FOUND"}
    assert other_kind["fields"] == [
        {"path": ["input", "customerId"], "code": "INVALID_ID", "limit": None, "actual": None}
    ]


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


@pytest.mark.parametrize(
    "search",
    [
        "ELIF",
        "şahin eli",
        "sahin",
        "elif.sahin@posta.example",
        "posta.example",
        "0532 123 45 67",
        "5321234567",
        "tekstil",
        "elif tekstil",
        "elif_chats",
    ],
)
async def test_a_customer_is_found_by(world: World, search: str) -> None:
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

    assert await names(world.nikos, search=search) == ["Elif Şahin"]


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


async def customer_of(world: World, ticket: str) -> str:
    found = await world.admin.ask(
        "query ($id: ID!) { node(id: $id) { ... on Ticket { customer { id } } } }", id=ticket
    )
    customer_id: str = found["node"]["customer"]["id"]
    return customer_id


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
        query ($first: Int!) {
          customers(first: $first) {
            totalCount
            nodes {
              name company { name } profiles { handle } notes { nodes { body } }
              interactions { nodes { tags agent { name } ticket { title } } }
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
        await world.ayse.ask(document, first=1)
    async with world.counted_statements() as many:
        await world.ayse.ask(document, first=6)

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


async def test_a_mail_belongs_to_the_customer_with_its_address(world: World) -> None:
    customer = await create(world, "Elif", email="Elif@example.com")

    _, ticket = await world.receive(handle="elif@EXAMPLE.com")

    assert await customer_of(world, ticket) == customer["id"]


async def test_a_handle_longer_than_a_name_may_be_still_makes_a_customer(world: World) -> None:
    handle = "h" * 254

    await world.receive(handle=handle, channel=Channel.LINE, name="")

    assert await names(world.ayse) == [handle[:200]]
