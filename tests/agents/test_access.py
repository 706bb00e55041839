"""Who sees which tickets, and all that hangs on them: asked through the API and of the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from core import clock
from core.ids import decode_global_id
from models.api_tokens import ApiToken
from models.channels import Channel
from models.tickets import Ticket, TicketPriority, TicketStatus, visible_to
from models.viewers import ApiScope
from services.ticket_filters import MomentRange, TicketFilter, state_is_visible_to
from tests.support.desk import Client, World
from tests.support.mixture import Mixture, all_kinds_of_viewers, mix

FAVORITE_ADD = """
    mutation ($item: ID!) {
      favoriteAdd(input: {itemId: $item}) { ... on FavoriteAddSuccess { favorite { id } } }
    }
"""
LISTS = """
    { tickets(orderBy: CREATED_OLDEST_FIRST) { totalCount nodes { title favorites { totalCount } } }
      customers { totalCount nodes { name } } }
"""
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

# What a ticket is called: its brand, its team, and whom it is assigned to.
TICKETS = {
    "no team": ("acme", None, None),
    "support": ("acme", "support", None),
    "sales": ("acme", "sales", None),
    "sales, for nikos": ("acme", "sales", "nikos"),
    "other brand": ("other", None, None),
    "other brand, for nikos": ("other", None, "nikos"),
}
OF_ACME = ["no team", "support", "sales", "sales, for nikos"]
OF_OTHER = ["other brand", "other brand, for nikos"]

# Who looks, which tickets they see, and whether they see customers without tickets of theirs.
AGENTS = {
    "admin": list(TICKETS),
    "ayse": ["no team", "support"],
    "nikos": ["no team", "sales, for nikos", "other brand, for nikos"],
    "stranger": OF_OTHER,
}
INTEGRATIONS: dict[str, tuple[list[ApiScope], list[str], list[str], list[str]]] = {
    "reads tickets of Acme": ([ApiScope.TICKETS_READ], ["acme"], OF_ACME, OF_ACME),
    "reads tickets of both": (
        [ApiScope.TICKETS_READ],
        ["acme", "other"],
        list(TICKETS),
        list(TICKETS),
    ),
    "reads tickets of no brand": ([ApiScope.TICKETS_READ], [], [], []),
    "reads customers": ([ApiScope.CUSTOMERS_READ], ["acme"], [], list(TICKETS)),
    "writes only": ([ApiScope.TICKETS_WRITE, ApiScope.MESSAGES_WRITE], ["acme"], [], []),
    "may do nothing": ([], ["acme"], [], []),
}


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk with the six tickets; each has a customer of its name, and its message a star."""

    world: World
    ids: dict[str, list[str]]

    async def assert_sees(
        self, client: Client, tickets: Sequence[str], customers: Sequence[str]
    ) -> None:
        found = await client.ask(LISTS)
        assert found == {
            "tickets": {
                "totalCount": len(tickets),
                "nodes": [{"title": name, "favorites": {"totalCount": 1}} for name in tickets],
            },
            "customers": {
                "totalCount": len(customers),
                "nodes": [{"name": name} for name in sorted(customers)],
            },
        }
        for name, ids in self.ids.items():
            nodes = (await client.ask(NODES, ids=ids))["nodes"]
            expected = [{"id": node_id} if name in tickets else None for node_id in ids]
            assert nodes == expected, name


@pytest.fixture
async def desk(world: World) -> Desk:
    ids = {}
    for name, (brand, team, assignee) in TICKETS.items():
        message, ticket = await world.receive(
            subject=name, handle=name, name=name, channel=Channel.VIBER, brand=getattr(world, brand)
        )
        favorite = (await world.admin.act(FAVORITE_ADD, item=message))["favorite"]["id"]
        async with world.desk.database.transaction() as session:
            await session.execute(
                update(Ticket)
                .where(Ticket.id == decode_global_id(ticket)[1])
                .values(
                    team_id=getattr(world, team).id if team else None,
                    assignee_id=world.agents[assignee].id if assignee else None,
                )
            )
        ids[name] = [ticket, message, favorite]
    return Desk(world, ids)


async def test_an_agent_sees_what_role_assignment_brand_and_team_show(desk: Desk) -> None:
    for name, tickets in AGENTS.items():
        await desk.assert_sees(getattr(desk.world, name), tickets, list(TICKETS))


async def test_an_integration_sees_what_its_scopes_and_brands_show(desk: Desk) -> None:
    for scopes, brands, tickets, customers in INTEGRATIONS.values():
        client = await desk.world.integration(
            *scopes, brands=[getattr(desk.world, brand) for brand in brands]
        )
        await desk.assert_sees(client, tickets, customers)


async def test_nobody_sees_nothing(desk: Desk) -> None:
    for field in ("tickets { totalCount }", "customers { totalCount }", "nodes(ids: []) { id }"):
        answer = await desk.world.nobody.send(f"{{ {field} }}")
        assert answer.error["extensions"] == {"code": "UNAUTHENTICATED"}
        assert answer.body["data"] is None


async def test_a_hidden_message_cannot_be_starred(desk: Desk) -> None:
    _ticket, message, _favorite = desk.ids["sales"]
    before = await desk.world.counts()

    for client in (desk.world.ayse, desk.world.nikos, desk.world.stranger):
        result = await client.act(
            "mutation ($item: ID!) { favoriteAdd(input: {itemId: $item}) { __typename } }",
            item=message,
        )
        assert result == {"__typename": "NotFound"}
    assert await desk.world.counts() == before


async def test_a_customers_tickets_are_those_that_the_viewer_sees(world: World) -> None:
    for brand, subject in ((world.acme, "Acme's"), (world.other, "Other's")):
        await world.receive(brand=brand, subject=subject)
    document = "{ customers { nodes { tickets { totalCount nodes { title } } } } }"

    for client, titles in (
        (world.admin, ["Other's", "Acme's"]),
        (world.ayse, ["Acme's"]),
        (world.stranger, ["Other's"]),
        (await world.integration(ApiScope.CUSTOMERS_READ, brands=[world.acme]), []),
    ):
        (customer,) = (await client.ask(document))["customers"]["nodes"]
        assert customer["tickets"] == {
            "totalCount": len(titles),
            "nodes": [{"title": title} for title in titles],
        }


async def test_a_token_that_was_revoked_or_is_too_old_opens_nothing(world: World) -> None:
    now = clock.now()
    for values in (
        {"revoked_at": now},
        {"expires_at": now},
        {"expires_at": now - timedelta(days=1)},
    ):
        client = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
        assert (await client.send("{ tickets { totalCount } }")).status == 200

        async with world.desk.database.transaction() as session:
            await session.execute(update(ApiToken).values(**values))

        answer = await client.send("{ tickets { totalCount } }")
        assert answer.status == 401
        assert answer.error["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_token_that_ends_later_still_opens_the_desk(world: World) -> None:
    client = await world.integration(ApiScope.TICKETS_READ)
    async with world.desk.database.transaction() as session:
        await session.execute(
            update(ApiToken).values(expires_at=clock.now() + timedelta(minutes=1))
        )

    assert await client.ask("{ tickets { totalCount } }") == {"tickets": {"totalCount": 0}}


async def test_a_session_that_was_ended_opens_nothing(world: World) -> None:
    await world.ayse.act("mutation { signOut { __typename } }")

    answer = await world.ayse.send("{ tickets { totalCount } }")

    assert answer.status == 401
    assert answer.error["extensions"] == {"code": "UNAUTHENTICATED"}


# The same questions, asked of the state that the event log keeps


@pytest.fixture
async def mixture(world: World) -> Mixture:
    return await mix(world)


async def test_the_log_shows_exactly_the_tickets_that_the_database_shows(
    mixture: Mixture,
) -> None:
    for viewer in await all_kinds_of_viewers(mixture.world):
        shown = {row for row, state in mixture.states.items() if state_is_visible_to(viewer, state)}
        assert shown == await mixture.found(visible_to(viewer)), viewer


async def test_a_filter_means_the_same_in_the_log_and_in_the_database(mixture: Mixture) -> None:
    random = Random(1)
    found_any = 0
    for _ in range(300):
        wanted = a_filter(random, mixture)
        matching = {row for row, state in mixture.states.items() if wanted.matches(state)}
        found_any += bool(matching)
        assert matching == await mixture.found(*wanted.clauses()), wanted
    assert 100 < found_any < 300


def a_filter(random: Random, mixture: Mixture) -> TicketFilter:
    """Return a filter of one to three fields."""
    states = list(mixture.states.values())

    def some(values: Sequence[Any], *, most: int = 3) -> frozenset[Any]:
        return frozenset(random.sample(values, random.randint(0, min(most, len(values)))))

    def ids(name: str) -> list[UUID]:
        return sorted({UUID(state[name]) for state in states if state[name]})

    def moments(name: str) -> MomentRange:
        since, until = (
            None if random.random() < 0.3 else datetime.fromisoformat(random.choice(states)[name])
            for _ in range(2)
        )
        return MomentRange(since, until)

    fields: dict[str, Any] = {
        "statuses": lambda: some(list(TicketStatus)),
        "priorities": lambda: some(list(TicketPriority)),
        "channels": lambda: some(list(Channel)),
        "brand_ids": lambda: some(ids("brand_id")),
        "team_ids": lambda: some(ids("team_id")),
        "assignee_ids": lambda: some(ids("assignee_id")),
        "unassigned": lambda: random.choice([True, False]),
        "customer_id": lambda: random.choice(ids("customer_id")),
        "company_id": lambda: random.choice(mixture.companies),
        "tag_ids": lambda: some(mixture.tags),
        "created": lambda: moments("created_at"),
        "updated": lambda: moments("updated_at"),
    }
    chosen = random.sample(sorted(fields), random.randint(1, 3))
    return TicketFilter(**{name: fields[name]() for name in chosen})
