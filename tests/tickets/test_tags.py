"""The list of tags that admins keep."""

import asyncio

import pytest

from tests.support.desk import World
from tests.support.history import change, history, unlike
from tests.support.tags import CREATE

UPDATE = """
    mutation ($id: ID!, $version: Int!, $name: String) {
      tagUpdate(input: {tagId: $id, expectedVersion: $version, name: $name}) {
        __typename
        ... on TagUpdateSuccess { tag { version name } mergedFields }
        ... on ValidationFailed { fields { path code } }
        ... on AlreadyExists { existing { ... on Tag { name } } }
        ... on EditConflict {
          currentVersion changedBy { ... on Agent { name } }
          fields { field base theirs yours } current { ... on Tag { name } }
        }
      }
    }
"""
LIST = """
    query ($search: String, $first: Int, $after: String) {
      tags(search: $search, first: $first, after: $after) {
        totalCount nodes { name } pageInfo { hasNextPage endCursor }
      }
    }
"""


async def names(world: World, search: str | None = None) -> list[str]:
    found = await world.ayse.act(LIST, search=search)
    return [tag["name"] for tag in found["nodes"]]


async def test_an_admin_adds_a_tag_and_everybody_finds_it(world: World) -> None:
    result = await world.admin.act(CREATE, name="  e-mail   requested ")

    assert result["tag"]["name"] == "e-mail requested"
    assert result["tag"]["version"] == 1
    assert await names(world) == ["e-mail requested"]
    assert await history(world, result["tag"]["id"]) == [("TagCreated", [])]


@pytest.mark.parametrize("person", ["ayse", "stranger"])
async def test_other_agents_may_not_add_tags(world: World, person: str) -> None:
    before = await world.counts()

    result = await getattr(world, person).act(CREATE, name="urgent")

    assert result == {"__typename": "NotAllowed"}
    assert await world.counts() == before


async def test_who_is_not_signed_in_is_asked_to_sign_in(world: World) -> None:
    added = await world.nobody.send(CREATE, name="urgent")
    listed = await world.nobody.send(LIST)

    assert added.error["extensions"]["code"] == "UNAUTHENTICATED"
    assert listed.error["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("name", ["ı" * 50, "ΐ" * 50, "ş" * 49 + "🦉"])
async def test_fifty_characters_are_a_tag_and_one_more_is_none(world: World, name: str) -> None:
    fits = await world.admin.act(CREATE, name=name)
    before = await world.counts()
    too_long = await world.admin.act(CREATE, name=f"{name}x")

    assert fits["tag"]["name"] == name
    assert too_long == {
        "__typename": "ValidationFailed",
        "fields": [{"path": ["input", "name"], "code": "TOO_LONG", "limit": 50, "actual": 51}],
    }
    assert await world.counts() == before


async def test_composed_and_decomposed_letters_count_alike(world: World) -> None:
    result = await world.admin.act(CREATE, name="u\u0308" * 50)

    assert result["tag"]["name"] == "ü" * 50


@pytest.mark.parametrize("name", ["", "   ", "\u200b\u00ad"])
async def test_a_tag_that_nobody_can_see_is_refused(world: World, name: str) -> None:
    result = await world.admin.act(CREATE, name=name)

    assert result["fields"] == [
        {"path": ["input", "name"], "code": "REQUIRED", "limit": None, "actual": None}
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [("ISTANBUL", "ıstanbul"), ("İade", "iade"), ("Παραγγελία", "παραγγελια"), ("ΛΟΓΟΣ", "λόγος")],
)
async def test_a_name_is_taken_whatever_its_case_and_accents(
    world: World, first: str, second: str
) -> None:
    await world.admin.act(CREATE, name=first)
    before = await world.counts()

    result = await world.admin.act(CREATE, name=second)

    assert result == {"__typename": "AlreadyExists", "existing": {"name": first}}
    assert await world.counts() == before


async def test_of_two_equal_tags_at_once_one_is_added(world: World) -> None:
    results = await asyncio.gather(*(world.admin.act(CREATE, name="refund") for _ in range(4)))

    kinds = sorted(result["__typename"] for result in results)
    assert kinds == ["AlreadyExists", "AlreadyExists", "AlreadyExists", "TagCreateSuccess"]
    assert await names(world) == ["refund"]


async def test_the_same_key_and_input_answer_with_the_same_tag(world: World) -> None:
    first = await world.admin.act(CREATE, name="refund", key="k1")
    before = await world.counts()

    again = await world.admin.act(CREATE, name="refund", key="k1")
    other = await world.admin.act(CREATE, name="return", key="k1")

    assert again == first
    assert other == {"__typename": "IdempotencyKeyReused"}
    assert await world.counts() == before


async def test_a_refused_creation_leaves_its_key_free(world: World) -> None:
    await world.admin.act(CREATE, name="", key="k1")

    result = await world.admin.act(CREATE, name="refund", key="k1")

    assert result["__typename"] == "TagCreateSuccess"


async def test_a_renamed_tag_keeps_its_history(world: World) -> None:
    tag = (await world.admin.act(CREATE, name="refund"))["tag"]

    result = await world.admin.act(UPDATE, id=tag["id"], version=1, name="Refund")

    assert result == {
        "__typename": "TagUpdateSuccess",
        "tag": {"version": 2, "name": "Refund"},
        "mergedFields": [],
    }
    assert await history(world, tag["id"]) == [
        ("TagCreated", []),
        ("TagChanged", [change("name", "refund", "Refund")]),
    ]


async def test_the_same_name_again_is_no_change_and_no_event(world: World) -> None:
    tag = (await world.admin.act(CREATE, name="refund"))["tag"]
    before = await world.counts()

    result = await world.admin.act(UPDATE, id=tag["id"], version=1, name="refund")

    assert result["tag"] == {"version": 1, "name": "refund"}
    assert await world.counts() == before


async def test_a_tag_cannot_take_the_name_of_another(world: World) -> None:
    await world.admin.act(CREATE, name="Παραγγελία")
    tag = (await world.admin.act(CREATE, name="order"))["tag"]
    before = await world.counts()

    result = await world.admin.act(UPDATE, id=tag["id"], version=1, name="παραγγελια")

    assert result == {"__typename": "AlreadyExists", "existing": {"name": "Παραγγελία"}}
    assert await world.counts() == before
    assert await names(world) == ["order", "Παραγγελία"]


async def test_two_renamings_of_one_tag_are_a_conflict(world: World) -> None:
    tag = (await world.admin.act(CREATE, name="refund"))["tag"]
    await world.admin.act(UPDATE, id=tag["id"], version=1, name="money back")
    before = await world.counts()

    result = await world.admin.act(UPDATE, id=tag["id"], version=1, name="repayment")

    assert result == {
        "__typename": "EditConflict",
        "currentVersion": 2,
        "changedBy": {"name": "Admin"},
        "fields": [
            {"field": "name", "base": "refund", "theirs": "money back", "yours": "repayment"}
        ],
        "current": {"name": "money back"},
    }
    assert await world.counts() == before


async def test_wrong_ids_versions_and_people_are_refused(world: World) -> None:
    tag = (await world.admin.act(CREATE, name="refund"))["tag"]
    before = await world.counts()

    wrong_kind = await world.admin.act(UPDATE, id=world.id_of("ayse"), version=1, name="x")
    unknown = await world.admin.act(UPDATE, id=unlike(tag["id"]), version=1, name="x")
    future = await world.admin.act(UPDATE, id=tag["id"], version=2, name="x")
    cleared = await world.admin.act(UPDATE, id=tag["id"], version=1, name=None)
    agent = await world.ayse.act(UPDATE, id=tag["id"], version=1, name="x")

    assert wrong_kind["fields"] == [{"path": ["input", "tagId"], "code": "INVALID_ID"}]
    assert unknown == {"__typename": "NotFound"}
    assert future["fields"] == [{"path": ["input", "expectedVersion"], "code": "VERSION_IN_FUTURE"}]
    assert cleared["fields"] == [{"path": ["input", "name"], "code": "REQUIRED"}]
    assert agent == {"__typename": "NotAllowed"}
    assert await world.counts() == before


async def test_tags_are_found_by_the_beginnings_of_their_words(world: World) -> None:
    for name in ("Müşteri şikayeti", "İade talebi", "100% refund", "Παράπονο πελάτη"):
        await world.admin.act(CREATE, name=name)

    assert await names(world, "SIKA") == ["Müşteri şikayeti"]
    assert await names(world, "tal iad") == ["İade talebi"]
    assert await names(world, "ΠΕΛΑΤ") == ["Παράπονο πελάτη"]
    assert await names(world, "ikayeti") == []
    assert await names(world, "100%") == ["100% refund"]
    assert await names(world, "1_0") == []
    assert len(await names(world, " ")) == 4


async def test_pages_follow_each_other_by_name(world: World) -> None:
    for name in ("c", "Ç", "b", "a"):
        await world.admin.act(CREATE, name=name)
        await world.admin.act(CREATE, name=f"{name}{name}")

    first = await world.ayse.act(LIST, first=4)
    second = await world.ayse.act(LIST, first=4, after=first["pageInfo"]["endCursor"])

    pages = [[tag["name"] for tag in page["nodes"]] for page in (first, second)]
    assert pages == [["a", "aa", "b", "bb"], ["c", "cc"]]
    assert first["totalCount"] == 6
    assert not second["pageInfo"]["hasNextPage"]


async def test_a_page_of_101_tags_is_refused(world: World) -> None:
    answer = await world.ayse.send(LIST, first=101)

    assert answer.error["extensions"]["fields"] == [
        {"path": ["first"], "code": "PAGE_TOO_LARGE", "limit": 100, "actual": 101}
    ]
