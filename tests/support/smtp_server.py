"""A real SMTP server for tests, which takes what it is handed, or answers as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail as it came over the wire."""

    sender: str
    recipient: str
    content: bytes
    options: list[str]

    @property
    def mail(self) -> EmailMessage:
        """The mail, read by the standard library."""
        return message_from_bytes(self.content, policy=policy.default)


@dataclass
class MailServer:
    """What the server has been handed, and what it is told to do.

    `answers` are what it says to the next RCPT or DATA, in order, instead of taking the mail: "451
    4.7.1 Come back later". While `is_held` it takes the mail and says nothing, until `release`.
    """

    port: int = 0
    arrived: list[Arrived] = field(default_factory=list)
    to_recipient: list[str] = field(default_factory=list)
    to_content: list[str] = field(default_factory=list)
    drops: int = 0
    held: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    signed_in: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The setting that names it."""
        return f"smtp://127.0.0.1:{self.port}?tls=off"

    def hold(self) -> None:
        """Say nothing to what is handed in, until `release`."""
        self.held = asyncio.Event()
        self.reached.clear()

    def release(self) -> None:
        """Answer again."""
        assert self.held is not None
        self.held.set()
        self.held = None

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Take a recipient."""
        if self.to_recipient:
            return self.to_recipient.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a mail."""
        self.reached.set()
        if self.drops:
            self.drops -= 1
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "421 Gone"
        if self.to_content:
            return self.to_content.pop(0)
        assert isinstance(envelope.content, bytes)
        assert envelope.mail_from is not None
        self.arrived.append(
            Arrived(
                envelope.mail_from, envelope.rcpt_tos[0], envelope.content, envelope.mail_options
            )
        )
        if self.held is not None:
            await self.held.wait()
        return "250 Taken"


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, password: str | None = None, **options: Any
) -> AsyncIterator[MailServer]:
    """Run a server; `options` are those of the library, such as data_size_limit."""
    server = MailServer()
    if password is not None:
        options |= _signing_in(server, password)

    def connection() -> SMTP:
        return SMTP(server, hostname="mail.test", tls_context=tls, loop=loop, **options)

    loop = asyncio.get_running_loop()
    listener = await loop.create_server(connection, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        if server.held is not None:
            server.release()
        await listener.wait_closed()


def _signing_in(server: MailServer, password: str) -> Mapping[str, Any]:
    def check(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        is_right = given.password.decode() == password
        if is_right:
            server.signed_in.append(given.login.decode())
        return AuthResult(success=is_right, handled=False)

    return {"authenticator": check, "auth_required": True}
