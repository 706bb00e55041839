"""Mail between the desk and its customers, as both sides see it."""

import asyncio
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid
from textwrap import indent
from typing import Any

from aiosmtplib import SMTP

from tests.stories import words
from tests.stories.files import ids_of_files
from tests.stories.outside import WorldOutside
from tests.stories.person import WHO, Person, Screen

ARRIVES_WITHIN_SECONDS = 10  # the worker looks for what is to be sent once a second
MAIL_EVENTS = (
    """
    subscription ($ticket: ID!) {
      ticketEvents(ticketId: $ticket) {
        __typename
        ... on Event { cursor }
        ... on MessageAdded { message { ...Mail } }
        ... on DeliveryChanged { message { ...Mail } }
        ... on TicketChanged { actor { ...Who } changes { field before after } }
      }
    }
    fragment Mail on Message {
      body quotedText isAutomatic author { ...Who } attachments { filename }
      delivery { state reason }
    }
    """
    + WHO
)
LAST_MAIL = """
    query ($ticket: ID!) {
      ticket(id: $ticket) {
        messages(last: 1) { nodes { quotedText attachments { id filename } } }
      }
    }
"""
BOUNCE = """\
From: MAILER-DAEMON@mx.example
To: {to}
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

This is the mail system at host mx.example. I'm sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No such user
--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}
--b--
"""
VERSION = "query ($ticket: ID!) { ticket(id: $ticket) { version } }"


@dataclass(frozen=True, slots=True)
class ShownMail:
    """What is folded away of a mail, and the ids of its files by name."""

    quotation: str
    files: dict[str, str]


class WithMail(Person):
    """An agent who answers by mail."""

    async def answers_with(self, ticket: str, body: str, *files: str) -> None:
        """Write to the customer, and send uploaded files along."""
        await self.does("messageSend", ticketId=ticket, body=body, attachmentIds=files)

    async def opens_mails(self, ticket: str) -> Screen:
        """Look live at the mails of a ticket, and how far they have come."""
        screen = await self.opens(MAIL_EVENTS, _in_words, ticket=ticket)
        await screen.shows("ready")
        return screen

    async def reads_last_mail(self, ticket: str) -> ShownMail:
        """Return the mail that came last."""
        found = await self.asks(LAST_MAIL, ticket=ticket)
        (mail,) = found["ticket"]["messages"]["nodes"]
        return ShownMail(mail["quotedText"], ids_of_files(mail))

    async def resolves(self, ticket: str) -> None:
        """Say that there is nothing more to do."""
        version = (await self.asks(VERSION, ticket=ticket))["ticket"]["version"]
        await self.does("ticketUpdate", ticketId=ticket, expectedVersion=version, status="RESOLVED")


class Correspondent:
    """A customer with a mailbox, and with all that machines send in a customer's name.

    `desk_port` is where the desk takes in what their mail server delivers.
    """

    def __init__(self, name: str, address: str, outside: WorldOutside, desk_port: int) -> None:
        self.address = address
        self._sender = f"{name} <{address}>"
        self._outside = outside
        self._desk_port = desk_port
        self._read = 0

    async def gets_mail(self) -> EmailMessage:
        """Wait for the next mail."""
        async with asyncio.timeout(ARRIVES_WITHIN_SECONDS):
            while len(mails := self._outside.mails_to(self.address)) == self._read:
                await asyncio.sleep(0.02)
        self._read += 1
        return mails[self._read - 1].mail

    async def answers(self, mail: EmailMessage, text: str, *files: tuple[str, bytes]) -> str:
        """Answer above what a mail says, as a program in Turkish does; return the answer's id."""
        quotation = indent(text_of(mail), "> ", lambda _line: True)
        attribution = f"22 Kas 2026 Paz, 10:15 tarihinde {mail['From']} şunu yazdı:"
        answer = self._answer_to(mail, f"{text}\n\n{attribution}\n\n{quotation}\n")
        for filename, content in files:
            answer.add_attachment(content, maintype="text", subtype="csv", filename=filename)
        await self._delivers(answer.as_bytes(), answer["To"], self.address)
        message_id: str = answer["Message-ID"]
        return message_id

    async def is_on_holiday(self, mail: EmailMessage, text: str) -> None:
        """Let a program answer a mail by itself (RFC 3834)."""
        answer = self._answer_to(mail, text)
        answer["Auto-Submitted"] = "auto-replied"
        await self._delivers(answer.as_bytes(), answer["To"], "")

    async def has_no_mailbox_any_more(self, mail: EmailMessage) -> None:
        """Let their mail server report that a mail did not arrive (RFC 3464)."""
        report = BOUNCE.format(
            to=mail["Reply-To"], recipient=self.address, message_id=mail["Message-ID"]
        )
        await self._delivers(report.encode(), mail["Reply-To"], "")

    def _answer_to(self, mail: EmailMessage, text: str) -> EmailMessage:
        answer = EmailMessage()
        answer["From"] = self._sender
        answer["To"] = mail["Reply-To"]
        answer["Subject"] = f"Ynt: {mail['Subject']}"
        answer["Message-ID"] = make_msgid(domain="mail.example")
        answer["In-Reply-To"] = mail["Message-ID"]
        answer["References"] = mail["Message-ID"]
        answer.set_content(text)
        return answer

    async def _delivers(self, content: bytes, to: str, envelope_sender: str) -> None:
        async with SMTP(hostname="127.0.0.1", port=self._desk_port, start_tls=False) as desk:
            await desk.sendmail(envelope_sender, [to], content)


def text_of(mail: EmailMessage) -> str:
    """Return what a mail says, without HTML."""
    plain = mail.get_body(("plain",))
    assert isinstance(plain, EmailMessage)
    text: str = plain.get_content()
    return text.strip()


def files_of(mail: EmailMessage) -> list[tuple[str | None, bytes]]:
    """Return the files of a mail with their names."""
    files = []
    for part in mail.iter_attachments():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        files.append((part.get_filename(), content))
    return files


def _in_words(event: dict[str, Any]) -> str:
    match event["__typename"]:
        case "MessageAdded":
            return _mail(event["message"])
        case "DeliveryChanged":
            message = event["message"]
            return f"{message['body']} {_state(message['delivery'])}"
        case _:
            return words.ticket_event(event)


def _mail(message: dict[str, Any]) -> str:
    told = [
        *(["by a machine"] if message["isAutomatic"] else []),
        *(["quoting"] if message["quotedText"] else []),
        *(f"with {file['filename']}" for file in message["attachments"]),
        *([_state(message["delivery"])] if message["delivery"] else []),
    ]
    author = message["author"].get("name", "the desk")
    return f"{author}: {message['body']} {', '.join(told)}"


def _state(delivery: dict[str, str | None]) -> str:
    return " ".join(filter(None, (delivery["state"], delivery["reason"])))
