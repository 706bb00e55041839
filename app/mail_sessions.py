"""One session of a mail server with the listener: SMTP (RFC 5321) or LMTP (RFC 2033)."""

import asyncio
from collections.abc import Sequence
from io import BytesIO
from typing import Protocol, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope

from services.mail.limits import MAIL_BYTES

# Longer lines come in pieces. It is also half of what is read ahead of what was worked on.
LINE_BYTES = 64 * 1024
# RFC 5321, section 4.5.3.2: a server waits for five minutes. A mail must arrive within them, too.
COMMAND_SECONDS = 300.0
# Of each command in a session. A mail server that has more to say connects again.
COMMANDS = 1_000

_TOO_LARGE = f"552 5.3.4 A mail has at most {MAIL_BYTES // 1024**2} MiB"
_NO_ROOM = "452 4.3.1 Too much mail at once: try again later"
_TOO_MANY_SESSIONS = b"421 4.3.2 Too many sessions at once: try again later\r\n"
_NO_SIGN_IN = "502 5.5.1 Nobody signs in here"


class Room:
    """How many bytes of mail may be held at once."""

    def __init__(self, size: int) -> None:
        self._free = size

    def take(self, size: int) -> bool:
        """Take room, if there is so much."""
        if size > self._free:
            return False
        self._free -= size
        return True

    def give_back(self, size: int) -> None:
        """Let others have it."""
        self._free += size


class Arrival:
    """A mail while it arrives. Where it cannot be taken, `refusal` says why, and it is let go."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._content = BytesIO()
        self.refusal: str | None = None

    @property
    def content(self) -> bytes:
        """What has arrived."""
        return self._content.getvalue()

    def add(self, piece: bytes) -> None:
        """Keep the next bytes."""
        if self.refusal is not None:
            return
        if self._content.tell() + len(piece) > MAIL_BYTES:
            self._refuse(_TOO_LARGE)
        elif not self._room.take(len(piece)):
            self._refuse(_NO_ROOM)
        else:
            self._content.write(piece)

    def close(self) -> None:
        """Hold it no more."""
        self._room.give_back(self._content.tell())
        self._content = BytesIO()

    def _refuse(self, refusal: str) -> None:
        self.refusal = refusal
        self.close()


class Mailroom(Protocol):
    """Who the sessions belong to."""

    room: Room

    def began(self, session: "MailSession") -> None:
        """Count a session."""

    def ended(self, session: "MailSession") -> None:
        """Count it no more."""

    async def deliver(self, session: "MailSession", arrival: Arrival, envelope: Envelope) -> None:
        """Take a mail in, close it, and let the session answer."""


class MailSession(SMTP):
    """A session. What differs from the library's: how a mail is read, and when it is answered.

    The library refuses long lines, which mails do have, and keeps a line without an end for as long
    as it goes on.
    """

    line_length_limit = LINE_BYTES

    def __init__(self, mailroom: Mailroom, hostname: str) -> None:
        super().__init__(
            mailroom,
            data_size_limit=MAIL_BYTES,
            enable_SMTPUTF8=True,
            hostname=hostname,  # the library would ask the name server, and wait
            ident="Starling",
            timeout=COMMAND_SECONDS,
            command_call_limit=COMMANDS,
            loop=asyncio.get_running_loop(),
        )
        self._mailroom = mailroom

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._mailroom.began(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        self._mailroom.ended(self)
        super().connection_lost(error)

    def end(self) -> None:
        """Hang up, once what was answered is sent."""
        if self.transport is not None:
            self.transport.close()

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        """Refuse to let anybody sign in."""
        await self.push(_NO_SIGN_IN)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """Read a mail, and answer once it is written down."""
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 5.5.1 Send RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        arrival = Arrival(self._mailroom.room)
        try:
            await self._read_into(arrival)
        except BaseException:
            arrival.close()
            raise
        self.envelope = self._create_envelope()
        self._reset_timeout()
        await self._mailroom.deliver(self, arrival, envelope)

    async def _read_into(self, arrival: Arrival) -> None:
        is_at_start = True
        while True:
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as error:
                line = await self._reader.read(error.consumed)
            if is_at_start and line.startswith(b"."):
                if line == b".\r\n":
                    return
                line = line[1:]
            is_at_start = line.endswith(b"\r\n")
            arrival.add(line)

    async def answer(self, replies: Sequence[str]) -> None:
        """Answer to a mail; there is one reply for each recipient."""
        raise NotImplementedError


class SmtpSession(MailSession):
    """SMTP has one answer for all recipients: the mail comes again if one of them must wait."""

    async def answer(self, replies: Sequence[str]) -> None:
        """Answer to a mail."""
        await self.push(min(replies, key=_urgency))


class LmtpSession(MailSession, LMTP):
    """LMTP has an answer for each recipient."""

    async def answer(self, replies: Sequence[str]) -> None:
        """Answer to a mail."""
        for reply in replies:
            await self.push(reply)


def _urgency(reply: str) -> int:
    """Sort "try again" first, then "taken", then "refused"."""
    return "425".index(reply[0])


class BusySession(asyncio.Protocol):
    """A session for which there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so, and hang up."""
        cast("asyncio.Transport", transport).write(_TOO_MANY_SESSIONS)
        transport.close()
