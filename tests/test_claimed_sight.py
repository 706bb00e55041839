"""What an integration that reads no customers learns of whom a chat claims to be: nothing."""

import pytest

from models.channels import Channel
from models.viewers import ApiScope
from tests.customers import customer_of
from tests.desk import Client, World
from tests.live import served, watching
from tests.profiles import add_customer, claim

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
        ... on CustomerMerged { changes { field before after } }
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
