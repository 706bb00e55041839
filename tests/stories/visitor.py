"""A customer who chats on the web site, with a token for this chat and nothing else."""

from contextlib import AsyncExitStack
from typing import Any, Self

from tests.stories.person import Person, Screen

CHAT = "query { chat { ticket { messages { nodes { body } } } } }"
CHAT_EVENTS = """
    subscription ($after: EventCursor) {
      chatEvents(after: $after) {
        __typename
        ... on Event { cursor }
        ... on ChatMessageAdded { message { body } }
      }
    }
"""


class Visitor(Person):
    """The customer of a chat."""

    def __init__(
        self, name: str, server: str, token: str, ticket: str, closing: AsyncExitStack
    ) -> None:
        super().__init__(name, server, token, closing)
        self.ticket = ticket
        self._chat_token = token

    def moves_to(self, server: str) -> Self:
        """Return the same customer in the same chat, on a new connection to a server."""
        return type(self)(self.name, server, self._chat_token, self.ticket, self._closing)

    async def opens_chat(self, *, after: str | None = None) -> Screen:
        """Look at the chat live from now on, or from a place of its events on."""
        screen = await self.opens(CHAT_EVENTS, _in_words, after=after)
        if after is None:
            await screen.shows("ready")
        return screen

    async def reads_chat(self) -> list[str]:
        """Return what was written, oldest first."""
        nodes = (await self.asks(CHAT))["chat"]["ticket"]["messages"]["nodes"]
        return [node["body"] for node in nodes]

    async def writes(self, body: str, *, key: str | None = None) -> None:
        """Write to the desk; with the same key again, to be sure that it arrived."""
        await self.does("messageSend", ticketId=self.ticket, body=body, idempotencyKey=key)


async def begin_chat(name: str, server: str, brand_id: str, closing: AsyncExitStack) -> Visitor:
    """Start a chat as somebody whom nobody knows."""
    nobody = Person(name, server, None, closing)
    started = await nobody.does("chatStart", "token ticket { id }", brandId=brand_id, name=name)
    return Visitor(name, server, started["token"], started["ticket"]["id"], closing)


def _in_words(event: dict[str, Any]) -> str:
    if event["__typename"] == "StreamReady":
        return "ready"
    body: str = event["message"]["body"]
    return body
