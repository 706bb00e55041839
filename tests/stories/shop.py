"""The web shop of the office: an integration that brings in messages, and may not read notes."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from tests.stories.admin import Office
from tests.stories.person import Person


@dataclass(frozen=True, slots=True)
class Writer:
    """A customer, as a channel knows them."""

    name: str
    handle: str
    channel: str = "EMAIL"


@dataclass(frozen=True, slots=True)
class Received:
    """What became of the messages of a customer."""

    ticket: str
    customer: str
    messages: list[str]

    @property
    def message(self) -> str:
        """The only message."""
        (message,) = self.messages
        return message


class Shop(Person):
    """Brings in what customers write."""

    def __init__(self, server: str, office: Office, closing: AsyncExitStack) -> None:
        super().__init__("Mağaza", server, office.shop_token, closing)
        self._brand_id = office.brand_id

    async def brings(self, writer: Writer, *bodies: str) -> Received:
        """Bring in messages of a customer, in this order."""
        results = await self.does_all(
            "messageReceive",
            "message { id } ticket { id } customer { id }",
            [
                {
                    "brandId": self._brand_id,
                    "channel": writer.channel,
                    "handle": writer.handle,
                    "name": writer.name,
                    "subject": "Sipariş",
                    "body": body,
                }
                for body in bodies
            ],
        )
        last = results[-1]
        return Received(
            last["ticket"]["id"],
            last["customer"]["id"],
            [result["message"]["id"] for result in results],
        )
