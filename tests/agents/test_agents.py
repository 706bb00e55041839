"""The people of the desk, whom admins keep."""

import asyncio
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from core.ids import NodeKind, encode_global_id
from models.agents import Agent
from models.idempotency_keys import IdempotencyKey
from models.viewers import ApiScope
from services import agents, passwords
from services.unit_of_work import UnitOfWork
from tests.support.agents import CREATE, LIST, ME, SIGN_IN
from tests.support.desk import World
from tests.support.history import change, history, unlike

PASSWORD = "correct horse battery staple"
UPDATE = """
    mutation ($input: AgentUpdateInput!) {
      agentUpdate(input: $input) {
        __typename
        ... on AgentUpdateSuccess {
          agent { version name email role active brands { name } teams { name } } mergedFields
        }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on AlreadyExists { existing { ... on Agent { name } } }
        ... on EditConflict { currentVersion fields { field base theirs yours } }
      }
    }
"""


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords in less than a millisecond: nobody attacks a test."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    monkeypatch.setattr(passwords, "_hash_of_nobody", lambda: quick.hash("nobody"))


async def create(world: World, **fields: Any) -> dict[str, Any]:
    given = {"name": "Zoë Kaya", "email": "Zoe@desk.example", "password": PASSWORD, **fields}
    return await world.admin.act(CREATE, input=given)


async def update(world: World, agent: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = {"agentId": agent["id"], "expectedVersion": agent["version"], **fields}
    return await world.admin.act(UPDATE, input=given)


async def signs_in(world: World, password: str = PASSWORD) -> bool:
    result = await world.nobody.act(SIGN_IN, email="zoe@DESK.example", password=password)
    return bool(result["__typename"] == "SignInSuccess")


def ayse(world: World, version: int = 0) -> dict[str, Any]:
    return {"id": world.id_of("ayse"), "version": version}


def admin(world: World, version: int = 0) -> dict[str, Any]:
    return {"id": world.id_of("admin"), "version": version}


async def test_a_new_agent_belongs_somewhere_and_signs_in(world: World) -> None:
    result = await create(
        world,
        language="el",
        brandIds=[encode_global_id(NodeKind.BRAND, world.acme.id)],
        teamIds=[encode_global_id(NodeKind.TEAM, world.sales.id)],
    )

    agent = result["agent"]
    assert agent == {
        "id": agent["id"],
        "version": 1,
        "name": "Zoë Kaya",
        "email": "Zoe@desk.example",
        "role": "AGENT",
        "language": "el",
        "active": True,
        "brands": [{"name": "Acme"}],
        "teams": [{"name": "Sales"}],
    }
    assert await signs_in(world)
    assert await history(world, agent["id"]) == [("AgentCreated", [])]
    sales = encode_global_id(NodeKind.TEAM, world.sales.id)
    assert await history(world, sales) == [("TeamChanged", [change("members", "", "Zoë Kaya")])]


async def test_only_admins_keep_agents(world: World) -> None:
    before = await world.counts()

    added = await world.ayse.act(
        CREATE, input={"name": "Zoë", "email": "zoe@desk.example", "password": PASSWORD}
    )
    promoted = await world.ayse.act(
        UPDATE,
        input={"agentId": world.id_of("ayse"), "expectedVersion": 0, "role": "ADMIN"},
    )
    stranger = await world.nobody.send(
        UPDATE, input={"agentId": world.id_of("ayse"), "expectedVersion": 0, "role": "ADMIN"}
    )

    assert added == promoted == {"__typename": "NotAllowed"}
    assert stranger.error["extensions"]["code"] == "UNAUTHENTICATED"
    assert await world.counts() == before


@pytest.mark.parametrize(
    ("password", "code", "limit", "actual"),
    [
        ("ğ" * 9, "TOO_SHORT", 10, 9),
        ("", "TOO_SHORT", 10, 0),
        ("x" * 1_001, "TOO_LONG", 1_000, 1_001),
    ],
)
async def test_a_password_too_short_or_too_long_is_refused(
    world: World, password: str, code: str, limit: int, actual: int
) -> None:
    before = await world.counts()

    result = await create(world, password=password)

    assert result["fields"] == [
        {"path": ["input", "password"], "code": code, "limit": limit, "actual": actual}
    ]
    assert await world.counts() == before


@pytest.mark.parametrize("password", ["🦉" * 10, "x" * 1_000])
async def test_a_password_at_the_limits_opens_the_desk(world: World, password: str) -> None:
    await create(world, password=password)

    assert await signs_in(world, password)


async def test_an_address_belongs_to_one_agent_whatever_its_case(world: World) -> None:
    before = await world.counts()

    added = await create(world, email="AYSE@Desk.Example")
    after = await world.counts()
    changed = await update(world, ayse(world), email="Nikos@desk.example")

    assert added == {"__typename": "AlreadyExists", "existing": {"name": "Ayse"}}
    assert after == before
    assert changed == {"__typename": "AlreadyExists", "existing": {"name": "Nikos"}}
    assert await world.counts() == before


async def test_wrong_values_are_told_at_once(world: World) -> None:
    result = await create(world, name=" ", email="zoe@", language="fr")

    assert [(field["path"][1], field["code"]) for field in result["fields"]] == [
        ("name", "REQUIRED"),
        ("email", "INVALID_EMAIL"),
        ("language", "NOT_ALLOWED_VALUE"),
    ]


async def test_the_same_key_adds_one_agent(world: World) -> None:
    first = await create(world, idempotencyKey="k")
    before = await world.counts()

    assert await create(world, idempotencyKey="k") == first
    assert await create(world, idempotencyKey="k", role="ADMIN") == {
        "__typename": "IdempotencyKeyReused"
    }
    assert await world.counts() == before


async def test_what_is_kept_of_a_key_tells_nothing_of_the_password(world: World) -> None:
    await create(world, idempotencyKey="k1")
    await create(world, idempotencyKey="k2", email="z@desk.example", password="another password")
    async with world.desk.database.reading() as connection:
        kept = (await connection.execute(select(IdempotencyKey.input_hash))).scalars().all()
    again = await create(world, idempotencyKey="k1", password="a third password")

    assert len(set(kept)) == 2
    assert again["__typename"] == "AgentCreateSuccess"
    assert await signs_in(world)


async def test_no_answer_and_no_event_shows_a_password(world: World) -> None:
    agent = (await create(world))["agent"]

    result = await update(world, agent, password="another password")

    assert result["agent"]["version"] == 2
    assert await history(world, agent["id"]) == [
        ("AgentCreated", []),
        ("AgentChanged", [change("password", None, None)]),
    ]


async def test_another_password_replaces_the_old_one(world: World) -> None:
    agent = (await create(world))["agent"]
    await update(world, agent, password="another password")

    assert await signs_in(world, "another password")
    assert not await signs_in(world, PASSWORD)


async def test_the_same_password_again_is_no_change(world: World) -> None:
    agent = (await create(world))["agent"]
    before = await world.counts()

    result = await update(world, agent, password=PASSWORD)

    assert result["agent"]["version"] == 1
    assert await world.counts() == before


@pytest.mark.parametrize("fields", [{"active": False}, {"password": "a new password"}])
async def test_whoever_is_deactivated_or_gets_a_new_password_is_signed_out(
    world: World, fields: dict[str, Any]
) -> None:
    await world.ayse.ask(ME)

    await update(world, ayse(world), **fields)

    answer = await world.ayse.send(ME)
    assert answer.status == 401
    assert answer.error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_another_name_leaves_the_session_open(world: World) -> None:
    await update(world, ayse(world), name="Ayşe Yılmaz")

    assert (await world.ayse.ask(ME))["me"] == {"name": "Ayşe Yılmaz"}
    assert await history(world, world.id_of("ayse")) == [
        ("AgentChanged", [change("name", "Ayse", "Ayşe Yılmaz")])
    ]


async def test_a_deactivated_agent_returns_with_the_old_password(world: World) -> None:
    agent = (await create(world))["agent"]
    gone = (await update(world, agent, active=False))["agent"]
    could_sign_in = await signs_in(world)
    await update(world, {**agent, "version": gone["version"]}, active=True)

    assert not could_sign_in
    assert await signs_in(world)


@pytest.mark.parametrize("fields", [{"active": False}, {"role": "AGENT"}])
async def test_the_last_active_admin_stays(world: World, fields: dict[str, Any]) -> None:
    await create(world, role="ADMIN", active=False)
    before = await world.counts()

    result = await update(world, admin(world), **fields)

    assert result == {"__typename": "NotAllowed"}
    assert await world.counts() == before
    assert (await world.admin.ask(ME))["me"] == {"name": "Admin"}


async def test_two_admins_who_demote_each_other_leave_one(world: World) -> None:
    second = (await create(world, role="ADMIN"))["agent"]

    await asyncio.gather(
        update(world, admin(world), role="AGENT"), update(world, second, role="AGENT")
    )

    async with world.desk.database.reading() as connection:
        roles = await connection.execute(select(Agent.role).where(Agent.role == "ADMIN"))
        assert len(roles.all()) == 1


async def test_a_promoted_agent_sees_everything_at_once(world: World) -> None:
    seen = "{ brands { name } }"
    before = (await world.ayse.ask(seen))["brands"]

    await update(world, ayse(world), role="ADMIN")

    assert before == [{"name": "Acme"}]
    assert (await world.ayse.ask(seen))["brands"] == [{"name": "Acme"}, {"name": "Other"}]


async def test_sets_are_replaced_whole_and_stand_in_both_histories(world: World) -> None:
    result = await update(
        world,
        ayse(world),
        brandIds=[],
        teamIds=[encode_global_id(NodeKind.TEAM, world.sales.id)],
    )

    assert result["agent"]["brands"] == []
    assert result["agent"]["teams"] == [{"name": "Sales"}]
    assert await history(world, world.id_of("ayse")) == [
        ("AgentChanged", [change("brands", "Acme", ""), change("teams", "Support", "Sales")])
    ]
    support = encode_global_id(NodeKind.TEAM, world.support.id)
    sales = encode_global_id(NodeKind.TEAM, world.sales.id)
    assert await history(world, support) == [("TeamChanged", [change("members", "Ayse", "")])]
    assert await history(world, sales) == [("TeamChanged", [change("members", "", "Ayse")])]


async def test_edits_are_merged_or_refused(world: World) -> None:
    await update(world, ayse(world), name="Ayşe")

    merged = await update(world, ayse(world), language="el")
    conflict = await update(world, ayse(world), name="Ayşegül")

    assert merged["mergedFields"] == ["name"]
    assert merged["agent"]["version"] == 2
    assert conflict == {
        "__typename": "EditConflict",
        "currentVersion": 2,
        "fields": [{"field": "name", "base": "Ayse", "theirs": "Ayşe", "yours": "Ayşegül"}],
    }


@pytest.mark.parametrize("field", ["name", "email", "role", "active", "brandIds", "teamIds"])
async def test_fields_of_an_agent_cannot_be_cleared(world: World, field: str) -> None:
    result = await update(world, ayse(world), **{field: None})

    assert [(f["path"], f["code"]) for f in result["fields"]] == [(["input", field], "REQUIRED")]


async def test_a_password_cannot_be_cleared(world: World) -> None:
    result = await update(world, ayse(world), password=None)

    assert [f["code"] for f in result["fields"]] == ["TOO_SHORT"]


async def test_an_unknown_agent_is_not_found(world: World) -> None:
    result = await update(world, {"id": unlike(world.id_of("ayse")), "version": 0}, name="x")

    assert result == {"__typename": "NotFound"}


async def test_passwords_are_hashed_while_nobody_waits_for_the_directory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_acts: list[UnitOfWork] = []
    hashed_meanwhile: list[int] = []
    hash_password, enter = passwords.hash_password, UnitOfWork.__init__

    def note_act(work: UnitOfWork, *arguments: Any) -> None:
        enter(work, *arguments)
        open_acts.append(work)

    async def note_hash(password: str) -> str:
        hashed_meanwhile.append(len(open_acts))
        return await hash_password(password)

    monkeypatch.setattr(UnitOfWork, "__init__", note_act)
    monkeypatch.setattr(passwords, "hash_password", note_hash)

    agent = (await create(world))["agent"]
    open_acts.clear()
    await update(world, agent, password="another password")

    assert hashed_meanwhile == [0, 0]
    assert await signs_in(world, "another password")


async def test_who_is_no_admin_has_no_password_hashed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(password: str) -> str:
        raise AssertionError(password)

    monkeypatch.setattr(passwords, "hash_password", refuse)

    given = {"name": "Zoë", "email": "zoe@desk.example", "password": PASSWORD}
    assert (await world.ayse.act(CREATE, input=given))["__typename"] == "NotAllowed"


async def test_a_password_changed_by_two_is_the_last_ones(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = (await create(world))["agent"]
    choose = passwords.choose_password

    async def change_meanwhile(password: str, present_hash: str | None = None) -> Any:
        chosen = await choose(password, present_hash)
        monkeypatch.setattr(agents, "choose_password", choose)
        await update(world, agent, password="somebody else's choice")
        return chosen

    monkeypatch.setattr(agents, "choose_password", change_meanwhile)

    await update(world, agent, password=PASSWORD)

    assert await signs_in(world, PASSWORD)


async def test_agents_are_found_by_name_and_address(world: World) -> None:
    await create(world, name="Gülşen İnce", email="info.desk@gulsen.example")

    async def found(search: str) -> list[str]:
        nodes = (await world.ayse.act(LIST, search=search))["nodes"]
        return [agent["name"] for agent in nodes]

    assert await found("ince GULSEN") == ["Gülşen İnce"]
    assert await found("info.desk@") == ["Gülşen İnce"]
    assert await found("nce") == []
    assert await found("a") == ["Admin", "Ayse"]
    assert (await world.nobody.send(LIST)).error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_more_agents_need_no_more_statements(world: World) -> None:
    async with world.counted_statements() as few:
        await world.ayse.ask(LIST)
    for number in range(4):
        await create(world, name=f"A{number}", email=f"a{number}@desk.example")

    async with world.counted_statements() as many:
        page = await world.ayse.ask(LIST)

    assert page["agents"]["totalCount"] == 8
    assert len(many) == len(few)


async def test_an_integration_knows_who_works_for_its_brands_but_no_addresses(
    world: World,
) -> None:
    token = await world.integration(ApiScope.MESSAGES_WRITE, brands=[world.acme])
    agents = "query ($search: String) { agents(search: $search) { nodes { name email } } }"

    everybody = await token.ask(agents)
    by_address = await token.ask(agents, search="ayse@desk")

    assert everybody["agents"]["nodes"] == [
        {"name": "Ayse", "email": None},
        {"name": "Nikos", "email": None},
    ]
    assert by_address["agents"]["nodes"] == []


async def test_an_integration_that_reads_a_ticket_sees_who_has_it_and_who_wrote(
    world: World,
) -> None:
    _message, ticket = await world.receive()
    await world.admin.ask(
        """
        mutation ($ticket: ID!, $admin: ID!) {
          ticketTransfer(input: {ticketId: $ticket, assigneeId: $admin}) { __typename }
          messageSend(input: {ticketId: $ticket, body: "On its way"}) { __typename }
        }
        """,
        ticket=ticket,
        admin=world.id_of("admin"),
    )
    reader = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])

    found = await reader.ask(
        """
        query ($id: ID!) {
          ticket(id: $id) {
            assignee { name email } lastMessage { author { ... on Agent { name email } } }
          }
        }
        """,
        id=ticket,
    )

    seen = {"name": "Admin", "email": None}
    assert found["ticket"] == {"assignee": seen, "lastMessage": {"author": seen}}
