"""A desk with many agents at work: their sessions, their tickets, and what one of them writes.

PostgreSQL and Redis are real and of their own. Who writes here is another process than the server
that is measured, as in any desk that is large enough to be measured.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from app import migrations
from app.desk import Desk, open_desk
from core import clock
from core.database import Database
from core.ids import NodeKind, encode_global_id
from core.settings import Settings
from core.text import fold
from models.actors import Actor, ActorKind
from models.agents import Agent, AgentRole
from models.brands import Brand, BrandMember
from models.channels import Channel
from models.customers import Customer
from models.notes import NoteKind
from models.sessions import Session
from models.tickets import Ticket, TicketPriority, TicketStatus
from models.viewers import Viewer
from services import messages, notes, sessions
from services.messages import OutgoingMessage
from services.notes import NewNote
from services.unit_of_work import unit_of_work
from tests.support.servers import start_postgres, start_redis

AGENTS = 50
SESSIONS = 1_000  # of all agents together: each has several tabs and devices
TICKETS = 500

_SENTENCE = "The parcel left our warehouse yesterday evening, and the carrier expects it on Monday."


def words(number: int) -> str:
    """Return what is written as the `number`th: a sentence as agents write them."""
    return f"No. {number:07}: {_SENTENCE}"


@dataclass(frozen=True, slots=True)
class LiveDesk:
    """A desk whose agents, signed in by `tokens`, all see all `tickets`.

    `written_at` tells when the act of each number was committed, in ns of the monotonic clock,
    which all processes of a machine share.
    """

    desk: Desk
    tokens: list[str]
    tickets: list[UUID]
    writer: Viewer
    written_at: dict[int, int] = field(default_factory=dict)

    def ticket(self, place: int) -> str:
        """Return the global id of a ticket; there are TICKETS, counted round and round."""
        return encode_global_id(NodeKind.TICKET, self.tickets[place % TICKETS])

    async def write(self, place: int, number: int) -> None:
        """Write `words(number)` on a ticket, messages and inline notes in turns."""
        ticket_id, body, writer = self.tickets[place % TICKETS], words(number), self.writer
        resources = self.desk.resources
        async with unit_of_work(resources.database, resources.announce, writer.actor) as work:
            if number % 2:
                await messages.send(work, writer, OutgoingMessage(ticket_id, body))
            else:
                await notes.add(work, writer, NewNote(NoteKind.INLINE, ticket_id, body))
        self.written_at[number] = time.monotonic_ns()


@asynccontextmanager
async def live_desk() -> AsyncIterator[LiveDesk]:
    """Start PostgreSQL and Redis, and open a desk with agents who are signed in."""
    with start_postgres() as postgres, start_redis() as redis:
        settings = Settings(database_url=postgres.url, redis_url=redis.url, _env_file=None)
        database = Database(settings.database_url)
        await migrations.upgrade(database)
        await database.close()
        async with open_desk(settings) as desk:
            yield await _people(desk)


async def _people(desk: Desk) -> LiveDesk:
    now = clock.now()
    brand = Brand(name="Acme", name_key=fold("Acme"), language="en", created_at=now)
    agents = [_agent(f"Agent {place}") for place in range(AGENTS)]
    tokens = [sessions.new_token(sessions.SESSION_PREFIX) for _ in range(SESSIONS)]
    async with desk.database.transaction() as session:
        session.add_all([brand, *agents])
        await session.flush()  # gives them their ids
        session.add_all(BrandMember(brand_id=brand.id, agent_id=agent.id) for agent in agents)
        session.add_all(
            Session(
                agent_id=agents[place % AGENTS].id,
                token_hash=sessions.token_hash(token),
                created_at=now,
                last_used_at=now,
            )
            for place, token in enumerate(tokens)
        )
        customers = [_customer(f"Customer {place}") for place in range(TICKETS)]
        session.add_all(customers)
        await session.flush()
        tickets = [
            _ticket(number, brand, customer) for number, customer in enumerate(customers, start=1)
        ]
        session.add_all(tickets)
    writer = Viewer(Actor(ActorKind.AGENT, agents[0].id), brand_ids=frozenset([brand.id]))
    return LiveDesk(desk, tokens, [ticket.id for ticket in tickets], writer)


def _agent(name: str) -> Agent:
    email = f"{name.replace(' ', '.').lower()}@desk.example"
    return Agent(
        name=name,
        name_key=fold(name),
        email=email,
        email_key=email,
        password_hash="not a hash: they are signed in already",  # noqa: S106
        role=AgentRole.AGENT,
        language="en",
        created_at=clock.now(),
    )


def _customer(name: str) -> Customer:
    now = clock.now()
    return Customer(name=name, name_key=fold(name), created_at=now, updated_at=now)


def _ticket(number: int, brand: Brand, customer: Customer) -> Ticket:
    now = clock.now()
    return Ticket(
        number=number,
        title="Where is my order?",
        status=TicketStatus.OPEN,
        priority=TicketPriority.MEDIUM,
        channel=Channel.LIVE_CHAT,
        brand_id=brand.id,
        customer_id=customer.id,
        email_subject="About your support request",
        created_at=now,
        updated_at=now,
    )
