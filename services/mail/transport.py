"""How mail leaves the house: what a server is handed, and what it may say to that."""

from dataclasses import dataclass
from typing import Protocol

from core.text import stored_line
from models.messages import DELIVERY_DETAIL_CHARACTERS, DeliveryFailure


@dataclass(frozen=True, slots=True)
class Envelope:
    """A composed mail and where it goes. Addresses are as on the wire: domains in ASCII.

    All lines of `content` end in CRLF, the last one as well.
    Where the recipient's address has other characters before its @, the server must know SMTPUTF8.
    """

    sender: str
    recipient: str
    content: bytes

    @property
    def needs_utf8(self) -> bool:
        """Whether a server of the old kind cannot be told the address."""
        return not (self.recipient.isascii() and self.sender.isascii())


class NotDelivered(Exception):
    """The mail did not go out. `is_final`: another try would end in the same way.

    `detail` is what the server said, in one line, for people who know mail.
    """

    def __init__(self, failure: DeliveryFailure, detail: str, *, is_final: bool) -> None:
        self.failure = failure
        self.detail = stored_line(detail, DELIVERY_DETAIL_CHARACTERS)
        self.is_final = is_final
        super().__init__(f"{failure}: {self.detail}")


class MailTransport(Protocol):
    """Hands mails over, one recipient each."""

    async def send(self, envelope: Envelope) -> None:
        """Hand a mail over. Raises NotDelivered."""
