"""Mail by SMTP, through the server that the settings name."""

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from models.messages import DeliveryFailure
from services.mail.transport import Envelope, NotDelivered

ANSWER_SECONDS = 20.0
# Until the line that ends a mail the server has none, and whoever gives up leaves nothing behind.
TRANSFER_SECONDS = 120.0
# After it the server has the mail, whatever it thinks of it so long: who asks again before it has
# answered sends the mail twice (RFC 5321, section 4.5.3.2.6).
VERDICT_SECONDS = 600.0
GOODBYE_SECONDS = 1.0
SENDING_SECONDS = TRANSFER_SECONDS + VERDICT_SECONDS + GOODBYE_SECONDS

_PIECE_BYTES = 65_536

# What of the mail was refused. Any other refusal is about the desk, whatever the mail.
_REFUSALS: dict[type[SMTPResponseException], DeliveryFailure] = {
    SMTPRecipientRefused: DeliveryFailure.ADDRESS_REFUSED,
    SMTPSenderRefused: DeliveryFailure.SENDER_REFUSED,
    SMTPDataError: DeliveryFailure.CONTENT_REFUSED,
}
_START_TLS = {"required": True, "off": False}
_TAKEN = 250
_GO_ON = 354
_PERMANENT = 500
_TOO_LARGE = 552
_SIGN_IN_FIRST = 530
# Codes that say more than the one before them (RFC 3463): the mail is too large for the server, or
# for the mailbox.
_TOO_LARGE_DETAIL = re.compile(r"5\.(?:2\.3|3\.4)\b")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in, and as whom.

    `start_tls` None encrypts where the server offers it. Whoever stands between could take the
    offer away, so that a password is sent encrypted or not at all, unless `?tls=off` says so.
    """

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    is_tls: bool = False
    start_tls: bool | None = None

    @classmethod
    def of_url(cls, url: str) -> Self:
        """Read `smtp://user:password@host:port?tls=required|off`, or smtps://, as settings do."""
        parts = urlsplit(url)
        is_tls = parts.scheme == "smtps"
        wanted = parse_qs(parts.query).get("tls", ["required" if parts.password else ""])[0]
        return cls(
            host=parts.hostname or "localhost",
            port=parts.port or (465 if is_tls else 25),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            is_tls=is_tls,
            start_tls=False if is_tls else _START_TLS.get(wanted),
        )


class SmtpTransport:
    """Hands each mail in over a connection of its own.

    Certificates are checked, against those that the system trusts unless `tls` says otherwise.
    """

    def __init__(self, server: SmtpServer, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._tls = tls

    async def send(self, envelope: Envelope) -> None:
        """Hand a mail in, within SENDING_SECONDS. Raises NotDelivered."""
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            timeout=ANSWER_SECONDS,
            use_tls=server.is_tls,
            start_tls=server.start_tls,
            tls_context=self._tls,
        )
        try:
            async with asyncio.timeout(TRANSFER_SECONDS):
                await client.connect()
                await _announce(client, envelope)
                verdict = await _transfer(client, envelope.content)
            async with asyncio.timeout(VERDICT_SECONDS):
                _require(_TAKEN, await verdict)
        except (SMTPException, OSError, ValueError) as error:
            raise _meaning_of(error) from error
        else:
            # The server has the mail: how it takes its leave is all the same.
            with suppress(SMTPException, OSError):
                await client.quit(timeout=GOODBYE_SECONDS)
        finally:
            client.close()


async def _announce(client: SMTP, envelope: Envelope) -> None:
    """Say from whom to whom a mail goes, and be told that it may come."""
    if client.is_ehlo_or_helo_needed:
        await client.ehlo()
    options, encoding = [], "ascii"
    if envelope.needs_utf8:
        if not client.supports_extension("smtputf8"):
            raise NotDelivered(
                DeliveryFailure.ADDRESS_NOT_SUPPORTED,
                "The mail server does not know SMTPUTF8, which this address needs.",
                is_final=True,
            )
        options, encoding = ["SMTPUTF8", "BODY=8BITMIME"], "utf-8"
    if client.supports_extension("size"):
        options.append(f"SIZE={len(envelope.content)}")
    limit = client.esmtp_extensions.get("size", "")
    if limit.isdecimal() and 0 < int(limit) < len(envelope.content):
        raise NotDelivered(
            DeliveryFailure.TOO_LARGE,
            f"The mail has {len(envelope.content)} bytes; the mail server takes {limit}.",
            is_final=True,
        )
    await client.mail(envelope.sender, options=options, encoding=encoding)
    await client.rcpt(envelope.recipient, encoding=encoding)
    _require(_GO_ON, await client.execute_command(b"DATA"))


async def _transfer(client: SMTP, content: bytes) -> asyncio.Task[SMTPResponse]:
    """Write a mail as fast as the server takes it; return what waits for its answer.

    The library would make several copies of it at once, and keep others waiting meanwhile.
    """
    protocol = client.protocol
    if protocol is None:
        raise SMTPServerDisconnected("Connection lost")
    verdict = asyncio.create_task(protocol.read_response())
    try:
        # Servers refuse a mail in its midst, too, and close: the verdict is what they said.
        with suppress(ConnectionError):
            for piece in _pieces(content):
                if verdict.done():
                    break
                protocol.write(piece)
                await protocol._drain_helper()  # noqa: SLF001  # asyncio's own name for it
    except BaseException:
        verdict.cancel()
        raise
    return verdict


def _pieces(content: bytes) -> Iterator[bytes]:
    """Give a mail as it is on the wire: a dot that begins a line is doubled, one alone ends it."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start + _PIECE_BYTES) + 1 or len(content)
        if content.startswith(b".", start):
            yield b"."
        yield content[start:end].replace(b"\n.", b"\n..")
        start = end
    yield b".\r\n"


def _require(code: int, answer: SMTPResponse) -> None:
    if answer.code != code:
        raise SMTPDataError(answer.code, answer.message)


def _meaning_of(error: Exception) -> NotDelivered:
    if isinstance(error, SMTPResponseException):
        return _meaning_of_answer(error)
    # The library has no error of its own for a server without STARTTLS or AUTH.
    if type(error) is SMTPException or _is_about_tls(error):
        return _later(DeliveryFailure.SERVER_NOT_TRUSTED, str(error))
    if isinstance(error, ValueError):
        return NotDelivered(DeliveryFailure.ADDRESS_NOT_SUPPORTED, str(error), is_final=True)
    return _later(DeliveryFailure.SERVER_UNREACHABLE, str(error) or type(error).__name__)


def _meaning_of_answer(error: SMTPResponseException) -> NotDelivered:
    """Tell what the server answered: 4xx is not now; 5xx to the mail itself is never."""
    if isinstance(error, SMTPAuthenticationError) or error.code == _SIGN_IN_FIRST:
        return _later(DeliveryFailure.SIGN_IN_FAILED, _words(error))
    refusal = _REFUSALS.get(type(error))
    if error.code < _PERMANENT or refusal is None:
        return _later(DeliveryFailure.SERVER_BUSY, _words(error))
    if error.code == _TOO_LARGE or _TOO_LARGE_DETAIL.match(error.message):
        refusal = DeliveryFailure.TOO_LARGE
    return NotDelivered(refusal, _words(error), is_final=True)


def _is_about_tls(error: Exception) -> bool:
    return isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)


def _later(failure: DeliveryFailure, detail: str) -> NotDelivered:
    return NotDelivered(failure, detail, is_final=False)


def _words(error: SMTPResponseException) -> str:
    return f"{error.code} {error.message}"
