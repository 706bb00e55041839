"""Brands, which admins keep."""

from typing import Any

import pytest

from core.ids import NodeKind, encode_global_id
from tests.support.brands import CREATE
from tests.support.desk import World
from tests.support.history import change, history, unlike

UPDATE = """
    mutation ($input: BrandUpdateInput!) {
      brandUpdate(input: $input) {
        __typename
        ... on BrandUpdateSuccess {
          brand { version name language email defaultEmailSubject } mergedFields
        }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on AlreadyExists { existing { ... on Brand { name } } }
        ... on EditConflict {
          currentVersion fields { field base theirs yours } current { ... on Brand { name } }
        }
      }
    }
"""


async def create(world: World, **fields: Any) -> dict[str, Any]:
    return await world.admin.act(CREATE, input={"name": "Deniz", "language": "tr", **fields})


async def update(world: World, brand: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = {"brandId": brand["id"], "expectedVersion": brand["version"], **fields}
    return await world.admin.act(UPDATE, input=given)


async def test_an_admin_adds_a_brand(world: World) -> None:
    result = await create(
        world, email="Destek@DENIZ.example", defaultEmailSubject="Destek  talebiniz"
    )

    assert result == {
        "__typename": "BrandCreateSuccess",
        "brand": {
            "id": result["brand"]["id"],
            "version": 1,
            "name": "Deniz",
            "language": "tr",
            "email": "Destek@deniz.example",
            "defaultEmailSubject": "Destek talebiniz",
            "topics": [],
        },
    }
    assert await history(world, result["brand"]["id"]) == [("BrandCreated", [])]


async def test_other_agents_may_neither_add_nor_edit_brands(world: World) -> None:
    brand = encode_global_id(NodeKind.BRAND, world.acme.id)
    before = await world.counts()

    added = await world.ayse.act(CREATE, input={"name": "Deniz", "language": "tr"})
    edited = await world.ayse.act(
        UPDATE, input={"brandId": brand, "expectedVersion": 0, "name": "Deniz"}
    )

    assert added == edited == {"__typename": "NotAllowed"}
    assert await world.counts() == before


async def test_all_problems_are_told_at_once(world: World) -> None:
    before = await world.counts()

    result = await create(
        world,
        name="🦉" * 201,
        language="de",
        email="not an address",
        defaultEmailSubject="α" * 2_001,
        undoSeconds=-1,
    )

    assert result["fields"].pop() == {
        "path": ["input", "undoSeconds"],
        "code": "OUT_OF_RANGE",
        "limit": 0,
        "actual": -1,
    }
    assert result["fields"] == [
        {"path": ["input", "name"], "code": "TOO_LONG", "limit": 200, "actual": 201},
        {"path": ["input", "language"], "code": "NOT_ALLOWED_VALUE", "limit": None, "actual": None},
        {"path": ["input", "email"], "code": "INVALID_EMAIL", "limit": None, "actual": None},
        {
            "path": ["input", "defaultEmailSubject"],
            "code": "TOO_LONG",
            "limit": 2_000,
            "actual": 2_001,
        },
    ]
    assert await world.counts() == before


async def test_a_name_at_the_limit_fits(world: World) -> None:
    result = await create(world, name="ğ" * 199 + "🦉", defaultEmailSubject="ώ" * 2_000)

    assert result["brand"]["name"] == "ğ" * 199 + "🦉"


async def test_a_brand_has_its_name_alone_whatever_the_case(world: World) -> None:
    before = await world.counts()

    result = await create(world, name="ACME")

    assert result == {"__typename": "AlreadyExists", "existing": {"name": "Acme"}}
    assert await world.counts() == before


async def test_the_same_key_adds_one_brand(world: World) -> None:
    first = await create(world, idempotencyKey="k")
    before = await world.counts()

    assert await create(world, idempotencyKey="k") == first
    assert await create(world, idempotencyKey="k", language="el") == {
        "__typename": "IdempotencyKeyReused"
    }
    assert await world.counts() == before


async def test_absent_fields_stay_and_null_clears(world: World) -> None:
    brand = (await create(world, email="a@deniz.example", defaultEmailSubject="Selam"))["brand"]

    result = await update(world, brand, email=None, language="el")

    assert result == {
        "__typename": "BrandUpdateSuccess",
        "brand": {
            "version": 2,
            "name": "Deniz",
            "language": "el",
            "email": None,
            "defaultEmailSubject": "Selam",
        },
        "mergedFields": [],
    }
    assert (await history(world, brand["id"]))[1:] == [
        ("BrandChanged", [change("language", "tr", "el"), change("email", "a@deniz.example", None)])
    ]


@pytest.mark.parametrize(
    ("field", "code"), [("name", "REQUIRED"), ("language", "NOT_ALLOWED_VALUE")]
)
async def test_name_and_language_cannot_be_cleared(world: World, field: str, code: str) -> None:
    brand = (await create(world))["brand"]

    result = await update(world, brand, **{field: None})

    assert [(f["path"], f["code"]) for f in result["fields"]] == [(["input", field], code)]


async def test_edits_of_different_fields_are_merged(world: World) -> None:
    brand = (await create(world))["brand"]
    await update(world, brand, defaultEmailSubject="Selam")

    result = await update(world, brand, name="Deniz 2")

    assert result["brand"]["version"] == 3
    assert result["brand"]["defaultEmailSubject"] == "Selam"
    assert result["mergedFields"] == ["defaultEmailSubject"]


async def test_edits_of_the_same_field_are_a_conflict_without_a_trace(world: World) -> None:
    brand = (await create(world))["brand"]
    await update(world, brand, name="Deniz A", language="el")
    before = await world.counts()

    result = await update(world, brand, name="Deniz B", email="b@deniz.example")

    assert result == {
        "__typename": "EditConflict",
        "currentVersion": 2,
        "fields": [{"field": "name", "base": "Deniz", "theirs": "Deniz A", "yours": "Deniz B"}],
        "current": {"name": "Deniz A"},
    }
    assert await world.counts() == before


async def test_a_brand_cannot_take_the_name_of_another(world: World) -> None:
    brand = (await create(world))["brand"]

    result = await update(world, brand, name="acmé")

    assert result == {"__typename": "AlreadyExists", "existing": {"name": "Acme"}}


async def test_an_unknown_brand_is_not_found(world: World) -> None:
    brand = (await create(world))["brand"]

    result = await update(world, {"id": unlike(brand["id"]), "version": 1}, name="x")

    assert result == {"__typename": "NotFound"}


async def test_everybody_sees_the_brands_they_work_for(world: World) -> None:
    listed = "{ brands { name } }"

    assert (await world.admin.ask(listed))["brands"] == [{"name": "Acme"}, {"name": "Other"}]
    assert (await world.ayse.ask(listed))["brands"] == [{"name": "Acme"}]
    assert (await world.nobody.send(listed)).error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_more_brands_need_no_more_statements(world: World) -> None:
    listed = "{ brands { name topics { name brand { name } } } }"
    async with world.counted_statements() as few:
        await world.admin.ask(listed)
    for number in range(5):
        await create(world, name=f"Brand {number}")

    async with world.counted_statements() as many:
        await world.admin.ask(listed)

    assert len(many) == len(few)
