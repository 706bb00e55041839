"""Connectors: hearing what is to be delivered, and saying what became of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.actors import Actor, ActorKind
from models.api_tokens import ApiTokenBrand
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.event_topics import deliveries_topic
from models.events import Event
from models.messages import Message
from models.notifications import Notification
from models.tickets import Ticket
from models.viewers import ApiScope, Viewer
from services.delivery_confirmations import CONFIRMED_WITHIN
from services.upkeep import tidy_up
from subscriptions.delivery_requests import DeliveryRequestSource
from subscriptions.log.following import Ready
from subscriptions.source import Verdict
from tests.support.api_tokens import acme, create, edit
from tests.support.connectors import REQUESTS, answer, confirm, connector, pending, receive
from tests.support.deliveries import RETRY, UNDO
from tests.support.desk import Client, World
from tests.support.live import served, watching
from tests.support.uploading import PNG, upload

FILE = "query ($id: ID!) { node(id: $id) { ... on Attachment { url } } }"
DELIVERIES = """
    subscription ($ticket: ID!, $after: EventCursor) {
      ticketEvents(ticketId: $ticket, after: $after) {
        __typename
        ... on Event { cursor }
        ... on MessageAdded { message { body } }
        ... on DeliveryChanged { message { body delivery { state } } }
      }
    }
"""


def changed(state: str) -> dict[str, Any]:
    message = {"body": "Yolda.", "delivery": {"state": state}}
    return {"__typename": "DeliveryChanged", "message": message}


async def test_a_connector_brings_an_answer_to_the_chat_it_came_from(world: World) -> None:
    bot, bot_of_others = await connector(world), await connector(world, world.other)
    incoming = await receive(bot, world.acme, externalId="100:1")
    async with world.work() as work:  # the connector sees no tickets, and names none
        row = await work.session.get_one(Message, decode_global_id(incoming["message"]["id"])[1])
        ticket = encode_global_id(NodeKind.TICKET, row.ticket_id)
    async with (
        served(world) as live,
        live.watch("ayse", DELIVERIES, ticket=ticket) as screen,
        watching(live.port, bot_of_others.token, REQUESTS, channel="TELEGRAM") as others,
    ):
        assert await screen.next() == {"__typename": "StreamReady"}
        assert await others.next() == {"__typename": "StreamReady"}
        async with watching(live.port, bot.token, REQUESTS, channel="TELEGRAM") as hears:
            assert await hears.next() == {"__typename": "StreamReady"}
            sent = await answer(world.ayse, ticket)
            assert await hears.next() == {
                "__typename": "DeliveryRequested",
                "attempt": 1,
                "recipient": "100",
                "brand": {"name": "Acme"},
                "ticket": None,
                "message": {
                    "id": sent["id"],
                    "body": "Yolda.",
                    "attachments": [],
                    "delivery": {"state": "QUEUED"},
                },
            }
            added = {"__typename": "MessageAdded", "message": {"body": "Yolda."}}
            assert await screen.next() == added
            assert await screen.next() == {"__typename": "TicketChanged"}  # NEW before
            await confirm(bot, sent["id"], "SENT", externalId="100:2")
            assert await screen.next() == changed("SENT")
            await confirm(bot, sent["id"], "READ")
            assert await screen.next() == changed("READ")
            heard_last = hears.cursor

        # The connector is away. Then it dies between hearing of one answer and confirming it.
        second = await answer(world.ayse, ticket, "Bugün gelir.")
        resumed = {"channel": "TELEGRAM", "after": heard_last}
        async with watching(live.port, bot.token, REQUESTS, **resumed) as hears:
            assert (await hears.next())["message"]["body"] == "Bugün gelir."
            third = await answer(world.nikos, ticket, "Yarın.")
            assert (await hears.next())["message"]["body"] == "Yarın."
        await others.hears_nothing()

    waiting = await pending(bot, first=1)
    assert waiting["totalCount"] == 2
    assert waiting["nodes"] == [
        {
            "id": second["id"],
            "body": "Bugün gelir.",
            "delivery": {"state": "QUEUED", "recipient": "100", "attempts": 0},
        }
    ]
    rest = await pending(bot, after=waiting["pageInfo"]["endCursor"])
    assert [node["id"] for node in rest["nodes"]] == [third["id"]]
    assert (await pending(bot_of_others))["totalCount"] == 0
    assert (await pending(bot, "VIBER"))["totalCount"] == 0


async def test_a_message_comes_forward_only(world: World) -> None:
    bot = await connector(world)
    ticket = await chat(world)
    stages = {
        ("SENT", "SENT"): "SENT",
        ("READ", "DELIVERED", "SENT"): "READ",
        ("DELIVERED", "FAILED"): "DELIVERED",
        ("FAILED", "SENT", "FAILED"): "FAILED",
        ("SENT", "FAILED"): "FAILED",
        ("FAILED", "DELIVERED"): "DELIVERED",
    }
    for outcomes, state in stages.items():
        message = (await answer(world.ayse, ticket))["id"]
        said = [await confirm(bot, message, outcome, detail="blocked") for outcome in outcomes]
        delivery = said[-1]["message"]["delivery"]
        assert (delivery["state"], delivery["attempts"]) == (state, 1), outcomes
        is_failed = state == "FAILED"
        assert delivery["reason"] == ("REJECTED" if is_failed else None)
        assert delivery["detail"] == ("blocked" if is_failed else None)
        assert (delivery["deliveredAt"] is not None) is (state in ("DELIVERED", "READ"))
        assert (delivery["readAt"] is not None) is (state == "READ")
    # What was news: one, one, one, one, two and two; and one failure told to Ayse for each.
    assert await events(world, "DeliveryChanged") == 8
    assert await notified(world) == [world.agents["ayse"].id] * 3


async def test_what_failed_is_asked_for_anew_and_never_taken_back(world: World) -> None:
    bot = await connector(world)
    message = (await answer(world.ayse, await chat(world)))["id"]
    assert (await world.ayse.act(UNDO, id=message))["code"] == "TOO_LATE"
    await confirm(bot, message, "FAILED", attempt=1)
    assert (await world.ayse.act(UNDO, id=message))["code"] == "TOO_LATE"

    retried = await world.ayse.act(RETRY, id=message)
    await world.ayse.act(RETRY, id=message)  # it is on its way already

    assert retried["message"]["delivery"]["state"] == "QUEUED"
    assert await attempts_asked(world, "TELEGRAM") == [1, 2]
    told = await events(world, "DeliveryChanged")
    for outcome in ("FAILED", "SENT"):
        late = await confirm(bot, message, outcome, attempt=1, externalId="100:1")
        assert late["message"]["delivery"]["state"] == "QUEUED"
        assert late["message"]["delivery"]["sentAt"] is None
    assert [node["id"] for node in (await pending(bot))["nodes"]] == [message]
    assert await events(world, "DeliveryChanged") == told
    done = await confirm(bot, message, "SENT", attempt=2, externalId="100:2")
    assert done["message"]["delivery"]["state"] == "SENT"
    assert done["message"]["delivery"]["attempts"] == 2
    assert await external_id(world, message) == "100:2"


async def test_what_has_reached_the_customer_is_not_asked_for_any_more(world: World) -> None:
    bot = await connector(world)
    ticket = await chat(world)
    for outcome in ("DELIVERED", "READ"):
        message = (await answer(world.ayse, ticket))["id"]
        await confirm(bot, message, "FAILED", attempt=1)
        await world.ayse.act(RETRY, id=message)

        late = await confirm(bot, message, outcome, attempt=1)

        assert late["message"]["delivery"]["state"] == outcome
        assert (await pending(bot))["totalCount"] == 0


async def test_who_asks_anew_for_what_nobody_confirmed_is_not_put_off_by_the_first_attempt(
    world: World,
) -> None:
    bot = await connector(world)
    message = await forgotten(world, await chat(world))
    await world.ayse.act(RETRY, id=message)

    late = await confirm(bot, message, "SENT", attempt=1)

    assert late["message"]["delivery"]["state"] == "QUEUED"
    assert [node["id"] for node in (await pending(bot))["nodes"]] == [message]


async def test_the_id_of_the_newest_attempt_is_that_of_the_message(world: World) -> None:
    bot = await connector(world)
    message = (await answer(world.ayse, await chat(world)))["id"]
    await confirm(bot, message, "SENT", attempt=1, externalId="100:1")
    await confirm(bot, message, "FAILED")
    await world.ayse.act(RETRY, id=message)

    await confirm(bot, message, "FAILED", attempt=1, externalId="100:9")  # late
    assert await external_id(world, message) == "100:1"
    for again in ("100:2", "100:3"):
        await confirm(bot, message, "SENT", attempt=2, externalId=again)

    assert await external_id(world, message) == "100:2"
    echo = await receive(bot, world.acme, "Yolda.", externalId="100:2")
    assert echo["fields"] == [{"path": ["input", "externalId"], "code": "ALREADY_TAKEN"}]


async def test_what_nobody_confirms_within_a_day_has_failed(world: World) -> None:
    bot = await connector(world)
    ticket = await chat(world)
    message = await forgotten(world, ticket)
    other = (await answer(world.ayse, ticket))["id"]

    await tidy_up(world.desk.database)

    assert [node["id"] for node in (await pending(bot))["nodes"]] == [other]
    assert await notified(world) == [world.agents["ayse"].id]
    assert await events(world, "DeliveryChanged") == 1
    found = await world.ayse.ask(
        "query ($id: ID!) { node(id: $id) { ... on Message { delivery { state reason } } } }",
        id=message,
    )
    assert found["node"]["delivery"] == {"state": "FAILED", "reason": "NOT_CONFIRMED"}
    late = await confirm(bot, message, "SENT")
    assert late["message"]["delivery"]["state"] == "SENT"


async def test_a_refused_confirmation_leaves_no_trace(world: World) -> None:
    bot, bot_of_others = await connector(world), await connector(world, world.other)
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    ticket = await chat(world)
    await receive(bot, world.acme, "Alo?", externalId="100:7")
    message = (await answer(world.ayse, ticket))["id"]
    named = (await answer(world.ayse, ticket))["id"]
    await confirm(bot, named, "SENT", externalId="100:8")
    _mail, mail_ticket = await world.receive()
    mail = (await answer(world.ayse, mail_ticket))["id"]
    before, length = await rows(world), await world.counts()

    refusals: list[tuple[tuple[Client, str, dict[str, Any]], Any]] = [
        ((world.ayse, message, {}), "NOT_ALLOWED"),
        ((world.admin, message, {}), "NOT_ALLOWED"),
        ((reader, message, {}), "NOT_ALLOWED"),
        ((bot_of_others, message, {}), "NOT_FOUND"),
        ((bot, mail, {}), "NOT_FOUND"),
        ((bot, message, {"externalId": "100:7"}), [("externalId", "ALREADY_TAKEN")]),
        ((bot, message, {"externalId": "100:8"}), [("externalId", "ALREADY_TAKEN")]),
        ((bot, message, {"attempt": 2}), [("attempt", "OUT_OF_RANGE")]),
        ((bot, ticket, {}), [("messageId", "INVALID_ID")]),
    ]
    for (client, which, more), expected in refusals:
        result = await confirm(client, which, "SENT", **more)
        fields = result.get("fields") and [(f["path"][-1], f["code"]) for f in result["fields"]]
        assert (fields or result["code"]) == expected
    echo = await receive(bot, world.acme, "Yolda.", externalId="100:8")
    assert echo["fields"] == [{"path": ["input", "externalId"], "code": "ALREADY_TAKEN"}]
    for client in (world.ayse, reader):
        refused = await client.send("{ pendingDeliveries(channel: TELEGRAM) { totalCount } }")
        assert refused.error["extensions"]["code"] == "NOT_ALLOWED"

    assert (await rows(world), await world.counts()) == (before, length)


async def test_an_answer_without_a_handle_has_failed_until_there_is_one(world: World) -> None:
    ticket = await chat(world)
    async with world.desk.database.transaction() as session:
        await session.execute(update(Ticket).values(profile_id=None))
        await session.execute(update(ChannelProfile).values(channel=Channel.VIBER))

    sent = await answer(world.ayse, ticket)

    assert sent["delivery"] == {
        "state": "FAILED",
        "recipient": None,
        "reason": "NO_ADDRESS",
        "undoUntil": None,
    }
    assert await attempts_asked(world, "TELEGRAM") == []
    assert (await confirm(await connector(world), sent["id"], "SENT"))["code"] == "NOT_ALLOWED"


async def test_a_connector_loads_the_files_of_what_it_delivers(world: World) -> None:
    bot = await connector(world)
    photo = await upload(bot, "kutu.png")
    taken = await receive(bot, world.acme, attachmentIds=[photo])
    assert taken["message"]["attachments"] == [{"filename": "kutu.png"}]
    handed_in = (await bot.ask(FILE, id=photo))["node"]
    assert (await bot.http.get(handed_in["url"])).content == PNG
    assert (await (await connector(world)).ask(FILE, id=photo))["node"] is None
    ticket = await chat(world)
    sent = await answer(world.ayse, ticket, attachmentIds=[await upload(world.ayse, "etiket.png")])

    shown = await bot.ask(
        "{ pendingDeliveries(channel: TELEGRAM) { nodes { id attachments { filename url } } } }"
    )

    (node,) = shown["pendingDeliveries"]["nodes"]
    assert node["id"] == sent["id"]
    (file,) = node["attachments"]
    assert file["filename"] == "etiket.png"
    assert (await bot.http.get(file["url"])).content == PNG
    async with world.desk.database.transaction() as session:
        await session.execute(delete(ApiTokenBrand))
    urls = (file["url"], handed_in["url"])
    assert [(await bot.http.get(url)).status_code for url in urls] == [404, 404]


async def test_a_token_hears_of_its_brands_as_they_are(world: World) -> None:
    created = await create(world, scopes=["MESSAGES_WRITE"], brandIds=[])
    _message, hidden = await world.receive(
        handle="100", channel=Channel.TELEGRAM, brand=world.other
    )
    async with (
        served(world) as live,
        watching(live.port, created["token"], REQUESTS, channel="TELEGRAM") as hears,
    ):
        assert await hears.next() == {"__typename": "StreamReady"}
        nowhere = hears.cursor
        await edit(world, created, 1, brandIds=[acme(world)])
        await world.desk.viewers.refresh()
        assert await hears.next() == {"__typename": "StreamReset", "reason": "RIGHTS"}
        reset = hears.cursor

        # No position tells how much the other brands write.
        await answer(world.admin, hidden)
        await answer(world.ayse, await chat(world))
        assert (await hears.next())["brand"] == {"name": "Acme"}
        after = {"channel": "TELEGRAM", "after": nowhere}
        async with watching(live.port, created["token"], REQUESTS, **after) as resumed:
            assert await resumed.next() == {"__typename": "StreamReset", "reason": "TOPICS"}
            assert resumed.cursor == hears.cursor != reset

        await edit(world, created, 2, scopes=["TICKETS_READ"])
        await world.desk.viewers.refresh()
        assert (await hears.refusal())["extensions"]["code"] == "NOT_ALLOWED"


async def test_nobody_but_connectors_hears_a_request() -> None:
    actor, mine = Actor(ActorKind.INTEGRATION, new_id()), frozenset({new_id()})
    bot = Viewer(actor, brand_ids=mine, scopes=frozenset({ApiScope.MESSAGES_WRITE}))
    agent = Viewer(Actor(ActorKind.AGENT, new_id()), is_admin=True)
    source = DeliveryRequestSource(_Streams(), Channel.VIBER, bot)  # type: ignore[arg-type]

    judge = await source.judge(Ready("cursor"))

    heard = [judge(viewer) for viewer in (bot, Viewer(actor, brand_ids=mine), agent)]
    assert heard == [Verdict.HEARS, Verdict.LOST, Verdict.LOST]


class _Streams:
    access = None


async def chat(world: World) -> str:
    _message, ticket = await world.receive(handle="100", channel=Channel.TELEGRAM)
    return ticket


async def forgotten(world: World, ticket: str) -> str:
    """Return an answer that has failed, since nobody confirmed it within a day."""
    message: str = (await answer(world.ayse, ticket))["id"]
    async with world.desk.database.transaction() as session:
        row = await session.get_one(Message, decode_global_id(message)[1])
        row.delivery_requested_at = clock.now() - CONFIRMED_WITHIN - timedelta(seconds=1)
    await tidy_up(world.desk.database)
    return message


async def events(world: World, event_type: str) -> int:
    counted = select(func.count()).where(Event.type == event_type)
    async with world.desk.database.reading() as connection:
        return int((await connection.execute(counted)).scalar_one())


async def attempts_asked(world: World, channel: str) -> list[int]:
    topic = deliveries_topic(Channel(channel), world.acme.id)
    asked = select(Event.payload).where(Event.topic == topic)
    async with world.desk.database.reading() as connection:
        return [row["attempt"] for row in (await connection.execute(asked)).scalars()]


async def external_id(world: World, message: str) -> str | None:
    kept = select(Message.external_id).where(Message.id == decode_global_id(message)[1])
    async with world.desk.database.reading() as connection:
        return (await connection.execute(kept)).scalar_one()


async def notified(world: World) -> list[UUID]:
    told = select(Notification.agent_id)
    async with world.desk.database.reading() as connection:
        return list((await connection.execute(told)).scalars())


async def rows(world: World) -> list[Any]:
    stored = select(Message.__table__).order_by(Message.id)
    async with world.desk.database.reading() as connection:
        return [tuple(row) for row in await connection.execute(stored)]
