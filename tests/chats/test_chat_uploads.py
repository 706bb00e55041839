"""Customers of chats send files: those of their own chat, and no more than strangers may."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from core import clock
from core.errors import NotFound
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.attachments import FILE_BYTES, Attachment
from models.chats import ChatSession
from models.jobs import Job
from services import sessions, uploads
from services.live_chats import uploads as limits
from services.unit_of_work import unit_of_work
from services.upkeep import tidy_up
from services.uploads import DISCARD, NewUpload
from tests.support.chats import (
    CHAT,
    CHAT_REVOKE,
    MESSAGE_SEND,
    TRANSCRIPT,
    Chat,
    chat_counts,
    start_chat,
)
from tests.support.customers import customer_of
from tests.support.desk import Client, World
from tests.support.live import served, watching
from tests.support.merges import dump, merge, unmerge
from tests.support.uploading import PNG, UPLOAD, announce, put, rows, stored, upload

FILES = "attachments { id filename contentType size url }"
TOLD_TO_CUSTOMER = f"""
    subscription {{
      chatEvents {{ __typename ... on ChatMessageAdded {{ message {{ body {FILES} }} }} }}
    }}
"""
TOLD_TO_AGENT = f"""
    subscription ($ticket: ID!) {{
      ticketEvents(ticketId: $ticket) {{
        __typename ... on MessageAdded {{ message {{ body {FILES} }} }}
      }}
    }}
"""
FILE = "query ($id: ID!) { node(id: $id) { id ... on Attachment { filename url } } }"
PHOTO = {"filename": "photo.png", "contentType": "image/png", "size": len(PNG)}


async def shown_to(client: Client, chat: Chat) -> list[dict[str, Any]]:
    """Return the files of a chat that somebody sees, with what is downloaded of each."""
    document = f"query ($id: ID!) {{ ticket(id: $id) {{ messages {{ nodes {{ {FILES} }} }} }} }}"
    messages = (await client.ask(document, id=chat.ticket))["ticket"]["messages"]["nodes"]
    files = [file for message in messages for file in message["attachments"]]
    return [{**file, "url": (await client.http.get(file["url"])).content} for file in files]


async def ask(chat: Chat, **given: Any) -> dict[str, Any]:
    """Let a customer announce a photo; return what that is answered with."""
    return await chat.customer.act(UPLOAD, input={**PHOTO, **given})


# ── Sending ────────────────────────────────────────────────────────────────────────────────────


async def test_both_sides_are_shown_a_customers_files_at_once_and_download_them(
    world: World,
) -> None:
    chat = await start_chat(world)
    first, second = await announce(chat.customer, "../Ekran Ş.jpg"), await upload(chat.customer)
    assert (await put(world, first)).json()["filename"] == "Ekran Ş.png"
    async with (
        served(world) as live,
        live.watch("ayse", TOLD_TO_AGENT, ticket=chat.ticket) as agent,
        watching(live.port, chat.token, TOLD_TO_CUSTOMER) as customer,
    ):
        await agent.next()
        await customer.next()
        await chat.write("It broke", attachmentIds=[second, first.id])
        told = [(await watcher.next())["message"] for watcher in (agent, customer)]

    names = ["proof.png", "Ekran Ş.png"]
    for message in told:
        assert message["body"] == "It broke"
        assert [file["filename"] for file in message["attachments"]] == names
        for file in message["attachments"]:
            assert (file["contentType"], file["size"]) == ("image/png", len(PNG))
            assert (await world.http.get(file["url"])).content == PNG
    seen = await shown_to(world.ayse, chat)
    assert [file["url"] for file in seen] == [PNG, PNG]
    assert await shown_to(chat.customer, chat) == seen
    text = (await chat.customer.ask(TRANSCRIPT, ticket=chat.ticket))["chatTranscript"]
    assert [line for line in text.splitlines() if ".png" in line] == [
        f"    Dosya: {name}" for name in names
    ]


async def test_a_customer_reads_what_they_are_about_to_send_and_nobody_else_does(
    world: World,
) -> None:
    chat, other = await start_chat(world), await start_chat(world)
    photo = await upload(chat.customer)

    (node,) = (await chat.customer.ask(FILE, id=photo)).values()
    assert node["filename"] == "proof.png"
    assert (await world.http.get(node["url"])).content == PNG
    for client in (other.customer, world.ayse, world.admin):
        assert (await client.ask(FILE, id=photo)) == {"node": None}


async def test_a_file_that_may_not_be_taken_is_refused_alike_whatever_it_is(world: World) -> None:
    chat, other = await start_chat(world), await start_chat(world)
    used, mine = await upload(chat.customer), await upload(chat.customer)
    await chat.write("Once", attachmentIds=[used])
    of_agent, on_note = await upload(world.ayse), await upload(world.ayse)
    note = {"kind": "INLINE", "ticketId": chat.ticket, "body": "Rude", "attachmentIds": [on_note]}
    await world.ayse.ask(
        "mutation ($input: NoteAddInput!) { noteAdd(input: $input) { __typename } }", input=note
    )
    refused = {
        "unknown": encode_global_id(NodeKind.ATTACHMENT, new_id()),
        "another chat's": await upload(other.customer),
        "an agent's": of_agent,
        "of a note": on_note,
        "unfinished": (await announce(chat.customer)).id,
        "used": used,
    }
    before = (await dump(world), await chat_counts(world))

    answers = {
        name: await chat.write("See", attachmentIds=[mine, file]) for name, file in refused.items()
    }

    alike = next(iter(answers.values()))
    assert alike["fields"] == [
        {"path": ["input", "attachmentIds", "1"], "code": "UNKNOWN_REFERENCE"}
    ]
    assert answers == dict.fromkeys(refused, alike)
    assert (await dump(world), await chat_counts(world)) == before
    agents = await world.ayse.act(
        MESSAGE_SEND, input={"ticketId": chat.ticket, "body": "Mine", "attachmentIds": [mine]}
    )
    assert agents["__typename"] == "ValidationFailed"
    assert (await chat.write("See", attachmentIds=[mine]))["__typename"] == "MessageSendSuccess"


async def test_a_customers_message_has_words_or_files_and_five_at_most_as_an_agents(
    world: World,
) -> None:
    chat = await start_chat(world)
    files = [await upload(chat.customer) for _ in range(6)]
    before = await dump(world)

    assert (await chat.write(" "))["fields"] == [{"path": ["input", "body"], "code": "REQUIRED"}]
    assert (await chat.write("Six", attachmentIds=files))["code"] == "LIMIT_REACHED"
    assert await dump(world) == before
    sent = await chat.write(" ", attachmentIds=files[:5])
    assert (sent["message"]["body"], sent["message"]["direction"]) == ("", "INCOMING")


async def test_what_no_agent_may_upload_no_customer_may(world: World) -> None:
    chat = await start_chat(world)
    refused = [
        await ask(chat, **given) for given in ({"filename": "a.exe"}, {"size": FILE_BYTES + 1})
    ]
    assert [answer["__typename"] for answer in refused] == ["FileRefused", "ValidationFailed"]
    assert await rows(world) == []

    program = await announce(chat.customer, "photo.png", size=64)
    answer = await put(world, program, b"MZ".ljust(64, b"\0"))
    assert (answer.status_code, answer.json()["code"]) == (415, "FILE_REFUSED")
    assert stored(world) == []


# ── Limits ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_chat_uploads_so_many_files_before_it_sends_some_and_so_many_a_day(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UNSENT_FILES_PER_CHAT", 2)
    monkeypatch.setattr(limits, "FILES_PER_DAY", 3)
    chat, other = await start_chat(world), await start_chat(world)
    first = await upload(chat.customer)
    await announce(chat.customer)

    refused = await ask(chat)
    assert (refused["__typename"], refused["limit"]) == ("LimitReached", 2)
    await chat.write("One of them", attachmentIds=[first])
    await announce(chat.customer)
    async with world.desk.database.transaction() as session:
        lapsed = update(Attachment).where(Attachment.awaited_until.is_not(None))
        await session.execute(lapsed.values(awaited_until=clock.now() - timedelta(minutes=1)))
    before = await dump(world)
    refused = await ask(chat)
    assert (refused["__typename"], refused["limit"]) == ("LimitReached", 3)
    assert await dump(world) == before

    await upload(other.customer)
    async with world.desk.database.transaction() as session:
        yesterday = clock.now() - timedelta(hours=24)
        await session.execute(
            update(Attachment)
            .where(Attachment.id == decode_global_id(first)[1])
            .values(created_at=yesterday)
        )
    assert (await ask(chat))["__typename"] == "AttachmentUploadCreateSuccess"


async def test_a_chat_uploads_so_many_bytes_a_day_and_is_told_what_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BYTES_PER_DAY", 100)
    chat = await start_chat(world)
    await announce(chat.customer, size=70)

    refused = await ask(chat, size=31)
    assert refused["fields"] == [
        {"path": ["input", "size"], "code": "OUT_OF_RANGE", "limit": 30, "actual": 31}
    ]
    await announce(chat.customer, size=30)
    assert (await ask(chat, size=1))["fields"][0]["limit"] == 0
    assert [row.size for row in await rows(world)] == [70, 30]


@pytest.mark.both_databases
async def test_announcements_at_once_pass_no_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UNSENT_FILES_PER_CHAT", 3)
    chat = await start_chat(world)

    answers = Counter(
        answer["__typename"] for answer in await asyncio.gather(*(ask(chat) for _ in range(8)))
    )

    assert answers == {"AttachmentUploadCreateSuccess": 3, "LimitReached": 5}
    assert len(await rows(world)) == 3


@pytest.mark.both_databases
async def test_what_arrives_from_all_chats_together_is_limited_and_agents_are_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, other = await start_chat(world), await start_chat(world)
    announced = await announce(other.customer)
    # What is only announced costs nothing, and shuts out nobody.
    monkeypatch.setattr(limits, "LEAST_BYTES_COUNTED", 1)
    monkeypatch.setattr(limits, "BYTES_OF_ALL_CHATS_LATELY", 2 * len(PNG))
    for _ in range(3):
        await announce(chat.customer)
    await upload(chat.customer)
    monkeypatch.setattr(limits, "LEAST_BYTES_COUNTED", len(PNG) + 1)
    before = await dump(world)

    refused = await ask(other)
    late = await put(world, announced)

    assert refused["__typename"] == "Unavailable"
    assert 7_190 <= refused["retryAfterSeconds"] <= 7_200
    assert (late.status_code, late.json()["code"]) == (503, "UNAVAILABLE")
    assert 7_190 <= int(late.headers["retry-after"]) <= 7_200
    assert await dump(world) == before
    await upload(world.ayse)
    monkeypatch.undo()
    assert (await put(world, announced)).status_code == 201


async def test_a_file_is_tried_so_often_so_that_tries_leave_no_heap_of_jobs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "TRIES_PER_UPLOAD", 3)
    chat = await start_chat(world)
    file = await announce(chat.customer)

    answers = [await put(world, file, body(PNG[:9])) for _ in range(3)]
    answers += [await put(world, file) for _ in range(2)]

    assert [answer.json()["code"] for answer in answers] == ["INCOMPLETE"] * 3 + ["NOT_FOUND"] * 2
    async with world.desk.database.reading() as connection:
        jobs = select(func.count()).select_from(Job).where(Job.kind == DISCARD)
        assert await connection.scalar(jobs) == 2
    assert stored(world) == []


async def body(content: bytes) -> AsyncIterator[bytes]:
    yield content


# ── The token ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("way", ["revoked", "signed out", "lapsed"])
async def test_a_token_that_has_ended_announces_nothing_and_its_links_take_nothing(
    world: World, way: str
) -> None:
    chat = await start_chat(world)
    file = await announce(chat.customer)
    await end_token(world, chat, way)

    assert (await chat.customer.send(UPLOAD, input=PHOTO)).status == 401
    answer = await put(world, file)

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert stored(world) == []
    (row,) = await rows(world)
    assert (row.tries, row.awaited_until is None) == (0, False)


async def end_token(world: World, chat: Chat, way: str) -> None:
    if way == "revoked":
        await world.ayse.ask(CHAT_REVOKE, ticket=chat.ticket)
    elif way == "signed out":
        await chat.customer.ask("mutation { signOut { __typename } }")
    else:
        async with world.desk.database.transaction() as session:
            long_ago = clock.now() - timedelta(days=30)
            await session.execute(update(ChatSession).values(last_used_at=long_ago))


async def test_who_is_shut_out_while_they_announce_comes_too_late(world: World) -> None:
    chat = await start_chat(world)
    viewer = await sessions.authenticate(world.desk.database, f"Bearer {chat.token}")
    await world.ayse.ask(CHAT_REVOKE, ticket=chat.ticket)

    with pytest.raises(NotFound):
        async with unit_of_work(world.desk.database, lambda _: None, viewer.actor) as work:
            await uploads.create(work, viewer, NewUpload("a.png", "image/png", 1))
    assert await rows(world) == []


async def test_a_chat_that_has_ended_goes_on_with_a_file(world: World) -> None:
    chat = await start_chat(world)
    await chat.end()

    photo = await upload(chat.customer)
    assert (await chat.customer.ask("{ chat { endedAt } }"))["chat"]["endedAt"] is not None
    sent = await chat.write("One thing more", attachmentIds=[photo])

    assert sent["ticket"]["status"] == "OPEN"
    assert (await chat.customer.ask("{ chat { endedAt } }")) == {"chat": {"endedAt": None}}


# ── What becomes of them ───────────────────────────────────────────────────────────────────────


async def test_files_that_were_not_sent_go_after_a_day_and_those_that_were_stay(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = await start_chat(world)
    sent, spare = await upload(chat.customer), await upload(chat.customer)
    await chat.write("Here", attachmentIds=[sent])
    tomorrow = clock.now() + timedelta(hours=24, minutes=1)

    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    await tidy_up(world.desk.database)

    assert [row.id for row in await rows(world)] == [decode_global_id(sent)[1]]
    async with world.desk.database.reading() as connection:
        payloads = await connection.scalars(select(Job.payload).where(Job.kind == DISCARD))
        (payload,) = payloads.all()
    assert decode_global_id(spare)[1].hex in payload["storage_key"]


async def test_files_stay_the_chats_while_its_customer_becomes_somebody_and_is_two_again(
    world: World,
) -> None:
    chat, other = await start_chat(world), await start_chat(world, "Nur")
    early, late = await upload(chat.customer), await upload(chat.customer)
    await chat.write("Before", attachmentIds=[early])
    visitor, known = [await customer_of(world, one.ticket) for one in (chat, other)]
    before = await dump(world)

    merged = await merge(world.ayse, visitor, known)
    stranger = await other.write("Mine?", attachmentIds=[late])
    assert stranger["__typename"] == "ValidationFailed"
    assert (await other.customer.ask(FILE, id=early)) == {"node": None}
    assert (await other.customer.ask(FILE, id=late)) == {"node": None}
    assert await unmerge(world.ayse, merged["merge"]["id"])
    assert (await dump(world))["attachment"] == before["attachment"]

    await merge(world.ayse, visitor, known)
    await chat.write("After", attachmentIds=[late])
    for client in (chat.customer, world.ayse):
        files = await shown_to(client, chat)
        assert [(file["id"], file["url"]) for file in files] == [(early, PNG), (late, PNG)]
    assert await shown_to(other.customer, other) == []
    seen = (await chat.customer.ask(CHAT))["chat"]["ticket"]["messages"]["nodes"]
    assert [message["author"]["name"] for message in seen] == ["Elif", "Elif"]


async def test_a_retried_announcement_is_one_file_and_counts_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UNSENT_FILES_PER_CHAT", 1)
    chat = await start_chat(world)

    ids = {(await announce(chat.customer, idempotencyKey="one")).id for _ in range(2)}

    assert [encode_global_id(NodeKind.ATTACHMENT, row.id) for row in await rows(world)] == [*ids]
