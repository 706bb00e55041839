"""Mail by SMTP, to a real server."""

import asyncio
import ssl

import pytest
import trustme

from models.messages import DeliveryFailure
from services.mail import smtp
from services.mail.smtp import SmtpServer, SmtpTransport
from services.mail.transport import Envelope, NotDelivered
from tests.support.smtp_server import mail_server

MAIL = b"Subject: Hi\r\n\r\n.\r\nLine\r\n"
ENVELOPE = Envelope("desk@acme.example", "elif@posta.example", MAIL)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def of_localhost(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


async def problem_of(
    url: str, envelope: Envelope = ENVELOPE, tls: ssl.SSLContext | None = None
) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        await SmtpTransport(SmtpServer.of_url(url), tls).send(envelope)
    return caught.value


def test_settings_say_where_and_how() -> None:
    assert SmtpServer.of_url("smtp://mail.example") == SmtpServer("mail.example", 25)
    assert SmtpServer.of_url("smtps://a%40b:p%3Aw@mail.example") == SmtpServer(
        "mail.example", 465, "a@b", "p:w", is_tls=True, start_tls=False
    )
    assert SmtpServer.of_url("smtp://mail.example:587?tls=required").start_tls is True
    assert SmtpServer.of_url("smtp://a:b@mail.example").start_tls is True
    assert SmtpServer.of_url("smtp://a:b@mail.example?tls=off").start_tls is False
    assert "p:w" not in repr(SmtpServer.of_url("smtps://a:p%3Aw@mail.example"))


async def test_what_arrives_is_what_was_sent() -> None:
    async with mail_server() as server:
        await SmtpTransport(SmtpServer.of_url(server.url)).send(ENVELOPE)

    (mail,) = server.arrived
    assert (mail.sender, mail.recipient, mail.content) == (
        "desk@acme.example",
        "elif@posta.example",
        MAIL,
    )


@pytest.mark.parametrize(
    ("to_recipient", "to_content", "failure", "is_final"),
    [
        ("450 4.2.0 Greylisted", None, DeliveryFailure.SERVER_BUSY, False),
        ("550 5.1.1 No such user", None, DeliveryFailure.ADDRESS_REFUSED, True),
        ("552 5.2.2 Mailbox full", None, DeliveryFailure.TOO_LARGE, True),
        (None, "451 4.3.0 Later", DeliveryFailure.SERVER_BUSY, False),
        (None, "554 5.7.1 Spam", DeliveryFailure.CONTENT_REFUSED, True),
        (None, "554 5.3.4 Too large", DeliveryFailure.TOO_LARGE, True),
    ],
)
async def test_a_refusal_says_whether_to_come_again(
    to_recipient: str | None, to_content: str | None, failure: DeliveryFailure, is_final: object
) -> None:
    async with mail_server() as server:
        server.to_recipient = [to_recipient] if to_recipient else []
        server.to_content = [to_content] if to_content else []
        problem = await problem_of(server.url)

    assert (problem.failure, problem.is_final) == (failure, is_final)
    assert problem.detail == (to_recipient or to_content)
    assert server.arrived == []


async def test_a_mail_that_is_too_large_is_not_even_sent() -> None:
    async with mail_server(data_size_limit=20) as server:
        problem = await problem_of(server.url)

    assert (problem.failure, problem.is_final) == (DeliveryFailure.TOO_LARGE, True)
    assert problem.detail == "The mail has 24 bytes; the mail server takes 20."
    assert not server.reached.is_set()


async def test_an_address_beyond_ascii_needs_a_server_that_knows_such() -> None:
    envelope = Envelope("desk@acme.example", "ışık@posta.example", MAIL)
    async with mail_server(enable_SMTPUTF8=True) as server:
        await SmtpTransport(SmtpServer.of_url(server.url)).send(envelope)
        await SmtpTransport(SmtpServer.of_url(server.url)).send(ENVELOPE)
    async with mail_server() as old_server:
        problem = await problem_of(old_server.url, envelope)

    assert [mail.recipient for mail in server.arrived] == [envelope.recipient, ENVELOPE.recipient]
    assert ["SMTPUTF8" in mail.options for mail in server.arrived] == [True, False]
    assert (problem.failure, problem.is_final) == (DeliveryFailure.ADDRESS_NOT_SUPPORTED, True)


async def test_a_server_that_is_away_drops_or_is_silent_may_be_back_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp, "VERDICT_SECONDS", 0.2)
    async with mail_server() as server:
        server.drops = 1
        problems = [await problem_of(server.url)]
        server.hold()
        problems.append(await problem_of(server.url))
        server.release()
    problems.append(await problem_of(server.url))

    unreachable = (DeliveryFailure.SERVER_UNREACHABLE, False)
    assert [(each.failure, each.is_final) for each in problems] == [unreachable] * 3


async def test_a_server_that_ponders_over_a_mail_is_handed_it_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp, "ANSWER_SECONDS", 0.15)
    async with mail_server() as server:
        server.hold()
        sending = asyncio.create_task(SmtpTransport(SmtpServer.of_url(server.url)).send(ENVELOPE))
        await server.reached.wait()
        await asyncio.sleep(0.2)
        server.release()
        await sending

    assert smtp.VERDICT_SECONDS == 600  # RFC 5321, section 4.5.3.2.6
    assert len(server.arrived) == 1


async def test_a_large_mail_goes_out_in_pieces_as_it_is() -> None:
    lines = b"." * 60 + b"\r\n" + b".\r\n" + b"x" * 76 + b"\r\n"
    content = b"Subject: Hi\r\n\r\n" + lines * 4_000
    envelope = Envelope("desk@acme.example", "elif@posta.example", content)
    async with mail_server() as server:
        await SmtpTransport(SmtpServer.of_url(server.url)).send(envelope)

    assert [mail.content == content for mail in server.arrived] == [True]


async def test_a_mail_that_is_refused_while_it_comes_is_refused_for_that_reason() -> None:
    is_over = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        while (await reader.readline())[:4].upper() != b"DATA":
            writer.write(b"250 OK\r\n")
        writer.write(b"354 Go on\r\n")
        await reader.readexactly(1_000)
        writer.write(b"552 5.3.4 Too large\r\n")
        await writer.drain()
        writer.write_eof()
        await reader.read()
        writer.close()
        is_over.set()

    content = b"Subject: Hi\r\n\r\n" + b"x\r\n" * 1_000_000
    envelope = Envelope("desk@acme.example", "elif@posta.example", content)
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        problem = await problem_of(f"smtp://127.0.0.1:{port}", envelope)
        await is_over.wait()

    assert (problem.failure, problem.detail) == (DeliveryFailure.TOO_LARGE, "552 5.3.4 Too large")


async def test_a_password_is_sent_to_who_proves_to_be_the_server(authority: trustme.CA) -> None:
    async with mail_server(tls=of_localhost(authority), password="right") as server:
        url = f"smtp://desk:right@127.0.0.1:{server.port}?tls=required"
        await SmtpTransport(SmtpServer.of_url(url), trusting(authority)).send(ENVELOPE)
        signed_in = list(server.signed_in)
        stranger = await problem_of(url)
        wrong = await problem_of(url.replace("right", "wrong"), tls=trusting(authority))

    assert (signed_in, server.signed_in, len(server.arrived)) == (["desk"], ["desk"], 1)
    assert (stranger.failure, stranger.is_final) == (DeliveryFailure.SERVER_NOT_TRUSTED, False)
    assert (wrong.failure, wrong.is_final) == (DeliveryFailure.SIGN_IN_FAILED, False)
    assert "wrong" not in str(wrong)


async def test_without_the_encryption_that_is_required_nothing_is_said() -> None:
    async with mail_server() as server:
        problem = await problem_of(server.url.replace("off", "required"))

    assert (problem.failure, problem.is_final) == (DeliveryFailure.SERVER_NOT_TRUSTED, False)
    assert server.arrived == []
