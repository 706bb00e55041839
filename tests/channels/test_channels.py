"""What comes in on each channel, and where the answers to it go."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update

from core.errors import NotAllowed
from core.ids import decode_global_id
from models.actors import AUTOMATION
from models.channel_profiles import ChannelProfile
from models.channels import CONNECTOR_CHANNELS, Channel
from models.customers import Customer
from models.events import Event
from models.first_contacts import is_first_of_customer
from models.messages import Message
from models.tickets import Ticket
from services import incoming_messages, messages
from services.tickets import take
from tests.support.connectors import answer, connector, receive
from tests.support.deliveries import post_office
from tests.support.desk import World
from tests.support.incoming import set_status
from tests.support.uploading import upload

# Who writes, and where the answer goes.
WRITERS = {
    "EMAIL": ("isil@örnek.example", "Işıl Çağlayan", "isil@örnek.example"),
    "WEB": ("form-1", "Γιώργος Παπαδόπουλος", "giorgos@example.com"),
    "TELEGRAM": ("100200", "Ümit Öztürk", "100200"),
    "VIBER": ("01234567890A=", "Ελένη Νικολάου", "01234567890A="),
    "SKYPE": ("8:live:ilgın", "Ilgın", "8:live:ilgın"),
    "SLACK": ("U024BE7LH", "Gökçe Ağa", "U024BE7LH"),
    "WHATSAPP": ("306912345678", "Σταύρος", "+306912345678"),
    "LINE": ("U8189cf6745fc0d808977bdb0b9f22995", "Çiğdem", "U8189cf6745fc0d808977bdb0b9f22995"),
    "INSTAGRAM": ("17841400008460056", "δέσποινα.ς", "17841400008460056"),
    "FACEBOOK": ("24010533", "Şebnem Iğdır", "24010533"),
}


# Whose answers are read at the desk alone: nothing carries them to the customer.
UNREAD = {
    "PHONE": ("+90 532 123 45 67", "İbrahim Şükrü"),
    "LIVE_CHAT": ("visitor-1", "Όλγα"),
}


async def test_whoever_writes_on_a_channel_is_answered_there(world: World) -> None:
    assert {*WRITERS, *UNREAD} == {*Channel} - {Channel.INTERNAL}
    for channel, (handle, name, recipient) in WRITERS.items():
        sender: dict[str, Any] = {"channel": channel, "handle": handle, "name": name}
        if channel == "WEB":
            sender["email"] = recipient

        first = await receive(world.admin, world.acme, "Καλημέρα!", externalId="1", **sender)
        again = await receive(world.admin, world.acme, "Καλημέρα!", externalId="1", **sender)
        second = await receive(world.admin, world.acme, "Kargom nerede?", **sender)

        assert first["isFirstContact"] is True, channel
        assert again == first
        assert second["isFirstContact"] is False
        assert second["customer"] == {"id": first["customer"]["id"], "name": name}
        assert (second["ticket"]["id"], second["ticket"]["messageCount"]) == (
            first["ticket"]["id"],
            2,
        )
        sent = await answer(world.ayse, first["ticket"]["id"])
        is_connectors = channel in CONNECTOR_CHANNELS
        assert sent["channel"] == (channel if is_connectors else "EMAIL")
        assert sent["delivery"]["state"] == "QUEUED"
        assert sent["delivery"]["recipient"] == recipient


async def test_calls_and_chats_of_other_pages_are_answered_at_the_desk_alone(world: World) -> None:
    for channel, (handle, name) in UNREAD.items():
        sender = {"channel": channel, "handle": handle, "name": name}
        first = await receive(world.admin, world.acme, "Καλημέρα!", **sender)
        second = await receive(world.admin, world.acme, "Kargom nerede?", **sender)
        ticket = first["ticket"]["id"]

        sent = await answer(world.ayse, ticket)

        assert (sent["channel"], sent["delivery"]) == (channel, None)
        assert (second["ticket"]["id"], second["ticket"]["messageCount"]) == (ticket, 2)
        shown = await world.ayse.ask(
            "query ($id: ID!) { ticket(id: $id) { chat { startedAt } } }", id=ticket
        )
        assert shown["ticket"] == {"chat": None}
    # No chat tells of it that nobody can open.
    async with world.desk.database.reading() as connection:
        of_chats = select(Event.id).where(Event.topic.like("chat:%"))
        assert (await connection.execute(of_chats)).all() == []


async def test_what_one_handle_writes_at_once_stands_in_the_order_it_came_in(world: World) -> None:
    first = await receive(world.admin, world.acme, "0")

    await asyncio.gather(*(receive(world.admin, world.acme, str(n)) for n in range(1, 7)))

    found = await world.ayse.ask(
        "query ($id: ID!) { ticket(id: $id) { messages { nodes { body createdAt } } } }",
        id=first["ticket"]["id"],
    )
    nodes = found["ticket"]["messages"]["nodes"]
    moments = [node["createdAt"] for node in nodes]
    assert sorted(node["body"] for node in nodes) == [*"0123456"]
    assert moments == sorted(set(moments))


async def test_two_handles_of_one_customer_are_two_conversations(world: World) -> None:
    first = await receive(world.admin, world.acme, handle="100")
    other = await receive(world.admin, world.acme, handle="200", name="Başka")
    async with world.work() as work:
        one, two = (decode_global_id(each["message"]["id"])[1] for each in (first, other))
        first_contacts = select(Message.id).where(is_first_of_customer())
        assert set(await work.session.scalars(first_contacts)) == {one, two}
        await _become_one_customer(work.session)
        assert set(await work.session.scalars(first_contacts)) == {one}

    second = await receive(world.admin, world.acme, "Ben yine", handle="200")

    assert second["ticket"]["id"] == other["ticket"]["id"]
    sent = await answer(world.ayse, second["ticket"]["id"])
    assert sent["delivery"]["recipient"] == "200"


async def test_a_known_id_is_the_same_message_to_its_own_handle_alone(world: World) -> None:
    bot, other_bot = await connector(world), await connector(world)
    number = {"channel": "WHATSAPP", "externalId": "1"}
    first = await receive(bot, world.acme, "IBAN TR00", handle="306912345678", **number)
    mail = {"channel": "EMAIL", "handle": "isil@example.com", "externalId": "<1@example.com>"}
    mailed = await receive(bot, world.acme, "IBAN TR00", **mail)
    async with world.work() as work:
        await work.session.execute(update(Ticket).values(profile_id=None))
    before = await world.counts()

    assert await receive(other_bot, world.acme, handle="+30 691 234 5678", **number) == first
    assert await receive(other_bot, world.acme, **mail) == mailed
    # Whatever else is said of it the second time.
    empty = {"name": " ", "email": "nobody", "phone": "?", "attachmentIds": []}
    assert await receive(other_bot, world.acme, "", handle="306912345678", **number, **empty) == (
        first
    )
    taken = [{"path": ["input", "externalId"], "code": "ALREADY_TAKEN"}]
    stranger = await receive(other_bot, world.acme, handle="306912345679", **number)
    by_mail = await receive(other_bot, world.acme, "", **{**mail, "handle": "other@example.com"})

    assert (stranger["fields"], by_mail["fields"]) == (taken, taken)
    assert await world.counts() == before


async def test_a_known_id_stays_its_handles_whomever_that_is_linked_to(world: World) -> None:
    first = await receive(world.admin, world.acme, externalId="1")
    other = await receive(world.admin, world.acme, handle="200", externalId="2")
    async with world.work() as work:
        await _become_one_customer(work.session)

    again = await receive(world.admin, world.acme, handle="200", externalId="2")
    taken = await receive(world.admin, world.acme, handle="200", externalId="1")

    assert again["message"]["id"] == other["message"]["id"] != first["message"]["id"]
    assert taken["fields"] == [{"path": ["input", "externalId"], "code": "ALREADY_TAKEN"}]


async def test_a_mail_goes_on_with_the_newest_subjects_of_who_has_very_many(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming_messages, "SUBJECTS_COMPARED", 2)
    mail = {"channel": "EMAIL", "handle": "alarm@example.com"}
    subjects = ("Disk 1", "Disk 2", "Disk 3")
    came = [await receive(world.admin, world.acme, subject=text, **mail) for text in subjects]
    tickets = [each["ticket"]["id"] for each in came]

    newer = await receive(world.admin, world.acme, subject="Re: Disk 2", **mail)
    older = await receive(world.admin, world.acme, subject="Re: Disk 1", **mail)

    assert newer["ticket"]["id"] == tickets[1]
    assert older["ticket"]["id"] not in tickets


async def test_what_cannot_have_come_in_is_refused(world: World) -> None:
    bot = await connector(world)
    before = await world.counts()
    problems: dict[tuple[str, str], dict[str, Any]] = {
        ("channel", "NOT_ALLOWED_VALUE"): {"channel": "INTERNAL"},
        ("handle", "REQUIRED"): {"handle": " \n"},
        ("body", "TOO_LONG"): {"body": "x" * 101_000},
        ("body", "REQUIRED"): {"body": " \u200b"},
        ("externalId", "REQUIRED"): {"externalId": ""},
    }

    for problem, given in problems.items():
        refused = await receive(bot, world.acme, **given)
        assert [(field["path"][-1], field["code"]) for field in refused["fields"]] == [problem]
    absent = await receive(bot, world.other)
    assert absent == {"__typename": "NotFound", "code": "NOT_FOUND"}
    assert await world.counts() == before


async def test_a_photo_needs_no_words_and_names_its_ticket(world: World) -> None:
    photo, other = await upload(world.admin, "kargo.png"), await upload(world.admin)

    first = await receive(world.admin, world.acme, "", attachmentIds=[photo])
    second = await receive(world.admin, world.acme, "\u200b \n", attachmentIds=[other])

    for taken, filename in ((first, "kargo.png"), (second, "proof.png")):
        assert taken["message"]["body"] == ""
        assert taken["message"]["attachments"] == [{"filename": filename}]
    assert second["ticket"]["id"] == first["ticket"]["id"]
    async with world.desk.database.reading() as connection:
        assert await connection.scalar(select(Ticket.title)) == "kargo.png"


async def test_ids_that_differ_by_case_are_two_people_where_the_channel_says_so(
    world: World,
) -> None:
    tells_apart = {"VIBER": True, "LINE": True, "TELEGRAM": False, "INSTAGRAM": False}
    for channel, is_apart in tells_apart.items():
        one = await receive(world.admin, world.acme, channel=channel, handle="01aBcDeF=")
        other = await receive(world.admin, world.acme, channel=channel, handle="01AbCdEf=")

        assert (one["customer"]["id"] != other["customer"]["id"]) is is_apart, channel


async def test_who_was_known_before_case_mattered_is_known_by_the_same_spelling(
    world: World,
) -> None:
    handle = {"channel": "VIBER", "handle": "01aBcDeF="}
    before = await receive(world.admin, world.acme, **handle)
    async with world.work() as work:
        await work.session.execute(update(ChannelProfile).values(handle_key="01abcdef="))

    again = await receive(world.admin, world.acme, **handle)
    other = await receive(world.admin, world.acme, **handle | {"handle": "01AbCdEf="})

    assert again["customer"] == before["customer"]
    assert other["customer"]["id"] != before["customer"]["id"]


async def test_what_a_machine_sends_wakes_nothing_and_lets_nobody_wait(world: World) -> None:
    first = await receive(world.admin, world.acme)
    for status, is_new in (("PENDING", False), ("CLOSED", True)):
        await set_status(world, first["ticket"]["id"], status)
        away = await receive(world.admin, world.acme, "Tatildeyim.", isAutomatic=True)

        assert (away["ticket"]["id"] != first["ticket"]["id"]) is is_new
        async with world.desk.database.reading() as connection:
            is_it = Ticket.id == decode_global_id(away["ticket"]["id"])[1]
            waiting = select(Ticket.status, Ticket.waiting_since).where(is_it)
            assert tuple((await connection.execute(waiting)).one()) == (
                "NEW" if is_new else "PENDING",
                None,
            )


async def test_a_form_that_tells_people_apart_by_their_address_is_answered_there(
    world: World,
) -> None:
    given = {"channel": "WEB", "handle": "giorgos@example.com"}
    came = await receive(world.admin, world.acme, **given)

    sent = await answer(world.ayse, came["ticket"]["id"])

    assert (sent["channel"], sent["delivery"]["recipient"]) == ("EMAIL", "giorgos@example.com")


async def test_a_machine_is_answered_by_people_only(world: World) -> None:
    async with post_office(world) as office:
        _message, ticket = await world.receive(subject="Kargo")
        by_rule = await _answer_automatically(world, ticket)
        await office.deliver()
        (arrived,) = office.server.arrived
        assert arrived.sender == "<>"  # the empty envelope: no report comes back (RFC 3834)
        assert arrived.mail["Auto-Submitted"].startswith("auto-")
        assert arrived.mail["X-Auto-Response-Suppress"] == "All"
        assert by_rule.is_automatic

        mail = {"channel": "EMAIL", "handle": "customer@example.com", "subject": "Kargo"}
        away = await receive(world.admin, world.acme, "Tatildeyim.", isAutomatic=True, **mail)
        assert away["ticket"]["id"] == ticket
        assert away["message"]["isAutomatic"] is True
        before = await world.counts()
        with pytest.raises(NotAllowed):
            await _answer_automatically(world, ticket)
        assert await world.counts() == before

        await receive(world.admin, world.acme, "Döndüm.", **mail)
        await _answer_automatically(world, ticket)


async def _answer_automatically(world: World, ticket: str) -> Message:
    ticket_id = decode_global_id(ticket)[1]
    async with world.work() as work:
        hand = await take(work, await world.viewer("admin"), ticket_id)
        message = await messages.answer(work, hand, AUTOMATION, "Yoldayız.", is_automatic=True)
        await hand.finish()
    return message


async def _become_one_customer(session: Any) -> None:
    """Let all tickets and handles be those of the customer who wrote first."""
    first = (await session.scalars(select(Customer.id).order_by(Customer.id).limit(1))).one()
    await session.execute(update(Ticket).values(customer_id=first))
    await session.execute(update(ChannelProfile).values(customer_id=first))
