"""What machines send: answers of absent people, newsletters, and reports of mail servers."""

from sqlalchemy import select

from models.messages import DeliveryState, Message
from models.tickets import Ticket
from tests.support.archives import answering, mail
from tests.support.desk import World
from tests.support.incoming import (
    BRAND,
    SEND,
    TAKEN,
    TRY_AGAIN,
    mailroom,
    row_id,
    send,
    set_status,
    tickets,
)
from tests.support.live import served

DELIVERIES = """
    subscription ($ticket: ID!) {
      ticketEvents(ticketId: $ticket) {
        __typename
        ... on DeliveryChanged { message { delivery { state reason detail } } }
      }
    }
"""


async def waiting_since(world: World, ticket: str) -> object:
    async with world.desk.database.reading() as connection:
        statement = select(Ticket.waiting_since).where(Ticket.id == row_id(ticket))
        return (await connection.execute(statement)).scalar_one()


def report(sent: Message, action: str, recipient: str = "customer@example.com") -> bytes:
    """What a mail server reports of a mail (RFC 3464)."""
    return f"""From: MAILER-DAEMON@mx.example
Subject: Undelivered Mail
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Your mail could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No such user
--b
Content-Type: text/rfc822-headers

Message-ID: <{sent.external_id}>
--b--
""".encode()


async def test_an_automatic_mail_wakes_nobody(world: World) -> None:
    async with mailroom(world) as room:
        await room.bring(mail("a"))
        (ticket,) = await tickets(world)
        await world.ayse.act(SEND, ticket=ticket["id"])
        await set_status(world, ticket["id"], "PENDING")
        holiday = mail("b", "Auto-Submitted: auto-replied", *answering("a"), body="Tatildeyim.")
        assert await room.bring(holiday, sender="") == TAKEN
        (ticket,) = await tickets(world)
        assert ticket["status"] == "PENDING"
        assert [m["isAutomatic"] for m in ticket["messages"]] == [False, False, True]

        await set_status(world, ticket["id"], "OPEN")
        assert await waiting_since(world, ticket["id"]) is None
        await room.bring(mail("c", "Auto-Submitted: auto-generated", *answering("a")))
        assert await waiting_since(world, ticket["id"]) is None
        await room.bring(mail("d", *answering("a")))
        assert await waiting_since(world, ticket["id"]) is not None

        await room.bring(mail("e", "Precedence: junk", subject="Newsletter"))
        _, newsletter = await tickets(world)
        assert await waiting_since(world, newsletter["id"]) is None
        for status in ("PENDING", "OPEN"):
            await set_status(world, newsletter["id"], status)
        assert await waiting_since(world, newsletter["id"]) is None

        await room.bring(mail("f", *answering("e"), body="Fiyatı ne?"))
        since = await waiting_since(world, newsletter["id"])
        for status in ("PENDING", "OPEN"):
            await set_status(world, newsletter["id"], status)
        assert since is not None
        assert await waiting_since(world, newsletter["id"]) == since


async def test_a_bounce_lets_the_message_have_failed_and_is_none_itself(world: World) -> None:
    _, ticket = await world.receive()
    async with mailroom(world) as room, served(world) as live:
        sent = await send(world, ticket, DeliveryState.QUEUED)
        to = room.reply_address(ticket)
        assert await room.bring(report(sent, "failed"), to=to, sender="") == TRY_AGAIN
        async with world.desk.database.transaction() as session:
            (await session.get_one(Message, sent.id)).delivery_state = DeliveryState.SENT
        before = await world.counts()
        ignored = [
            (report(sent, "delayed"), to),
            (report(sent, "failed", "somebody@else.example"), BRAND),
            (report(Message(external_id="unknown@acme.example"), "failed"), to),
        ]
        for content, recipient in ignored:
            assert await room.bring(content, to=recipient, sender="") == TAKEN
        assert await world.counts() == before

        async with live.watch("nikos", DELIVERIES, ticket=ticket) as nikos:
            assert await nikos.next() == {"__typename": "StreamReady"}
            for _ in range(2):
                assert await room.bring(report(sent, "failed"), sender="") == TAKEN
            assert await nikos.next() == {
                "__typename": "DeliveryChanged",
                "message": {
                    "delivery": {
                        "state": "FAILED",
                        "reason": "BOUNCED",
                        "detail": "550 5.1.1 No such user",
                    }
                },
            }
            await nikos.hears_nothing()

    (found,) = await tickets(world)
    assert len(found["messages"]) == 2


async def test_what_only_looks_like_a_report_comes_in_as_an_automatic_mail(world: World) -> None:
    _, ticket = await world.receive()
    order = b"500 units, please: answer to\n\norders@mail.example\n450-11 is the number.\n"
    nameless = report(Message(external_id=None), "failed").replace(b"<None>", b"")
    async with mailroom(world) as room:
        # It is still without an id, as is what the mails report on.
        await world.ayse.act(SEND, ticket=ticket)
        to = room.reply_address(ticket)
        postmaster = mail("a", sender="postmaster@mail.example").replace(b"Merhaba\n", order)
        for content, recipient in ((postmaster, to), (nameless, to), (nameless, BRAND)):
            assert await room.bring(content, to=recipient, sender="") == TAKEN

    (found,) = await tickets(world)
    written = [(m["body"].splitlines()[0], m["isAutomatic"]) for m in found["messages"][2:]]
    assert written == [
        ("500 units, please: answer to", True),
        ("Your mail could not be delivered.", True),
    ]
    assert found["messages"][1]["delivery"] == {"state": "QUEUED"}
