"""Chats of customers, for tests: how one is started, and what a customer asks in it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from core.ids import NodeKind, decode_global_id, encode_global_id
from models.brands import Brand
from models.chats import Chat as ChatRow
from models.chats import ChatSession
from tests.support.desk import Client, World

CHAT_START = """
    mutation ($input: ChatStartInput!) {
      chatStart(input: $input) {
        __typename
        ... on ChatStartSuccess { token ticket { id number status channel } }
        ... on UserError { code message }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on LimitReached { limit }
        ... on Unavailable { retryAfterSeconds }
      }
    }
"""
MESSAGE_SEND = """
    mutation ($input: MessageSendInput!) {
      messageSend(input: $input) {
        __typename
        ... on MessageSendSuccess { message { id body direction } ticket { id status } }
        ... on ValidationFailed { fields { path code } }
        ... on UserError { code why: message }
        ... on Unavailable { retryAfterSeconds }
      }
    }
"""
CONVERSATION = """
    fragment Conversation on Ticket {
      id status
      messages(first: 50) {
        totalCount
        nodes {
          id body direction author { ... on Agent { name } ... on Customer { name } __typename }
          attachments { id filename contentType size url }
        }
      }
    }
"""
CHAT = f"{{ chat {{ eventCursor ticket {{ ...Conversation }} }} }} {CONVERSATION}"
CHAT_EVENTS = """
    subscription ($after: EventCursor) {
      chatEvents(after: $after) {
        __typename
        ... on Event { cursor }
        ... on StreamReset { reason }
        ... on ChatMessageAdded {
          message { body direction author { ... on Agent { name } ... on Customer { name } } }
        }
        ... on ChatEnded { endedBy }
      }
    }
"""
CHAT_TYPING = "subscription { chatTyping { isTyping agent { name } } }"
CHAT_END = """
    mutation ($input: ChatEndInput!) {
      chatEnd(input: $input) {
        __typename
        ... on ChatEndSuccess { endedAt ticket { status } }
        ... on UserError { code }
        ... on ValidationFailed { fields { path code } }
      }
    }
"""
CHAT_REVOKE = """
    mutation ($ticket: ID!) {
      chatRevoke(input: {ticketId: $ticket}) {
        __typename ... on ChatRevokeSuccess { revokedAt } ... on UserError { code }
      }
    }
"""
CHAT_STATE_SET = """
    mutation ($state: ChatState!) {
      chatStateSet(input: {state: $state}) {
        __typename ... on ChatStateSetSuccess { state } ... on UserError { code }
      }
    }
"""
TRANSCRIPT_SEND = """
    mutation ($input: ChatTranscriptSendInput!) {
      chatTranscriptSend(input: $input) {
        __typename
        ... on ChatTranscriptSendSuccess { email }
        ... on UserError { code }
        ... on ValidationFailed { fields { path code } }
        ... on Unavailable { retryAfterSeconds }
      }
    }
"""
TRANSCRIPT = """
    query ($ticket: ID!, $zone: String! = "UTC") {
      chatTranscript(ticketId: $ticket, timeZone: $zone)
    }
"""


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that a customer has started."""

    world: World
    token: str
    ticket: str

    @property
    def customer(self) -> Client:
        """The client of its customer."""
        return Client(self.world.http, self.token)

    @property
    def ticket_id(self) -> UUID:
        """The row of its ticket."""
        return decode_global_id(self.ticket)[1]

    async def write(self, body: str, **given: Any) -> dict[str, Any]:
        """Let the customer write; return what that is answered with."""
        return await self.customer.act(
            MESSAGE_SEND, input={"ticketId": self.ticket, "body": body, **given}
        )

    async def answer(self, body: str, who: str = "ayse") -> dict[str, Any]:
        """Let an agent write to the customer."""
        client: Client = getattr(self.world, who)
        return await client.act(MESSAGE_SEND, input={"ticketId": self.ticket, "body": body})

    async def end(self, **given: Any) -> dict[str, Any]:
        """Let the customer end it; return what that is answered with."""
        return await self.customer.act(CHAT_END, input={"ticketId": self.ticket, **given})

    async def messages(self) -> list[str]:
        """Return what the customer reads."""
        ticket = (await self.customer.ask(CHAT))["chat"]["ticket"]
        return [message["body"] for message in ticket["messages"]["nodes"]]


def brand_id(brand: Brand) -> str:
    """Return the global id of a brand."""
    return encode_global_id(NodeKind.BRAND, brand.id)


async def start_chat(world: World, name: str | None = "Elif", **given: Any) -> Chat:
    """Start a chat with Acme."""
    started = await world.nobody.act(
        CHAT_START, input={"brandId": brand_id(world.acme), "name": name, **given}
    )
    assert started["__typename"] == "ChatStartSuccess", started
    return Chat(world, started["token"], started["ticket"]["id"])


async def chat_counts(world: World) -> dict[str, int]:
    """Return how many rows the tables have that a chat could leave something in."""
    async with world.desk.database.reading() as connection:
        rows = [
            (await connection.execute(select(func.count()).select_from(model))).scalar_one()
            for model in (ChatRow, ChatSession)
        ]
    return await world.counts() | {"chat": rows[0], "chat_session": rows[1]}
