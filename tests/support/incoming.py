"""Mail that is brought to a desk under test, by SMTP or LMTP as a mail server does it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from aiosmtplib import SMTP, SMTPDataError, SMTPRecipientsRefused
from sqlalchemy import update

from app.mail_listener import MailListener, listening
from core.ids import decode_global_id
from models.brands import Brand
from models.messages import DeliveryState, Message
from services.mail.reply_addresses import ReplyAddresses
from tests.support.desk import World

BRAND = "help@acme.example"
OTHER_BRAND = "help@other.example"
REPLY = "reply@help.example"
CUSTOMER = "elif@mail.example"
TAKEN = (250, "2.0.0 Taken")
NO_RECIPIENT = (550, "5.1.1 No such recipient")
TRY_AGAIN = (451, "4.3.0 Try again later")
TICKETS = """
    query {
      tickets(orderBy: CREATED_OLDEST_FIRST, first: 4) {
        nodes {
          id title status channel brand { name } customer { name email }
          messages(first: 7) { nodes {
            id body quotedText bodyHtml isAutomatic direction channel delivery { state }
            author { __typename ... on Agent { name } ... on Customer { name email } }
            attachments { filename contentType contentId size }
            omittedFiles { filename size reason }
          } }
        }
      }
    }
"""
SET_STATUS = """
    mutation ($id: ID!, $version: Int!, $status: TicketStatus!) {
      ticketUpdate(input: {ticketId: $id, expectedVersion: $version, status: $status}) {
        __typename
      }
    }
"""
VERSION = "query ($id: ID!) { ticket(id: $id) { version } }"
SEND = """
    mutation ($ticket: ID!) {
      messageSend(input: {ticketId: $ticket, body: "Yolda."}) {
        ... on MessageSendSuccess { message { id } }
      }
    }
"""


@dataclass(frozen=True, slots=True)
class Mailroom:
    """A desk whose brands have addresses, and where mail for it is brought to."""

    world: World
    listener: MailListener
    replies: ReplyAddresses

    def reply_address(self, ticket: str) -> str:
        """Return where answers to a ticket are sent to."""
        return self.replies.address_of(row_id(ticket)) or ""

    async def bring(
        self, content: bytes, *, to: str | Sequence[str] = BRAND, sender: str = CUSTOMER
    ) -> tuple[int, str]:
        """Bring a mail; return the last answer, or that to the only recipient who was refused."""
        recipients = [to] if isinstance(to, str) else to
        async with SMTP(hostname="127.0.0.1", port=self.listener.port, start_tls=False) as smtp:
            try:
                _, text = await smtp.sendmail(sender, recipients, content)
            except SMTPRecipientsRefused as refusal:
                (only,) = refusal.recipients
                return only.code, only.message
            except SMTPDataError as refusal:
                return refusal.code, refusal.message
            return 250, text.removeprefix("250 ")


@asynccontextmanager
async def mailroom(world: World, place: str = "smtp://127.0.0.1:0") -> AsyncIterator[Mailroom]:
    """Give the brands of a world their addresses, and take mail in for them."""
    async with world.desk.database.transaction() as session:
        for brand, address in ((world.acme, BRAND), (world.other, OTHER_BRAND)):
            brand.email = address
            await session.execute(update(Brand).where(Brand.id == brand.id).values(email=address))
    settings = world.desk.settings.model_copy(
        update={"mail_listen": place, "mail_reply_address": REPLY}
    )
    replies = ReplyAddresses(world.desk.reply_addresses._secret, REPLY)
    desk = replace(world.desk, settings=settings, reply_addresses=replies)
    async with listening(desk) as listener:
        assert listener is not None
        yield Mailroom(world, listener, replies)


def row_id(global_id: str) -> UUID:
    """Return the id of the row that a global id names."""
    return decode_global_id(global_id)[1]


async def tickets(world: World) -> list[dict[str, Any]]:
    """The tickets that the admin sees, the oldest first, their messages as a plain list."""
    nodes: list[dict[str, Any]] = (await world.admin.ask(TICKETS))["tickets"]["nodes"]
    for ticket in nodes:
        ticket["messages"] = ticket["messages"]["nodes"]
    return nodes


async def bodies(world: World) -> list[list[str]]:
    return [[message["body"] for message in t["messages"]] for t in await tickets(world)]


async def set_status(world: World, ticket: str, status: str) -> None:
    version = (await world.admin.ask(VERSION, id=ticket))["ticket"]["version"]
    done = await world.admin.act(SET_STATUS, id=ticket, version=version, status=status)
    assert done == {"__typename": "TicketUpdateSuccess"}


async def send(world: World, ticket: str, state: DeliveryState) -> Message:
    """Let Ayşe answer, and the answer have come so far."""
    sent = await world.ayse.act(SEND, ticket=ticket)
    async with world.desk.database.transaction() as session:
        message = await session.get_one(Message, row_id(sent["message"]["id"]))
        message.external_id = f"{message.id.hex}@acme.example"
        message.delivery_state = state
    return message


def with_files(mail_id: str, files: list[tuple[str, str, bytes]], host: str = "x.example") -> bytes:
    message = EmailMessage()
    message["Message-ID"], message["From"], message["To"] = (
        f"<{mail_id}@{host}>",
        CUSTOMER,
        BRAND,
    )
    message.set_content("Ekte.")
    for filename, content_type, content in files:
        kind, _, subtype = content_type.partition("/")
        message.add_attachment(
            content, maintype=kind, subtype=subtype, filename=filename, cid=f"<{len(content)}@x>"
        )
    return bytes(message)
