"""Answering customers, and taking in what they write."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core import clock
from core.ids import NodeKind, encode_global_id
from models.channels import Channel
from models.customers import Customer
from models.idempotency_keys import IdempotencyKey
from models.jobs import Job
from models.viewers import ApiScope
from tests.support.customers import add_company
from tests.support.desk import Client, World
from tests.support.messages import SEND, upload
from tests.support.statements import counted_writes

RECEIVE = """
    mutation ($input: MessageReceiveInput!) {
      messageReceive(input: $input) {
        __typename
        ... on MessageReceiveSuccess {
          message { id body direction author { ... on Customer { name } } }
          ticket { id number title status emailSubject messageCount }
          customer { id name email phone }
        }
        ... on ValidationFailed { fields { path code } }
        ... on UserError { code }
      }
    }
"""
NOTE = """
    mutation ($ticket: ID!, $body: String!) {
      noteAdd(input: {kind: INLINE, ticketId: $ticket, body: $body}) { __typename }
    }
"""
CLOSE = "mutation ($ticket: ID!) { ticketClose(input: {ticketId: $ticket}) { __typename } }"
STATUS = """
    mutation ($ticket: ID!, $version: Int!, $status: TicketStatus!) {
      ticketUpdate(input: {ticketId: $ticket, expectedVersion: $version, status: $status}) {
        __typename
      }
    }
"""


async def send(client: Client, ticket: str, body: str = "On its way.", **more: Any) -> Any:
    return await client.act(SEND, input={"ticketId": ticket, "body": body, **more})


async def receive(client: Client, world: World, body: str = "Hello", **more: Any) -> dict[str, Any]:
    chat = {"channel": "TELEGRAM", "handle": "elif", "brandId": brand_id(world)}
    return await client.act(RECEIVE, input={**chat, "body": body, **more})


async def profiles(client: Client, received: dict[str, Any]) -> Any:
    found = await client.ask(
        """
        query ($id: ID!) {
          customer(id: $id) {
            email phone company { id } profiles { claimedEmail claimedPhone }
          }
        }
        """,
        id=received["customer"]["id"],
    )
    return found["customer"]


def brand_id(world: World) -> str:
    return encode_global_id(NodeKind.BRAND, world.acme.id)


async def test_an_answer_opens_the_ticket_and_goes_to_the_customers_address(world: World) -> None:
    _message, ticket = await world.receive()

    result = await send(world.ayse, ticket)

    message = result["message"]
    assert message == {
        "id": message["id"],
        "body": "On its way.",
        "direction": "OUTGOING",
        "channel": "EMAIL",
        "author": {"name": "Ayse"},
        "attachments": [],
        "delivery": {"state": "QUEUED", "recipient": "customer@example.com"},
    }
    assert result["ticket"]["status"] == "OPEN"
    assert result["ticket"]["messageCount"] == 2
    assert result["ticket"]["firstResponseAt"] is not None
    assert result["ticket"]["lastMessage"] == {"id": message["id"]}
    async with world.desk.database.reading() as connection:
        jobs = (await connection.execute(select(Job.kind))).scalars().all()
    assert jobs == ["deliver_message"]


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.TELEGRAM, Channel.LIVE_CHAT])
async def test_an_answer_writes_the_row_of_its_ticket_once(world: World, channel: Channel) -> None:
    # A second time PostgreSQL would lock the customer, who may be writing and wait for the ticket.
    _message, ticket = await world.receive(channel=channel)

    async with counted_writes(world) as statements:
        await send(world.ayse, ticket)

    assert sum(statement.startswith("UPDATE ticket SET") for statement in statements) == 1


async def test_a_later_change_of_the_address_does_not_redirect_a_message(world: World) -> None:
    _message, ticket = await world.receive()
    await send(world.ayse, ticket)
    async with world.desk.database.transaction() as session:
        await session.execute(update(Customer).values(email="other@example.com"))

    found = await world.ayse.ask(
        "query ($id: ID!) { ticket(id: $id) { lastMessage { delivery { recipient } } } }",
        id=ticket,
    )

    assert found["ticket"]["lastMessage"]["delivery"] == {"recipient": "customer@example.com"}


async def test_files_go_with_a_message_in_the_order_they_came(world: World) -> None:
    _message, ticket = await world.receive()
    files = await upload(world, "a.txt", "b.txt")

    result = await send(world.ayse, ticket, attachmentIds=files)

    shown = result["message"]["attachments"]
    assert [(file["filename"], file["contentType"], file["size"]) for file in shown] == [
        ("a.txt", "text/plain", 3),
        ("b.txt", "text/plain", 3),
    ]
    assert all(file["url"] for file in shown)


async def test_a_file_can_be_sent_once_only(world: World) -> None:
    _message, ticket = await world.receive()
    files = await upload(world, "a.txt")
    await send(world.ayse, ticket, attachmentIds=files)
    before = await world.counts()

    result = await send(world.ayse, ticket, attachmentIds=files)

    assert result["fields"] == [
        {
            "path": ["input", "attachmentIds", "0"],
            "code": "UNKNOWN_REFERENCE",
            "limit": None,
            "actual": None,
        }
    ]
    assert await world.counts() == before


async def test_six_files_are_one_too_many(world: World) -> None:
    _message, ticket = await world.receive()
    files = await upload(world, *"abcdef")
    before = await world.counts()

    result = await send(world.ayse, ticket, attachmentIds=files)

    assert result == {"__typename": "LimitReached", "code": "LIMIT_REACHED", "limit": 5}
    assert await world.counts() == before


@pytest.mark.parametrize(
    ("body", "code", "limit", "actual"),
    [(" \n", "REQUIRED", None, None), ("x" * 100_001, "TOO_LONG", 100_000, 100_001)],
    ids=["blank", "too long"],
)
async def test_a_text_that_is_none_or_too_long_is_refused(
    world: World, body: str, code: str, limit: int | None, actual: int | None
) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await send(world.ayse, ticket, body)

    assert result["fields"] == [
        {"path": ["input", "body"], "code": code, "limit": limit, "actual": actual}
    ]
    assert await world.counts() == before


async def test_nothing_is_sent_over_what_others_wrote_meanwhile(world: World) -> None:
    _message, ticket = await world.receive()
    await world.receive("It came, thanks!")
    await world.nikos.ask(NOTE, ticket=ticket, body="Do not answer yet.")
    before = await world.counts()

    result = await send(world.ayse, ticket, expectedVersion=2)

    assert result == {
        "__typename": "NewActivity",
        "code": "NEW_ACTIVITY",
        "items": [
            {"__typename": "Message", "body": "It came, thanks!"},
            {"__typename": "Note", "body": "Do not answer yet."},
        ],
    }
    assert await world.counts() == before


async def test_what_the_sender_wrote_is_no_news_to_them(world: World) -> None:
    _message, ticket = await world.receive()
    await send(world.ayse, ticket)
    await world.ayse.ask(NOTE, ticket=ticket, body="Sent.")

    result = await send(world.ayse, ticket, "One more thing", expectedVersion=2)

    assert result["__typename"] == "MessageSendSuccess"


async def test_what_an_integration_delivered_is_news_to_it(world: World) -> None:
    bot = await world.integration(
        ApiScope.TICKETS_READ, ApiScope.MESSAGES_WRITE, brands=[world.acme]
    )
    first = await receive(bot, world)
    await receive(bot, world, "Still there?")
    await world.ayse.ask(NOTE, ticket=first["ticket"]["id"], body="Secret")

    result = await send(bot, first["ticket"]["id"], expectedVersion=2)

    assert result["items"] == [{"__typename": "Message", "body": "Still there?"}]


async def test_a_version_that_does_not_exist_yet_is_refused(world: World) -> None:
    _message, ticket = await world.receive()

    result = await send(world.ayse, ticket, expectedVersion=3)

    assert result["fields"] == [
        {"path": ["input", "expectedVersion"], "code": "VERSION_IN_FUTURE", "limit": 2, "actual": 3}
    ]


async def test_the_same_key_sends_once_and_another_text_is_refused(world: World) -> None:
    _message, ticket = await world.receive()
    first = await send(world.ayse, ticket, idempotencyKey="k")
    before = await world.counts()

    again = await send(world.ayse, ticket, idempotencyKey="k")
    other = await send(world.ayse, ticket, "Something else", idempotencyKey="k")

    assert again == first
    assert other == {"__typename": "IdempotencyKeyReused", "code": "IDEMPOTENCY_KEY_REUSED"}
    assert await world.counts() == before


async def test_two_clicks_at_once_send_once(world: World) -> None:
    _message, ticket = await world.receive()

    first, second = await asyncio.gather(
        send(world.ayse, ticket, idempotencyKey="k"), send(world.ayse, ticket, idempotencyKey="k")
    )

    assert first["message"]["id"] == second["message"]["id"]
    assert (await world.counts())["message"] == 2


async def test_a_key_is_free_again_after_72_hours(world: World) -> None:
    _message, ticket = await world.receive()
    await send(world.ayse, ticket, idempotencyKey="k")
    async with world.desk.database.transaction() as session:
        long_ago = clock.now() - timedelta(hours=73)
        await session.execute(update(IdempotencyKey).values(created_at=long_ago))

    result = await send(world.ayse, ticket, "Something else", idempotencyKey="k")

    assert result["message"]["body"] == "Something else"


async def test_a_stranger_finds_no_ticket_to_answer_in(world: World) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await send(world.stranger, ticket)

    assert result == {"__typename": "NotFound", "code": "NOT_FOUND"}
    assert await world.counts() == before


async def test_a_token_that_only_reads_may_not_answer(world: World) -> None:
    _message, ticket = await world.receive()
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    before = await world.counts()

    result = await send(reader, ticket)

    assert result == {"__typename": "NotAllowed", "code": "NOT_ALLOWED"}
    assert await world.counts() == before


async def test_a_first_message_makes_a_customer_and_a_ticket(world: World) -> None:
    result = await receive(world.admin, world, "Kargom nerede?", name="Elif")

    assert result["message"]["direction"] == "INCOMING"
    assert result["message"]["author"] == {"name": "Elif"}
    assert result["ticket"] == {
        "id": result["ticket"]["id"],
        "number": 1,
        "title": "Kargom nerede?",
        "status": "NEW",
        "emailSubject": "Destek Talebiniz Hakkında",
        "messageCount": 1,
    }
    assert result["customer"] == {
        "id": result["customer"]["id"],
        "name": "Elif",
        "email": None,
        "phone": None,
    }


async def test_a_chat_goes_on_in_its_ticket(world: World) -> None:
    first = await receive(world.admin, world)

    second = await receive(world.admin, world, "Anybody there?", handle="ELIF")

    assert second["ticket"]["id"] == first["ticket"]["id"]
    assert second["ticket"]["messageCount"] == 2
    assert second["customer"] == first["customer"]


async def test_a_mail_goes_on_in_the_ticket_of_its_subject(world: World) -> None:
    mail = {"channel": "EMAIL", "handle": "elif@example.com"}
    order = await receive(world.admin, world, subject="Siparişim", **mail)

    answer = await receive(world.admin, world, subject="Ynt: RE: SİPARİŞİM", **mail)
    other = await receive(world.admin, world, subject="İade", **mail)

    assert answer["ticket"]["id"] == order["ticket"]["id"]
    assert other["ticket"]["id"] != order["ticket"]["id"]
    assert other["customer"] == order["customer"]


async def test_a_closed_ticket_stays_closed_and_a_new_one_begins(world: World) -> None:
    first = await receive(world.admin, world)
    await world.admin.ask(CLOSE, ticket=first["ticket"]["id"])

    second = await receive(world.admin, world)

    assert second["ticket"]["number"] == 2


@pytest.mark.parametrize("status", ["PENDING", "ON_HOLD", "RESOLVED"])
async def test_a_customer_who_writes_wakes_a_resting_ticket(world: World, status: str) -> None:
    first = await receive(world.admin, world)
    await world.admin.ask(STATUS, ticket=first["ticket"]["id"], version=2, status=status)

    second = await receive(world.admin, world)

    assert second["ticket"]["status"] == "OPEN"


async def test_the_same_external_id_is_the_same_message(world: World) -> None:
    first = await receive(world.admin, world, externalId="42")
    before = await world.counts()

    second = await receive(world.admin, world, externalId="42")

    assert second == first
    assert await world.counts() == before


async def test_the_same_external_id_in_another_brand_is_another_message(world: World) -> None:
    first = await receive(world.admin, world, externalId="42")
    other = encode_global_id(NodeKind.BRAND, world.other.id)

    second = await receive(world.stranger, world, "Mine", externalId="42", brandId=other)

    assert second["message"]["id"] != first["message"]["id"]
    assert second["message"]["body"] == "Mine"


async def test_the_same_message_twice_at_once_is_stored_once(world: World) -> None:
    results = await asyncio.gather(
        *(receive(world.admin, world, externalId="42") for _ in range(4))
    )

    assert len({result["message"]["id"] for result in results}) == 1
    counts = await world.counts()
    assert (counts["customer"], counts["ticket"], counts["message"]) == (1, 1, 1)


async def test_two_first_messages_at_once_make_one_customer_and_one_ticket(world: World) -> None:
    results = await asyncio.gather(
        *(receive(world.admin, world, body, email="elif@example.com") for body in "abcd")
    )

    assert {result["__typename"] for result in results} == {"MessageReceiveSuccess"}
    counts = await world.counts()
    assert (counts["customer"], counts["channel_profile"]) == (1, 1)
    assert (counts["ticket"], counts["message"]) == (1, 4)


async def test_a_mail_and_a_claim_of_the_same_address_at_once_make_no_error(world: World) -> None:
    mail, chat = await asyncio.gather(
        receive(world.admin, world, channel="EMAIL", handle="elif@example.com"),
        receive(world.admin, world, email="elif@example.com"),
    )

    assert mail["customer"]["id"] != chat["customer"]["id"]
    assert sorted(
        (mail["customer"]["email"], chat["customer"]["email"]), key=lambda email: email or ""
    ) == [None, "elif@example.com"]


async def test_a_claimed_address_does_not_make_one_of_two_people(world: World) -> None:
    mail = await receive(world.admin, world, channel="EMAIL", handle="elif@example.com")

    chat = await receive(world.admin, world, email="elif@example.com")

    assert chat["customer"]["id"] != mail["customer"]["id"]
    assert chat["customer"]["email"] is None


async def test_what_is_wrong_with_a_message_is_told_all_at_once(world: World) -> None:
    before = await world.counts()

    result = await receive(
        world.admin, world, " ", channel="EMAIL", handle="no address", phone="12", name="n" * 201
    )

    assert result["fields"] == [
        {"path": ["input", "handle"], "code": "INVALID_EMAIL"},
        {"path": ["input", "body"], "code": "REQUIRED"},
        {"path": ["input", "name"], "code": "TOO_LONG"},
        {"path": ["input", "phone"], "code": "INVALID_PHONE"},
    ]
    assert await world.counts() == before


async def test_another_brand_is_not_there(world: World) -> None:
    before = await world.counts()

    result = await receive(world.stranger, world)

    assert result == {"__typename": "NotFound", "code": "NOT_FOUND"}
    assert await world.counts() == before


async def test_a_connector_that_may_only_write_sees_its_message_and_no_more(world: World) -> None:
    connector = await world.integration(ApiScope.MESSAGES_WRITE, brands=[world.acme])

    result = await receive(connector, world)

    assert result["message"]["body"] == "Hello"
    assert (result["ticket"], result["customer"]) == (None, None)


async def test_a_token_that_may_not_write_takes_nothing_in(world: World) -> None:
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    before = await world.counts()

    result = await receive(reader, world)

    assert result == {"__typename": "NotAllowed", "code": "NOT_ALLOWED"}
    assert await world.counts() == before


async def test_a_known_message_sent_again_with_a_key_is_answered_each_time(world: World) -> None:
    first = await receive(world.admin, world, externalId="42")

    second = await receive(world.admin, world, externalId="42", idempotencyKey="retry")
    third = await receive(world.admin, world, externalId="42", idempotencyKey="retry")

    assert first == second == third


async def test_one_external_id_under_two_handles_at_once_is_one_message(world: World) -> None:
    results = await asyncio.gather(
        *(receive(world.admin, world, handle=handle, externalId="42") for handle in "abcd")
    )

    refused = [result["fields"] for result in results if "fields" in result]
    assert refused == [[{"path": ["input", "externalId"], "code": "ALREADY_TAKEN"}]] * 3
    counts = await world.counts()
    assert (counts["customer"], counts["ticket"], counts["message"]) == (1, 1, 1)


async def test_a_claimed_address_does_not_catch_its_owners_mail(world: World) -> None:
    company = await add_company(world, "Acme Tekstil", "example.com")
    chat = await receive(world.admin, world, email="elif@example.com", phone="+306912345678")

    mail = await receive(world.admin, world, channel="EMAIL", handle="elif@example.com")

    assert chat["customer"]["id"] != mail["customer"]["id"]
    assert await profiles(world.ayse, chat) == {
        "email": None,
        "phone": None,
        "company": None,
        "profiles": [{"claimedEmail": "elif@example.com", "claimedPhone": "+306912345678"}],
    }
    assert await profiles(world.ayse, mail) == {
        "email": "elif@example.com",
        "phone": None,
        "company": {"id": company},
        "profiles": [{"claimedEmail": None, "claimedPhone": None}],
    }


async def test_a_claim_is_kept_until_another_is_made_and_shown_to_agents_only(
    world: World,
) -> None:
    first = await receive(world.admin, world, email="elif@example.com")
    await receive(world.admin, world, phone="+306912345678")
    reader = await world.integration(ApiScope.CUSTOMERS_READ, brands=[world.acme])

    assert (await profiles(world.nikos, first))["profiles"] == [
        {"claimedEmail": "elif@example.com", "claimedPhone": "+306912345678"}
    ]
    assert (await profiles(reader, first))["profiles"] == [
        {"claimedEmail": None, "claimedPhone": None}
    ]


@pytest.mark.parametrize(
    ("channel", "handle", "phone"),
    [
        ("WHATSAPP", "+90 532 123 45 67", "+905321234567"),
        ("PHONE", "+306912345678", "+306912345678"),
        ("VIBER", "a8f3c2==", None),
        ("TELEGRAM", "+306912345678", None),
    ],
)
async def test_the_number_that_somebody_writes_from_is_theirs(
    world: World, channel: str, handle: str, phone: str | None
) -> None:
    result = await receive(
        world.admin, world, channel=channel, handle=handle, phone="+302101234567"
    )

    assert result["customer"]["phone"] == phone


async def test_a_web_form_is_answered_at_the_address_that_stands_in_it(world: World) -> None:
    form = await receive(
        world.admin, world, channel="WEB", handle="visit-1", email="elif@example.com"
    )

    result = await send(world.ayse, form["ticket"]["id"])

    assert form["customer"]["email"] is None
    assert result["message"]["delivery"] == {"state": "QUEUED", "recipient": "elif@example.com"}
