"""Tickets that are handed to other brands, teams and agents."""

from typing import Any

from core.ids import NodeKind, encode_global_id
from tests.support.desk import Client, World

TRANSFER = """
    mutation ($input: TicketTransferInput!) {
      ticketTransfer(input: $input) {
        __typename
        ... on TicketTransferSuccess {
          ticket {
            brand { name } team { name } assignee { name }
            notes { nodes { kind body author { ... on Agent { name } } } }
          }
        }
        ... on ValidationFailed { fields { path code } }
        ... on UserError { code }
      }
    }
"""


async def transfer(client: Client, ticket: str, **wanted: Any) -> dict[str, Any]:
    return await client.act(TRANSFER, input={"ticketId": ticket, **wanted})


def team_id(world: World, name: str) -> str:
    return encode_global_id(NodeKind.TEAM, getattr(world, name).id)
