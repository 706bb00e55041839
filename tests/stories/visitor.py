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
        ... on ChatEnded { endedBy }
        ... on ChatResumed { occurredAt }
      }
    }
"""
TYPES = "mutation { chatStateSet(input: {state: TYPING}) { __typename } }"
CHAT_TYPING = "subscription { chatTyping { isTyping agent { name } } }"


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

    async def sees_who_types(self) -> Screen:
        """See live whether an agent is about to answer."""
        screen = await self.opens(CHAT_TYPING, _typing_in_words)
        await screen.shows("nobody types")
        return screen

    async def types(self) -> None:
        """Press keys."""
        told = (await self.asks(TYPES))["chatStateSet"]
        assert told == {"__typename": "ChatStateSetSuccess"}

    async def ends_chat(self) -> None:
        """Say that this is all."""
        await self.does("chatEnd", ticketId=self.ticket)

    async def asks_for_code(self) -> None:
        """Ask for a code by mail, to prove who they are."""
        await self.does("profileVerificationSend")

    async def proves_by(self, code: str) -> str:
        """Type in the code of the mail; return what the desk says of it."""
        result = await self.tries(
            "profileVerify", "... on ProfileVerifySuccess { verified }", code=code
        )
        problems = [problem["code"] for problem in result.get("fields", ())]
        return ", ".join(problems) or str(result.get("code", "verified"))

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
    if event["__typename"] == "ChatEnded":
        return f"ended by {event['endedBy']}"
    if event["__typename"] == "ChatResumed":
        return "goes on"
    body: str = event["message"]["body"]
    return body


def _typing_in_words(told: dict[str, Any]) -> str:
    return f"{told['agent']['name']} types" if told["isTyping"] else "nobody types"
