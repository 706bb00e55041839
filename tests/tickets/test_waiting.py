"""Since when customers wait: what tickets say of it is what their messages say."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import Select, select

from app import migrations
from core import clock
from core.database import Database
from core.ids import NodeKind, encode_global_id
from models.actors import AUTOMATION, Actor, ActorKind
from models.channels import Channel
from models.messages import Message, MessageDirection
from models.tickets import Ticket, TicketStatus
from models.viewers import Viewer
from services import messages, tickets
from services.messages import NewMessage, OutgoingMessage
from services.tickets import TicketInHand
from tests.support.archives import answering, mail, take_in
from tests.support.dashboards import know_who_is_online, read
from tests.support.desk import World
from tests.support.waits import waits_by_messages, waits_by_tickets

pytestmark = pytest.mark.both_databases

ACTS = 30
QUESTIONS = 0.3  # the share of acts that are a customer's
CUSTOMERS = ("elif", "kostas", "defne")
LONGEST_AGO = timedelta(hours=1)
AYSE = "ayse@desk.example"


@asynccontextmanager
async def opened_anew(world: World) -> AsyncIterator[Database]:
    """Connect once more to the world's database."""
    database = Database(world.desk.database.url.render_as_string(hide_password=False))
    yield database
    await database.close()


class History:
    """What happens by chance on the tickets of a few customers."""

    def __init__(self, world: World, viewer: Viewer, seed: int) -> None:
        self._world = world
        self._viewer = viewer
        self._chance = Random(seed)
        self._channel = self._chance.choice((Channel.LIVE_CHAT, Channel.EMAIL))

    async def go_on(self) -> None:
        """Let somebody do something."""
        acts: list[Callable[[UUID], Awaitable[None]]] = [
            self.answer,
            self.reply_by_itself,
            self.set_status,
            self.reopen,
            self.take_in_mail_of_the_past,
        ]
        async with self._world.desk.database.reading() as connection:
            found = list(
                (await connection.execute(select(Ticket.id).order_by(Ticket.id))).scalars()
            )
        if not found or self._chance.random() < QUESTIONS:
            await self.ask()
        else:
            await self._chance.choice(acts)(self._chance.choice(found))

    async def ask(self) -> None:
        """A customer writes, which opens a ticket or goes on with one."""
        handle = f"{self._chance.choice(CUSTOMERS)}@example.com"
        await self._world.receive(handle=handle, channel=self._channel)

    async def answer(self, ticket_id: UUID) -> None:
        """An agent writes."""
        async with self._world.work() as work:
            await messages.send(work, self._viewer, OutgoingMessage(ticket_id, "It left."))

    async def reply_by_itself(self, ticket_id: UUID) -> None:
        """The desk writes without an agent."""
        async with self._world.work() as work:
            hand = await tickets.take(work, self._viewer, ticket_id)
            reply = NewMessage(AUTOMATION, MessageDirection.OUTGOING, "We have your message.")
            await messages.append(work, hand, reply)
            await hand.finish()

    async def set_status(self, ticket_id: UUID) -> None:
        """Somebody edits the status."""
        status = self._chance.choice(list(TicketStatus))
        async with self._world.work() as work:
            ticket = await work.session.get_one(Ticket, ticket_id)
            await tickets.update(work, self._viewer, ticket_id, ticket.version, {"status": status})

    async def reopen(self, ticket_id: UUID) -> None:
        """Somebody opens the ticket again, if it is finished."""
        async with self._world.work() as work:
            await tickets.reopen(work, self._viewer, ticket_id)

    async def take_in_mail_of_the_past(self, ticket_id: UUID) -> None:
        """A mail comes that was written long ago, or in the same second as another message."""
        agent = Actor(ActorKind.AGENT, self._world.agents["ayse"].id)
        async with self._world.work() as work:
            ticket = await work.session.get_one(Ticket, ticket_id, with_for_update=True)
            customer = Actor(ActorKind.CUSTOMER, ticket.customer_id)
            author = self._chance.choice((agent, customer, customer, AUTOMATION))
            is_question = author is customer
            moment = self._chance.choice(
                [
                    clock.now() - LONGEST_AGO * self._chance.random(),
                    *(await work.session.scalars(_moments_of(ticket_id))),
                ]
            )
            hand = TicketInHand(work, ticket, moment=moment)
            direction = MessageDirection.INCOMING if is_question else MessageDirection.OUTGOING
            old = NewMessage(author, direction, "An old mail.", created_at=moment)
            await messages.append(work, hand, old)
            await hand.finish()


def _moments_of(ticket_id: UUID) -> Select[datetime]:
    of_ticket = select(Message.created_at).where(Message.ticket_id == ticket_id)
    return of_ticket.order_by(Message.created_at, Message.id)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happens_tickets_say_what_their_messages_say(
    world: World, seed: int
) -> None:
    know_who_is_online(world)
    database = world.desk.database
    history = History(world, await world.viewer("admin"), seed)
    for _ in range(ACTS):
        await history.go_on()
        assert await waits_by_tickets(database) == await waits_by_messages(database)

    waits = await waits_by_messages(database)
    who_wait = [(since, ticket_id) for ticket_id, since in waits.items() if since is not None]
    shown = (await read(world, "admin"))["oldestWaiting"]
    longest = encode_global_id(NodeKind.TICKET, min(who_wait)[1]) if who_wait else None
    assert (shown and shown["ticket"]["id"]) == longest


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_in_whatever_order_mails_are_taken_in_the_ticket_says_the_same(
    world: World, order: tuple[int, ...]
) -> None:
    thread = (
        mail("asked", day=5),
        mail("told", *answering("asked"), sender=AYSE, to="elif@mail.example", day=6),
        mail("again", *answering("asked", "told"), day=7),
    )

    await take_in(world, *(thread[place] for place in order))

    waits = await waits_by_tickets(world.desk.database)
    assert list(waits.values()) == [datetime(2024, 2, 7, 12, tzinfo=UTC)]


async def test_the_migration_finds_out_what_acts_have_waits_by_tickets(world: World) -> None:
    for seed in range(2):
        history = History(world, await world.viewer("admin"), seed)
        for _ in range(ACTS):
            await history.go_on()

    async with opened_anew(world) as database:
        before = await waits_by_tickets(database)
        await migrations.downgrade(database, "0002")
    async with opened_anew(world) as database:
        await migrations.upgrade(database)
        assert await waits_by_tickets(database) == before
    assert set(map(bool, before.values())) == {True, False}
