"""Where mail servers bring mail to: SMTP or LMTP, as the setting `mail_listen` says.

It is for the mail server in front of it, not for the open network: it checks no senders, offers no
encryption, lets nobody sign in, and relays nothing.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.desk import Desk
from app.mail_sessions import Arrival, BusySession, LmtpSession, MailSession, Room, SmtpSession
from app.metrics import MAILS
from core.database import is_passing
from services.incoming_mail.reception import IncomingMail, Outcome, Result

SESSIONS = 50
RECIPIENTS = 100  # RFC 5321, section 4.5.3.1.8: fewer are too few
# Reading a mail takes CPU, and several times the memory that the mail has.
MAILS_AT_ONCE = 2
# What mails may hold together while they arrive and wait: four of the largest.
BYTES_AT_ONCE = 256 * 1024 * 1024
STOP_SECONDS = 5.0  # orchestrators kill after ten

_TAKEN = "250 2.0.0 Taken"
_TRY_AGAIN = "451 4.3.0 Try again later"
_REPLIES = {
    Outcome.RETRY: _TRY_AGAIN,
    Outcome.NOT_OURS: "550 5.1.1 No such recipient",
    Outcome.REFUSED: "554 5.6.0 This mail cannot be taken",
}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen: at a host and port, or at the path of a Unix socket."""

    is_lmtp: bool
    host: str | None = None
    port: int | None = None
    path: str | None = None

    @classmethod
    def read(cls, setting: str) -> "ListenAddress":
        """Read a setting such as smtp://127.0.0.1:2525 or lmtp+unix:///run/starling/lmtp."""
        parts = urlsplit(setting)
        is_lmtp = parts.scheme.startswith("lmtp")
        if parts.scheme.endswith("+unix"):
            return cls(is_lmtp, path=parts.path)
        return cls(is_lmtp, host=parts.hostname, port=parts.port)


class MailListener:
    """Serves sessions, and is their library's handler: its hooks are named after commands."""

    def __init__(self, incoming: IncomingMail) -> None:
        self.room = Room(BYTES_AT_ONCE)
        self._incoming = incoming
        self._server: asyncio.Server | None = None
        self._sessions: set[MailSession] = set()
        self._deliveries: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Semaphore(MAILS_AT_ONCE)
        self._is_stopping = False
        self.port: int | None = None

    async def open(self, address: ListenAddress) -> None:
        """Begin to listen; port 0 is any free one, which `port` then names. Raises OSError."""
        loop = asyncio.get_running_loop()
        make_session = self._session_maker(LmtpSession if address.is_lmtp else SmtpSession)
        if address.path is not None:
            self._server = await loop.create_unix_server(make_session, address.path)
            _let_all_in(address.path)
        else:
            self._server = await loop.create_server(make_session, address.host, address.port or 0)
            self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Take no more mail; what has arrived is finished."""
        self._is_stopping = True
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        """Stop, wait for the mails that have arrived, and end all sessions."""
        self.stop()
        if self._deliveries:
            _done, late = await asyncio.wait(self._deliveries, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for session in tuple(self._sessions):
            session.end()

    def _session_maker(self, kind: type[MailSession]) -> Callable[[], asyncio.Protocol]:
        hostname = socket.gethostname()

        def make_session() -> asyncio.Protocol:
            if self._is_stopping or len(self._sessions) >= SESSIONS:
                return BusySession()
            return kind(self, hostname)

        return make_session

    def began(self, session: MailSession) -> None:
        """Count a session."""
        self._sessions.add(session)

    def ended(self, session: MailSession) -> None:
        """Count it no more."""
        self._sessions.discard(session)

    async def deliver(self, session: MailSession, arrival: Arrival, envelope: Envelope) -> None:
        """Take a mail in, whatever becomes of the session meanwhile, and answer."""
        task = asyncio.create_task(self._deliver(session, arrival, envelope))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)
        await asyncio.shield(task)

    async def _deliver(self, session: MailSession, arrival: Arrival, envelope: Envelope) -> None:
        replies = await self._take_in(arrival, envelope)
        with suppress(ConnectionError):
            await session.answer(replies)

    async def _take_in(self, arrival: Arrival, envelope: Envelope) -> list[str]:
        if self._is_stopping:
            arrival.close()
            return [_TRY_AGAIN] * len(envelope.rcpt_tos)
        if arrival.refusal is not None:
            return [arrival.refusal] * len(envelope.rcpt_tos)
        try:
            async with self._turn:
                started = perf_counter()
                # The library keeps the angle brackets of the sender of reports, which is nobody.
                sender = (envelope.mail_from or "").strip("<>")
                results = await self._incoming.take_in(arrival.content, sender, envelope.rcpt_tos)
        finally:
            arrival.close()
        for result in results:
            _count(result, perf_counter() - started)
        return [_REPLIES.get(result.outcome, _TAKEN) for result in results]

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Answer to a recipient. Who is not the desk's is told so at once: nothing is relayed."""
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        if not await self._incoming.accepts(address):
            return _REPLIES[Outcome.NOT_OURS]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Answer to a failure of our own, such as a database that is away."""
        if is_passing(error):
            _log.warning("a mail session failed", error=str(error).partition("\n")[0])
        else:
            _log.error("a mail session failed", exc_info=error)
        return _TRY_AGAIN


@asynccontextmanager
async def listening(desk: Desk) -> AsyncIterator[MailListener | None]:
    """Take mail in meanwhile, if the settings say where; at the end finish what has arrived.

    Raises OSError, with a message for the operator, where it cannot be listened on.
    """
    setting = desk.settings.mail_listen
    if setting is None:
        yield None
        return
    listener = MailListener(
        IncomingMail(
            desk.database, desk.resources.announce, desk.file_storage, desk.reply_addresses
        )
    )
    try:
        await listener.open(ListenAddress.read(setting))
    except OSError as error:
        raise OSError(f"Cannot take mail in at {setting}: {error.strerror or error}") from error
    _log.info("mail is taken in", at=setting)
    try:
        yield listener
    finally:
        await listener.close()


def _let_all_in(path: str) -> None:
    """Open a socket to all users, as the mail server is another one: its folder says who enters."""
    Path(path).chmod(0o666)


def _count(result: Result, seconds: float) -> None:
    MAILS.labels(result.outcome.value).inc()
    _log.info(
        "mail",
        outcome=result.outcome.value,
        reason=result.reason,
        message_id=str(result.message_id) if result.message_id else None,
        duration_ms=round(seconds * 1000, 1),
    )
