"""Rules as admins keep them, and what agents see of them."""

from typing import Any

import pytest
from sqlalchemy import func, insert, select

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.event_topics import rules_topic
from models.events import Event
from models.rules import RULES_PER_BRAND, Rule, RulePause, RuleTrigger
from tests.support.desk import World
from tests.support.edits import EDIT_WARNINGS
from tests.support.history import change, history, unlike
from tests.support.live import served
from tests.support.rules import CREATE, ERRORS, acme, add_rule, add_tag, on_telegram, problems, rule

UPDATE = f"""
    mutation ($input: RuleUpdateInput!) {{
      ruleUpdate(input: $input) {{
        {ERRORS}
        ... on RuleUpdateSuccess {{ rule {{ version name enabled }} mergedFields }}
        ... on EditConflict {{ fields {{ field base theirs yours }} }}
      }}
    }}
"""
DELETE = f"""
    mutation ($id: ID!) {{
      ruleDelete(input: {{ruleId: $id}}) {{ {ERRORS} ... on RuleDeleteSuccess {{ ruleId }} }}
    }}
"""
RESUME = f"""
    mutation ($id: ID!) {{
      ruleResume(input: {{ruleId: $id}}) {{
        {ERRORS} ... on RuleResumeSuccess {{ rule {{ version pausedAt pauseReason }} }}
      }}
    }}
"""
REORDER = f"""
    mutation ($input: RulesReorderInput!) {{
      rulesReorder(input: $input) {{
        {ERRORS} ... on RulesReorderSuccess {{ rules {{ id }} }}
      }}
    }}
"""
LIST = """
    query ($brand: ID, $trigger: RuleTrigger) {
      rules(brandId: $brand, trigger: $trigger) {
        id version name trigger enabled onAgentTickets identityStep pausedAt pauseReason
        brand { name }
        allOf {
          kind isNot channels texts statuses priorities fields hours minimum
          tagIds tags { name } teams { name } topics { name } agents { name } rule { id }
        }
        anyOf { kind texts }
        actions { kind text status priority tag { name } team { name } agent { name } }
        problems { path name reason }
      }
    }
"""
TAG_IDS = "query ($id: ID!) { rule(id: $id) { anyOf { tagIds tags { name } } } }"
NAMES = """
    query ($brand: ID, $trigger: RuleTrigger) {
      rules(brandId: $brand, trigger: $trigger) { name }
    }
"""


async def update(world: World, rule_id: str, version: int, **wanted: Any) -> dict[str, Any]:
    given = {"ruleId": rule_id, "expectedVersion": version, **wanted}
    return await world.admin.act(UPDATE, input=given)


async def counts(world: World) -> tuple[int, dict[str, int]]:
    async with world.desk.database.reading() as connection:
        count = (await connection.execute(select(func.count(Rule.id)))).scalar_one()
    return count, await world.counts()


async def test_agents_see_the_rules_of_their_brands_in_order(world: World) -> None:
    tag = await add_tag(world, "vip")
    team = encode_global_id(NodeKind.TEAM, world.support.id)
    first = await add_rule(
        world,
        name="Hand to Support",
        onAgentTickets=True,
        allOf=[
            {"kind": "TAG", "isNot": True, "tagIds": [tag]},
            {"kind": "TEAM"},
            {"kind": "RUN_COUNT", "hours": 24, "minimum": 3, "isNot": True},
        ],
        anyOf=[{"kind": "TEXT_CONTAINS", "texts": ["  iade ", "refund"]}],
        actions=[
            {"kind": "ASSIGN", "teamId": team, "agentId": world.id_of("ayse")},
            {"kind": "ADD_NOTE", "text": "See {{ticket.number}}"},
            {"kind": "ADD_TAG", "tagId": tag},
        ],
    )
    await add_rule(world, name="Later")
    await add_rule(world, name="Updated", trigger="UPDATED")
    elsewhere = encode_global_id(NodeKind.BRAND, world.other.id)
    await add_rule(world, name="Elsewhere", brandId=elsewhere)

    seen = (await world.ayse.ask(LIST, trigger="INCOMING"))["rules"]

    nothing: dict[str, Any] = {
        "channels": [],
        "texts": [],
        "statuses": [],
        "priorities": [],
        "fields": [],
    }
    nobody: dict[str, Any] = {
        "tagIds": None,
        "tags": [],
        "teams": [],
        "topics": [],
        "agents": [],
        "rule": None,
    }
    uncounted: dict[str, Any] = {"hours": None, "minimum": None}
    ayse = world.agents["ayse"].name
    blank: dict[str, Any] = {
        "text": None,
        "status": None,
        "priority": None,
        "tag": None,
        "team": None,
    }
    assert seen[0] == {
        "id": first,
        "version": 1,
        "name": "Hand to Support",
        "trigger": "INCOMING",
        "enabled": True,
        "onAgentTickets": True,
        "identityStep": None,
        "pausedAt": None,
        "pauseReason": None,
        "brand": {"name": "Acme"},
        "allOf": [
            nothing | nobody | uncounted
            | {"kind": "TAG", "isNot": True, "tagIds": [tag], "tags": [{"name": "vip"}]},
            nothing | nobody | uncounted | {"kind": "TEAM", "isNot": False},
            nothing | nobody
            | {"kind": "RUN_COUNT", "isNot": True, "hours": 24, "minimum": 3},
        ],
        "anyOf": [{"kind": "TEXT_CONTAINS", "texts": ["iade", "refund"]}],
        "actions": [
            blank | {"kind": "ASSIGN", "team": {"name": "Support"}, "agent": {"name": ayse}},
            blank | {"kind": "ADD_NOTE", "text": "See {{ticket.number}}", "agent": None},
            blank | {"kind": "ADD_TAG", "tag": {"name": "vip"}, "agent": None},
        ],
        "problems": [],
    }  # fmt: skip
    assert [each["name"] for each in seen] == ["Hand to Support", "Later"]
    assert await history(world, first) == [("RuleCreated", [])]
    everything = (await world.admin.ask(NAMES))["rules"]
    assert [each["name"] for each in everything] == [
        *("Hand to Support", "Later", "Updated", "Elsewhere"),
    ]
    assert (await world.ayse.ask(NAMES, brand=elsewhere))["rules"] == []
    assert (await (await world.integration(brands=[world.acme])).ask(NAMES))["rules"] == []
    assert (await world.nobody.send(NAMES)).error["extensions"]["code"] == "UNAUTHENTICATED"
    one = "query ($id: ID!) { rule(id: $id) { name } node(id: $id) { id } }"
    assert await world.stranger.ask(one, id=first) == {"rule": None, "node": None}


TAG = encode_global_id(NodeKind.TAG, new_id())
SAY = {"kind": "SEND_MESSAGE"}
WRONG: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"name": " "}, [("name", "REQUIRED")]),
    ({"brandId": encode_global_id(NodeKind.BRAND, new_id())}, [("brandId", "UNKNOWN_REFERENCE")]),
    ({"allOf": []}, [("allOf", "REQUIRED")]),
    ({"actions": []}, [("actions", "REQUIRED")]),
    ({"allOf": [on_telegram()] * 21}, [("allOf", "TOO_LONG")]),
    ({"allOf": [on_telegram()] * 11, "anyOf": [on_telegram()] * 10}, [("allOf", "TOO_LONG")]),
    ({"anyOf": [{"kind": "TEXT_CONTAINS", "texts": [f"{place}" for place in range(34)]}] * 3}, [
        ("allOf", "TOO_LONG"),
    ]),
    ({"actions": [{**SAY, "text": "Hi"}] * 21}, [("actions", "TOO_LONG")]),
    ({"actions": [{**SAY, "text": "Hi"}] * 11}, [("actions", "TOO_LONG")]),
    ({"anyOf": [{"kind": "TAG", "tagIds": []}]}, [("anyOf.0.tagIds", "REQUIRED")]),
    ({"anyOf": [{"kind": "RAN_SINCE", "hours": 1}]}, [("anyOf.0.hours", "NOT_ALLOWED_VALUE")]),
    ({"anyOf": [on_telegram(channels=[])]}, [("anyOf.0.channels", "REQUIRED")]),
    ({"anyOf": [on_telegram(texts=["a"])]}, [("anyOf.0.texts", "NOT_ALLOWED_VALUE")]),
    ({"anyOf": [on_telegram(hours=3)]}, [("anyOf.0.hours", "NOT_ALLOWED_VALUE")]),
    ({"anyOf": [{"kind": "TEXT_CONTAINS", "texts": ["a", " ", "x" * 201]}]}, [
        ("anyOf.0.texts.1", "REQUIRED"), ("anyOf.0.texts.2", "TOO_LONG"),
    ]),
    ({"anyOf": [{"kind": "TAG", "tagIds": [TAG]}]}, [("anyOf.0.tagIds.0", "UNKNOWN_REFERENCE")]),
    ({"anyOf": [{"kind": "TAG", "tagIds": ["x"]}]}, [("anyOf.0.tagIds.0", "INVALID_ID")]),
    ({"anyOf": [{"kind": "RUN_COUNT", "minimum": 0}]}, [
        ("anyOf.0.hours", "REQUIRED"), ("anyOf.0.minimum", "OUT_OF_RANGE"),
    ]),
    ({"anyOf": [{"kind": "CHANGED"}]}, [("anyOf.0.kind", "NOT_ALLOWED_VALUE")]),
    ({"trigger": "UPDATED", "anyOf": [{"kind": "FIRST_CONTACT"}]}, [
        ("anyOf.0.kind", "NOT_ALLOWED_VALUE"),
    ]),
    ({"actions": [{"kind": "END_CHAT"}]}, [("actions.0.status", "REQUIRED")]),
    ({"actions": [{"kind": "LINK_PROFILE", "text": "Hi"}]}, [
        ("actions.0.text", "NOT_ALLOWED_VALUE"),
    ]),
    ({"actions": [SAY, {**SAY, "text": "x" * 2_001}, {**SAY, "text": "{{customer.name}}"}]}, [
        ("actions.0.text", "REQUIRED"), ("actions.1.text", "TOO_LONG"),
        ("actions.2.text", "UNKNOWN_REFERENCE"),
    ]),
    ({"actions": [{"kind": "ADD_TAG", "tagId": TAG}]}, [("actions.0.tagId", "UNKNOWN_REFERENCE")]),
]  # fmt: skip


async def test_a_wrong_rule_leaves_no_trace(world: World, subtests: pytest.Subtests) -> None:
    before = await counts(world)
    nobody_of_acme = [{"kind": "ASSIGN", "agentId": world.id_of("stranger")}]
    both = {"teamId": encode_global_id(NodeKind.TEAM, world.support.id)}
    both |= {"kind": "NOTIFY", "text": "Look", "agentId": world.id_of("ayse")}

    for wrong, expected in [
        *WRONG,
        ({"actions": nobody_of_acme}, [("actions.0.agentId", "UNKNOWN_REFERENCE")]),
        ({"actions": [both]}, [("actions.0.agentId", "NOT_ALLOWED_VALUE")]),
    ]:
        with subtests.test(str(wrong)[:60]):
            result = await world.admin.act(CREATE, input=rule(world, **wrong))
            assert problems(result) == expected
    agent = await world.ayse.act(CREATE, input=rule(world))

    assert agent["__typename"] == "NotAllowed"
    assert await counts(world) == before


async def test_the_same_key_adds_one_rule_and_a_full_brand_takes_none(world: World) -> None:
    first = await add_rule(world, idempotencyKey="once")
    again = await add_rule(world, idempotencyKey="once")
    other = await world.admin.act(CREATE, input=rule(world, name="X", idempotencyKey="once"))
    row = {"brand_id": world.acme.id, "name": "Full", "trigger": RuleTrigger.UPDATED}
    row |= {"enabled": False, "on_agent_tickets": False, "version": 0}
    row |= {"all_of": [], "any_of": [], "actions": []}
    moments = {"created_at": clock.now(), "updated_at": clock.now()}
    async with world.desk.database.transaction() as session:
        rows = [
            {"id": new_id(), "position": place, **row, **moments}
            for place in range(RULES_PER_BRAND - 1)
        ]
        await session.execute(insert(Rule), rows)
    full = await world.admin.act(CREATE, input=rule(world))

    assert first == again
    assert other["__typename"] == "IdempotencyKeyReused"
    assert (full["__typename"], full["limit"]) == ("LimitReached", 100)


async def test_edits_of_different_fields_merge_and_others_conflict(world: World) -> None:
    rule_id = await add_rule(world)
    by_ayse = [{"kind": "SET_PRIORITY", "priority": "LOW"}]

    merged = (
        await update(world, rule_id, 1, name="Calm"),
        await update(world, rule_id, 1, actions=by_ayse),
    )
    same = await update(world, rule_id, 1, actions=by_ayse)
    mine = [{"kind": "SET_STATUS", "status": "OPEN"}]
    refused = await update(world, rule_id, 1, enabled=False, actions=mine)
    empty = await update(world, rule_id, 3, allOf=[])
    unnamed = await update(world, rule_id, 3, name=None, enabled=None, actions=None)

    assert [each["mergedFields"] for each in merged] == [[], ["name"]]
    assert same["rule"] == {"version": 3, "name": "Calm", "enabled": True}
    before, theirs = (
        f'[{{"kind":"SET_PRIORITY","priority":"{each}"}}]' for each in ("URGENT", "LOW")
    )
    assert refused["fields"] == [
        {
            "field": "actions",
            "base": before,
            "theirs": theirs,
            "yours": '[{"kind":"SET_STATUS","status":"OPEN"}]',
        }
    ]
    assert problems(empty) == [("allOf", "REQUIRED")]
    assert set(problems(unnamed)) == {("name", "REQUIRED"), ("enabled", "REQUIRED")}
    assert await history(world, rule_id) == [
        ("RuleCreated", []),
        ("RuleChanged", [change("name", "Urgent", "Calm")]),
        ("RuleChanged", [change("actions", before, theirs)]),
    ]


async def test_rules_have_exactly_the_order_they_are_given(world: World) -> None:
    ids = [await add_rule(world, name=name) for name in ("A", "B", "C")]
    updated = await add_rule(world, trigger="UPDATED")
    order = {"brandId": acme(world), "trigger": "INCOMING"}

    async def reorder(*rule_ids: str) -> dict[str, Any]:
        return await world.admin.act(REORDER, input={**order, "ruleIds": rule_ids})

    a, b, c = ids
    moved = await reorder(c, a, b)
    again = await reorder(c, a, b)
    refused = [
        await reorder(*each)
        for each in ((a, b), (a, b, c, c), (a, b, c, updated), (a, b, unlike(c)))
    ]
    agent = await world.ayse.act(REORDER, input={**order, "ruleIds": ids})

    assert moved == again
    assert [each["id"] for each in moved["rules"]] == [c, a, b]
    assert [problems(each) for each in refused] == [
        [("ruleIds", "REQUIRED")],
        [("ruleIds.3", "ALREADY_TAKEN")],
        [("ruleIds.3", "UNKNOWN_REFERENCE")],
        [("ruleIds.2", "UNKNOWN_REFERENCE"), ("ruleIds", "REQUIRED")],
    ]
    assert agent["__typename"] == "NotAllowed"
    listed = (await world.ayse.ask(NAMES, brand=acme(world), trigger="INCOMING"))["rules"]
    assert [each["name"] for each in listed] == ["C", "A", "B"]
    async with world.desk.database.reading() as connection:
        told = select(Event.type).where(Event.topic == rules_topic(world.acme.id))
        assert list((await connection.execute(told)).scalars()) == ["RulesReordered"]


async def test_a_rule_tells_what_it_names_and_cannot_use_any_more(world: World) -> None:
    tag = await add_tag(world, "vip")
    counted = await add_rule(world, name="Counted")
    rule_id = await add_rule(
        world,
        name="Broken",
        anyOf=[
            {"kind": "TAG", "tagIds": [tag]},
            {"kind": "RUN_COUNT", "ruleId": counted, "hours": 1, "minimum": 1},
        ],
        actions=[{"kind": "ASSIGN", "agentId": world.id_of("ayse")}],
    )
    await world.admin.act(DELETE, id=counted)
    document = "mutation ($id: ID!) { tagDelete(input: {tagId: $id}) { __typename } }"
    await world.admin.act(document, id=tag)
    async with world.desk.database.transaction() as session:
        (await session.get_one(type(world.agents["ayse"]), world.agents["ayse"].id)).active = False

    (seen,) = (await world.nikos.ask(LIST, brand=acme(world)))["rules"]
    of_vip = (await world.nikos.ask(TAG_IDS, id=rule_id))["rule"]["anyOf"][0]
    renamed = await update(world, rule_id, 1, name="Still broken")
    kept = [{"kind": "ASSIGN", "agentId": world.id_of("ayse")}]
    refused = await update(world, rule_id, 2, actions=kept)

    ayse = world.agents["ayse"].name
    assert seen["problems"] == [
        {"path": ["anyOf", "0", "tagIds", "0"], "name": "vip", "reason": "DELETED"},
        {"path": ["anyOf", "1", "ruleId"], "name": "Counted", "reason": "DELETED"},
        {"path": ["actions", "0", "agentId"], "name": ayse, "reason": "NOT_ASSIGNABLE"},
    ]
    # Who saves the block again as it was loaded is refused: it does not come to mean any tag.
    assert of_vip == {"tags": [], "tagIds": [tag]}
    assert renamed["rule"]["name"] == "Still broken"
    assert problems(refused) == [("actions.0.agentId", "UNKNOWN_REFERENCE")]


async def test_a_paused_rule_goes_on_once_an_admin_lets_it(world: World) -> None:
    rule_id = await add_rule(world)
    _, ticket = await world.receive()
    async with world.desk.database.transaction() as session:
        row = await session.get_one(Rule, decode_global_id(rule_id)[1])
        row.paused_at, row.pause_reason = clock.now(), RulePause.RAN_TOO_OFTEN
        row.paused_on_id = decode_global_id(ticket)[1]
    paused = "{ rules { pauseReason pausedOn { id } } }"
    before = [(await each.ask(paused))["rules"] for each in (world.ayse, world.nikos)]

    agent = await world.ayse.act(RESUME, id=rule_id)
    resumed = await world.admin.act(RESUME, id=rule_id)
    again = await world.admin.act(RESUME, id=rule_id)

    assert before == [[{"pauseReason": "RAN_TOO_OFTEN", "pausedOn": {"id": ticket}}]] * 2
    assert agent["__typename"] == "NotAllowed"
    assert resumed["rule"] == {"version": 2, "pausedAt": None, "pauseReason": None}
    assert again == resumed
    assert await history(world, rule_id) == [("RuleCreated", []), ("RuleResumed", [])]


async def test_who_has_a_rule_open_is_warned_of_edits(world: World) -> None:
    rule_id = await add_rule(world)
    async with served(world) as live:
        opened = {"ids": [rule_id], "versions": [1]}
        async with live.watch("nikos", EDIT_WARNINGS, **opened) as watcher:
            await update(world, rule_id, 1, enabled=False)
            warning = await watcher.next()

    assert (warning["version"], warning["resource"]) == (2, {"id": rule_id})
    assert warning["changes"] == [change("enabled", "true", "false")]


async def test_a_deleted_rule_is_gone_for_all(world: World) -> None:
    rule_id = await add_rule(world)

    agent = await world.ayse.act(DELETE, id=rule_id)
    deleted = await world.admin.act(DELETE, id=rule_id)

    assert agent["__typename"] == "NotAllowed"
    assert deleted == {"__typename": "RuleDeleteSuccess", "ruleId": rule_id}
    assert (await world.admin.ask(NAMES))["rules"] == []
    refused = await update(world, rule_id, 2, name="Back")
    assert refused["__typename"] == "NotFound"
    assert await history(world, rule_id) == [("RuleCreated", []), ("RuleDeleted", [])]
