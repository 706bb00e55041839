"""Topics: how admins make them."""

from typing import Any

from models.brands import Brand
from tests.support.brands import id_of
from tests.support.desk import World

CREATE = """
    mutation ($brand: ID!, $name: String!, $key: String) {
      topicCreate(input: {brandId: $brand, name: $name, idempotencyKey: $key}) {
        __typename
        ... on TopicCreateSuccess { topic { id version name brand { name } } }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on AlreadyExists { existing { ... on Topic { name brand { name } } } }
      }
    }
"""


async def create(world: World, brand: Brand, name: str, key: str | None = None) -> dict[str, Any]:
    return await world.admin.act(CREATE, brand=id_of(brand), name=name, key=key)
