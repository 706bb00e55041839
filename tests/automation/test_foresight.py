"""Agents are not disturbed by what lasts until a job has run; rules answer at once all the same."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.worker import wake_by_bell, worker_of, working
from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id
from models.jobs import Job
from models.rules import Rule, RuleTrigger
from models.rules import RuleActionKind as Do
from models.rules import RuleConditionKind as Kind
from models.tickets import Ticket, TicketStatus
from services import arrivals
from services.automation.definitions import Action, Condition
from services.automation.foresight import Foreseen, foresee
from services.tickets import TicketInHand
from services.upkeep import tidy_up
from tests.automation.workshop import (
    Workshop,
    adds,
    has_no_tag,
    has_tag,
    removes,
    says,
    sets,
)
from tests.support.live import INBOX_EVENTS, LiveWorld, served

AT_WORK = {"statuses": ["NEW", "OPEN"]}


@pytest.fixture
async def live(shop: Workshop) -> AsyncIterator[LiveWorld]:
    async with served(shop.world) as opened:
        yield opened


async def ask_for_address(shop: Workshop) -> UUID:
    """Install rules that ask a customer for their address, and wait aside."""
    tag = await shop.tag("e-mail requested")
    has_email = Condition(Kind.TEXT_HAS_EMAIL)
    await shop.rule(
        [removes(tag), Action(Do.HAND_TO_AGENTS), says("Teşekkürler!")], has_tag(tag), has_email
    )
    await shop.rule(
        [says("Bir daha: adresiniz?"), Action(Do.END_CHAT, value="PENDING")],
        has_tag(tag),
        Condition(Kind.TEXT_HAS_EMAIL, is_not=True),
    )
    await shop.rule(
        [says("Adresiniz?"), adds(tag), Action(Do.END_CHAT, value="PENDING")],
        has_no_tag(tag),
        Condition(Kind.FIRST_CONTACT),
    )
    return tag


@pytest.mark.both_databases
async def test_agents_hear_of_a_customer_once_rules_hand_them_over(
    shop: Workshop, live: LiveWorld
) -> None:
    tag = await ask_for_address(shop)
    async with live.watch("ayse", INBOX_EVENTS, filter=AT_WORK) as inbox:
        assert (await inbox.next())["__typename"] == "StreamReady"

        ticket_id = await shop.write("Merhaba")
        assert await shop.status(ticket_id) == "PENDING"
        await shop.work()
        await shop.write("Efendim?")
        await shop.work()
        assert await shop.sent(ticket_id) == ["Adresiniz?", "Bir daha: adresiniz?"]
        assert await shop.tags(ticket_id) == {tag}
        await inbox.hears_nothing()

        await shop.write("elif@ornek.com")
        await shop.work()
        assert (await inbox.next())["__typename"] == "TicketEntered"

    assert await shop.status(ticket_id) == "OPEN"
    assert (await shop.sent(ticket_id))[-1] == "Teşekkürler!"
    assert [run.outcome for run in await shop.log(ticket_id)] == ["RAN"] * 3


async def test_several_messages_at_once_are_put_aside_as_one(
    shop: Workshop, live: LiveWorld
) -> None:
    await ask_for_address(shop)
    async with live.watch("ayse", INBOX_EVENTS, filter=AT_WORK) as inbox:
        await inbox.next()

        ticket_id = await shop.write("Merhaba")
        await shop.write("Kargom nerede?")
        await shop.work()

        await inbox.hears_nothing()
    assert await shop.status(ticket_id) == "PENDING"
    assert await shop.sent(ticket_id) == ["Adresiniz?", "Bir daha: adresiniz?"]


async def test_a_customer_is_heard_where_it_comes_out_otherwise(shop: Workshop) -> None:
    rule = await shop.rule([says("Adresiniz?"), sets("PENDING")])
    ticket_id = await shop.write()
    assert await shop.status(ticket_id) == "PENDING"

    async with shop.world.desk.database.transaction() as session:
        await session.execute(update(Rule).where(Rule.id == rule).values(enabled=False))
    await shop.work()

    assert await shop.status(ticket_id) == "NEW"
    ticket = await shop.ticket(ticket_id)
    assert ticket.waiting_since == ticket.created_at


async def test_a_status_that_rules_do_not_put_aside_is_what_the_message_makes_it(
    shop: Workshop,
) -> None:
    await shop.rule([sets("PENDING")], Condition(Kind.TEXT_CONTAINS, values=("later",)))
    ticket_id = await shop.write("later")
    await shop.work()

    await shop.write("now")
    assert await shop.status(ticket_id) == "OPEN"
    await shop.work()
    assert await shop.status(ticket_id) == "OPEN"


async def test_who_was_put_aside_for_a_rule_that_is_off_by_then_is_heard(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule_id = await shop.rule([says("Bir dakika"), sets("PENDING")])

    async def foresee_and_switch_off(session: AsyncSession, *about: Any) -> Foreseen | None:
        foreseen = await foresee(session, *about)
        # As another process may have done before the next statement.
        await session.execute(update(Rule).where(Rule.id == rule_id).values(enabled=False))
        return foreseen

    monkeypatch.setattr(arrivals, "foresee", foresee_and_switch_off)
    ticket_id = await shop.write()
    assert await shop.status(ticket_id) == "PENDING"

    await shop.work()

    assert (await shop.status(ticket_id), await shop.sent(ticket_id)) == ("NEW", [])


@pytest.mark.both_databases
async def test_whose_job_was_given_up_is_heard_and_tried_again(shop: Workshop) -> None:
    await shop.rule([says("Bir dakika"), sets("PENDING")])
    ticket_id = await shop.write()
    async with shop.world.desk.database.transaction() as session:
        await session.execute(update(Job).values(failed_at=clock.now()))
        jobs_there_are = await session.scalar(select(func.count(Job.id)))

    for _ in range(2):
        await tidy_up(shop.world.desk.database)
        assert (await shop.status(ticket_id), await shop.waiting_jobs()) == ("NEW", 1)
    async with shop.world.desk.database.transaction() as session:
        assert await session.scalar(select(func.count(Job.id))) == jobs_there_are
    await shop.work()

    assert (await shop.status(ticket_id), await shop.sent(ticket_id)) == ("PENDING", ["Bir dakika"])
    await tidy_up(shop.world.desk.database)
    assert await shop.waiting_jobs() == 0


async def test_rules_that_are_tried_after_a_foreseen_status_are_one_deeper(shop: Workshop) -> None:
    await shop.rule([sets("PENDING")])
    await shop.rule(
        [Action(Do.SET_PRIORITY, value="URGENT")],
        Condition(Kind.CHANGED, values=("status",)),
        trigger=RuleTrigger.UPDATED,
    )
    ticket_id = await shop.write()
    await shop.work()
    async with shop.world.work() as work:
        hand = TicketInHand(work, await work.session.get_one(Ticket, ticket_id))
        hand.set_status(TicketStatus.RESOLVED)
        await hand.finish()
    await shop.work()

    await shop.write("Bir şey daha")
    await shop.work()

    runs = await shop.log(ticket_id)
    assert [(run.event_type, run.depth) for run in runs] == [
        ("MessageAdded", 0),
        ("TicketChanged", 0),
        ("MessageAdded", 0),
        ("TicketChanged", 1),
    ]


async def test_an_empty_chat_waits_aside_where_its_first_word_would(shop: Workshop) -> None:
    await shop.rule([sets("PENDING")], Condition(Kind.CHANNEL, values=("LIVE_CHAT",)))
    started = await shop.world.nobody.act(
        "mutation ($brand: ID!) { chatStart(input: {brandId: $brand}) {"
        " ... on ChatStartSuccess { ticket { id } } } }",
        brand=encode_global_id(NodeKind.BRAND, shop.world.acme.id),
    )

    assert await shop.status(decode_global_id(started["ticket"]["id"])[1]) == "PENDING"


async def test_rules_answer_within_a_moment_and_do_not_wait_for_the_poll(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.worker.POLL_SECONDS", 60)
    await shop.rule([says("Merhaba!")])
    worker = worker_of(shop.world.desk)
    wake_by_bell(shop.world.desk, worker)

    async with (
        served(shop.world) as live,
        working(worker),
        live.watch("ayse", INBOX_EVENTS) as inbox,
    ):
        await inbox.next()
        ticket_id = await shop.write()
        told: list[Any] = [await inbox.next(), await inbox.next()]

    assert [event["__typename"] for event in told] == ["TicketEntered", "TicketUpdated"]
    assert await shop.sent(ticket_id) == ["Merhaba!"]
    assert (await shop.ticket(ticket_id)).rules_after is None
