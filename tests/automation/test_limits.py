"""Rules cannot loop: what stops them, who is told, and that no customer is left unheard."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from core import clock
from core.database import Database
from core.ids import new_id
from models.channels import Channel
from models.rules import RuleActionKind as Do
from models.rules import RuleConditionKind as Kind
from models.rules import RulePause, RuleRun, RuleRunOutcome, RuleTrigger
from models.tickets import Ticket, TicketPriority, TicketStatus
from services.automation.definitions import Action, Condition, Definition
from services.automation.facts import Facts, Person, Words
from services.automation.limits import Recent, limit_reached
from services.automation.pausing import pause
from services.automation.rulebook import TriedRule
from services.automation.running import RuleRuns
from tests.automation.workshop import Workshop, adds, says, sets

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
RULE = new_id()
FACTS = Facts(
    now=NOON,
    channel=Channel.TELEGRAM,
    status=TicketStatus.NEW,
    priority=TicketPriority.LOW,
    person=Person("Acme", has_email=False, has_phone=False),
    message=Words(None, "Merhaba"),
)


def rule(*actions: Action) -> TriedRule:
    return TriedRule(RuleTrigger.INCOMING, Definition((), (), actions), id=RULE)


def run_of(rule_id: UUID, ticket_id: UUID) -> RuleRun:
    return RuleRun(
        id=new_id(),
        rule_id=rule_id,
        rule_version=1,
        ticket_id=ticket_id,
        event_id=new_id(),
        event_type="MessageAdded",
        depth=0,
        outcome=RuleRunOutcome.RAN,
        conditions=[],
        actions=[],
        changed=True,
        started_at=NOON,
        duration_microseconds=1,
    )


def ran(times: int, rule_id: UUID = RULE) -> Recent:
    return Recent(Counter({rule_id: times}))


@pytest.mark.parametrize(
    ("facts", "depth", "recent", "reached"),
    [
        (FACTS, 4, Recent(messages=9), None),
        (FACTS, 5, Recent(), RulePause.CHAIN_TOO_DEEP),
        (FACTS, 0, Recent(messages=10), RulePause.TOO_MANY_MESSAGES),
        (FACTS, 0, ran(2), None),
        (FACTS, 0, ran(3), RulePause.RAN_TOO_OFTEN),
        (FACTS, 0, ran(3, rule_id=new_id()), None),
        (
            replace(FACTS, message=Words(None, "Beep", is_automatic=True)),
            0,
            Recent(messages=10),
            None,
        ),
    ],
    ids=[
        "all but reached",
        "depth",
        "messages",
        "two runs",
        "three runs",
        "runs of others",
        "a machine that gets none",
    ],
)
def test_a_rule_runs_as_far_as_the_limits(
    facts: Facts, depth: int, recent: Recent, reached: RulePause | None
) -> None:
    assert limit_reached(rule(says("Merhaba")), facts, depth, recent) is reached


def test_a_rule_that_would_change_nothing_reaches_no_limit() -> None:
    keeps = rule(sets("NEW"), Action(Do.SET_PRIORITY, value="LOW"))

    assert limit_reached(keeps, FACTS, 5, ran(3)) is None


@pytest.mark.both_databases
async def test_two_robots_that_write_to_each_other_stop_and_admins_are_told(
    shop: Workshop,
) -> None:
    robot = await shop.rule([says("Nasıl yardımcı olabilirim?"), sets("PENDING")])

    ticket_id = await shop.write("I am a robot, too")
    for _ in range(6):
        await shop.work()
        await shop.write("Nasıl yardımcı olabilirim?")

    assert await shop.sent(ticket_id) == ["Nasıl yardımcı olabilirim?"] * 3
    paused = await shop.saved(robot)
    assert (paused.pause_reason, paused.paused_on_id) == (RulePause.RAN_TOO_OFTEN, ticket_id)
    assert await shop.told("admin") == [("RULE_PAUSED", None)]
    assert await shop.told("ayse") == []
    *_, last = await shop.log(ticket_id)
    assert (last.outcome, last.actions, last.changed) == ("TRIPPED", [], False)
    # Nobody answers the customer any more, so agents have the ticket.
    assert await shop.status(ticket_id) == "OPEN"
    assert shop.outcomes == ["RAN", "RAN", "RAN", "TRIPPED"]


@pytest.mark.both_databases
async def test_a_robot_whose_tickets_are_closed_is_the_same_in_each_new_one(
    shop: Workshop,
) -> None:
    robot = await shop.rule([says("Teşekkürler, kapatıldı."), sets("CLOSED")])

    tickets = []
    for _ in range(4):
        tickets.append(await shop.write("I am a robot, too"))
        await shop.work()
    other = await shop.write("Merhaba", handle="selin")
    await shop.work()

    assert len(set(tickets)) == 4
    assert [len(await shop.sent(ticket_id)) for ticket_id in tickets] == [1, 1, 1, 0]
    paused = await shop.saved(robot)
    assert (paused.pause_reason, paused.paused_on_id) == (RulePause.RAN_TOO_OFTEN, tickets[-1])
    assert await shop.told("admin") == [("RULE_PAUSED", None)]
    assert await shop.status(tickets[-1]) == "OPEN"
    assert await shop.sent(other) == []


@pytest.mark.both_databases
async def test_tickets_of_one_handle_that_are_tried_at_once_share_the_limits(
    shop: Workshop,
) -> None:
    await shop.rule([says("a"), says("b"), says("c"), says("d")])
    tickets = []
    for _ in range(4):
        tickets.append(await shop.write())
        async with shop.world.desk.database.transaction() as session:
            await session.execute(update(Ticket).values(status=TicketStatus.CLOSED))

    await asyncio.gather(*(shop.runs.run({"ticket_id": each.hex}) for each in tickets))

    assert sum([len(await shop.sent(ticket_id)) for ticket_id in tickets]) == 8
    assert await shop.told("admin") == [("RULE_PAUSED", None)]


@pytest.mark.both_databases
async def test_what_rules_do_on_tickets_of_other_handles_is_not_counted(shop: Workshop) -> None:
    await shop.rule([says("Teşekkürler, kapatıldı."), sets("CLOSED")])

    tickets = [await shop.write(handle=f"customer {number}") for number in range(4)]
    await shop.work()

    assert [len(await shop.sent(ticket_id)) for ticket_id in tickets] == [1] * 4
    assert await shop.told("admin") == []


@pytest.mark.both_databases
async def test_two_tickets_that_trip_the_rules_of_each_other_do_not_wait_in_a_circle(
    shop: Workshop, database_url: str
) -> None:
    greets, thanks = await shop.rule([says("a")]), await shop.rule([says("b")])
    tickets = [await shop.write(handle=handle) for handle in ("elif", "selin")]
    # SQLite has one writer at a time, who waits for nobody.
    have_run = asyncio.Barrier(2 if database_url.startswith("postgresql") else 1)

    async def run_and_pause(ticket_id: UUID, ran: UUID, tripped: UUID) -> None:
        async with shop.world.work() as work:
            ticket = await work.session.get_one(Ticket, ticket_id, with_for_update=True)
            work.session.add(run_of(ran, ticket_id))
            await work.session.flush()
            await have_run.wait()
            await pause(work, tripped, RulePause.RAN_TOO_OFTEN, ticket)

    await asyncio.gather(
        run_and_pause(tickets[0], greets, thanks), run_and_pause(tickets[1], thanks, greets)
    )

    assert (await shop.saved(greets)).paused_on_id == tickets[1]
    assert (await shop.saved(thanks)).paused_on_id == tickets[0]


@pytest.mark.both_databases
async def test_processes_share_the_limits(shop: Workshop, database_url: str) -> None:
    first = await shop.rule([says("a"), says("b"), says("c"), says("d")])
    second = await shop.rule([says("e")])
    other_process = Database(database_url)
    others = RuleRuns(other_process, shop.world.desk.resources.announce, shop.outcomes.append)

    ticket_id = await shop.write()
    for runs in (shop.runs, others, shop.runs):
        await runs.run({"ticket_id": ticket_id.hex})
        await shop.write()
    await other_process.close()

    # Ten were sent by both together, so that nobody sends more.
    assert await shop.sent(ticket_id) == [*"abcde", *"abcde"]
    for rule_id in (first, second):
        assert (await shop.saved(rule_id)).pause_reason is RulePause.TOO_MANY_MESSAGES
    assert await shop.told("admin") == [("RULE_PAUSED", None)] * 2


@pytest.mark.both_databases
async def test_a_chain_of_rules_ends_after_five(shop: Workshop) -> None:
    tags = [await shop.tag(f"step {place}") for place in range(7)]
    await shop.rule([adds(tags[0])])
    chained = [
        await shop.rule(
            [adds(then)],
            Condition(Kind.TAG, values=(before.hex,)),
            Condition(Kind.CHANGED, values=("tags",)),
            Condition(Kind.TAG, is_not=True, values=(then.hex,)),
            trigger=RuleTrigger.UPDATED,
        )
        for before, then in zip(reversed(tags[:6]), reversed(tags[1:]), strict=True)
    ]

    ticket_id = await shop.write()
    await shop.work()

    assert await shop.tags(ticket_id) == set(tags[:5])
    changes = [chain for event, chain in await shop.events(ticket_id) if event == "TicketChanged"]
    assert changes == [1, 2, 3, 4, 5]
    runs = await shop.log(ticket_id)
    assert [(run.depth, run.outcome) for run in runs] == [
        (0, "RAN"),
        (1, "RAN"),
        (2, "RAN"),
        (3, "RAN"),
        (4, "RAN"),
        (5, "TRIPPED"),
    ]
    tripped = await shop.saved(chained[1])
    assert tripped.pause_reason is RulePause.CHAIN_TOO_DEEP
    assert await shop.told("admin") == [("RULE_PAUSED", None)]


async def test_a_rule_that_two_tickets_trip_is_paused_and_told_of_once(shop: Workshop) -> None:
    await shop.rule([says("Merhaba")])
    for _ in range(4):
        await shop.write(handle="elif")
        await shop.write(handle="selin")
    await shop.work()

    assert await shop.told("admin") == [("RULE_PAUSED", None)]


async def test_after_ten_minutes_a_rule_runs_again(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.rule([says("Merhaba")])
    ticket_id = await shop.write()
    for _ in range(2):
        await shop.work()
        await shop.write()
    await shop.work()
    later = clock.now() + timedelta(minutes=10, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)

    await shop.write()
    await shop.work()

    assert len(await shop.sent(ticket_id)) == 4
    assert await shop.told("admin") == []
