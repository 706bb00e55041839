"""Acts on customers that several tests need."""

from typing import Any

from core import clock
from core.ids import NodeKind, encode_global_id, new_id
from core.text import fold
from models.companies import Company, CompanyDomain
from tests.support.desk import Client, World

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


async def customer_of(world: World, ticket: str) -> str:
    found = await world.admin.ask(
        "query ($id: ID!) { node(id: $id) { ... on Ticket { customer { id } } } }", id=ticket
    )
    customer_id: str = found["node"]["customer"]["id"]
    return customer_id


async def found(world: World, search: str, **variables: Any) -> set[str]:
    return set(await names(world.nikos, search=search, **variables))
