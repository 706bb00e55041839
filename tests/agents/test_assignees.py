"""Who may be given the tickets of a brand."""

from typing import Any

from sqlalchemy import update

from core.ids import NodeKind, encode_global_id
from models.agents import Agent
from models.brands import Brand
from tests.support.desk import World
from tests.support.history import unlike

LIST = """
    query ($brand: ID!, $search: String) {
      assignees(brandId: $brand, search: $search) {
        __typename ... on Agent { name } ... on Team { name }
      }
    }
"""


def id_of(brand: Brand) -> str:
    return encode_global_id(NodeKind.BRAND, brand.id)


async def assignees(world: World, person: str, brand: str, search: str | None = None) -> list[str]:
    found: list[dict[str, Any]] = (
        await getattr(world, person).ask(LIST, brand=brand, search=search)
    )["assignees"]
    return [f"{one['__typename']} {one['name']}" for one in found]


async def test_teams_come_first_then_members_and_admins(world: World) -> None:
    assert await assignees(world, "nikos", id_of(world.acme)) == [
        "Team Sales",
        "Team Support",
        "Agent Admin",
        "Agent Ayse",
        "Agent Nikos",
    ]
    assert await assignees(world, "admin", id_of(world.other)) == [
        "Agent Admin",
        "Agent Stranger",
    ]


async def test_who_left_is_not_offered(world: World) -> None:
    async with world.desk.database.transaction() as session:
        await session.execute(
            update(Agent).where(Agent.id == world.agents["ayse"].id).values(active=False)
        )

    assert "Agent Ayse" not in await assignees(world, "nikos", id_of(world.acme))


async def test_names_and_addresses_are_searched(world: World) -> None:
    acme = id_of(world.acme)

    assert await assignees(world, "nikos", acme, "S") == ["Team Sales", "Team Support"]
    assert await assignees(world, "nikos", acme, "nikos@desk") == ["Agent Nikos"]
    assert await assignees(world, "nikos", acme, "upp") == []


async def test_nobody_is_offered_for_a_brand_out_of_sight(world: World) -> None:
    assert await assignees(world, "ayse", id_of(world.other)) == []
    assert await assignees(world, "ayse", unlike(id_of(world.acme))) == []


async def test_strangers_and_wrong_ids_are_refused(world: World) -> None:
    stranger = await world.nobody.send(LIST, brand=id_of(world.acme))
    wrong = await world.ayse.send(LIST, brand=world.id_of("ayse"))

    assert stranger.error["extensions"]["code"] == "UNAUTHENTICATED"
    assert wrong.error["extensions"]["fields"] == [
        {"path": ["brandId"], "code": "INVALID_ID", "limit": None, "actual": None}
    ]
