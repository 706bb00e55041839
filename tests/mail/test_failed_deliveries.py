"""Mails that do not go out: tried again or given up, told to those concerned, never sent twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select, update

from core import clock
from core.ids import decode_global_id
from models.channels import Channel
from models.customers import Customer
from models.jobs import Job
from models.messages import Message
from models.notifications import Notification, NotificationKind
from models.tickets import TicketReference
from services.mail.composing import LetterFile
from services.outgoing_mail.delivery import TRIES_WITHOUT_END
from services.outgoing_mail.letters import Draft, Letters
from tests.support.deliveries import RETRY, UNDO, PostOffice, payload_of, post_office
from tests.support.desk import World

NEXT_JOB = select(Job.run_at).where(Job.finished_at.is_(None))


@pytest.fixture
async def office(world: World) -> AsyncIterator[PostOffice]:
    async with post_office(world) as office:
        yield office


async def test_a_server_that_is_busy_is_asked_again(office: PostOffice) -> None:
    _first, ticket = await office.world.receive()
    message = await office.send(ticket)
    office.server.to_recipient = ["450 4.2.0 Greylisted,\r try later"]

    await office.deliver()
    put_off = await office.delivery(message)
    await office.deliver()

    assert (put_off["state"], put_off["reason"], put_off["attempts"]) == (
        "QUEUED",
        "SERVER_BUSY",
        1,
    )
    assert put_off["detail"].startswith("450 4.2.0 Greylisted")
    assert put_off["nextTryAt"] is not None
    sent = await office.delivery(message)
    assert (sent["state"], sent["attempts"]) == ("SENT", 2)
    assert (sent["reason"], sent["detail"], sent["nextTryAt"]) == (None, None, None)
    assert (await office.events(), await office.queued()) == (2, 0)


async def test_what_is_refused_fails_at_once_and_can_be_sent_anew(office: PostOffice) -> None:
    _first, ticket = await office.world.receive()
    message = await office.send(ticket)
    office.server.to_recipient = ["550 5.1.1 No such user"]

    await office.deliver()

    failed = await office.delivery(message)
    assert (failed["state"], failed["reason"], failed["detail"], failed["attempts"]) == (
        "FAILED",
        "ADDRESS_REFUSED",
        "550 5.1.1 No such user",
        1,
    )
    assert (await office.events(), await office.queued()) == (1, 0)
    told = select(Notification.agent_id).where(
        Notification.kind == NotificationKind.DELIVERY_FAILED
    )
    assert await office.values(told) == [office.world.agents["ayse"].id]

    result = await office.world.nikos.act(RETRY, id=message)
    assert result["message"]["delivery"] == {
        **failed,
        "state": "QUEUED",
        "reason": None,
        "detail": None,
        "attempts": 0,
    }
    await office.world.ayse.act(RETRY, id=message)
    assert await office.queued() == 1
    await office.deliver()
    await office.world.ayse.act(RETRY, id=message)
    assert ((await office.delivery(message))["state"], await office.queued()) == ("SENT", 0)
    assert len(office.server.arrived) == 1


async def test_what_was_put_off_can_be_hurried_and_taken_back(office: PostOffice) -> None:
    _first, ticket = await office.world.receive()
    message = await office.send(ticket)
    office.server.to_recipient = ["450 4.2.0 Later"] * 2
    await office.deliver()
    (waits_until,) = await office.values(NEXT_JOB)

    hurried = await office.world.nikos.act(RETRY, id=message)
    again = await office.world.nikos.act(RETRY, id=message)

    assert hurried["message"]["delivery"] == again["message"]["delivery"]
    (due_at,) = await office.values(NEXT_JOB)
    assert due_at <= clock.now() < waits_until
    assert await office.events() == 2
    await office.deliver_one(message)
    assert (await office.delivery(message))["attempts"] == 2

    taken_back = await office.world.nikos.act(UNDO, id=message)

    delivery = taken_back["message"]["delivery"]
    assert (delivery["state"], delivery["reason"], delivery["nextTryAt"]) == ("UNDONE", None, None)
    await office.deliver()
    assert (office.server.arrived, await office.queued()) == ([], 0)


async def test_after_the_last_try_a_message_has_failed(office: PostOffice) -> None:
    _first, ticket = await office.world.receive()
    message = await office.send(ticket)
    async with office.desk.database.transaction() as session:
        await session.execute(
            update(Message)
            .where(Message.delivery_state.is_not(None))
            .values(delivery_attempts=11, delivery_begun=11)
        )
    office.server.drops = 1

    await office.deliver()

    failed = await office.delivery(message)
    assert (failed["state"], failed["reason"]) == ("FAILED", "SERVER_UNREACHABLE")
    assert (failed["attempts"], failed["nextTryAt"], await office.queued()) == (12, None, 0)


async def test_without_an_address_a_message_fails_until_there_is_one(office: PostOffice) -> None:
    _first, ticket = await office.world.receive(handle="visit-1", channel=Channel.WEB)
    message = await office.send(ticket)

    failed = await office.delivery(message)
    assert (failed["state"], failed["reason"], failed["recipient"]) == (
        "FAILED",
        "NO_ADDRESS",
        None,
    )
    await office.world.ayse.act(RETRY, id=message)
    assert (await office.events(), await office.queued()) == (0, 0)

    async with office.desk.database.transaction() as session:
        await session.execute(update(Customer).values(email="elif@example.com"))
    await office.world.ayse.act(RETRY, id=message)
    await office.deliver()
    assert [arrived.recipient for arrived in office.server.arrived] == ["elif@example.com"]


async def test_a_file_that_is_gone_is_told_and_nothing_is_sent(office: PostOffice) -> None:
    _first, ticket = await office.world.receive()
    message = await office.send(ticket)
    await office.attach(message)
    await office.desk.file_storage.delete("aa/bb/file")

    await office.deliver()

    failed = await office.delivery(message)
    assert (failed["reason"], failed["detail"]) == ("FILE_MISSING", "Fatura.pdf")
    assert office.server.arrived == []


async def test_a_worker_that_dies_after_sending_leaves_the_same_mail_to_the_next(
    office: PostOffice,
) -> None:
    _first, ticket = await office.world.receive()
    message = await office.send(ticket)
    office.server.hold()
    dying = asyncio.create_task(office.deliver_one(message))
    await office.server.reached.wait()
    dying.cancel()
    await asyncio.wait([dying])
    assert (await office.delivery(message))["state"] == "QUEUED"
    office.server.release()

    await office.deliver()

    first, second = (arrived.content for arrived in office.server.arrived)
    assert first == second
    assert (await office.delivery(message))["state"] == "SENT"


async def test_a_mail_during_which_workers_die_is_given_up(office: PostOffice) -> None:
    _first, ticket = await office.world.receive()
    message = await office.send(ticket)
    async with office.desk.database.transaction() as session:
        await session.execute(
            update(Message)
            .where(Message.delivery_state.is_not(None))
            .values(delivery_begun=TRIES_WITHOUT_END)
        )

    await office.deliver()

    failed = await office.delivery(message)
    assert (failed["state"], failed["reason"]) == ("FAILED", "INTERNAL")
    assert office.server.arrived == []


async def test_whatever_keeps_a_mail_from_being_made_is_told_and_tried_again(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: Any) -> None:
        raise LookupError("a mistake of ours")

    _first, ticket = await office.world.receive()
    message = await office.send(ticket)
    with monkeypatch.context() as broken:
        broken.setattr(Letters, "draft", fail)
        await office.deliver()

    put_off = await office.delivery(message)
    assert (put_off["state"], put_off["reason"], put_off["detail"], put_off["attempts"]) == (
        "QUEUED",
        "INTERNAL",
        "LookupError",
        1,
    )
    assert (await office.events(), await office.queued()) == (1, 1)
    await office.deliver()
    assert (await office.delivery(message))["state"] == "SENT"


async def test_large_mails_are_made_one_at_a_time(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_files, at_once, seen = Letters.read_files, 0, list[int]()

    async def watch(letters: Letters, draft: Draft) -> list[LetterFile]:
        nonlocal at_once
        at_once += 1
        await asyncio.sleep(0.02)  # in which the others would come
        seen.append(at_once)
        at_once -= 1
        return await read_files(letters, draft)

    monkeypatch.setattr(Letters, "read_files", watch)
    monkeypatch.setattr("services.outgoing_mail.delivery._LARGE_BYTES", 5)
    tickets = [(await office.world.receive(handle=f"{each}@x.example"))[1] for each in "abc"]
    messages = [await office.send(ticket) for ticket in tickets]
    for number, message in enumerate(messages):
        await office.attach(message, f"aa/bb/{number}")
    handler = office.handler

    await asyncio.gather(*(handler.do(payload_of(message)) for message in messages))

    assert (seen, len(office.server.arrived)) == ([1, 1, 1], 3)


async def test_who_names_the_id_of_a_mail_before_it_goes_out_gets_none_of_its_answers(
    office: PostOffice,
) -> None:
    _first, ticket = await office.world.receive()
    _other, elsewhere = await office.world.receive(handle="eve@example.com")
    message = await office.send(ticket)
    mail_id = f"{decode_global_id(message)[1].hex}@acme.example"
    async with office.desk.database.transaction() as session:
        session.add(
            TicketReference(
                brand_id=office.world.acme.id,
                mail_id=mail_id,
                ticket_id=decode_global_id(elsewhere)[1],
            )
        )

    await office.deliver()

    assert (await office.delivery(message))["state"] == "SENT"
    leads_to = select(TicketReference.ticket_id).where(TicketReference.mail_id == mail_id)
    assert await office.values(leads_to) == [decode_global_id(ticket)[1]]


async def test_a_worker_that_dies_after_a_failure_leaves_one_next_try(office: PostOffice) -> None:
    _first, ticket = await office.world.receive()
    message = await office.send(ticket)
    office.server.to_recipient = ["450 4.2.0 Later"]
    await office.deliver_one(message)  # and then dies: its own job is still there

    await office.deliver_one(message)

    assert (await office.delivery(message))["attempts"] == 1
    assert (await office.events(), await office.queued()) == (1, 2)
    assert office.server.arrived == []
    await office.deliver()
    assert (len(office.server.arrived), await office.queued()) == (1, 0)
