"""What an integration that reads no customers learns of whom a chat claims to be: nothing."""

import pytest

from models.channels import Channel
from models.viewers import ApiScope
from tests.support.customers import customer_of
from tests.support.desk import Client, World
from tests.support.live import served, watching
from tests.support.merges import merged
from tests.support.profiles import LINK, UNLINK, add_customer, claim, profile_of
from tests.support.rules import acme

KNOWN = "Elif Demir"
ADDRESS = "elif@example.com"
SEARCH = "query ($words: String) { tickets(search: $words) { nodes { id } } }"
OF_CUSTOMER = "query ($id: ID) { tickets(filter: {customerId: $id}) { nodes { id } } }"
OF_COMPANY = "query ($id: ID) { tickets(filter: {companyId: $id}) { nodes { id } } }"
WARNINGS = """
    subscription ($id: ID!) {
      editWarnings(resourceIds: [$id]) { changes { field before after } }
    }
"""
CUSTOMER = """
    subscription ($id: ID!) {
      customerEvents(customerId: $id) {
        __typename
        ... on CustomerMerged { merge { id } changes { field before after } }
        ... on ProfileLinked { profile { handle } }
        ... on ProfileUnlinked { profile { handle } }
      }
    }
"""
TICKET = """
    query ($id: ID!) {
      ticket(id: $id) {
        customer { id name }
        messages(first: 10) { nodes { author { __typename ... on Customer { id name } } } }
      }
    }
"""
PERSON = """
    query ($id: ID!) {
      customer(id: $id) {
        name email profiles { handle linkState } tickets(first: 10) { nodes { id } }
      }
    }
"""
LISTED = """
    query ($search: String, $filter: CustomerFilter) {
      customers(search: $search, filter: $filter) { nodes { id } }
    }
"""
NODE = "query ($id: ID!) { node(id: $id) { id } }"
RECEIVE = """
    mutation ($input: MessageReceiveInput!) {
      messageReceive(input: $input) {
        ... on MessageReceiveSuccess { customer { id name } isFirstContact }
      }
    }
"""


async def open_chat(world: World) -> tuple[str, Client]:
    """Return the ticket of a chat with a stranger, and a connector of its brand."""
    await add_customer(world, KNOWN, email=ADDRESS)
    _, ticket = await world.receive(handle="@eli", name="Eli", channel=Channel.TELEGRAM)
    scopes = (ApiScope.TICKETS_READ, ApiScope.MESSAGES_WRITE)
    return ticket, await world.integration(*scopes, brands=[world.acme])


@pytest.mark.both_databases
async def test_a_claimed_ticket_is_found_by_nothing_of_the_known_customer(world: World) -> None:
    ticket, connector = await open_chat(world)
    assert await claim(world, ticket, f"e-postam {ADDRESS}")
    known = await customer_of(world, ticket)

    for words in (KNOWN, "dem", ADDRESS):
        assert (await connector.ask(SEARCH, words=words))["tickets"]["nodes"] == []
        assert (await world.ayse.ask(SEARCH, words=words))["tickets"]["nodes"] == [{"id": ticket}]
    for question in (OF_CUSTOMER, OF_COMPANY):
        refused = await connector.send(question, id=known)
        assert refused.error["extensions"]["code"] == "NOT_ALLOWED"


async def test_no_stream_names_the_known_customer(world: World) -> None:
    ticket, connector = await open_chat(world)
    stranger = await customer_of(world, ticket)
    async with (
        served(world) as live,
        watching(live.port, connector.token, WARNINGS, id=ticket) as warnings,
        watching(live.port, connector.token, CUSTOMER, id=stranger) as customer,
    ):
        assert (await customer.next())["__typename"] == "StreamReady"
        assert await claim(world, ticket, f"e-postam {ADDRESS}")

        assert await warnings.next() == {
            "changes": [{"field": "customer", "before": None, "after": None}]
        }
        assert (await customer.next())["__typename"] == "AccessLost"


async def test_a_known_customer_of_the_brand_is_not_seen_behind_a_claim(world: World) -> None:
    """Of the known customer, the connector sees the ticket that came by their own address."""
    _, own = await world.receive("My secret", handle=ADDRESS, name=KNOWN)
    known = await customer_of(world, own)
    _, ticket = await world.receive("Hi", handle="@eli", name="Eli", channel=Channel.TELEGRAM)
    scopes = (ApiScope.TICKETS_READ, ApiScope.MESSAGES_WRITE)
    connector = await world.integration(*scopes, brands=[world.acme, world.other])
    written = {"channel": "TELEGRAM", "brandId": acme(world), "handle": "@eli", "body": "Hello?"}
    before = (await connector.ask(TICKET, id=ticket))["ticket"]
    stranger = before["customer"]["id"]
    known_before = await connector.ask(PERSON, id=known)
    profile_id = await profile_of(world, ticket)

    async with (
        served(world) as live,
        watching(live.port, connector.token, CUSTOMER, id=known) as of_known,
        watching(live.port, connector.token, CUSTOMER, id=stranger) as of_stranger,
        watching(live.port, world.ayse.token, CUSTOMER, id=known) as of_agent,
    ):
        for stream in (of_known, of_stranger, of_agent):
            assert (await stream.next())["__typename"] == "StreamReady"
        assert await claim(world, ticket, f"e-postam {ADDRESS}")
        received = await connector.act(RECEIVE, input=written)
        _, in_other = await world.receive(
            "And here", handle="@eli", channel=Channel.TELEGRAM, brand=world.other
        )

        assert (await connector.ask(TICKET, id=in_other))["ticket"]["customer"]["id"] == stranger
        after = (await connector.ask(TICKET, id=ticket))["ticket"]
        assert after["customer"] == before["customer"]
        authors = [message["author"] for message in after["messages"]["nodes"]]
        assert authors == [{"__typename": "Customer", "id": stranger, "name": "Eli"}] * 2
        assert received["customer"] == {"id": stranger, "name": "Eli"}
        assert (await connector.ask(PERSON, id=stranger))["customer"]["name"] == "Eli"
        assert await connector.ask(PERSON, id=known) == known_before
        for asked in ({"search": "eli"}, {"filter": {"channel": "TELEGRAM"}}):
            refused = await connector.send(LISTED, **asked)
            assert refused.error["extensions"]["code"] == "NOT_ALLOWED"
        assert (await connector.ask(NODE, id=profile_id))["node"] is None
        assert (await of_stranger.next())["__typename"] == "AccessLost"
        told = [await of_agent.next() for _ in range(2)]
        assert [event["__typename"] for event in told] == ["CustomerMerged", "ProfileLinked"]

        await world.ayse.act(UNLINK, profile=profile_id)
        await world.receive("Mine", handle=ADDRESS, subject="Another")
        assert (await of_known.next())["__typename"] == "CustomerTicketOpened"


async def test_a_link_of_a_part_is_told_to_who_sees_whom_the_profile_came_with(
    world: World,
) -> None:
    known = await add_customer(world, KNOWN, email=ADDRESS)
    _, ticket = await world.receive(handle="e@home.example", name="Eli")
    _, other = await world.receive(handle="@eli", name="Eli", channel=Channel.TELEGRAM)
    home = await customer_of(world, ticket)
    await merged(world.admin, await customer_of(world, other), home)
    connector = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    of_mail = await profile_of(world, ticket)

    async with (
        served(world) as live,
        watching(live.port, connector.token, CUSTOMER, id=home) as events,
    ):
        assert (await events.next())["__typename"] == "StreamReady"
        await world.ayse.act(LINK, profile=of_mail, customer=known)
        assert await events.next() == {"__typename": "ProfileUnlinked", "profile": None}
        await world.ayse.act(UNLINK, profile=of_mail)
        linked = {"profile": {"handle": "e@home.example"}}
        assert await events.next() == {"__typename": "ProfileLinked", **linked}
