"""Creating and editing customers."""

import asyncio

from core.ids import NodeKind, encode_global_id, new_id
from models.viewers import ApiScope
from tests.support.customers import CREATE, NO_SUCH, UPDATE, add_company, create, names, update
from tests.support.desk import World

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


async def test_a_name_that_nobody_can_see_is_missing(world: World) -> None:
    for name in ("", " \t", "\u200b"):
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
