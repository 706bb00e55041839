"""Companies: how agents make and edit them."""

from typing import Any

from tests.support.desk import Client, World

CREATE = """
    mutation ($input: CompanyCreateInput!) {
      companyCreate(input: $input) {
        __typename
        ... on CompanyCreateSuccess { company { id version name domains } }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on AlreadyExists { existing { ... on Company { name } } }
        ... on LimitReached { limit }
      }
    }
"""
UPDATE = """
    mutation ($input: CompanyUpdateInput!) {
      companyUpdate(input: $input) {
        __typename
        ... on CompanyUpdateSuccess { company { version name domains } mergedFields }
        ... on ValidationFailed { fields { path code } }
        ... on AlreadyExists { existing { ... on Company { name } } }
        ... on EditConflict {
          fields { field base theirs yours } current { ... on Company { name domains } }
        }
      }
    }
"""


async def create(
    world: World, name: str = "Kuzey", *, by: Client | None = None, **fields: Any
) -> dict[str, Any]:
    return await (by or world.ayse).act(CREATE, input={"name": name, **fields})


async def update(world: World, company: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = {"companyId": company["id"], "expectedVersion": company["version"], **fields}
    return await world.ayse.act(UPDATE, input=given)
