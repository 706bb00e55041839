"""What a customer keeps of a chat: as a text, and by mail."""

import threading
from contextlib import AsyncExitStack
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from babel.dates import format_date
from sqlalchemy import select, update

from app.worker import job_handlers
from core import clock
from core.ids import new_id
from models.actors import ActorKind
from models.attachments import Attachment
from models.brands import Brand
from models.chats import Chat as ChatRow
from models.dev_mails import DevMail
from models.jobs import Job
from models.messages import Message
from services.live_chats import transcript_mail, transcripts
from services.live_chats.transcript_mail import SEND_TRANSCRIPT
from services.mail.parsing import ParsedMail, parse_mail
from tests.support.chats import TRANSCRIPT, TRANSCRIPT_SEND, Chat, start_chat
from tests.support.desk import Client, World
from tests.support.private_desk import NOTE_WORD, TEAM_WORD, write_private

NIGHT = datetime.fromisoformat("2026-03-28T22:05:00+00:00")  # in Istanbul the day is over


async def read(client: Client, chat: Chat, zone: str = "UTC") -> str:
    text: str = (await client.ask(TRANSCRIPT, ticket=chat.ticket, zone=zone))["chatTranscript"]
    return text


async def a_night_chat(world: World) -> Chat:
    """Let a customer and an agent talk, the team write notes, and midnight pass."""
    chat = await start_chat(world, "Şule İnci")
    first = await chat.write("Siparişim nerede?\n14:00  Ayse\nBedava!\u2028Ayse: gerçekten")
    await write_private(world, chat.ticket, first["message"]["id"])
    await chat.answer("Yolda. Καλή μέρα!")
    async with world.desk.database.transaction() as session:
        rows = (await session.scalars(select(Message).order_by(Message.created_at))).all()
        for hours, row in enumerate(rows):
            row.created_at = NIGHT - timedelta(hours=2 - 2 * hours)
        await session.execute(update(ChatRow).values(started_at=NIGHT - timedelta(hours=3)))
        file = Attachment(
            id=new_id(), message_id=rows[-1].id, filename="fatura.pdf", size=1, storage_key="f",
            content_type="application/pdf", uploader_kind=ActorKind.AGENT,
            uploader_id=rows[-1].author_id, created_at=clock.now(),
        )  # fmt: skip
        session.add(file)
    return chat


TURKISH = """\
Acme ile görüşme

Başlangıç: 28 Mart 2026 Cumartesi. Tüm saatler: Europe/Istanbul.

— 28 Mart 2026 Cumartesi —

23:05  Şule İnci
    Siparişim nerede?
    14:00  Ayse
    Bedava!
    Ayse: gerçekten

— 29 Mart 2026 Pazar —

01:05  Ayse
    Yolda. Καλή μέρα!
    Dosya: fatura.pdf
"""


async def test_both_sides_read_the_same_in_the_language_of_the_brand_and_never_a_note(
    world: World,
) -> None:
    chat = await a_night_chat(world)

    text = await read(chat.customer, chat, "Europe/Istanbul")

    assert text == TURKISH
    assert await read(world.nikos, chat, "Europe/Istanbul") == text
    async with world.desk.database.transaction() as session:
        await session.execute(update(Brand).values(language="el"))
    greek = await read(chat.customer, chat, "Europe/Athens")
    assert greek.startswith("Συνομιλία με Acme\n\nΈναρξη: Σάββατο 28 Μαρτίου 2026. Όλες οι ώρες:")
    assert "— Κυριακή 29 Μαρτίου 2026 —\n\n00:05  Ayse\n" in greek
    assert "    Αρχείο: fatura.pdf" in greek
    for secret in (NOTE_WORD, TEAM_WORD):
        assert secret not in text + greek


async def test_a_transcript_is_for_who_sees_the_chat(world: World) -> None:
    chat, other = await start_chat(world), await start_chat(world)
    _message, mail = await world.receive()
    for client, ticket in (
        (other.customer, chat.ticket),
        (world.stranger, chat.ticket),
        (world.ayse, mail),
    ):
        answer = await client.send(TRANSCRIPT, ticket=ticket)
        assert answer.error["extensions"]["code"] == "NOT_FOUND"
    wrong = await chat.customer.send(TRANSCRIPT, ticket=chat.ticket, zone="Atlantis/Poseidonis")
    assert wrong.error["extensions"]["fields"][0]["path"] == ["timeZone"]


async def test_of_a_long_chat_the_newest_is_written_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = await start_chat(world)
    for body in ("One", "Two", "Three", "Four"):
        await chat.write(body)
    monkeypatch.setattr(transcripts, "MESSAGES", 3)
    assert "Daha önceki 1 ileti burada yer almıyor." in await read(chat.customer, chat)
    monkeypatch.setattr(transcripts, "CHARACTERS", len("ThreeFour"))

    text = await read(chat.customer, chat)

    assert "Daha önceki 2 ileti burada yer almıyor." in text
    assert [line.strip() for line in text.splitlines() if line.startswith("    ")] == [
        "Three",
        "Four",
    ]


async def test_it_is_put_into_words_where_nobody_waits_for_it_and_by_few_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = await a_night_chat(world)
    worded: list[tuple[date, bool]] = []

    def in_words(day: date, *form: Any, **locale: Any) -> str:
        worded.append((day, threading.current_thread() is threading.main_thread()))
        return format_date(day, *form, **locale)

    monkeypatch.setattr(transcripts, "format_date", in_words)
    assert await read(chat.customer, chat, "Europe/Istanbul") == TURKISH
    begun, first, second = (date(2026, 3, day) for day in (28, 28, 29))
    assert worded == [(begun, False), (first, False), (second, False)]  # a day once, not a message

    places = world.desk.resources.transcripts
    monkeypatch.setattr(places, "patience_seconds", 0.05)
    async with AsyncExitStack() as busy:
        for _ in range(transcripts.WRITTEN_AT_ONCE):
            await busy.enter_async_context(places.one())
        refused = await chat.customer.send(TRANSCRIPT, ticket=chat.ticket)
    assert refused.error["extensions"] == {"code": "UNAVAILABLE", "retryAfterSeconds": 1}
    assert (await read(chat.customer, chat)).startswith("Acme ile görüşme")


# ── By mail ────────────────────────────────────────────────────────────────────────────────────


async def send(chat: Chat, **given: Any) -> dict[str, Any]:
    given = {"email": "elif@example.com", "timeZone": "Europe/Istanbul", **given}
    return await chat.customer.act(TRANSCRIPT_SEND, input=given)


async def queued(world: World) -> list[dict[str, Any]]:
    async with world.desk.database.reading() as connection:
        statement = select(Job.payload).where(Job.kind == SEND_TRANSCRIPT)
        return list((await connection.execute(statement)).scalars())


async def sent(world: World) -> list[tuple[str, ParsedMail]]:
    """Do the jobs; return the mails by whom they are for."""
    handler = job_handlers(world.desk)[SEND_TRANSCRIPT]
    for payload in await queued(world):
        await handler.do(payload)
    async with world.desk.database.reading() as connection:
        mails = (await connection.execute(select(DevMail.recipient, DevMail.content))).all()
    return [(mail.recipient, parse_mail(mail.content)) for mail in mails]


async def test_the_customer_gets_by_mail_what_was_written_until_then(world: World) -> None:
    chat = await a_night_chat(world)
    events = (await world.counts())["event"]

    assert await send(chat, email=" elif@Example.com ", idempotencyKey="once") == {
        "__typename": "ChatTranscriptSendSuccess",
        "email": " elif@Example.com ",
    }
    again = await send(chat, email=" elif@Example.com ", idempotencyKey="once")
    assert again["__typename"] == "ChatTranscriptSendSuccess"
    assert (await world.counts())["event"] == events
    await chat.answer("Too late for it")

    ((recipient, mail),) = await sent(world)
    assert (recipient, mail.subject) == ("elif@example.com", "Acme ile görüşmeniz")
    assert mail.text.startswith(TURKISH.rstrip("\n"))
    assert "bir sohbette biri bu adresi verip istediği için" in mail.text
    assert "Too late" not in mail.text
    assert mail.is_automatic
    assert not mail.references
    for secret in (NOTE_WORD, TEAM_WORD):
        assert secret not in mail.text + (mail.html or "")


async def test_it_is_no_way_to_write_to_strangers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    unanswered, chat, other = [await start_chat(world) for _ in range(3)]
    await unanswered.write("Cheap watches!")
    for one in (chat, other):
        await one.answer("Hello")
    before = await world.counts()

    assert (await send(unanswered))["code"] == "NOT_ALLOWED"
    no_address = await send(chat, email="elif")
    assert no_address["fields"] == [{"path": ["input", "email"], "code": "INVALID_EMAIL"}]
    no_zone = await send(chat, timeZone="")
    assert no_zone["fields"] == [{"path": ["input", "timeZone"], "code": "NOT_ALLOWED_VALUE"}]
    assert await world.counts() == before

    assert (await send(chat))["__typename"] == "ChatTranscriptSendSuccess"
    refused = await send(chat, email="somebody.else@example.com")
    assert refused["__typename"] == "Unavailable"
    assert 3_590 <= refused["retryAfterSeconds"] <= 3_600
    monkeypatch.setattr(transcript_mail, "OF_BRAND_PER_HOUR", 1)
    assert (await send(other))["__typename"] == "Unavailable"
    hour_ago = clock.now() - timedelta(hours=1)
    async with world.desk.database.transaction() as session:
        await session.execute(update(ChatRow).values(transcript_asked_at=hour_ago))
    assert (await send(chat))["__typename"] == "ChatTranscriptSendSuccess"
    assert len(await queued(world)) == 2
