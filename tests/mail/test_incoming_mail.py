"""Answers by mail land in the right ticket, once, as agents then see it."""

import asyncio
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.errors import FileRefusal
from core.ids import new_id
from models.channels import Channel
from models.jobs import Job
from models.messages import DeliveryState, FileOmission
from models.tickets import Ticket
from services.incoming_mail import files as mail_files
from services.incoming_mail import messages, reception
from services.mail.quotes import split_quoted
from services.uploads import DISCARD, discard
from tests.support.archives import answering, mail
from tests.support.desk import World
from tests.support.incoming import (
    BRAND,
    CUSTOMER,
    OTHER_BRAND,
    TAKEN,
    TRY_AGAIN,
    bodies,
    mailroom,
    row_id,
    send,
    set_status,
    tickets,
    with_files,
)
from tests.support.live import TICKET_EVENTS, served
from tests.support.uploading import PNG

PROGRAM = b"MZ" + b"\x00" * 200


async def counts_without_jobs(world: World) -> dict[str, int]:
    counts = await world.counts()
    return counts | {"job": 0}


def stored_files(world: World) -> int:
    return sum(path.is_file() for path in world.desk.settings.storage_path.rglob("*"))


async def test_an_answer_lands_in_its_ticket_and_both_agents_see_it_at_once(world: World) -> None:
    async with mailroom(world) as room, served(world) as live:
        assert await room.bring(mail("first", body="Siparişim nerede?")) == TAKEN
        (ticket,) = await tickets(world)
        async with (
            live.watch("ayse", TICKET_EVENTS, ticket=ticket["id"]) as ayse,
            live.watch("nikos", TICKET_EVENTS, ticket=ticket["id"]) as nikos,
        ):
            for watcher in (ayse, nikos):
                assert (await watcher.next())["__typename"] == "StreamReady"
            answer = mail(
                "second",
                *answering("unknown", "first"),
                subject="Ynt: başka konu",
                body="Hâlâ yok.\n\n5 Şub 2024 12:00 tarihinde Ayşe şunu yazdı:\n> Yolda.",
            )
            assert await room.bring(answer) == TAKEN
            for watcher in (ayse, nikos):
                told = await watcher.next()
                assert told["__typename"] == "MessageAdded"
                assert told["message"]["body"] == "Hâlâ yok."

    (ticket,) = await tickets(world)
    first, second = ticket["messages"]
    assert (ticket["status"], ticket["title"], ticket["channel"]) == ("NEW", "Sipariş", "EMAIL")
    assert ticket["customer"] == {"name": "Elif Şahin", "email": CUSTOMER}
    assert first["quotedText"] is None
    assert second["quotedText"] == "5 Şub 2024 12:00 tarihinde Ayşe şunu yazdı:\n> Yolda."
    author = {"__typename": "Customer", "name": "Elif Şahin", "email": CUSTOMER}
    assert (second["author"], second["direction"]) == (author, "INCOMING")
    assert (second["isAutomatic"], second["delivery"]) == (False, None)


@pytest.mark.parametrize("status", ["RESOLVED", "CLOSED"])
async def test_a_reply_address_leads_into_its_ticket_and_opens_it_again(
    world: World, status: str
) -> None:
    """Whatever the subject, whoever writes, and whichever way the ticket came in."""
    _, ticket = await world.receive(channel=Channel.WEB, handle="form-17")
    await set_status(world, ticket, status)
    async with mailroom(world) as room:
        address = room.reply_address(ticket)
        colleague = mail("a", sender="Νίκος <nikos@mail.example>", to=address, body="Ναι.")
        assert await room.bring(colleague, to=address.upper()) == TAKEN

    (found,) = await tickets(world)
    assert (found["id"], found["status"], found["channel"]) == (ticket, "OPEN", "WEB")
    assert found["customer"]["name"] == "Elif Şahin"
    answer = found["messages"][1]
    assert (answer["body"], answer["channel"]) == ("Ναι.", "EMAIL")
    author = {"__typename": "Customer", "name": "Νίκος", "email": "nikos@mail.example"}
    assert answer["author"] == author


async def test_a_reply_address_is_found_in_the_header_and_comes_before_references(
    world: World,
) -> None:
    _, ticket = await world.receive()
    async with mailroom(world) as room:
        await room.bring(mail("other", sender="u@x.example", subject="Other"))
        cc = f"Cc: Ada <ada@x.example>, <{room.reply_address(ticket)}>"
        await room.bring(mail("a", cc, *answering("other"), body="by Cc"))
        # From now on the mail that it answered leads there as well.
        await room.bring(mail("b", *answering("a"), body="by References"))

    assert await bodies(world) == [
        ["Where is my order?", "by Cc", "by References"],
        ["Merhaba"],
    ]


async def test_strangers_who_answer_the_same_newsletter_do_not_meet(world: World) -> None:
    def answer(mail_id: str, name: str, *ids: str) -> bytes:
        sender, subject = f"{name}@mail.example", f"Re: News {mail_id}"
        return mail(mail_id, *answering(*ids), sender=sender, subject=subject, body=mail_id)

    async with mailroom(world) as room:
        await room.bring(answer("e1", "elif", "newsletter-7"))
        await room.bring(answer("b1", "bora", "newsletter-7"))
        # Who wrote it is led by what they named before; who was sent a mail, by the mail's own id.
        await room.bring(answer("e2", "elif", "newsletter-7"))
        await room.bring(answer("c1", "can", "newsletter-7", "b1"))
        # A mail that others have named already is its author's.
        await room.bring(answer("newsletter-7", "news", "none"))
        await room.bring(answer("n1", "deniz", "newsletter-7"))

    expected = [["e1", "e2"], ["b1", "c1"], ["newsletter-7", "n1"]]
    assert await bodies(world) == expected


async def test_a_mail_goes_to_the_brand_that_it_was_written_to(world: World) -> None:
    async with mailroom(world) as room:
        await room.bring(mail("a", body="1"))
        await room.bring(mail("b", body="same subject, still open", subject="Re: SIPARIŞ"))
        await room.bring(mail("c", body="another subject", subject="Fatura"))
        await room.bring(mail("d", *answering("a"), body="elsewhere"), to=OTHER_BRAND)
        await room.bring(mail("e", subject="", body="Χωρίς θέμα"), to=OTHER_BRAND)
        await room.bring(mail("f", subject="", body=""), to=OTHER_BRAND)

    found = [(t["brand"]["name"], t["title"], len(t["messages"])) for t in await tickets(world)]
    assert found == [
        ("Acme", "Sipariş", 2),
        ("Acme", "Fatura", 1),
        ("Other", "Sipariş", 1),
        ("Other", "Χωρίς θέμα", 2),
    ]


async def test_a_mail_is_one_message_however_often_it_is_brought(world: World) -> None:
    content = mail("a", "Content-Type: text/csv; name=a.csv")
    async with mailroom(world) as room:
        assert await asyncio.gather(*(room.bring(content) for _ in range(4))) == [TAKEN] * 4
        before = await world.counts()
        # Reply-all: the same mail to the ticket's own address and to the brand's.
        (ticket,) = await tickets(world)
        to = [room.reply_address(ticket["id"]), BRAND]
        assert await room.bring(content, to=to) == TAKEN
        assert await world.counts() == before
        answers = (mail(f"b{n}", *answering("lost")) for n in range(4))
        await asyncio.gather(*(room.bring(answer) for answer in answers))

    assert [len(ticket["messages"]) for ticket in await tickets(world)] == [5]
    assert stored_files(world) == 1


async def test_another_mail_under_a_used_id_is_taken_in(world: World) -> None:
    """Some devices give every mail the same Message-ID."""
    other = mail("1", sender="bora@mail.example", subject="Fatura", body="2")
    async with mailroom(world) as room:
        assert await room.bring(mail("1", body="1")) == TAKEN
        (first,) = await tickets(world)
        to = room.reply_address(first["id"])
        contents = [
            (other, BRAND),
            (other, OTHER_BRAND),
            (mail("1", body="3"), BRAND),
            (mail("1", body="4"), to),
            (with_files("1", [("a.csv", "text/csv", b"a;b\n")], "mail.example"), to),
            (with_files("1", [("a.csv", "text/csv", b"c;d\n")], "mail.example"), to),
        ]
        for content, recipient in contents * 2:
            assert await room.bring(content, to=recipient) == TAKEN
        # One that the desk sent has an id of its own as well.
        sent = await send(world, first["id"], DeliveryState.SENT)
        reused = mail("x", body="5").replace(b"x@mail.example", (sent.external_id or "").encode())
        assert await room.bring(reused, to=to) == TAKEN

    assert await bodies(world) == [
        ["1", "3", "4", "Ekte.", "Ekte.", "Yolda.", "5"],
        ["2"],
        ["2"],
    ]


async def test_an_answer_without_references_finds_the_ticket_that_it_was_written_to_from(
    world: World,
) -> None:
    """By the subject under which the desk wrote, though an agent opened the ticket."""
    _, ticket = await world.receive(handle=CUSTOMER, subject="Form")
    async with world.desk.database.transaction() as session:
        (await session.get_one(Ticket, row_id(ticket))).channel = Channel.INTERNAL
    async with mailroom(world) as room:
        before = mail("a", subject="Form", body="No mail was sent yet.")
        assert await room.bring(before) == TAKEN
        (_, by_mail) = await tickets(world)
        await set_status(world, by_mail["id"], "CLOSED")
        await send(world, ticket, DeliveryState.SENT)
        assert await room.bring(mail("b", subject="Ynt: form", body="Teşekkürler.")) == TAKEN

    assert await bodies(world) == [
        ["Where is my order?", "Yolda.", "Teşekkürler."],
        ["No mail was sent yet."],
    ]


async def test_the_recipient_decides_to_which_brand_a_mail_comes(world: World) -> None:
    """Whatever reply address of another brand stands in its header."""
    _, ticket = await world.receive()
    async with mailroom(world) as room:
        address = room.reply_address(ticket)
        both = mail("a", f"Cc: {OTHER_BRAND}", to=address)
        assert await room.bring(both, to=OTHER_BRAND) == TAKEN
        assert await room.bring(both, to=[address, OTHER_BRAND]) == TAKEN

    found = [(t["brand"]["name"], len(t["messages"])) for t in await tickets(world)]
    assert found == [("Acme", 2), ("Other", 1)]


async def test_a_mail_that_came_through_a_mailing_list_opens_its_ticket_again(
    world: World,
) -> None:
    async with mailroom(world) as room:
        await room.bring(mail("a"))
        (ticket,) = await tickets(world)
        await set_status(world, ticket["id"], "CLOSED")
        fields = ("List-Id: <help.acme.example>", "Precedence: list", *answering("a"))
        assert await room.bring(mail("b", *fields)) == TAKEN

    (found,) = await tickets(world)
    assert found["status"] == "OPEN"
    assert [message["isAutomatic"] for message in found["messages"]] == [False, False]


async def test_a_text_that_is_cut_is_kept_whole_as_a_file(world: World) -> None:
    content = mail("a", body="ş" * 1_048_577)
    larger = mail("b", *answering("a"), body="ş" * (11 * 1024 * 1024))
    async with mailroom(world) as room:
        for each in (content, larger):
            assert await room.bring(each) == TAKEN

    ((first, second),) = [ticket["messages"] for ticket in await tickets(world)]
    assert len(first["body"]) == len(second["body"]) == 1_048_576
    assert [file["filename"] for file in first["attachments"]] == ["message.eml"]
    assert [(f["filename"], f["reason"]) for f in second["omittedFiles"]] == [
        ("message.eml", "TOO_LARGE")
    ]


async def test_mail_from_an_agents_address_is_nobodys_but_a_customers(world: World) -> None:
    _, ticket = await world.receive()
    async with mailroom(world) as room:
        address = room.reply_address(ticket)
        forged = mail(
            "a", sender="Ayse <Ayse@desk.example>", to=address, body="Pay at evil.example"
        )
        assert await room.bring(forged, to=address, sender="ayse@desk.example") == TAKEN

    (found,) = await tickets(world)
    message = found["messages"][1]
    assert (message["direction"], message["delivery"]) == ("INCOMING", None)
    assert message["author"]["__typename"] == "Customer"
    async with world.desk.database.reading() as connection:
        assert (await connection.execute(select(Job.id))).all() == []


async def test_the_desks_own_mail_does_not_come_in(world: World) -> None:
    _, ticket = await world.receive()
    async with mailroom(world) as room:
        sent = await send(world, ticket, DeliveryState.SENT)
        before = await world.counts()
        # A list has added a line of its own.
        own = mail("x", body="Yolda.\n--\nList of Acme")
        own = own.replace(b"x@mail.example", (sent.external_id or "").encode())
        assert await room.bring(own, to=room.reply_address(ticket)) == TAKEN
        assert await world.counts() == before
        looping = mail("b", sender=BRAND)
        assert await room.bring(looping) == (554, "5.6.0 This mail cannot be taken")
        assert await world.counts() == before
        # A form on a web page writes in the desk's own name.
        form = mail("c", "Reply-To: Ada <ada@mail.example>", sender=BRAND, subject="Form")
        assert await room.bring(form, sender=BRAND) == TAKEN

    assert (await tickets(world))[1]["customer"] == {"name": "Ada", "email": "ada@mail.example"}


async def test_quotations_are_not_looked_for_where_others_are_served(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def split(text: str, subject: str) -> tuple[str, str | None]:
        threads.append(threading.current_thread())
        return split_quoted(text, subject)

    monkeypatch.setattr(messages, "split_quoted", split)
    async with mailroom(world) as room:
        assert await room.bring(mail("a")) == TAKEN
    (thread,) = threads
    assert thread is not threading.current_thread()


async def test_a_mail_that_cannot_be_written_down_leaves_no_trace_and_is_brought_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = with_files("a", [("a.csv", "text/csv", b"a;b\n")])
    before = await counts_without_jobs(world)
    async with mailroom(world) as room:
        for failure in (ConnectionResetError("the database is away"), ZeroDivisionError()):

            async def fail(*_: object, failure: Exception = failure) -> None:
                raise failure

            with monkeypatch.context() as patch:
                patch.setattr(reception, "add_answer", fail)
                assert await room.bring(content) == TRY_AGAIN
        assert await counts_without_jobs(world) == before
        assert stored_files(world) == 0
        assert await room.bring(content) == TAKEN
    assert await bodies(world) == [["Ekte."]]

    # Whether the commit came about is found out a day later: by then what no row names goes.
    unnamed = world.desk.file_storage.key_of(new_id())
    await world.desk.file_storage.put(unnamed, b"")
    async with world.desk.database.reading() as connection:
        jobs = (await connection.execute(select(Job.kind, Job.payload, Job.run_at))).all()
    assert {job.kind for job in jobs} == {DISCARD}
    assert min(job.run_at for job in jobs) > clock.now() + timedelta(hours=23)
    for payload in [*(job.payload for job in jobs), {"storage_key": unnamed}]:
        await discard(world.desk.database, world.desk.file_storage, payload)
    assert stored_files(world) == 1


def test_each_reason_to_refuse_a_file_is_one_to_leave_it_out() -> None:
    assert {refusal.value for refusal in FileRefusal} <= set(FileOmission)


async def test_files_that_the_desk_does_not_take_are_named_and_the_mail_comes_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_files, "FILES_PER_MAIL", 2)
    monkeypatch.setattr(mail_files, "FILE_BYTES", 1_000)
    files = [
        ("Fatura İğdır.csv", "application/x-evil", b"a;b\n1;2\n"),
        ("setup.exe", "image/png", PROGRAM),
        ("logo.png", "image/png", PNG),
        ("film.mp4", "video/mp4", bytes(1_001)),
        ("σημείωση.txt", "text/plain", b"text"),
        ("page.html", "text/plain", b"<script>alert(1)</script>"),
    ]
    async with mailroom(world) as room:
        assert await room.bring(with_files("a", files)) == TAKEN

    ((message,),) = [ticket["messages"] for ticket in await tickets(world)]
    assert message["body"] == "Ekte."
    assert message["attachments"] == [
        {
            "filename": "Fatura İğdır.csv",
            "contentType": "text/csv",
            "contentId": "8@x",
            "size": 8,
        },
        {
            "filename": "logo.png",
            "contentType": "image/png",
            "contentId": f"{len(PNG)}@x",
            "size": len(PNG),
        },
    ]
    omitted = [(file["filename"], file["reason"]) for file in message["omittedFiles"]]
    assert omitted == [
        ("setup.exe", "PROGRAM"),
        ("film.mp4", "TOO_LARGE"),
        ("σημείωση.txt", "TOO_MANY"),
        ("page.html", "WEB_PAGE"),
    ]
    assert message["omittedFiles"][1]["size"] == 1_001
    assert stored_files(world) == 2
