"""Handing tickets over."""

import pytest
from sqlalchemy import delete

from models.brands import BrandMember
from models.teams import TeamBrand
from models.viewers import ApiScope
from tests.support.desk import World
from tests.support.transfers import TRANSFER, team_id, transfer

READ = """
    query ($id: ID!) {
      ticket(id: $id) {
        brand { name } team { name } assignee { name } notes { nodes { body } }
        changes { nodes { changes { field before after } } }
      }
    }
"""


async def test_a_ticket_goes_to_an_agent_and_a_team_with_a_comment(world: World) -> None:
    _message, ticket = await world.receive()

    result = await transfer(
        world.ayse,
        ticket,
        assigneeId=world.id_of("nikos"),
        teamId=team_id(world, "support"),
        comment="He called twice.",
    )

    assert result["ticket"] == {
        "brand": {"name": "Acme"},
        "team": {"name": "Support"},
        "assignee": {"name": "Nikos"},
        "notes": {
            "nodes": [
                {"kind": "INLINE", "body": "He called twice.", "author": {"name": "Ayse"}},
            ]
        },
    }
    history = (await world.nikos.ask(READ, id=ticket))["ticket"]["changes"]["nodes"]
    assert history[1:] == [
        {
            "changes": [
                {"field": "team", "before": None, "after": "Support"},
                {"field": "assignee", "before": None, "after": "Nikos"},
            ]
        }
    ]


async def test_absent_leaves_and_null_takes_away(world: World) -> None:
    _message, ticket = await world.receive()
    await transfer(
        world.ayse, ticket, assigneeId=world.id_of("ayse"), teamId=team_id(world, "support")
    )

    result = await transfer(world.ayse, ticket, assigneeId=None)

    assert result["ticket"]["assignee"] is None
    assert result["ticket"]["team"] == {"name": "Support"}


async def test_the_answer_has_no_ticket_when_the_viewer_loses_sight_of_it(world: World) -> None:
    _message, ticket = await world.receive()

    result = await transfer(world.nikos, ticket, teamId=team_id(world, "support"))

    assert result == {"__typename": "TicketTransferSuccess", "ticket": None}
    assert await world.nikos.ask(READ, id=ticket) == {"ticket": None}


async def test_all_notes_stay_with_a_ticket(world: World) -> None:
    _message, ticket = await world.receive()
    await transfer(world.ayse, ticket, comment="First")

    await transfer(world.ayse, ticket, assigneeId=world.id_of("nikos"), comment="Second")

    found = (await world.nikos.ask(READ, id=ticket))["ticket"]
    assert found["notes"]["nodes"] == [{"body": "First"}, {"body": "Second"}]


async def test_handing_over_to_who_has_it_leaves_no_trace(world: World) -> None:
    _message, ticket = await world.receive()
    await transfer(world.ayse, ticket, assigneeId=world.id_of("nikos"))
    before = await world.counts()

    result = await transfer(world.ayse, ticket, assigneeId=world.id_of("nikos"), comment=" ")

    assert result["ticket"]["assignee"] == {"name": "Nikos"}
    assert await world.counts() == before


async def test_a_transfer_that_is_sent_again_leaves_one_comment(world: World) -> None:
    _message, ticket = await world.receive()
    nikos = world.id_of("nikos")
    given = {"assigneeId": nikos, "comment": "He called twice.", "idempotencyKey": "k"}
    first = await transfer(world.ayse, ticket, **given)
    before = await world.counts()

    again = await transfer(world.ayse, ticket, **given)
    other = await transfer(world.ayse, ticket, **{**given, "comment": "Three times."})

    assert again == first
    assert len(first["ticket"]["notes"]["nodes"]) == 1
    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert await world.counts() == before


async def test_an_agent_of_another_brand_is_refused(world: World) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await transfer(
        world.admin, ticket, assigneeId=world.id_of("stranger"), comment="Yours"
    )

    assert result == {
        "__typename": "ValidationFailed",
        "code": "VALIDATION_FAILED",
        "fields": [{"path": ["input", "assigneeId"], "code": "UNKNOWN_REFERENCE"}],
    }
    assert await world.counts() == before


async def test_a_team_that_does_not_take_the_brand_is_refused(world: World) -> None:
    _message, ticket = await world.receive()
    async with world.desk.database.transaction() as session:
        await session.execute(delete(TeamBrand).where(TeamBrand.team_id == world.sales.id))
    before = await world.counts()

    result = await transfer(
        world.admin,
        ticket,
        teamId=team_id(world, "sales"),
        assigneeId=world.id_of("stranger"),
    )

    assert result["fields"] == [
        {"path": ["input", "teamId"], "code": "UNKNOWN_REFERENCE"},
        {"path": ["input", "assigneeId"], "code": "UNKNOWN_REFERENCE"},
    ]
    assert await world.counts() == before


async def test_an_admin_can_be_given_any_ticket(world: World) -> None:
    _message, ticket = await world.receive()

    result = await transfer(world.ayse, ticket, assigneeId=world.id_of("admin"))

    assert result["ticket"]["assignee"] == {"name": "Admin"}


async def test_an_assignee_who_left_the_brand_still_reads_the_ticket(world: World) -> None:
    _message, ticket = await world.receive()
    await transfer(world.ayse, ticket, assigneeId=world.id_of("nikos"))
    async with world.desk.database.transaction() as session:
        await session.execute(
            delete(BrandMember).where(BrandMember.agent_id == world.agents["nikos"].id)
        )

    found = (await world.nikos.ask(READ, id=ticket))["ticket"]

    assert found["brand"] == {"name": "Acme"}


@pytest.mark.parametrize("field", ["assigneeId", "teamId", "ticketId"])
async def test_an_id_of_another_type_is_refused(world: World, field: str) -> None:
    message, ticket = await world.receive()

    result = await world.ayse.act(TRANSFER, input={"ticketId": ticket} | {field: message})

    assert result["fields"] == [{"path": ["input", field], "code": "INVALID_ID"}]


async def test_a_comment_of_10001_characters_moves_nothing(world: World) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await transfer(
        world.ayse, ticket, assigneeId=world.id_of("nikos"), comment="x" * 10_001
    )

    assert result["fields"] == [{"path": ["input", "comment"], "code": "TOO_LONG"}]
    assert await world.counts() == before
    assert (await world.ayse.ask(READ, id=ticket))["ticket"]["assignee"] is None


async def test_a_stranger_finds_no_ticket_and_leaves_no_trace(world: World) -> None:
    _message, ticket = await world.receive()
    before = await world.counts()

    result = await transfer(world.stranger, ticket, assigneeId=world.id_of("stranger"))

    assert result == {"__typename": "NotFound", "code": "NOT_FOUND"}
    assert await world.counts() == before


async def test_a_token_that_may_not_write_notes_hands_over_without_a_comment_only(
    world: World,
) -> None:
    _message, ticket = await world.receive()
    router = await world.integration(
        ApiScope.TICKETS_READ, ApiScope.TICKETS_WRITE, brands=[world.acme]
    )
    before = await world.counts()

    refused = await transfer(router, ticket, assigneeId=world.id_of("nikos"), comment="Yours")
    assert refused == {"__typename": "NotAllowed", "code": "NOT_ALLOWED"}
    assert await world.counts() == before

    done = await transfer(router, ticket, assigneeId=world.id_of("nikos"))
    assert done["__typename"] == "TicketTransferSuccess"
