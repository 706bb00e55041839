"""Tickets of all kinds, and viewers of all kinds, for tests that ask who sees what."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from core import clock
from core.ids import new_id
from core.text import fold
from models.actors import Actor, ActorKind
from models.channels import Channel
from models.companies import Company
from models.customers import Customer
from models.event_topics import inbox_topic
from models.events import read_events
from models.tags import Tag, TicketTag
from models.tickets import Ticket, TicketPriority, TicketStatus
from models.viewers import ApiScope, Viewer
from services.tickets import TicketInHand
from tests.support.desk import World


@dataclass(frozen=True, slots=True)
class Mixture:
    """Tickets of every brand, team and assignee, with their states as the log keeps them."""

    world: World
    states: dict[UUID, dict[str, Any]]
    companies: list[UUID]
    tags: list[UUID]

    async def found(self, *clauses: Any) -> set[UUID]:
        async with self.world.desk.database.reading() as connection:
            rows = await connection.execute(select(Ticket.id).where(*clauses))
            return {row.id for row in rows}


async def mix(world: World) -> Mixture:
    """Write tickets of all combinations; what else they have is mixed evenly over them."""
    start = clock.now()
    companies = [
        Company(id=new_id(), name=name, name_key=fold(name), created_at=start, updated_at=start)
        for name in ("Alpha", "Beta")
    ]
    customers = [
        Customer(
            id=new_id(),
            name=f"Customer {number}",
            name_key=f"customer {number}",
            company_id=company_id,
            created_at=start,
            updated_at=start,
        )
        for number, company_id in enumerate((None, *(company.id for company in companies)))
    ]
    tags = [
        Tag(id=new_id(), name=name, name_key=fold(name), created_at=start)
        for name in ("urgent", "refund")
    ]
    combinations = product(
        (world.acme, world.other),
        (None, world.support, world.sales),
        (None, world.agents["ayse"], world.agents["nikos"]),
    )
    tickets = [
        Ticket(
            id=new_id(),
            number=number + 1,
            title=f"Ticket {number}",
            status=list(TicketStatus)[number % 6],
            priority=list(TicketPriority)[number % 4],
            channel=list(Channel)[number % 5],
            brand_id=brand.id,
            team_id=team and team.id,
            assignee_id=agent and agent.id,
            customer_id=customers[number % 3].id,
            email_subject="",
            created_at=start + timedelta(hours=number),
            updated_at=start + timedelta(hours=20 + number),
        )
        for number, (brand, team, agent) in enumerate(combinations)
    ]
    async with world.work() as work:
        for rows in (companies, customers, tags, tickets):
            work.session.add_all(rows)
            await work.session.flush()
        await work.session.execute(
            insert(TicketTag),
            [
                {"ticket_id": ticket.id, "tag_id": tag.id}
                for number, ticket in enumerate(tickets)
                for place, tag in enumerate(tags)
                if number % 4 in {place, 3}
            ],
        )
        for ticket in tickets:
            work.now = ticket.updated_at
            hand = TicketInHand(work, ticket, is_new=True)
            hand.record("TicketCreated", {})
            await hand.finish()
    return Mixture(
        world,
        await _states_in_log(world),
        [company.id for company in companies],
        [tag.id for tag in tags],
    )


async def _states_in_log(world: World) -> dict[UUID, dict[str, Any]]:
    async with world.desk.database.reading() as connection:
        payloads = [
            event.payload
            for brand in (world.acme, world.other)
            for event in await read_events(connection, inbox_topic(brand.id), 0, 100)
        ]
    return {UUID(payload["ticket_id"]): payload["after"] for payload in payloads}


async def all_kinds_of_viewers(world: World) -> list[Viewer]:
    """Return everybody of the desk, integrations of all kinds, and nobody."""
    people = [await world.viewer(name) for name in world.agents]
    others = [ApiScope.CUSTOMERS_READ, ApiScope.TICKETS_WRITE]
    integrations = [
        Viewer(
            Actor(ActorKind.INTEGRATION, new_id()),
            brand_ids=frozenset(brand.id for brand in brands),
            scopes=frozenset(scopes),
        )
        for brands, scopes in product(
            ([], [world.acme], [world.other], [world.acme, world.other]),
            ([], others, [ApiScope.TICKETS_READ]),
        )
    ]
    return [*people, *integrations, Viewer(actor=None)]
