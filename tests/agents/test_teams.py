"""Teams: their brands, their members, and what both sides learn of it."""

from typing import Any

from core.ids import NodeKind, encode_global_id
from models.agents import Agent
from models.viewers import ApiScope
from tests.support.desk import World
from tests.support.history import change, history, unlike

CREATE = """
    mutation ($input: TeamCreateInput!) {
      teamCreate(input: $input) {
        __typename
        ... on TeamCreateSuccess {
          team { id version name brands { name } members { nodes { name } } }
        }
        ... on ValidationFailed { fields { path code } }
        ... on AlreadyExists { existing { ... on Team { name } } }
        ... on LimitReached { limit }
      }
    }
"""
UPDATE = """
    mutation ($input: TeamUpdateInput!) {
      teamUpdate(input: $input) {
        __typename
        ... on TeamUpdateSuccess {
          team { version name brands { name } members { nodes { name } } } mergedFields
        }
        ... on ValidationFailed { fields { path code } }
        ... on AlreadyExists { existing { ... on Team { name } } }
        ... on EditConflict {
          fields { field base theirs yours } current { ... on Team { members { nodes { name } } } }
        }
      }
    }
"""
AGENT_UPDATE = """
    mutation ($input: AgentUpdateInput!) {
      agentUpdate(input: $input) {
        __typename
        ... on EditConflict { fields { field base theirs yours } }
      }
    }
"""


async def create(world: World, **fields: Any) -> dict[str, Any]:
    return await world.admin.act(CREATE, input={"name": "Returns", **fields})


async def update(world: World, team: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = {"teamId": team["id"], "expectedVersion": team["version"], **fields}
    return await world.admin.act(UPDATE, input=given)


def acme(world: World) -> str:
    return encode_global_id(NodeKind.BRAND, world.acme.id)


def other(world: World) -> str:
    return encode_global_id(NodeKind.BRAND, world.other.id)


async def test_a_team_has_brands_and_members_by_name(world: World) -> None:
    result = await create(
        world,
        brandIds=[other(world), acme(world), acme(world)],
        memberIds=[world.id_of("nikos"), world.id_of("ayse")],
    )

    team = result["team"]
    assert team == {
        "id": team["id"],
        "version": 1,
        "name": "Returns",
        "brands": [{"name": "Acme"}, {"name": "Other"}],
        "members": {"nodes": [{"name": "Ayse"}, {"name": "Nikos"}]},
    }
    assert await history(world, team["id"]) == [("TeamCreated", [])]


async def test_who_is_put_into_a_team_has_it_in_their_history(world: World) -> None:
    team = (await create(world, memberIds=[world.id_of("ayse")]))["team"]
    await update(world, team, memberIds=[world.id_of("nikos")])

    assert await history(world, world.id_of("ayse")) == [
        ("AgentChanged", [change("teams", "Support", "Returns, Support")]),
        ("AgentChanged", [change("teams", "Returns, Support", "Support")]),
    ]
    assert await history(world, world.id_of("nikos")) == [
        ("AgentChanged", [change("teams", "", "Returns")])
    ]


async def test_a_change_of_the_sets_is_one_event_of_text_lists(world: World) -> None:
    team = (await create(world, memberIds=[world.id_of("ayse")]))["team"]

    result = await update(
        world,
        team,
        memberIds=[world.id_of("nikos"), world.id_of("ayse")],
        brandIds=[acme(world)],
    )

    assert result["team"] == {
        "version": 2,
        "name": "Returns",
        "brands": [{"name": "Acme"}],
        "members": {"nodes": [{"name": "Ayse"}, {"name": "Nikos"}]},
    }
    assert await history(world, team["id"]) == [
        ("TeamCreated", []),
        ("TeamChanged", [change("brands", "", "Acme"), change("members", "Ayse", "Ayse, Nikos")]),
    ]


async def test_the_same_sets_again_are_no_change_and_no_event(world: World) -> None:
    members = [world.id_of("ayse"), world.id_of("nikos")]
    team = (await create(world, memberIds=members))["team"]
    before = await world.counts()

    result = await update(world, team, memberIds=members[::-1], brandIds=[])

    assert result["team"]["version"] == 1
    assert await world.counts() == before


async def test_members_and_names_changed_by_two_are_merged(world: World) -> None:
    team = (await create(world))["team"]
    await update(world, team, memberIds=[world.id_of("ayse")])

    result = await update(world, team, name="Refunds")

    assert result["team"]["members"]["nodes"] == [{"name": "Ayse"}]
    assert result["mergedFields"] == ["members"]


async def test_members_changed_by_two_are_a_conflict(world: World) -> None:
    team = (await create(world))["team"]
    await update(world, team, memberIds=[world.id_of("ayse")])
    before = await world.counts()

    result = await update(world, team, memberIds=[world.id_of("nikos")])

    assert result == {
        "__typename": "EditConflict",
        "fields": [{"field": "members", "base": "", "theirs": "Ayse", "yours": "Nikos"}],
        "current": {"members": {"nodes": [{"name": "Ayse"}]}},
    }
    assert await world.counts() == before


async def test_a_membership_changed_on_the_agent_is_a_conflict_on_the_team(world: World) -> None:
    team = (await create(world))["team"]
    joined = await world.admin.act(
        AGENT_UPDATE,
        input={"agentId": world.id_of("nikos"), "expectedVersion": 0, "teamIds": [team["id"]]},
    )

    result = await update(world, team, memberIds=[world.id_of("ayse")])

    assert joined == {"__typename": "AgentUpdateSuccess"}
    assert result["fields"] == [
        {"field": "members", "base": "", "theirs": "Nikos", "yours": "Ayse"}
    ]


async def test_unknown_and_wrong_ids_are_named_by_their_place(world: World) -> None:
    before = await world.counts()

    unknown = await create(
        world, brandIds=[acme(world), unlike(acme(world))], memberIds=[unlike(world.id_of("ayse"))]
    )
    wrong = await create(world, memberIds=[world.id_of("ayse"), acme(world)])

    assert unknown["fields"] == [
        {"path": ["input", "brandIds", "1"], "code": "UNKNOWN_REFERENCE"},
        {"path": ["input", "memberIds", "0"], "code": "UNKNOWN_REFERENCE"},
    ]
    assert wrong["fields"] == [{"path": ["input", "memberIds", "1"], "code": "INVALID_ID"}]
    assert await world.counts() == before


async def test_a_set_of_1001_is_refused(world: World) -> None:
    before = await world.counts()

    result = await create(world, memberIds=[unlike(world.id_of("ayse")) for _ in range(1_001)])

    assert result == {"__typename": "LimitReached", "limit": 1_000}
    assert await world.counts() == before


async def test_sets_cannot_be_cleared_with_null(world: World) -> None:
    team = (await create(world))["team"]

    result = await update(world, team, memberIds=None)

    assert result["fields"] == [{"path": ["input", "memberIds"], "code": "REQUIRED"}]


async def test_a_team_has_its_name_alone(world: World) -> None:
    team = (await create(world))["team"]

    taken = await create(world, name="SALES")
    renamed = await update(world, team, name="Śałes")

    assert taken == renamed == {"__typename": "AlreadyExists", "existing": {"name": "Sales"}}


async def test_the_same_key_adds_one_team(world: World) -> None:
    first = await create(world, memberIds=[world.id_of("ayse")], idempotencyKey="k")
    before = await world.counts()

    assert await create(world, memberIds=[world.id_of("ayse")], idempotencyKey="k") == first
    assert await create(world, memberIds=[], idempotencyKey="k") == {
        "__typename": "IdempotencyKeyReused"
    }
    assert await world.counts() == before


async def test_only_admins_keep_teams_but_all_see_them(world: World) -> None:
    added = await world.ayse.act(CREATE, input={"name": "Returns"})
    listed = await world.stranger.ask(
        "{ teams { name brands { name } members { nodes { name } } } }"
    )

    assert added == {"__typename": "NotAllowed"}
    assert listed["teams"] == [
        {"name": "Sales", "brands": [], "members": {"nodes": []}},
        {"name": "Support", "brands": [], "members": {"nodes": [{"name": "Ayse"}]}},
    ]


async def test_who_joins_a_team_sees_its_tickets(world: World) -> None:
    sales = encode_global_id(NodeKind.TEAM, world.sales.id)
    _message, ticket = await world.receive()
    await world.admin.act(
        "mutation ($t: ID!, $team: ID) { ticketTransfer(input: {ticketId: $t, teamId: $team}) "
        "{ __typename } }",
        t=ticket,
        team=sales,
    )
    hidden = await world.nikos.ask("query ($t: ID!) { node(id: $t) { id } }", t=ticket)
    await update(world, {"id": sales, "version": 0}, memberIds=[world.id_of("nikos")])
    shown = await world.nikos.ask("query ($t: ID!) { node(id: $t) { id } }", t=ticket)

    assert hidden == {"node": None}
    assert shown == {"node": {"id": ticket}}


async def test_more_teams_need_no_more_statements(world: World) -> None:
    listed = """{
      teams { name brands { name } members(first: 1) { nodes { teams { name } brands { name } } } }
    }"""
    async with world.counted_statements() as few:
        await world.admin.ask(listed)
    for number in range(5):
        await create(
            world, name=f"T{number}", brandIds=[acme(world)], memberIds=[world.id_of("nikos")]
        )

    async with world.counted_statements() as many:
        await world.admin.ask(listed)

    assert len(many) == len(few)


async def test_two_members_of_one_name_are_two_people(world: World) -> None:
    async with world.desk.database.transaction() as session:
        nikos = await session.get_one(Agent, world.agents["nikos"].id)
        nikos.name = "Ayse"
    team = (await create(world, memberIds=[world.id_of("ayse")]))["team"]
    await update(world, team, memberIds=[world.id_of("stranger")])

    result = await update(world, team, memberIds=[world.id_of("nikos")])

    assert result["fields"] == [
        {"field": "members", "base": "Ayse", "theirs": "Stranger", "yours": "Ayse"}
    ]


async def test_an_integration_knows_the_teams_of_its_brands_only(world: World) -> None:
    await create(world, name="Elsewhere", brandIds=[other(world)])
    token = await world.integration(ApiScope.MESSAGES_WRITE, brands=[world.acme])
    idle = await world.integration(ApiScope.TICKETS_READ)

    found = await token.ask("{ teams { name members { nodes { name } } } }")

    assert found["teams"] == [
        {"name": "Sales", "members": {"nodes": []}},
        {"name": "Support", "members": {"nodes": [{"name": "Ayse"}]}},
    ]
    assert await idle.ask("{ teams { name } }") == {"teams": []}


async def test_members_come_in_pages_by_name(world: World) -> None:
    team = (await create(world, memberIds=[world.id_of(name) for name in world.agents]))["team"]
    document = """
        query ($id: ID!, $after: String) {
          node(id: $id) {
            ... on Team {
              members(first: 3, after: $after) {
                totalCount nodes { name } pageInfo { hasNextPage endCursor }
              }
            }
          }
        }
    """

    first = (await world.ayse.ask(document, id=team["id"]))["node"]["members"]
    cursor = first["pageInfo"]["endCursor"]
    second = (await world.ayse.ask(document, id=team["id"], after=cursor))["node"]["members"]

    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (4, True)
    assert [agent["name"] for agent in first["nodes"]] == ["Admin", "Ayse", "Nikos"]
    assert [agent["name"] for agent in second["nodes"]] == ["Stranger"]
    assert second["pageInfo"]["hasNextPage"] is False


async def test_each_team_has_its_own_page_of_members(world: World) -> None:
    await create(world, memberIds=[world.id_of("nikos"), world.id_of("ayse")])

    found = await world.ayse.ask("{ teams { members(first: 1) { totalCount nodes { name } } } }")

    assert [team["members"] for team in found["teams"]] == [
        {"totalCount": 2, "nodes": [{"name": "Ayse"}]},
        {"totalCount": 0, "nodes": []},
        {"totalCount": 1, "nodes": [{"name": "Ayse"}]},
    ]


async def test_members_of_members_of_all_teams_are_too_much(world: World) -> None:
    answer = await world.ayse.send("{ teams { members { nodes { teams { name } } } } }")

    assert answer.error["extensions"] == {
        "code": "QUERY_TOO_COMPLEX",
        "limit": 10_000,
        "actual": 40 * (1 + 2 + 25 * (1 + 40)),
    }
