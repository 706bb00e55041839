"""Rules run in jobs: in order, exactly once, whatever dies, and each seeing what others did."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id
from models.agents import Agent
from models.channels import Channel
from models.rules import RuleActionKind as Do
from models.rules import RuleConditionKind as Kind
from models.rules import RuleRunOutcome, RuleTrigger
from models.tags import Tag
from models.tickets import Ticket
from services import mail_tickets
from services.automation.actions import carry_out
from services.automation.definitions import Action, Condition
from services.automation.outcomes import ActionFailure, ActionResult, TakenAction
from services.incoming_messages import IncomingMessage, receive
from services.jobs import JobOutcome
from services.mail.parsing import parse_mail
from services.unit_of_work import UnitOfWork
from services.upkeep import tidy_up
from tests.automation.workshop import (
    ON_TELEGRAM,
    Workshop,
    adds,
    has_no_tag,
    has_tag,
    removes,
    says,
    sets,
)
from tests.support.ticket_forms import fill_in

DONE, NO_CHANGE, FAILED = ActionResult.DONE, ActionResult.NO_CHANGE, ActionResult.FAILED


def results(actions: list[dict[str, Any]]) -> list[tuple[Do, ActionResult]]:
    taken = [TakenAction.from_payload(action) for action in actions]
    return [(each.action.kind, each.result) for each in taken]


@pytest.mark.both_databases
async def test_rules_are_tried_in_order_and_see_what_those_before_them_did(shop: Workshop) -> None:
    asked, vip = await shop.tag("asked"), await shop.tag("vip")
    first = await shop.rule([adds(asked), sets("PENDING")], has_no_tag(asked))
    second = await shop.rule(
        [adds(vip), Action(Do.SET_PRIORITY, value="HIGH")],
        has_tag(asked),
        Condition(Kind.STATUS, values=("PENDING",)),
    )
    third = await shop.rule([removes(asked), says("#{{ticket.number}} · {{brand.name}}")])
    await shop.rule([removes(vip)], has_tag(asked))

    ticket_id = await shop.write()
    await shop.work()

    ticket = await shop.ticket(ticket_id)
    assert (ticket.status, ticket.priority) == ("PENDING", "HIGH")
    assert await shop.tags(ticket_id) == {vip}
    assert await shop.sent(ticket_id) == [f"#{ticket.number} · Acme"]
    runs = await shop.log(ticket_id)
    assert [(run.rule_id, run.rule_version, run.depth, run.event_type) for run in runs] == [
        (rule, 1, 0, "MessageAdded") for rule in (first, second, third)
    ]
    assert [results(run.actions) for run in runs] == [
        [(Do.ADD_TAG, DONE), (Do.SET_STATUS, DONE)],
        [(Do.ADD_TAG, DONE), (Do.SET_PRIORITY, DONE)],
        [(Do.REMOVE_TAG, DONE), (Do.SEND_MESSAGE, DONE)],
    ]
    assert shop.outcomes == ["RAN"] * 3
    assert (ticket.rules_after, await shop.waiting_jobs()) == (None, 0)


async def test_messages_that_wait_are_answered_in_their_order(shop: Workshop) -> None:
    tag = await shop.tag("asked")
    await shop.rule([says("first"), adds(tag)], has_no_tag(tag))
    await shop.rule([says("second")], Condition(Kind.TEXT_CONTAINS, values=("two",)), has_tag(tag))

    ticket_id = await shop.write("one")
    await shop.write("two")
    await shop.work()

    assert await shop.sent(ticket_id) == ["first", "second"]


@pytest.mark.both_databases
async def test_a_worker_that_dies_has_done_nothing_and_the_next_one_does_all_of_it_once(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = await shop.tag("asked")
    await shop.rule([says("E-posta adresiniz?"), adds(tag), sets("PENDING")])
    ticket_id = await shop.write()
    before = await shop.world.counts()
    write_events = UnitOfWork.write_events

    async def die(work: UnitOfWork) -> Any:
        await write_events(work)
        raise ConnectionError("the worker is gone")

    with monkeypatch.context() as patch:
        patch.setattr(UnitOfWork, "write_events", die)
        assert await shop.work() == [JobOutcome.WILL_RETRY]
    assert (await shop.world.counts(), await shop.log(ticket_id)) == (before, [])

    await shop.hasten()
    assert await shop.work() == [JobOutcome.FINISHED]
    await shop.runs.run({"ticket_id": ticket_id.hex})
    assert await shop.sent(ticket_id) == ["E-posta adresiniz?"]
    assert len(await shop.log(ticket_id)) == 1


@pytest.mark.both_databases
async def test_two_workers_at_once_do_everything_once(shop: Workshop) -> None:
    await shop.rule([says("Geldi.")])
    ticket_id = await shop.write("bir")
    await shop.write("iki")
    payload = {"ticket_id": ticket_id.hex}

    await asyncio.gather(*(shop.runs.run(payload) for _ in range(4)), shop.write("üç"))
    await shop.work()

    assert await shop.sent(ticket_id) == ["Geldi."] * 3
    assert len({run.event_id for run in await shop.log(ticket_id)}) == 3


async def test_an_event_that_was_tried_is_never_tried_again(shop: Workshop) -> None:
    await shop.rule([says("Geldi.")])
    ticket_id = await shop.write()
    await shop.work()

    async with shop.world.desk.database.transaction() as session:
        await session.execute(update(Ticket).values(rules_after=0))
    await shop.runs.run({"ticket_id": ticket_id.hex})

    assert await shop.sent(ticket_id) == ["Geldi."]


async def test_a_run_that_finds_nothing_to_do_leaves_no_event(shop: Workshop) -> None:
    tag = await shop.tag("telegram")
    await shop.rule([adds(tag), Action(Do.SET_PRIORITY, value="MEDIUM")])
    ticket_id = await shop.write()
    await shop.work()
    await shop.write("again")
    events = await shop.events(ticket_id)
    await shop.work()

    assert await shop.events(ticket_id) == events
    last = (await shop.log(ticket_id))[-1]
    assert (last.changed, last.outcome) == (False, "RAN")
    assert results(last.actions) == [(Do.ADD_TAG, NO_CHANGE), (Do.SET_PRIORITY, NO_CHANGE)]


async def test_what_fails_is_named_and_what_follows_is_done(shop: Workshop) -> None:
    gone, tag = await shop.tag("gone"), await shop.tag("kept")
    nikos, stranger = (shop.world.agents[name] for name in ("nikos", "stranger"))
    async with shop.world.desk.database.transaction() as session:
        await session.execute(update(Tag).where(Tag.id == gone).values(deleted_at=clock.now()))
        await session.execute(update(Agent).where(Agent.id == nikos.id).values(active=False))
    await shop.rule(
        [
            adds(gone),
            Action(Do.ASSIGN, agent_id=nikos.id),
            Action(Do.ASSIGN, team_id=shop.world.support.id, agent_id=stranger.id),
            Action(Do.NOTIFY, text="Look", agent_id=stranger.id),
            adds(tag),
        ]
    )

    ticket_id = await shop.write()
    await shop.work()

    (run,) = await shop.log(ticket_id)
    assert (run.outcome, run.changed) == (RuleRunOutcome.FAILED, True)
    taken = [TakenAction.from_payload(action) for action in run.actions]
    assert [each.failure for each in taken] == [
        ActionFailure.TAG_GONE,
        ActionFailure.NOT_ASSIGNABLE,
        ActionFailure.NOT_ASSIGNABLE,
        ActionFailure.NOBODY_TO_TELL,
        None,
    ]
    ticket = await shop.ticket(ticket_id)
    assert (ticket.team_id, ticket.assignee_id, await shop.told("stranger")) == (None, None, [])
    assert await shop.tags(ticket_id) == {tag}


@pytest.mark.both_databases
async def test_what_fails_in_a_way_nobody_foresaw_undoes_itself_alone(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(acting: Any, action: Action) -> bool:
        done = await carry_out(acting, action)
        if action.value == "RESOLVED":
            message = "nobody thought of this"
            raise ZeroDivisionError(message)
        return done

    monkeypatch.setattr("services.automation.trial.carry_out", break_down)
    await shop.rule([says("Merhaba"), sets("RESOLVED"), Action(Do.SET_PRIORITY, value="LOW")])

    ticket_id = await shop.write()
    # It is put aside in foresight of what then fails.
    assert await shop.status(ticket_id) == "RESOLVED"
    assert await shop.work() == [JobOutcome.FINISHED]

    (run,) = await shop.log(ticket_id)
    assert results(run.actions) == [
        (Do.SEND_MESSAGE, DONE),
        (Do.SET_STATUS, FAILED),
        (Do.SET_PRIORITY, DONE),
    ]
    ticket = await shop.ticket(ticket_id)
    assert (ticket.status, ticket.priority) == ("NEW", "LOW")
    assert await shop.sent(ticket_id) == ["Merhaba"]


async def test_every_action_does_what_people_can_do(shop: Workshop) -> None:
    nikos, support = shop.world.agents["nikos"], shop.world.support
    await shop.rule(
        [
            Action(Do.ASSIGN, team_id=support.id),
            Action(Do.ASSIGN, agent_id=nikos.id),
            Action(Do.ADD_NOTE, text="Asked #{{ticket.number}}"),
            Action(Do.NOTIFY, text="For you", agent_id=nikos.id),
            Action(Do.NOTIFY, text="For the team", team_id=support.id),
            Action(Do.NOTIFY, text="For admins"),
            Action(Do.END_CHAT, value="ON_HOLD"),
            Action(Do.HAND_TO_AGENTS),
            Action(Do.LINK_PROFILE),
        ]
    )

    ticket_id = await shop.write()
    await shop.work()

    ticket = await shop.ticket(ticket_id)
    assert (ticket.team_id, ticket.assignee_id, ticket.status) == (support.id, nikos.id, "OPEN")
    assert await shop.told("nikos") == [("ASSIGNED", None), ("RULE_NOTICE", "For you")]
    assert await shop.told("ayse") == [("RULE_NOTICE", "For the team")]
    assert await shop.told("admin") == [("RULE_NOTICE", "For admins")]
    (run,) = await shop.log(ticket_id)
    assert [result for _, result in results(run.actions)] == [DONE] * 8 + [NO_CHANGE]
    assert [event for event, chain in await shop.events(ticket_id) if chain] == [
        "TicketChanged",
        "TicketChanged",
        "NoteAdded",
        "TicketChanged",
        "TicketChanged",
    ]


@pytest.mark.both_databases
async def test_what_concerns_no_rule_is_passed_over_and_what_follows_is_tried(
    shop: Workshop,
) -> None:
    await shop.rule([says("second")], Condition(Kind.TEXT_CONTAINS, values=("two",)))
    ticket_id = await shop.write("one")
    payload = {"ticket_id": ticket_id.hex}

    assert await shop.work() == [JobOutcome.FINISHED]
    assert (await shop.ticket(ticket_id)).rules_after is None
    await shop.write("three")
    await asyncio.gather(*(shop.runs.run(payload) for _ in range(3)), shop.write("two"))
    await shop.work()

    assert await shop.sent(ticket_id) == ["second"]
    assert (await shop.ticket(ticket_id)).rules_after is None


async def test_rules_for_updates_run_after_what_people_change_and_write(shop: Workshop) -> None:
    tag = await shop.tag("waiting")
    await shop.rule(
        [adds(tag)],
        Condition(Kind.CHANGED, values=("status",)),
        Condition(Kind.STATUS, values=("PENDING",)),
        trigger=RuleTrigger.UPDATED,
    )
    await shop.rule(
        [Action(Do.SET_PRIORITY, value="LOW")],
        Condition(Kind.TEXT_CONTAINS, values=("promised",)),
        trigger=RuleTrigger.UPDATED,
    )
    ticket_id = await shop.write()
    await shop.work()
    assert await shop.log(ticket_id) == []

    ticket = encode_global_id(NodeKind.TICKET, ticket_id)
    version = (await shop.ticket(ticket_id)).version
    await shop.world.ayse.act(
        """
        mutation ($ticket: ID!, $version: Int!) {
          ticketUpdate(input: {ticketId: $ticket, expectedVersion: $version, status: PENDING}) {
            __typename
          }
        }
        """,
        ticket=ticket,
        version=version,
    )
    await shop.work()
    await shop.world.ayse.act(
        """
        mutation ($ticket: ID!) {
          messageSend(input: {ticketId: $ticket, body: "As promised."}) { __typename }
        }
        """,
        ticket=ticket,
    )
    await shop.work()

    assert await shop.tags(ticket_id) == {tag}
    assert (await shop.ticket(ticket_id)).priority == "LOW"
    assert [run.event_type for run in await shop.log(ticket_id)] == [
        "TicketChanged",
        "MessageAdded",
    ]


async def test_rules_leave_tickets_of_agents_alone_unless_they_are_to_run_on_them(
    shop: Workshop,
) -> None:
    quiet, loud = await shop.tag("quiet"), await shop.tag("loud")
    anywhere = Condition(Kind.STATUS, values=("NEW",))
    await shop.rule([adds(quiet)], anywhere, trigger=RuleTrigger.UPDATED)
    await shop.rule([adds(loud)], anywhere, trigger=RuleTrigger.UPDATED, on_agent_tickets=True)

    created = await fill_in(shop.world.ayse, shop.world)
    ticket_id = decode_global_id(created["ticket"]["id"])[1]
    await shop.work()

    assert await shop.tags(ticket_id) == {loud}


async def test_nothing_runs_in_a_brand_without_rules_that_could(shop: Workshop) -> None:
    await shop.rule([says("Other")], ON_TELEGRAM, brand=shop.world.other)
    await shop.rule([says("Off")], ON_TELEGRAM, enabled=False)
    await shop.rule([says("Updated")], ON_TELEGRAM, trigger=RuleTrigger.UPDATED)

    ticket_id = await shop.write()
    await shop.work()
    await shop.rule([says("Later")])
    await shop.work()

    assert await shop.sent(ticket_id) == []
    assert shop.outcomes == []


async def test_a_machine_gets_no_answer(shop: Workshop) -> None:
    await shop.rule([says("Hello"), Action(Do.SET_PRIORITY, value="LOW")])
    async with shop.world.work() as work:
        incoming = IncomingMessage(
            Channel.TELEGRAM, "bot", "Beep", shop.world.acme.id, is_automatic=True
        )
        message = await receive(work, await shop.world.viewer("admin"), incoming)
    await shop.work()

    (run,) = await shop.log(message.ticket_id)
    first, second = (TakenAction.from_payload(action) for action in run.actions)
    assert (first.failure, second.result) == (ActionFailure.AUTOMATIC_MAIL, DONE)
    assert await shop.sent(message.ticket_id) == []


async def test_mail_of_the_past_is_answered_by_no_rule(shop: Workshop) -> None:
    await shop.rule([says("Hello")], Condition(Kind.STATUS, values=("NEW", "OPEN")))
    mail = parse_mail(
        b"From: Elif <elif@mail.example>\r\nTo: help@acme.example\r\nMessage-ID: <1@x.example>\r\n"
        b"Date: Mon, 4 May 2020 12:00:00 +0000\r\nSubject: Old\r\n\r\nLong ago.\r\n"
    )
    async with shop.world.work() as work:
        brand = mail_tickets.MailDesk(shop.world.acme, {})
        await mail_tickets.add_mail(work, brand, mail, [])
    assert await shop.waiting_jobs() == 0

    # What happens now is looked at, and what stands before it in the log is still of the past.
    async with shop.world.desk.database.transaction() as session:
        await session.execute(update(Ticket).values(rules_after=0))
    async with shop.world.desk.database.reading() as connection:
        ticket_id = (await connection.execute(Ticket.__table__.select())).one().id
    await shop.runs.run({"ticket_id": ticket_id.hex})

    assert await shop.sent(ticket_id) == []


async def test_runs_are_kept_for_ninety_days(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.rule([says("Merhaba")])
    ticket_id = await shop.write()
    await shop.work()
    now = clock.now()

    for days, kept in ((89, 1), (91, 0)):
        monkeypatch.setattr(clock, "now", lambda days=days: now + timedelta(days=days))
        await tidy_up(shop.world.desk.database)
        assert len(await shop.log(ticket_id)) == kept
