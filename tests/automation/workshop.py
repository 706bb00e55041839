"""A desk with rules, and the jobs in which they run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from core import clock
from core.ids import decode_global_id, new_id
from core.text import fold
from models.agents import Agent
from models.brands import Brand
from models.channels import Channel
from models.event_topics import topic_named
from models.events import Event
from models.jobs import Job
from models.messages import Message
from models.notifications import Notification
from models.rules import Rule, RuleActionKind, RuleConditionKind, RuleRun, RuleTrigger
from models.tags import Tag, TicketTag
from models.tickets import Ticket
from services import jobs
from services.automation.definitions import Action, Condition
from services.automation.running import RuleRuns
from services.automation.triggers import RUN_RULES
from services.jobs import JobHandler, JobOutcome
from tests.support.desk import World

TELEGRAM_USER = "elif_s"

ON_TELEGRAM = Condition(RuleConditionKind.CHANNEL, values=("TELEGRAM",))


def says(text: str) -> Action:
    return Action(RuleActionKind.SEND_MESSAGE, text=text)


def sets(status: str) -> Action:
    return Action(RuleActionKind.SET_STATUS, value=status)


def adds(tag_id: UUID) -> Action:
    return Action(RuleActionKind.ADD_TAG, tag_id=tag_id)


def removes(tag_id: UUID) -> Action:
    return Action(RuleActionKind.REMOVE_TAG, tag_id=tag_id)


def has_tag(tag_id: UUID) -> Condition:
    return Condition(RuleConditionKind.TAG, values=(tag_id.hex,))


def has_no_tag(tag_id: UUID) -> Condition:
    return Condition(RuleConditionKind.TAG, is_not=True, values=(tag_id.hex,))


@dataclass
class Workshop:
    """A desk whose rules run when the test says so. `outcomes` are those of all runs so far."""

    world: World
    outcomes: list[str] = field(default_factory=list)
    _positions: Iterator[int] = field(default_factory=count)

    async def rule(
        self,
        actions: Sequence[Action],
        *conditions: Condition,
        trigger: RuleTrigger = RuleTrigger.INCOMING,
        brand: Brand | None = None,
        **values: Any,
    ) -> UUID:
        """Write a rule behind the others."""
        row = Rule(
            id=new_id(),
            name="A rule",
            brand_id=(brand or self.world.acme).id,
            trigger=trigger,
            position=next(self._positions),
            enabled=values.pop("enabled", True),
            on_agent_tickets=values.pop("on_agent_tickets", False),
            all_of=[condition.as_payload() for condition in conditions or (ON_TELEGRAM,)],
            any_of=[],
            actions=[action.as_payload() for action in actions],
            created_at=clock.now(),
            updated_at=clock.now(),
            version=1,
            **values,
        )
        async with self.world.desk.database.transaction() as session:
            session.add(row)
        return row.id

    async def tag(self, name: str) -> UUID:
        """Write a tag."""
        row = Tag(id=new_id(), name=name, name_key=fold(name), created_at=clock.now())
        async with self.world.desk.database.transaction() as session:
            session.add(row)
        return row.id

    async def write(self, body: str = "Merhaba", handle: str = TELEGRAM_USER) -> UUID:
        """Let a customer write on Telegram; return the ticket's id."""
        _, ticket = await self.world.receive(
            body, handle=handle, name="Elif", channel=Channel.TELEGRAM
        )
        return decode_global_id(ticket)[1]

    @property
    def runs(self) -> RuleRuns:
        """What tries the rules of tickets, as another worker has it, too."""
        resources = self.world.desk.resources
        return RuleRuns(resources.database, resources.announce, self.outcomes.append)

    async def work(self) -> list[JobOutcome]:
        """Do the jobs of rules until none is due; return how each try ended."""
        database = self.world.desk.database
        ended = []
        while claimed := await jobs.claim(database, [RUN_RULES], 10):
            handler = JobHandler(self.runs.run)
            ended += [await jobs.run(database, job, handler) for job in claimed]
        return ended

    async def hasten(self) -> None:
        """Let jobs that failed be due now."""
        async with self.world.desk.database.transaction() as session:
            await session.execute(update(Job).values(run_at=clock.now()))

    async def ticket(self, ticket_id: UUID) -> Ticket:
        async with self.world.desk.database.transaction() as session:
            return await session.get_one(Ticket, ticket_id)

    async def status(self, ticket_id: UUID) -> str:
        return (await self.ticket(ticket_id)).status.value

    async def sent(self, ticket_id: UUID) -> list[str]:
        """Return what the desk has written by itself."""
        async with self.world.desk.database.transaction() as session:
            found = await session.scalars(
                select(Message.body)
                .where(Message.ticket_id == ticket_id, Message.author_kind == "AUTOMATION")
                .order_by(Message.created_at, Message.id)
            )
            return list(found)

    async def tags(self, ticket_id: UUID) -> set[UUID]:
        async with self.world.desk.database.transaction() as session:
            found = await session.scalars(
                select(TicketTag.tag_id).where(TicketTag.ticket_id == ticket_id)
            )
            return set(found)

    async def log(self, ticket_id: UUID) -> list[RuleRun]:
        """Return the runs on a ticket, the first one first."""
        async with self.world.desk.database.transaction() as session:
            found = await session.scalars(
                select(RuleRun).where(RuleRun.ticket_id == ticket_id).order_by(RuleRun.id)
            )
            return list(found)

    async def saved(self, rule_id: UUID) -> Rule:
        async with self.world.desk.database.transaction() as session:
            return await session.get_one(Rule, rule_id)

    async def events(self, ticket_id: UUID) -> list[tuple[str, int]]:
        """Return the types of a ticket's events, each with its depth in a chain of rules."""
        async with self.world.desk.database.transaction() as session:
            rows = await session.execute(
                select(Event.type, Event.payload)
                .where(Event.topic == topic_named(Ticket, ticket_id))
                .order_by(Event.seq)
            )
            return [(row.type, row.payload.get("chain", 0)) for row in rows]

    async def told(self, name: str) -> list[tuple[str, str | None]]:
        """Return what an agent is told, with the words of rules."""
        async with self.world.desk.database.transaction() as session:
            rows = await session.execute(
                select(Notification.kind, Notification.body)
                .join(Agent, Agent.id == Notification.agent_id)
                .where(Agent.id == self.world.agents[name].id)
                .order_by(Notification.id)
            )
            return [(row.kind.value, row.body) for row in rows]

    async def waiting_jobs(self) -> int:
        async with self.world.desk.database.transaction() as session:
            waiting = select(func.count()).where(
                Job.kind == RUN_RULES, Job.finished_at.is_(None), Job.failed_at.is_(None)
            )
            return (await session.execute(waiting)).scalar_one()
