"""The listener as mail servers meet it: what it answers, and what it survives."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from aiosmtplib import SMTP

from app import mail_listener, mail_sessions
from app.mail_listener import ListenAddress, MailListener
from core.errors import Unavailable
from services.incoming_mail.reception import IncomingMail, Outcome, Result
from services.mail.limits import MAIL_BYTES
from tests.mail.mails import SAMPLES, mail

OURS = "help@acme.example"


class Desk:
    """Stands for the desk: takes all mail to its address, and keeps it."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, str | None, list[str]]] = []
        self.outcomes: dict[str, Outcome] = {}
        self.is_away = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def accepts(self, recipient: str) -> bool:
        if self.is_away:
            raise Unavailable
        return recipient.lower().endswith("@acme.example")

    async def take_in(
        self, content: bytes, sender: str | None, recipients: Sequence[str]
    ) -> list[Result]:
        await self.may_answer.wait()
        self.taken.append((content, sender, list(recipients)))
        return [Result(self.outcomes.get(each, Outcome.TAKEN)) for each in recipients]


class Dialogue:
    """What a mail server says, line by line, and is answered."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def says(self, line: bytes | str) -> str:
        """Send a line, and return the last line of the answer."""
        self.writer.write((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return await self.hears()

    async def hears(self) -> str:
        """Return the last line of an answer; nothing where the other side has hung up."""
        async with asyncio.timeout(5):
            line = await self._reader.readline()
            while line[3:4] == b"-":
                line = await self._reader.readline()
        return line.decode().removesuffix("\r\n")

    async def sends(self, *recipients: str, sender: str = "u@x.example") -> str:
        """Go on up to the mail itself."""
        await self.says(f"MAIL FROM:<{sender}>")
        for recipient in recipients:
            await self.says(f"RCPT TO:<{recipient}>")
        return await self.says("DATA")


@asynccontextmanager
async def listens(desk: Desk, setting: str = "smtp://127.0.0.1:0") -> AsyncIterator[MailListener]:
    """Serve a desk."""
    listener = MailListener(cast("IncomingMail", desk))
    await listener.open(ListenAddress.read(setting))
    try:
        yield listener
    finally:
        await listener.close()


@asynccontextmanager
async def talks(
    place: MailListener | str, hello: str = "EHLO x.example"
) -> AsyncIterator[Dialogue]:
    """Connect, and say hello."""
    if isinstance(place, str):
        reader, writer = await asyncio.open_unix_connection(place)
    else:
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    dialogue = Dialogue(reader, writer)
    try:
        if (await dialogue.hears()).startswith("220 "):
            await dialogue.says(hello)
        yield dialogue
    finally:
        writer.close()


async def test_a_mail_arrives_byte_for_byte() -> None:
    content = mail("Message-ID: <a@x>", body="..dots\n.\n" + "ş" * 200_000 + "\n.end\n")
    content = content.replace(b"\n", b"\r\n")
    desk = Desk()
    async with (
        listens(desk) as listener,
        SMTP(hostname="127.0.0.1", port=listener.port, start_tls=False) as smtp,
    ):
        await smtp.ehlo()
        assert smtp.esmtp_extensions["size"] == str(MAIL_BYTES)
        assert "auth" not in smtp.esmtp_extensions
        await smtp.sendmail(
            "u@x.example", [OURS, "Σ@acme.example"], content, mail_options=["SMTPUTF8"]
        )
        await smtp.sendmail("", [OURS], content)

    assert desk.taken == [
        (content, "u@x.example", [OURS, "Σ@acme.example"]),
        (content, "", [OURS]),
    ]


async def test_who_is_not_the_desks_is_refused_at_once_and_nobody_signs_in() -> None:
    desk = Desk()
    async with listens(desk) as listener, talks(listener) as server:
        assert await server.says("AUTH PLAIN AHUAcA==") == "502 5.5.1 Nobody signs in here"
        assert await server.says("DATA") == "503 5.5.1 Send RCPT first"
        too_large = f"MAIL FROM:<u@x.example> SIZE={MAIL_BYTES + 1}"
        assert (await server.says(too_large)).startswith("552 ")
        assert (await server.says("MAIL FROM:<u@x.example>")).startswith("250 ")
        for address in (
            "u@x.example",
            "help@acme.example.evil.example",
            "@acme.example:u@x.example",
        ):
            assert await server.says(f"RCPT TO:<{address}>") == "550 5.1.1 No such recipient"
        assert await server.says("DATA") == "503 5.5.1 Send RCPT first"
        desk.is_away = True
        assert await server.says(f"RCPT TO:<{OURS}>") == "451 4.3.0 Try again later"
        desk.is_away = False
        for _ in range(mail_listener.RECIPIENTS):
            assert await server.says(f"RCPT TO:<{OURS}>") == "250 2.1.5 OK"
        assert await server.says(f"RCPT TO:<{OURS}>") == "452 4.5.3 Too many recipients"
    assert desk.taken == []


async def test_one_answer_for_all_recipients_by_smtp_and_one_for_each_by_lmtp(
    tmp_path: Path,
) -> None:
    desk = Desk()
    a, b, c, d = (f"{name}@acme.example" for name in "abcd")
    desk.outcomes = {b: Outcome.RETRY, c: Outcome.REFUSED, d: Outcome.KNOWN}
    again, refused = "451 4.3.0 Try again later", "554 5.6.0 This mail cannot be taken"
    taken = "250 2.0.0 Taken"
    async with listens(desk) as listener, talks(listener) as server:
        for recipients, answer in (((a, b, c), again), ((c, a), taken), ((c, c), refused)):
            assert (await server.sends(*recipients)).startswith("354 ")
            assert await server.says("Subject: x\r\n\r\nx\r\n.") == answer

    path = str(tmp_path / "lmtp")
    async with listens(desk, f"lmtp+unix://{path}"), talks(path, "LHLO x.example") as server:
        assert (await server.says("EHLO x.example")).startswith("500 ")
        await server.sends(a, b, c, d)
        assert await server.says("Subject: x\r\n\r\nx\r\n.") == taken
        assert [await server.hears() for _ in "bcd"] == [again, refused, taken]


async def test_too_much_is_put_off_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_listener, "SESSIONS", 1)
    monkeypatch.setattr(mail_listener, "BYTES_AT_ONCE", 100_000)
    monkeypatch.setattr(mail_sessions, "MAIL_BYTES", 150_000)
    desk = Desk()
    line = b"x" * 998 + b"\r\n"
    async with listens(desk) as listener, talks(listener) as server:
        async with talks(listener) as other:
            assert await other.says("EHLO x.example") == ""
        for lines, answer in ((120, "452 4.3.1"), (200, "452 4.3.1"), (90, "250 2.0.0")):
            await server.sends(OURS)
            assert (await server.says(line * lines + b".")).startswith(answer)
        listener.room.give_back(100_000)
        await server.sends(OURS)
        # One line without an end is no way around it.
        assert (await server.says(b"x" * 1_000_000 + b"\r\n.")).startswith("552 5.3.4")
        assert await server.says("NOOP") == "250 OK"
    assert [len(content) for content, _, _ in desk.taken] == [90_000]
    assert listener.room.take(200_000)


async def test_nothing_that_is_sent_kills_it() -> None:
    chance = random.Random(5321)
    samples = [file.read_bytes() for file in sorted(SAMPLES.glob("*.eml"))]
    desk = Desk()
    async with listens(desk) as listener:
        for number in range(30):
            async with talks(listener) as server:
                await server.sends(OURS)
                damaged = bytearray(chance.choice(samples))
                for _ in range(20):
                    damaged[chance.randrange(len(damaged))] = chance.randrange(256)
                server.writer.write(bytes(damaged) if number % 2 else chance.randbytes(3_000))
        async with talks(listener) as server:
            for line in (b"\xff\x00", b"RCPT", b"MAIL FROM:" + b"(" * 400, b"x" * 200_000, b""):
                assert (await server.says(line))[0] in "45"
            await server.sends(OURS)
            assert await server.says("Subject: still here\r\n\r\nx\r\n.") == "250 2.0.0 Taken"
    assert [content.splitlines()[0] for content, _, _ in desk.taken] == [b"Subject: still here"]


async def test_what_has_arrived_is_finished_before_it_stops() -> None:
    desk = Desk()
    desk.may_answer.clear()
    async with listens(desk) as listener, talks(listener) as server, talks(listener) as gone:
        await gone.sends(OURS)
        gone.writer.write(b"Subject: hung up\r\n\r\nx\r\n.\r\nQUIT\r\n")
        await gone.writer.drain()
        await server.sends(OURS)
        answer = asyncio.create_task(server.says("Subject: x\r\n\r\nx\r\n."))
        while len(listener._deliveries) < 2:
            await asyncio.sleep(0.01)
        gone.writer.transport.abort()
        stopping = asyncio.create_task(listener.close())
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", listener.port)
        desk.may_answer.set()
        await stopping
        assert await answer == "250 2.0.0 Taken"
        assert await server.hears() == ""
    assert len(desk.taken) == 2
    assert listener._sessions == set()


async def test_the_settings_say_where_it_listens() -> None:
    address = ListenAddress.read("lmtp://[::1]:2424")
    assert (address.is_lmtp, address.host, address.port, address.path) == (True, "::1", 2424, None)
    async with listens(Desk()) as listener:
        with pytest.raises(OSError, match="in use"):
            await MailListener(cast("IncomingMail", Desk())).open(
                ListenAddress.read(f"smtp://127.0.0.1:{listener.port}")
            )
