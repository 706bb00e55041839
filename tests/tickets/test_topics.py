"""What the tickets of a brand can be about."""

from models.brands import Brand
from tests.support.brands import id_of
from tests.support.desk import World
from tests.support.history import change, history, unlike
from tests.support.topics import CREATE, create

UPDATE = """
    mutation ($id: ID!, $version: Int!, $name: String) {
      topicUpdate(input: {topicId: $id, expectedVersion: $version, name: $name}) {
        __typename
        ... on TopicUpdateSuccess { topic { version name } mergedFields }
        ... on ValidationFailed { fields { path code } }
        ... on AlreadyExists { existing { ... on Topic { name } } }
        ... on EditConflict { fields { field base theirs yours } }
      }
    }
"""
LIST = "query ($brand: ID) { topics(brandId: $brand) { name brand { name } } }"


async def listed(world: World, person: str, brand: Brand | None = None) -> list[str]:
    topics = await getattr(world, person).ask(LIST, brand=id_of(brand) if brand else None)
    return [f"{topic['brand']['name']}: {topic['name']}" for topic in topics["topics"]]


async def test_a_topic_belongs_to_a_brand(world: World) -> None:
    result = await create(world, world.acme, "Kargo")

    topic = result["topic"]
    assert topic == {"id": topic["id"], "version": 1, "name": "Kargo", "brand": {"name": "Acme"}}
    assert await history(world, topic["id"]) == [("TopicCreated", [])]


async def test_topics_are_seen_by_those_who_work_for_the_brand(world: World) -> None:
    await create(world, world.acme, "Kargo")
    await create(world, world.other, "Billing")

    assert await listed(world, "admin") == ["Other: Billing", "Acme: Kargo"]
    assert await listed(world, "admin", world.other) == ["Other: Billing"]
    assert await listed(world, "ayse") == ["Acme: Kargo"]
    assert await listed(world, "ayse", world.other) == []


async def test_a_name_is_unique_within_its_brand_only(world: World) -> None:
    await create(world, world.acme, "İptal")
    before = await world.counts()
    taken = await create(world, world.acme, "iptal")
    after = await world.counts()
    free = await create(world, world.other, "iptal")

    assert taken == {
        "__typename": "AlreadyExists",
        "existing": {"name": "İptal", "brand": {"name": "Acme"}},
    }
    assert after == before
    assert free["topic"]["brand"] == {"name": "Other"}


async def test_wrong_brands_names_and_people_leave_no_trace(world: World) -> None:
    before = await world.counts()

    unknown = await world.admin.act(CREATE, brand=unlike(id_of(world.acme)), name="")
    wrong = await world.admin.act(CREATE, brand=world.id_of("ayse"), name="Kargo")
    too_long = await create(world, world.acme, "Σ" * 201)
    agent = await world.ayse.act(CREATE, brand=id_of(world.acme), name="Kargo")

    assert unknown["fields"] == [
        {"path": ["input", "name"], "code": "REQUIRED", "limit": None, "actual": None},
        {"path": ["input", "brandId"], "code": "UNKNOWN_REFERENCE", "limit": None, "actual": None},
    ]
    assert [(f["path"], f["code"]) for f in wrong["fields"]] == [
        (["input", "brandId"], "INVALID_ID")
    ]
    assert too_long["fields"] == [
        {"path": ["input", "name"], "code": "TOO_LONG", "limit": 200, "actual": 201}
    ]
    assert agent == {"__typename": "NotAllowed"}
    assert await world.counts() == before


async def test_the_same_key_adds_one_topic(world: World) -> None:
    first = await create(world, world.acme, "Kargo", key="k")

    assert await create(world, world.acme, "Kargo", key="k") == first
    assert await create(world, world.other, "Kargo", key="k") == {
        "__typename": "IdempotencyKeyReused"
    }


async def test_a_topic_is_renamed_once_for_everybody(world: World) -> None:
    topic = (await create(world, world.acme, "Kargo"))["topic"]
    await create(world, world.acme, "İade")

    renamed = await world.admin.act(UPDATE, id=topic["id"], version=1, name="Teslimat")
    conflict = await world.admin.act(UPDATE, id=topic["id"], version=1, name="Gönderi")
    taken = await world.admin.act(UPDATE, id=topic["id"], version=2, name="IADE")
    unknown = await world.admin.act(UPDATE, id=unlike(topic["id"]), version=2, name="x")
    agent = await world.ayse.act(UPDATE, id=topic["id"], version=2, name="x")

    assert renamed["topic"] == {"version": 2, "name": "Teslimat"}
    assert conflict == {
        "__typename": "EditConflict",
        "fields": [{"field": "name", "base": "Kargo", "theirs": "Teslimat", "yours": "Gönderi"}],
    }
    assert taken == {"__typename": "AlreadyExists", "existing": {"name": "İade"}}
    assert unknown == {"__typename": "NotFound"}
    assert agent == {"__typename": "NotAllowed"}
    assert await history(world, topic["id"]) == [
        ("TopicCreated", []),
        ("TopicChanged", [change("name", "Kargo", "Teslimat")]),
    ]
