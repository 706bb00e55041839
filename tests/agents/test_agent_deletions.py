"""Agents whom an admin deletes: gone at once, what they had open is another's, their name stays."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import migrations
from core import clock
from core.ids import NodeKind, encode_global_id
from models.agents import Agent
from models.brands import BrandMember
from models.jobs import Job
from models.rules import Rule
from models.teams import TeamMember
from services import deletions
from tests.support.agents import CREATE, LIST, ME, SIGN_IN
from tests.support.desk import World
from tests.support.history import change, history
from tests.support.interactions import closed, does, lists, load, opened
from tests.support.jobs import do_jobs
from tests.support.live import INBOX_EVENTS, served
from tests.support.reminders import complete, mine, remind
from tests.support.rules import install
from tests.support.ticket_drafts import load as load_draft
from tests.support.ticket_drafts import save
from tests.support.ticket_forms import CREATE as CREATE_TICKET
from tests.support.ticket_forms import upload

DELETE = """
    mutation ($id: ID!) {
      agentDelete(input: {agentId: $id}) {
        __typename ... on AgentDeleteSuccess { agentId } ... on UserError { message }
      }
    }
"""
TRANSFER = """
    mutation ($ticket: ID!, $agent: ID!) {
      ticketTransfer(input: {ticketId: $ticket, assigneeId: $agent}) { __typename }
    }
"""
TICKET = """
    query ($id: ID!) {
      ticket(id: $id) {
        updatedAt assignee { name } messages { nodes { author { ...Who } } }
        changes(last: 1) { nodes { actor { ...Who } changes { field before after } } }
      }
    }
    fragment Who on Actor { ... on Agent { id name email active deletedAt } }
"""
SEND = """
    mutation ($ticket: ID!) {
      messageSend(input: {ticketId: $ticket, body: "On its way."}) { __typename }
    }
"""
ELSEWHERE = """
    query ($brand: ID!, $id: ID!) {
      assignees(brandId: $brand) { ... on Agent { name } }
      teams { name members(first: 9) { nodes { name } } }
      node(id: $id) { ... on Agent { name active } }
    }
"""


async def memberships(world: World, name: str) -> int:
    """Return in how many brands and teams an agent is."""
    agent_id = world.agents[name].id
    async with world.desk.database.reading() as connection:
        members = [
            await connection.execute(select(table.agent_id).where(table.agent_id == agent_id))
            for table in (BrandMember, TeamMember)
        ]
        return sum(len(found.all()) for found in members)


async def delete(world: World, name: str = "ayse", *, by: str = "admin") -> dict[str, Any]:
    return await getattr(world, by).act(DELETE, id=world.id_of(name))  # type: ignore[no-any-return]


async def test_who_is_deleted_is_gone_and_their_address_is_free(world: World) -> None:
    ayse = world.id_of("ayse")
    async with (
        served(world) as live,
        live.watch("ayse", INBOX_EVENTS) as inbox,
    ):
        assert (await inbox.next())["__typename"] == "StreamReady"
        assert await delete(world) == {"__typename": "AgentDeleteSuccess", "agentId": ayse}
        await world.desk.viewers.refresh()
        assert await inbox.socket.wait_closed() == (4403, "Signed out")

    refused = await world.ayse.send(ME)
    assert refused.error["extensions"]["code"] == "UNAUTHENTICATED"
    acme = encode_global_id(NodeKind.BRAND, world.acme.id)
    seen = await world.nikos.ask(ELSEWHERE, brand=acme, id=ayse)
    assert [agent for agent in seen["assignees"] if agent] == [{"name": "Admin"}, {"name": "Nikos"}]
    assert [team["members"]["nodes"] for team in seen["teams"]] == [[], []]
    assert seen["node"] == {"name": "Ayse", "active": False}
    listed = (await world.nikos.ask(LIST))["agents"]
    assert [agent["name"] for agent in listed["nodes"]] == ["Admin", "Nikos", "Stranger"]

    address = {"email": "Ayse@desk.example", "password": "correct horse battery"}
    assert (await world.nobody.act(SIGN_IN, **address))["__typename"] == "WrongCredentials"
    again = await world.admin.act(CREATE, input={"name": "Ayse", **address})
    assert again["agent"]["id"] != ayse
    assert (await world.nobody.act(SIGN_IN, **address))["__typename"] == "SignInSuccess"


async def test_their_tickets_are_nobodys_and_their_name_stays(world: World) -> None:
    _message, ticket = await world.receive()
    await world.ayse.act(SEND, ticket=ticket)
    await world.admin.act(TRANSFER, ticket=ticket, agent=world.id_of("ayse"))
    before = (await world.nikos.ask(TICKET, id=ticket))["ticket"]

    await delete(world)
    await do_jobs(world, deletions.JOB_KIND)

    after = (await world.nikos.ask(TICKET, id=ticket))["ticket"]
    (left,) = after["changes"]["nodes"]
    assert (after["assignee"], after["updatedAt"]) == (None, before["updatedAt"])
    assert (left["actor"]["name"], left["changes"]) == ("Admin", [change("assignee", "Ayse", None)])
    author = after["messages"]["nodes"][1]["author"]
    assert author.pop("deletedAt") is not None
    assert author == {"id": world.id_of("ayse"), "name": "Ayse", "email": None, "active": False}
    assert await history(world, world.id_of("ayse")) == [("AgentDeleted", [])]
    support = encode_global_id(NodeKind.TEAM, world.support.id)
    assert await history(world, support) == [("TeamChanged", [change("members", "Ayse", "")])]


@pytest.mark.both_databases
async def test_what_they_had_open_is_whose_who_deleted_them(world: World) -> None:
    _message, ticket = await world.receive()
    due = await remind(world.nikos, ticketId=ticket, body="Call", remindWhomId=world.id_of("ayse"))
    done = await remind(world.ayse, ticketId=ticket, body="Done")
    await complete(world.ayse, done)
    call = await opened(world.ayse, handle="+905321110000")
    typed = {"interactionId": call, "form": {"name": "Elif"}}
    await does(world.ayse, "interactionFormSave", **typed)
    over = await opened(world.ayse, handle="+905321110001")
    await closed(world.ayse, over)
    file = await upload(world, "ayse", "fatura.pdf")
    draft = await save(world.ayse, title="Kargo", attachmentIds=[file])

    await delete(world)
    await do_jobs(world, deletions.JOB_KIND)

    assert await mine(world.admin) == [due]
    assert await lists(world.admin) == ([call], [])
    assert (await load(world.admin, call))["form"]["name"] == "Elif"
    kept = await load_draft(world.admin, draft["id"])
    assert kept is not None
    assert (kept["title"], kept["attachments"]) == ("Kargo", [{"filename": "fatura.pdf"}])
    acme = encode_global_id(NodeKind.BRAND, world.acme.id)
    form = {
        "brandId": acme,
        "customer": {"name": "Elif", "email": "elif@example.com"},
        "attachmentIds": [file],
    }
    opened_by_it = await world.admin.act(CREATE_TICKET, input={**form, "draftId": draft["id"]})
    assert opened_by_it["__typename"] == "TicketCreateSuccess", opened_by_it


async def test_what_both_have_typed_waits_until_the_heir_has_saved_theirs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _message, ticket = await world.receive()
    call = await opened(world.ayse, ticketId=ticket)
    assert await opened(world.admin, ticketId=ticket) != call
    for client, name in ((world.ayse, "Elif Demir"), (world.admin, "Elif D.")):
        await does(client, "interactionReopen", interactionId=call)
        typed = {"interactionId": call, "form": {"name": name}}
        await does(client, "interactionFormSave", **typed)
    began = clock.now()

    async def do_jobs_at(moment: datetime) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda: moment)
            await do_jobs(world, deletions.JOB_KIND)

    await delete(world)
    await do_jobs(world, deletions.JOB_KIND)
    assert (await load(world.admin, call))["form"]["name"] == "Elif D."
    assert await memberships(world, "ayse") == 0  # these wait for no form
    (in_a_minute,) = await due(world)  # for what was on its way when they were deleted
    assert timedelta(minutes=1) <= in_a_minute - began < timedelta(minutes=2)

    await do_jobs_at(in_a_minute)
    tomorrow = in_a_minute + timedelta(days=1)
    assert await due(world) == [tomorrow]

    await closed(world.admin, call)
    await do_jobs_at(tomorrow)
    assert (await load(world.admin, call))["form"]["name"] == "Elif Demir"
    assert await due(world) == []


async def due(world: World) -> list[datetime]:
    """Return when each of the jobs is due that are still to be done for who was deleted."""
    async with world.desk.database.reading() as connection:
        waiting = select(Job.run_at).where(
            Job.kind == deletions.JOB_KIND, Job.finished_at.is_(None)
        )
        return list((await connection.scalars(waiting)).all())


async def test_who_may_not_and_who_must_stay(world: World) -> None:
    before = await world.counts()

    assert (await delete(world, by="nikos"))["__typename"] == "NotAllowed"
    oneself = await delete(world, "admin")
    assert oneself["message"] == "Nobody deletes themselves. Please ask another admin."
    await world.admin.act(DELETE, id=world.id_of("stranger"))
    gone = await world.counts()
    assert (await delete(world, "stranger"))["__typename"] == "NotFound"

    assert gone == before | {"event": before["event"] + 1, "job": before["job"] + 1}
    assert await world.counts() == gone


@pytest.mark.both_databases
async def test_of_two_admins_who_delete_each_other_one_is_left(world: World) -> None:
    async with world.desk.database.transaction() as session:
        second = await session.get_one(type(world.agents["nikos"]), world.agents["nikos"].id)
        second.role = world.agents["admin"].role

    results = await asyncio.gather(delete(world, "nikos"), delete(world, "admin", by="nikos"))

    assert sorted(result["__typename"] for result in results) == [
        "AgentDeleteSuccess",
        "NotAllowed",
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_way_down_lets_nobody_in_again(world: World) -> None:
    await install(world)
    await delete(world)

    await migrations.downgrade(world.desk.database, "0025")

    async with world.desk.database.reading() as connection:
        agents = await connection.execute(select(Agent.name).where(Agent.active.is_(False)))
        members = await connection.execute(
            select(Agent.name).join(BrandMember, BrandMember.agent_id == Agent.id)
        )
        steps = await connection.execute(select(Rule.identity_step).order_by(Rule.position))
        assert [row.name for row in agents] == ["Ayse"]
        assert sorted(row.name for row in members) == ["Nikos", "Stranger"]
        assert [row.identity_step for row in steps].count(None) == 1  # FOUND_OUT
