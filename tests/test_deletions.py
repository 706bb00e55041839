"""Topics, teams and tags that an admin deletes: gone at once, and soon off their tickets."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from app import migrations
from models.jobs import Job
from models.tags import Tag, TicketTag
from models.teams import Team, TeamBrand
from models.tickets import Ticket
from models.topics import Topic
from services import deletions
from tests.scenes.stage import Stage, set_stage
from tests.support.desk import World
from tests.support.history import change, history, unlike
from tests.support.jobs import do_a_job, do_jobs
from tests.support.live import INBOX_EVENTS, TICKET_EVENTS, served

pytestmark = pytest.mark.both_databases

NOUNS = ("topic", "team", "tag")
TICKET = """
    query ($id: ID!) {
      ticket(id: $id) {
        version updatedAt topic { name } team { name } tags { name }
        changes(last: 1) { nodes {
          actor { ... on Agent { name } } changes { field before after }
        } }
      }
    }
"""
EVERYWHERE = """
    query ($ids: [ID!]!, $brand: ID!, $agent: ID!, $team: ID!, $tag: ID!) {
      nodes(ids: $ids) { id }
      topics { name } teams { name } tags { totalCount nodes { name } }
      assignees(brandId: $brand) { ... on Team { name } }
      agent: node(id: $agent) { ... on Agent { teams { name } } }
      brand: node(id: $brand) { ... on Brand { topics { name } } }
      ofTeam: tickets(filter: {teamIds: [$team]}) { totalCount }
      ofTag: tickets(filter: {tagIds: [$tag]}) { totalCount }
      dashboard { byTeam { team { name } count } }
    }
"""


@pytest.fixture
async def stage(world: World) -> Stage:
    """A ticket that has a topic, a team and a tag."""
    stage = await set_stage(world)
    await stage.edits("ticketUpdate", ticketId=stage.ticket, topicId=stage.topic)
    await stage.does("ayse", "ticketTransfer", ticketId=stage.ticket, teamId=stage.support)
    return stage


def id_of(stage: Stage, noun: str) -> str:
    return {"topic": stage.topic, "team": stage.support, "tag": stage.tag}[noun]


async def delete(stage: Stage, *nouns: str) -> None:
    for noun in nouns:
        given = {f"{noun}Id": id_of(stage, noun)}
        result = await stage.does("admin", f"{noun}Delete", f"{noun}Id", **given)
        assert result[f"{noun}Id"] == id_of(stage, noun)


async def ticket(stage: Stage, who: str = "admin") -> dict[str, Any]:
    shown = (await getattr(stage.world, who).ask(TICKET, id=stage.ticket))["ticket"]
    assert isinstance(shown, dict)
    return shown


async def attempt(stage: Stage, mutation: str, **given: Any) -> None:
    """Let an agent do something, which may be refused."""
    document = f"""
        mutation ($input: {mutation[0].upper()}{mutation[1:]}Input!) {{
          {mutation}(input: $input) {{ __typename }}
        }}
    """
    await stage.world.nikos.act(document, input=given)


async def rows_of(stage: Stage, *columns: Any) -> list[tuple[Any, ...]]:
    async with stage.world.desk.database.reading() as connection:
        return [tuple(row) for row in await connection.execute(select(*columns))]


async def test_what_is_deleted_is_gone_before_its_tickets_have_lost_it(stage: Stage) -> None:
    before = await ticket(stage)
    await delete(stage, *NOUNS)

    everywhere = await stage.world.ayse.ask(
        EVERYWHERE,
        ids=[id_of(stage, noun) for noun in NOUNS],
        brand=stage.acme,
        agent=stage.world.id_of("ayse"),
        team=stage.support,
        tag=stage.tag,
    )
    assert everywhere == {
        "nodes": [None, None, None],
        "topics": [],
        "teams": [{"name": "Sales"}],
        "tags": {"totalCount": 0, "nodes": []},
        "assignees": [{"name": "Sales"}, {}, {}, {}],
        "agent": {"teams": []},
        "brand": {"topics": []},
        "ofTeam": {"totalCount": 0},
        "ofTag": {"totalCount": 0},
        "dashboard": {"byTeam": [{"team": None, "count": 2}]},
    }
    assert await ticket(stage) == before | {"topic": None, "team": None, "tags": []}


async def test_what_is_deleted_cannot_be_referred_to_nor_be_edited(stage: Stage) -> None:
    await delete(stage, *NOUNS)
    before = await stage.world.counts()
    loaded = await stage.version(stage.ticket, "Ticket")
    on_ticket = {"ticketId": stage.ticket}
    on_other = {"ticketId": stage.other_ticket}

    for mutation, given in (
        ("ticketUpdate", on_ticket | {"topicId": stage.topic, "expectedVersion": loaded}),
        ("ticketTransfer", on_other | {"teamId": stage.support}),
        ("ticketTag", on_other | {"tagId": stage.tag}),
        ("ticketTag", on_other | {"name": "urgent"}),
        ("ticketUntag", on_ticket | {"tagId": stage.tag}),
        (
            "agentUpdate",
            {
                "agentId": stage.world.id_of("nikos"),
                "expectedVersion": 0,
                "teamIds": [stage.support],
            },
        ),
    ):
        await stage.is_refused("admin", "ValidationFailed", mutation, **given)
    for noun in NOUNS:
        given = {f"{noun}Id": id_of(stage, noun), "expectedVersion": 0, "name": "Back"}
        await stage.is_refused("admin", "NotFound", f"{noun}Update", **given)
    assert await stage.world.counts() == before


async def test_its_tickets_lose_it_by_jobs_and_their_history_keeps_its_name(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletions, "TICKETS_PER_JOB", 1)
    await stage.does("ayse", "ticketTag", ticketId=stage.ticket, name="urgent")
    await stage.does("nikos", "ticketTag", ticketId=stage.other_ticket, name="urgent")
    before = await ticket(stage)

    await delete(stage, "tag")
    tagged = []
    while await do_a_job(stage.world, deletions.JOB_KIND):
        tagged.append(len(await rows_of(stage, TicketTag.tag_id)))
    after_tag = await ticket(stage)
    await delete(stage, "topic")
    await do_jobs(stage.world, deletions.JOB_KIND)
    after_topic = await ticket(stage)
    await delete(stage, "team")
    await do_jobs(stage.world, deletions.JOB_KIND)
    after_team = await ticket(stage)

    assert tagged == [1, 0, 0]
    for shown, field, name in (
        (after_tag, "tags", "urgent"),
        (after_topic, "topic", "Kargo"),
        (after_team, "team", "Support"),
    ):
        left = "" if field == "tags" else None
        done = {"actor": {"name": "Admin"}, "changes": [change(field, name, left)]}
        assert shown["changes"]["nodes"] == [done]
    # It is a change of the ticket, but nobody has worked on it.
    assert after_team["version"] == before["version"] + 3
    assert after_team["updatedAt"] == before["updatedAt"]
    assert await rows_of(stage, Ticket.topic_id, Ticket.team_id) == [(None, None)] * 2


async def test_its_members_never_lose_sight_of_its_tickets(stage: Stage) -> None:
    world = stage.world
    async with (
        served(world) as live,
        live.watch("ayse", TICKET_EVENTS, ticket=stage.ticket) as of_ticket,
        live.watch("ayse", INBOX_EVENTS) as of_member,
        live.watch("nikos", INBOX_EVENTS) as of_colleague,
    ):
        for watcher in (of_ticket, of_member, of_colleague):
            assert (await watcher.next())["__typename"] == "StreamReady"
        await delete(stage, "team")
        await world.desk.viewers.refresh()
        assert (await ticket(stage, "ayse"))["team"] is None
        await do_jobs(world, deletions.JOB_KIND)
        await world.desk.viewers.refresh()
        await stage.does("nikos", "messageSend", ticketId=stage.ticket, body="I see it, too")

        told = await of_ticket.next()
        assert told["changes"] == [change("team", "Support", None)]
        assert (await of_ticket.next())["__typename"] == "MessageAdded"
        assert (await of_member.next())["__typename"] == "TicketUpdated"
        assert (await of_member.next())["reason"] == "RIGHTS"
        assert (await of_colleague.next())["__typename"] == "TicketEntered"

    assert (await world.viewer("ayse")).team_ids == frozenset()
    assert await rows_of(stage, TeamBrand.team_id) == [(world.sales.id,)]
    (*_, left) = await history(world, world.id_of("ayse"))
    assert left == ("AgentChanged", [change("teams", "Support", "")])


@pytest.mark.parametrize("noun", NOUNS)
async def test_its_name_is_free_and_only_then(stage: Stage, noun: str) -> None:
    given: dict[str, Any] = {"name": {"topic": "KARGO", "team": "support", "tag": "Urgent"}[noun]}
    if noun == "topic":
        given["brandId"] = stage.acme
    once = given | {"idempotencyKey": "k1"}
    await stage.is_refused("admin", "AlreadyExists", f"{noun}Create", **once)

    await delete(stage, noun)
    made = await stage.does("admin", f"{noun}Create", f"{noun} {{ id }}", **once)
    await stage.is_refused("admin", "AlreadyExists", f"{noun}Create", **given)
    await stage.does("admin", f"{noun}Delete", **{f"{noun}Id": made[noun]["id"]})
    before = await stage.world.counts()

    # What a repeated request asks for was made, and is gone.
    await stage.is_refused("admin", "NotFound", f"{noun}Create", **once)
    assert await stage.world.counts() == before
    assert [kind for kind, _changes in await history(stage.world, made[noun]["id"])] == [
        f"{noun.capitalize()}Created",
        f"{noun.capitalize()}Deleted",
    ]


@pytest.mark.parametrize("noun", NOUNS)
async def test_of_two_admins_at_once_one_deletes(stage: Stage, noun: str) -> None:
    document = f"""
        mutation ($id: ID!) {{ {noun}Delete(input: {{{noun}Id: $id}}) {{ __typename }} }}
    """
    before = await stage.world.counts()
    row_id = id_of(stage, noun)
    results = await asyncio.gather(*(stage.world.admin.act(document, id=row_id) for _ in range(3)))

    kinds = sorted(result["__typename"] for result in results)
    assert kinds == ["NotFound", "NotFound", f"{noun.capitalize()}DeleteSuccess"]
    once = {"event": before["event"] + 1, "job": before["job"] + 1}
    assert await stage.world.counts() == before | once


@pytest.mark.parametrize("noun", NOUNS)
async def test_others_and_wrong_ids_delete_nothing(stage: Stage, noun: str) -> None:
    before = await stage.world.counts()
    row_id = id_of(stage, noun)

    for who, error, given in (
        ("ayse", "NotAllowed", row_id),
        ("stranger", "NotAllowed", unlike(row_id)),
        ("admin", "NotFound", unlike(row_id)),
        ("admin", "ValidationFailed", stage.ticket),
    ):
        await stage.is_refused(who, error, f"{noun}Delete", **{f"{noun}Id": given})
    assert await stage.world.counts() == before


async def test_who_refers_to_it_meanwhile_is_refused_or_loses_it(stage: Stage) -> None:
    on_other: dict[str, Any] = {"ticketId": stage.other_ticket}
    loaded = await stage.version(stage.other_ticket, "Ticket")
    await asyncio.gather(
        *(attempt(stage, "ticketTag", **on_other, tagId=stage.tag) for _ in range(3)),
        attempt(stage, "ticketTransfer", **on_other, teamId=stage.support),
        attempt(stage, "ticketUpdate", **on_other, topicId=stage.topic, expectedVersion=loaded),
        delete(stage, *NOUNS),
    )

    await do_jobs(stage.world, deletions.JOB_KIND)

    assert await rows_of(stage, TicketTag.tag_id) == []
    assert await rows_of(stage, Ticket.topic_id, Ticket.team_id) == [(None, None)] * 2


async def test_a_ticket_that_lost_the_tag_meanwhile_is_not_told_of_again(stage: Stage) -> None:
    await stage.does("ayse", "ticketTag", ticketId=stage.ticket, name="urgent")
    before = await ticket(stage)
    await delete(stage, "tag")
    jobs = dict(await rows_of(stage, Job.kind, Job.payload))

    async def run() -> None:
        async with stage.world.work() as work:
            await deletions.take_off_more(work, jobs[deletions.JOB_KIND])
            await asyncio.sleep(0.1)  # the other one waits for the ticket

    await asyncio.gather(run(), run())

    after = await ticket(stage)
    assert after["version"] == before["version"] + 1
    assert after["changes"]["nodes"][0]["changes"] == [change("tags", "urgent", "")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_way_down_brings_nothing_back(stage: Stage) -> None:
    await delete(stage, *NOUNS)

    await migrations.downgrade(stage.world.desk.database, "0008")

    kept = [await rows_of(stage, model.name) for model in (Topic, Team, Tag)]
    assert kept == [[], [("Sales",)], []]
    assert await rows_of(stage, TicketTag.tag_id) == []
