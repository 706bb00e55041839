"""Answers go out by mail: through a real server, with a real worker, whatever comes between."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from app.worker import Worker, job_handlers, working
from core import clock
from core.ids import NodeKind, encode_global_id
from models.channels import Channel
from models.customers import Customer
from models.jobs import Job
from models.tickets import Ticket, TicketReference
from services.mail.parsing import parse_mail
from services.mail.reply_addresses import ReplyAddresses
from services.messages import NewTicket, open_ticket
from services.outgoing_mail.queue import PATIENCE
from tests.support.deliveries import RETRY, UNDO, PostOffice, post_office
from tests.support.desk import World
from tests.support.private_desk import NOTE_WORD, TEAM_WORD, write_private

TICKET = "query ($id: ID!) { ticket(id: $id) { firstResponseAt status lastMessage { id } } }"
RECEIVE = """
    mutation ($input: MessageReceiveInput!) { messageReceive(input: $input) { __typename } }
"""


@pytest.fixture
async def office(world: World) -> AsyncIterator[PostOffice]:
    async with post_office(world) as office:
        yield office


# ── What arrives ───────────────────────────────────────────────────────────────────────────────


async def test_an_answer_arrives_and_says_so(office: PostOffice) -> None:
    _first, ticket = await office.world.receive(subject="Re: Siparişim")
    message = await office.send(ticket, "Merhaba,\n\nyolda.")

    await office.deliver()

    (arrived,) = office.server.arrived
    mail = parse_mail(arrived.content)
    assert (arrived.sender, arrived.recipient) == ("desk@acme.example", "customer@example.com")
    assert arrived.mail["From"] == "Acme <desk@acme.example>"
    assert arrived.mail["To"] == "Elif Şahin <customer@example.com>"
    assert (mail.subject, mail.text) == ("Re: Siparişim", "Merhaba,\n\nyolda.")
    assert (mail.is_automatic, arrived.mail["Reply-To"]) == (False, None)
    assert mail.message_id.endswith("@acme.example")
    assert await office.values(select(TicketReference.mail_id)) == [mail.message_id]
    delivery = await office.delivery(message)
    assert delivery.pop("sentAt") is not None
    assert delivery == {
        "state": "SENT",
        "recipient": "customer@example.com",
        "reason": None,
        "detail": None,
        "attempts": 1,
        "nextTryAt": None,
        "undoUntil": None,
    }
    assert (await office.events(), await office.queued()) == (1, 0)


async def test_the_mails_of_a_conversation_name_each_other(office: PostOffice) -> None:
    desk = replace(office.desk, reply_addresses=ReplyAddresses(b"s", "reply@help.example"))
    office = replace(office, desk=desk)
    incoming = {
        "brandId": encode_global_id(NodeKind.BRAND, office.world.acme.id),
        "channel": "EMAIL",
        "handle": "customer@example.com",
        "subject": "My order",
        "body": "Where is it?",
    }
    for mail_id in ("<1@mail.example>", "17"):
        given = {**incoming, "externalId": mail_id}
        await office.world.admin.ask(RECEIVE, input=given)
    (ticket_id,) = await office.values(select(Ticket.id))
    ticket = encode_global_id(NodeKind.TICKET, ticket_id)

    for body in ("One", "Two"):
        await office.send(ticket, body)
        await office.deliver()

    first, second = (parse_mail(arrived.content) for arrived in office.server.arrived)
    assert first.references == ("1@mail.example",)
    assert second.references == ("1@mail.example", first.message_id)
    assert second.in_reply_to == first.message_id
    (reply_to,) = second.reply_to
    assert desk.reply_addresses.ticket_of(reply_to.address) == ticket_id
    # What mail servers report comes back to the ticket as well.
    assert office.server.arrived[1].sender == reply_to.address


async def test_the_answers_of_a_ticket_go_out_as_they_were_written(office: PostOffice) -> None:
    _first, ticket = await office.world.receive()
    messages = [await office.send(ticket, body) for body in ("One", "Two", "Three")]
    office.server.to_recipient = ["450 4.2.0 Later"]

    for message in reversed(messages):
        await office.deliver_one(message)
    assert office.server.arrived == []
    assert [(await office.delivery(each))["attempts"] for each in messages] == [1, 0, 0]
    await office.let_wait(messages[0], PATIENCE / 2)
    await office.deliver_one(messages[1])
    assert office.server.arrived == []
    await office.let_wait(messages[0], timedelta(0))
    for message in messages:
        await office.deliver_one(message)

    texts = [parse_mail(arrived.content).text for arrived in office.server.arrived]
    assert texts == ["One", "Two", "Three"]


async def test_an_answer_that_is_put_off_for_long_keeps_no_other_waiting(
    office: PostOffice,
) -> None:
    _first, ticket = await office.world.receive()
    first, second = [await office.send(ticket, body) for body in ("One", "Two")]
    office.server.to_recipient = ["450 4.2.0 Later"]
    await office.deliver_one(first)
    await office.let_wait(first, PATIENCE * 2)

    await office.deliver_one(second)

    (arrived,) = office.server.arrived
    assert parse_mail(arrived.content).text == "Two"


async def test_an_answer_goes_out_at_once_when_the_one_before_has(office: PostOffice) -> None:
    _first, ticket = await office.world.receive()
    first, second = [await office.send(ticket, body) for body in ("One", "Two")]
    async with office.desk.database.transaction() as session:
        await session.execute(delete(Job))
    await office.deliver_one(second)  # asks for its next turn
    run_at = select(Job.run_at)
    (later,) = await office.values(run_at)

    await office.deliver_one(first)

    (now_due,) = await office.values(run_at)
    assert now_due <= clock.now() < later


async def test_an_answer_to_no_subject_does_not_claim_to_answer_one(office: PostOffice) -> None:
    _first, ticket = await office.world.receive()
    async with office.desk.database.transaction() as session:
        await session.execute(update(Ticket).values(email_subject="About your request"))
    await office.set_brand(default_email_subject="About your request")
    await office.send(ticket)

    await office.deliver()

    (arrived,) = office.server.arrived
    assert arrived.mail["Subject"] == "About your request"


async def test_an_agents_own_ticket_is_written_by_mail_under_its_subject(
    office: PostOffice,
) -> None:
    await office.world.receive()  # makes the customer
    async with office.world.work() as work:
        customer = (await work.session.scalars(select(Customer))).one()
        new = NewTicket(office.world.acme, customer, Channel.INTERNAL, "Refund", "Σχετικά")
        hand = await open_ticket(work, new)
        await hand.finish()
    ticket = encode_global_id(NodeKind.TICKET, hand.ticket.id)
    await office.set_brand(email=None)
    message = await office.send(ticket)
    file = await office.attach(message)

    await office.deliver()

    (arrived,) = office.server.arrived
    mail = arrived.mail
    assert (mail["Subject"], mail["From"]) == ("Σχετικά", "Acme <desk@starling.invalid>")
    assert [part.get_content() for part in mail.iter_attachments()] == [file]
    read = "query ($id: ID!) { node(id: $id) { ... on Message { channel } } }"
    assert (await office.world.ayse.ask(read, id=message))["node"] == {"channel": "EMAIL"}


async def test_what_the_team_writes_for_itself_is_in_no_byte_that_goes_out(
    office: PostOffice,
) -> None:
    message, ticket = await office.world.receive()
    await write_private(office.world, ticket, message)
    await office.send(ticket)

    await office.deliver()

    (arrived,) = office.server.arrived
    mail = arrived.mail
    parts = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    everything = " ".join([arrived.content.decode(), *map(str, mail.items()), *parts])
    assert "On its way." in everything
    assert NOTE_WORD not in everything
    assert TEAM_WORD not in everything


async def test_a_mail_goes_to_who_it_was_written_to(office: PostOffice) -> None:
    _first, ticket = await office.world.receive()
    message = await office.send(ticket)
    async with office.desk.database.transaction() as session:
        await session.execute(update(Customer).values(email="other@example.com", name="Other"))

    await office.deliver()

    (arrived,) = office.server.arrived
    assert (arrived.recipient, arrived.mail["To"]) == ("customer@example.com",) * 2
    assert b"ther" not in arrived.content.lower().replace(b"either", b"").split(b"\r\n\r\n")[0]
    assert (await office.delivery(message))["recipient"] == "customer@example.com"


# ── What is taken back ─────────────────────────────────────────────────────────────────────────


async def test_an_answer_that_is_taken_back_answers_nobody(office: PostOffice) -> None:
    await office.set_brand(undo_seconds=30)
    _first, ticket = await office.world.receive()
    waiting = select(Ticket.waiting_since)
    (waited_since,) = await office.values(waiting)
    message = await office.send(ticket)
    sent = await office.delivery(message)
    assert (sent["state"], sent["undoUntil"] is not None) == ("QUEUED", True)
    assert await office.values(waiting) == [None]

    result = await office.world.nikos.act(UNDO, id=message)

    assert result["message"]["delivery"] == {**sent, "state": "UNDONE", "undoUntil": None}
    assert result["ticket"]["firstResponseAt"] is None
    assert result["ticket"]["messageCount"] == 2
    assert await office.values(waiting) == [waited_since]
    again = await office.world.ayse.act(UNDO, id=message)
    assert again["ticket"]["version"] == result["ticket"]["version"]
    await office.deliver()
    assert (office.server.arrived, await office.events()) == ([], 1)
    ticket_now = (await office.world.ayse.ask(TICKET, id=ticket))["ticket"]
    assert ticket_now["lastMessage"] == {"id": message}
    retried = await office.world.ayse.act(RETRY, id=message)
    assert retried == {"__typename": "NotAllowed", "code": "NOT_ALLOWED"}


async def test_it_is_too_late_once_the_time_is_over_or_the_worker_has_begun(
    office: PostOffice,
) -> None:
    _first, ticket = await office.world.receive()
    await office.set_brand(undo_seconds=30)
    begun = await office.send(ticket)
    await office.set_brand(undo_seconds=0)
    at_once = await office.send(ticket)
    office.server.hold()
    delivering = asyncio.create_task(office.deliver_one(begun))
    await office.server.reached.wait()

    answers = [await office.world.ayse.act(UNDO, id=message) for message in (at_once, begun)]

    office.server.release()
    await delivering
    words = "Geri almak için artık çok geç: yola çıktı."
    assert answers == [{"__typename": "TooLate", "code": "TOO_LATE", "words": words}] * 2
    assert (await office.delivery(begun))["state"] == "SENT"
    assert await office.events() == 1


async def test_of_the_worker_and_who_takes_back_exactly_one_wins(office: PostOffice) -> None:
    await office.set_brand(undo_seconds=30)
    _first, ticket = await office.world.receive()
    for _ in range(6):
        message = await office.send(ticket)
        arrived = len(office.server.arrived)
        _done, result = await asyncio.gather(
            office.deliver_one(message), office.world.ayse.act(UNDO, id=message)
        )
        was_sent = len(office.server.arrived) > arrived
        state = (await office.delivery(message))["state"]
        expected = ("TooLate", "SENT") if was_sent else ("MessageUndoSuccess", "UNDONE")
        assert (result["__typename"], state) == expected


async def test_who_does_not_see_a_message_neither_takes_it_back_nor_sends_it_anew(
    office: PostOffice,
) -> None:
    await office.set_brand(undo_seconds=30)
    first, ticket = await office.world.receive()
    message = await office.send(ticket)
    before = await office.world.counts()

    for document in (UNDO, RETRY):
        hidden = await office.world.stranger.act(document, id=message)
        incoming = await office.world.ayse.act(document, id=first)
        assert (hidden["code"], incoming["code"]) == ("NOT_FOUND", "NOT_ALLOWED")
    assert await office.world.counts() == before


# ── The worker ─────────────────────────────────────────────────────────────────────────────────


async def test_a_worker_delivers_what_is_written_while_it_runs_in_its_order(
    office: PostOffice,
) -> None:
    worker = Worker(office.desk.database, job_handlers(office.desk))
    _first, ticket = await office.world.receive()

    async with working(worker):
        messages = [await office.send(ticket, f"Number {number}") for number in range(6)]
        worker.wake()
        async with asyncio.timeout(10):
            while (await office.delivery(messages[-1]))["state"] != "SENT":
                await asyncio.sleep(0.02)

    texts = [parse_mail(arrived.content).text for arrived in office.server.arrived]
    assert texts == [f"Number {number}" for number in range(6)]
    assert await office.queued() == 0
