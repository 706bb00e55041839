"""Tags: how they are made, and put on tickets."""

from typing import Any

from tests.support.desk import Client

CREATE = """
    mutation ($name: String!, $key: String) {
      tagCreate(input: {name: $name, idempotencyKey: $key}) {
        __typename
        ... on TagCreateSuccess { tag { id version name } }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on AlreadyExists { existing { ... on Tag { name } } }
      }
    }
"""
ADD = """
    mutation ($input: TicketTagInput!) {
      ticketTag(input: $input) {
        __typename
        ... on TicketTagSuccess { tag { id name } ticket { version tags { name } } }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on LimitReached { limit }
        ... on UserError { code }
      }
    }
"""


async def add(client: Client, ticket: str, **given: Any) -> dict[str, Any]:
    return await client.act(ADD, input={"ticketId": ticket, **given})
