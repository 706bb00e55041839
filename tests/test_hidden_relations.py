"""What stands where a type has no null, and the viewer may not see what belongs there."""

from typing import Any

from sqlalchemy import update
from structlog.testing import capture_logs

from core.ids import NodeKind, decode_global_id, encode_global_id
from models.channels import Channel
from models.tickets import Ticket
from tests.support.api_tokens import acme, create, edit
from tests.support.connectors import answer, connector, pending
from tests.support.desk import Client, World
from tests.support.live import served, watching
from tests.support.topics import create as create_topic

HIDDEN = {"message": "There is no such object, or you may not see it.", "code": "NOT_FOUND"}
TOPIC_EVENTS = """
    subscription ($ticket: ID!) {
      ticketEvents(ticketId: $ticket) {
        __typename
        ... on TicketChanged { ticket { title topic { brand { name } } } }
        ... on MessageAdded { message { body } }
      }
    }
"""
RETITLE = """
    mutation ($id: ID!, $title: String!) {
      ticketUpdate(input: {ticketId: $id, expectedVersion: 1, title: $title}) { __typename }
    }
"""
RECEIVE = """
    mutation ($input: MessageReceiveInput!, $asks: Boolean = true) {
      messageReceive(input: $input) {
        __typename
        ... on MessageReceiveSuccess { received: message { body ...Place @include(if: $asks) } }
        ... on NotAllowed { code message }
      }
    }
    fragment Place on Message { where: ticket { id } }
"""
CONFIRM = """
    mutation ($input: DeliveryConfirmInput!) {
      deliveryConfirm(input: $input) {
        __typename
        ... on DeliveryConfirmSuccess { confirmed: message { ticket { id } } }
        ... on NotAllowed { code message }
      }
    }
"""
PENDING = "{ pendingDeliveries(channel: TELEGRAM) { %s } }"
REQUESTS = """
    subscription {
      deliveryRequests(channel: TELEGRAM) {
        __typename
        ... on StreamReset { reason }
        ... on DeliveryRequested { message { body ticket { id } } }
      }
    }
"""
NO_SCOPE = {
    "__typename": "NotAllowed",
    "code": "NOT_ALLOWED",
    "message": "This access token lacks the scope that this needs.",
}
LACKING = {"code": "NOT_ALLOWED", "scope": "TICKETS_READ"}


async def test_what_is_hidden_is_an_error_at_its_place_and_no_failure_of_the_desk(
    world: World,
) -> None:
    ticket = await ticket_of_stranger(world)
    question = """
        query ($id: ID!) {
          ticket(id: $id) {
            brand { name } one: topic { brand { name } } two: topic { brand { id } }
          }
        }
    """

    with capture_logs() as logs:
        shown = await world.stranger.send(question, id=ticket)

    errors = [shown_error(error) for error in shown.body["errors"]]
    assert errors == [["ticket", "one", "brand"], ["ticket", "two", "brand"]]
    assert shown.body["data"]["ticket"] == {"brand": {"name": "Acme"}, "one": None, "two": None}
    assert "internal error" not in {entry["event"] for entry in logs}


async def test_an_event_in_which_something_is_hidden_is_told_once_and_whole_to_others(
    world: World,
) -> None:
    ticket = await ticket_of_stranger(world)
    async with (
        served(world) as live,
        live.watch("stranger", TOPIC_EVENTS, ticket=ticket) as assignee,
        live.watch("ayse", TOPIC_EVENTS, ticket=ticket) as member,
    ):
        for watcher in (assignee, member):
            assert await watcher.next() == {"__typename": "StreamReady"}

        await world.ayse.act(RETITLE, id=ticket, title="Kayıp kargo")
        await answer(world.ayse, ticket)

        changed = {"__typename": "TicketChanged"}
        whole = {"title": "Kayıp kargo", "topic": {"brand": {"name": "Acme"}}}
        assert await member.next() == {**changed, "ticket": whole}
        told = (await assignee.socket.receive())["payload"]
        assert [shown_error(error) for error in told["errors"]] == [
            ["ticketEvents", "ticket", "topic", "brand"]
        ]
        assert told["data"]["ticketEvents"] == {**changed, "ticket": {**whole, "topic": None}}
        for watcher in (assignee, member):
            added = {"__typename": "MessageAdded", "message": {"body": "Yolda."}}
            assert await watcher.next() == added


async def test_a_connector_that_asks_for_a_hidden_ticket_is_refused_before_anything_is_done(
    world: World,
) -> None:
    bot = await connector(world)
    _message, ticket = await world.receive(handle="100", channel=Channel.TELEGRAM)
    sent = (await answer(world.ayse, ticket))["id"]
    before = await world.counts()

    assert await bot.act(RECEIVE, input=incoming(world)) == NO_SCOPE
    assert await bot.act(CONFIRM, input={"messageId": sent, "outcome": "SENT"}) == NO_SCOPE
    for places in (
        "nodes { ticket { id } }",
        "edges { node { ... on Message { ticket { id } } } }",
    ):
        refused = await bot.send(PENDING % places)
        assert refused.error["path"] == ["pendingDeliveries"]
        assert refused.error["message"] == "The token lacks the scope TICKETS_READ."
        assert refused.error["extensions"] == LACKING
    async with served(world) as live, watching(live.port, bot.token, REQUESTS) as hears:
        assert (await hears.refusal())["extensions"] == LACKING

    assert await world.counts() == before
    assert [node["id"] for node in (await pending(bot))["nodes"]] == [sent]  # QUEUED, as before
    taken = await bot.act(RECEIVE, input=incoming(world), asks=False)
    assert taken["received"] == {"body": "Merhaba"}
    assert (await world.nobody.send(RECEIVE, input=incoming(world))).error["extensions"] == {
        "code": "UNAUTHENTICATED"
    }


async def test_a_connector_that_reads_tickets_is_shown_them_until_it_may_no_more(
    world: World,
) -> None:
    token = await create(world, scopes=["MESSAGES_WRITE", "TICKETS_READ"], brandIds=[acme(world)])
    bot = Client(world.http, token["token"])
    taken = await bot.act(RECEIVE, input=incoming(world))
    ticket = taken["received"]["where"]["id"]
    async with served(world) as live, watching(live.port, bot.token, REQUESTS) as hears:
        assert await hears.next() == {"__typename": "StreamReady"}

        sent = await answer(world.ayse, ticket)
        heard = {"body": "Yolda.", "ticket": {"id": ticket}}
        assert await hears.next() == {"__typename": "DeliveryRequested", "message": heard}
        shown = await bot.ask(PENDING % "nodes { ticket { id } }")
        assert shown["pendingDeliveries"]["nodes"] == [{"ticket": {"id": ticket}}]
        confirmed = await bot.act(CONFIRM, input={"messageId": sent["id"], "outcome": "SENT"})
        assert confirmed["confirmed"]["ticket"] == {"id": ticket}

        # What comes next could not be shown: it must not be taken for told.
        await edit(world, token, 1, scopes=["MESSAGES_WRITE"])
        await world.desk.viewers.refresh()
        assert (await hears.refusal())["extensions"]["scope"] == "TICKETS_READ"
    waiting = await answer(world.ayse, ticket)
    assert [node["id"] for node in (await pending(bot))["nodes"]] == [waiting["id"]]


async def ticket_of_stranger(world: World) -> str:
    """Return a ticket of Acme with a topic, assigned to somebody who does not work for Acme."""
    _message, ticket = await world.receive()
    topic = (await create_topic(world, world.acme, "Kargo"))["topic"]["id"]
    placed = {
        "topic_id": decode_global_id(topic)[1],
        "assignee_id": world.agents["stranger"].id,
    }
    async with world.desk.database.transaction() as session:
        await session.execute(update(Ticket).values(placed))
    return ticket


def incoming(world: World) -> dict[str, Any]:
    brand = encode_global_id(NodeKind.BRAND, world.acme.id)
    return {"channel": "TELEGRAM", "handle": "100", "brandId": brand, "body": "Merhaba"}


def shown_error(error: dict[str, Any]) -> list[str]:
    """Return where an error stands, which must be that of something hidden."""
    assert error["message"] == HIDDEN["message"]
    assert error["extensions"] == {"code": HIDDEN["code"]}
    return list(error["path"])
