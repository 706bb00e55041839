"""Connectors: what integrations that know a channel ask of the desk."""

from typing import Any

from core.ids import NodeKind, encode_global_id
from models.brands import Brand
from models.viewers import ApiScope
from tests.support.desk import Client, World

REQUESTS = """
    subscription ($channel: Channel!, $after: EventCursor) {
      deliveryRequests(channel: $channel, after: $after) {
        __typename
        ... on Event { cursor }
        ... on StreamReset { reason }
        ... on DeliveryRequested {
          attempt recipient brand { name } ticket { id }
          message { id body attachments { filename url } delivery { state } }
        }
      }
    }
"""
PENDING = """
    query ($channel: Channel!, $first: Int, $after: String) {
      pendingDeliveries(channel: $channel, first: $first, after: $after) {
        nodes { id body delivery { state recipient attempts } }
        pageInfo { hasNextPage endCursor }
        totalCount
      }
    }
"""
CONFIRM = """
    mutation ($input: DeliveryConfirmInput!) {
      deliveryConfirm(input: $input) {
        __typename
        ... on DeliveryConfirmSuccess {
          message { delivery { state reason detail attempts sentAt deliveredAt readAt } }
        }
        ... on ValidationFailed { fields { path code } }
        ... on UserError { code }
      }
    }
"""
RECEIVE = """
    mutation ($input: MessageReceiveInput!) {
      messageReceive(input: $input) {
        __typename
        ... on MessageReceiveSuccess {
          isFirstContact
          message { id body isAutomatic attachments { filename } }
          ticket { id status messageCount }
          customer { id name }
        }
        ... on ValidationFailed { fields { path code } }
        ... on UserError { code }
      }
    }
"""
ANSWER = """
    mutation ($input: MessageSendInput!) {
      messageSend(input: $input) {
        __typename
        ... on MessageSendSuccess {
          message { id channel delivery { state recipient reason undoUntil } }
        }
      }
    }
"""


async def connector(world: World, *brands: Brand) -> Client:
    """Return the client of an integration that delivers for brands, Acme unless told."""
    return await world.integration(ApiScope.MESSAGES_WRITE, brands=brands or [world.acme])


async def receive(client: Client, brand: Brand, body: str = "Merhaba", **more: Any) -> Any:
    """Hand in what a customer wrote, on Telegram unless told."""
    chat = {"channel": "TELEGRAM", "handle": "100", "name": "Işıl Çağlayan"}
    given = {**chat, "brandId": encode_global_id(NodeKind.BRAND, brand.id), "body": body, **more}
    return await client.act(RECEIVE, input=given)


async def answer(client: Client, ticket: str, body: str = "Yolda.", **more: Any) -> Any:
    """Let an agent answer; return the message."""
    result = await client.act(ANSWER, input={"ticketId": ticket, "body": body, **more})
    assert result["__typename"] == "MessageSendSuccess", result
    return result["message"]


async def confirm(client: Client, message: str, outcome: str, **more: Any) -> Any:
    """Say what has become of a message."""
    return await client.act(CONFIRM, input={"messageId": message, "outcome": outcome, **more})


async def pending(client: Client, channel: str = "TELEGRAM", **page: Any) -> Any:
    """Return what is still to be delivered."""
    return (await client.ask(PENDING, channel=channel, **page))["pendingDeliveries"]
