"""Integrations subscribe to what their scopes show, in their brands, and to nothing beyond."""

import json
import shutil
from pathlib import Path

import pytest

from core.settings import Settings
from models.channels import Channel
from models.viewers import ApiScope
from services import sessions
from tests.edge.graphql_socket import open_socket
from tests.support.api_tokens import HOUR, create, rotate
from tests.support.connectors import answer
from tests.support.customers import customer_of
from tests.support.dashboards import WATCH as DASHBOARD
from tests.support.desk import World, open_world
from tests.support.live import CUSTOMER_EVENTS, INBOX_EVENTS, TICKET_EVENTS, served, watching
from tests.support.private_desk import private_desk
from tests.support.private_questions import everything

DELIVERY_REQUESTS = """
    subscription {
      deliveryRequests(channel: TELEGRAM) {
        __typename ... on DeliveryRequested { message { body } recipient }
      }
    }
"""
NOTE = """
    mutation ($ticket: ID!) {
      noteAdd(input: {kind: INLINE, ticketId: $ticket, body: "Quiet"}) { __typename }
    }
"""
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_an_integration_hears_what_its_scopes_show_in_its_brand_alone(world: World) -> None:
    _message, ticket = await world.receive(channel=Channel.TELEGRAM, handle="42")
    _message, hidden = await world.receive(channel=Channel.TELEGRAM, handle="42", brand=world.other)
    customer = await customer_of(world, ticket)
    scopes = (ApiScope.TICKETS_READ, ApiScope.CUSTOMERS_READ, ApiScope.MESSAGES_WRITE)
    token = (await world.integration(*scopes, brands=[world.acme])).token
    async with (
        served(world) as live,
        watching(live.port, token, TICKET_EVENTS, ticket=ticket) as events,
        watching(live.port, token, INBOX_EVENTS) as inbox,
        watching(live.port, token, DASHBOARD) as dashboard,
        watching(live.port, token, CUSTOMER_EVENTS, customer=customer) as of_customer,
        watching(live.port, token, DELIVERY_REQUESTS) as requests,
        watching(live.port, token, TICKET_EVENTS, ticket=hidden) as refused,
    ):
        assert (await refused.refusal())["extensions"]["code"] == "NOT_FOUND"
        for stream in (events, inbox, of_customer, requests):
            assert (await stream.next())["__typename"] == "StreamReady"
        assert (await dashboard.next())["unassigned"] == 1

        await world.ayse.act(NOTE, ticket=ticket)
        for of_ticket in (hidden, ticket):
            await answer(world.admin, of_ticket, f"To {of_ticket}")

        told = await events.next()
        assert (told["__typename"], told["message"]["body"]) == ("MessageAdded", f"To {ticket}")
        assert (await inbox.next())["ticket"]["id"] == ticket
        assert await requests.next() == {
            "__typename": "DeliveryRequested",
            "message": {"body": f"To {ticket}"},
            "recipient": "42",
        }
        open_ones = [one for one in (await dashboard.next())["byStatus"] if one["count"]]
        assert open_ones == [{"status": "OPEN", "count": 1}]
        await of_customer.hears_nothing()


@on_sqlite
async def test_a_stream_is_refused_to_who_lacks_its_scope(world: World) -> None:
    _message, ticket = await world.receive()
    customer = await customer_of(world, ticket)
    writes = (await world.integration(ApiScope.TICKETS_WRITE, brands=[world.acme])).token
    codes = {}
    async with served(world) as live:
        for name, document, given in (
            ("ticketEvents", TICKET_EVENTS, {"ticket": ticket}),
            ("customerEvents", CUSTOMER_EVENTS, {"customer": customer}),
            ("deliveryRequests", DELIVERY_REQUESTS, {}),
        ):
            async with watching(live.port, writes, document, **given) as stream:
                codes[name] = (await stream.refusal())["extensions"]["code"]
        async with (
            watching(live.port, writes, INBOX_EVENTS) as inbox,
            watching(live.port, writes, DASHBOARD) as dashboard,
        ):
            await inbox.next()
            assert (await dashboard.next())["unassigned"] == 0
            await world.receive("Another", subject="Another")
            await inbox.hears_nothing()

    assert codes == {
        "ticketEvents": "NOT_FOUND",
        "customerEvents": "NOT_FOUND",
        "deliveryRequests": "NOT_ALLOWED",
    }


@on_sqlite
async def test_no_query_of_any_token_reaches_what_stands_in_another_brand(world: World) -> None:
    desk = await private_desk(world)
    private = desk.private
    of_acme = [private.ticket, desk.message, private.notes[0], private.stars[0], private.files[0]]
    client = await world.integration(*ApiScope, brands=[world.other])
    viewer = await sessions.authenticate(world.desk.database, f"Bearer {client.token}")

    nodes = [*of_acme, private.customer]
    answers = await everything(world, viewer, desk.ids(private.ticket), nodes)

    text = json.dumps(answers)
    assert [one for one in of_acme if one in text] == []
    assert private.customer in text  # customers belong to all brands


async def test_both_secrets_of_a_token_share_its_connections(
    tmp_path: Path, sqlite_template: Path
) -> None:
    path = tmp_path / "starling.sqlite3"
    shutil.copy(sqlite_template, path)
    settings = Settings(
        database_url=f"sqlite+aiosqlite:///{path}",
        storage_path=tmp_path / "files",
        connections_per_agent=1,
        _env_file=None,
    )
    async with open_world(settings) as world, served(world) as live:
        created = await create(world)
        rotated = await rotate(world, created, overlapSeconds=HOUR)
        async with open_socket(live.port) as first, open_socket(live.port) as second:
            await first.initialise(created["token"])
            init = {"authorization": f"Bearer {rotated['token']}"}
            await second.send(type="connection_init", payload=init)

            assert (await second.wait_closed())[0] == 1013
