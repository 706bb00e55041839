"""The log of what rules did, and trying a rule without effect."""

from typing import Any

from sqlalchemy import func, select

from core.ids import decode_global_id
from models.channels import Channel
from models.events import TopicHeadRow
from models.rules import Rule, RuleRun
from models.tickets import Ticket
from models.viewers import ApiScope
from tests.support.desk import World
from tests.support.rules import add_rule, add_tag, on_telegram, rule, run_rules, writes

RUN = """
    fragment Run on RuleRun {
      ruleName ruleVersion eventType isTried matched skip outcome depth
      rule { id } ticket { id }
      conditions { condition { kind isNot } block holds wasThere saw }
      actions { action { kind text tag { name } } result failure }
    }
"""
RUNS = f"""
    query ($ticket: ID!) {{
      ticket(id: $ticket) {{ ruleRuns {{ totalCount nodes {{ id ...Run }} }} }}
    }}
    {RUN}
"""
OF_RULE = """
    query ($rule: ID!) { rule(id: $rule) { runs { totalCount nodes { id ticket { id } } } } }
"""
SIMULATE = f"""
    query ($ticket: ID!, $rule: ID, $draft: RuleInput) {{
      ruleSimulate(ticketId: $ticket, ruleId: $rule, draft: $draft) {{ ...Run }}
    }}
    {RUN}
"""


def draft(world: World, **other: Any) -> dict[str, Any]:
    given = rule(world, **other)
    del given["brandId"]
    return given


async def state(world: World) -> tuple[Any, ...]:
    """Return how many rows there are, and how many events of whatever."""
    async with world.desk.database.reading() as connection:
        rules = (
            await connection.execute(
                select(
                    select(func.count(Rule.id)).scalar_subquery(),
                    select(func.count(RuleRun.id)).scalar_subquery(),
                    select(func.sum(TopicHeadRow.seq)).scalar_subquery(),
                )
            )
        ).one()
    return (*rules, await world.counts())


async def refusal(client: Any, **variables: Any) -> Any:
    error = (await client.send(SIMULATE, **variables)).error["extensions"]
    places = [(".".join(each["path"]), each["code"]) for each in error.get("fields", ())]
    return error["code"], places


async def test_each_run_leaves_what_it_saw_and_did(world: World) -> None:
    tag, gone = await add_tag(world, "refund"), await add_tag(world, "gone")
    rule_id = await add_rule(
        world,
        name="Refunds",
        allOf=[on_telegram(), {"kind": "TAG", "isNot": True, "tagIds": [tag]}],
        anyOf=[{"kind": "TEXT_CONTAINS", "texts": ["İADE", "refund"]}, {"kind": "ASSIGNED"}],
        actions=[
            {"kind": "ADD_TAG", "tagId": gone},
            {"kind": "ADD_TAG", "tagId": tag},
            {"kind": "REMOVE_TAG", "tagId": gone},
            {"kind": "ADD_NOTE", "text": "No. {{ticket.number}}"},
        ],
    )
    deleted = "mutation ($id: ID!) { tagDelete(input: {tagId: $id}) { __typename } }"
    await world.admin.act(deleted, id=gone)

    ticket = await writes(world, "Benim iade nerede?")
    await writes(world, "iade!")

    runs = (await world.nikos.ask(RUNS, ticket=ticket))["ticket"]["ruleRuns"]
    (run,) = runs["nodes"]
    conditions = [list(each.values()) for each in run["conditions"]]
    assert conditions == [
        [{"kind": "CHANNEL", "isNot": False}, "ALL", True, True, ["TELEGRAM"]],
        [{"kind": "TAG", "isNot": True}, "ALL", True, True, []],
        [{"kind": "TEXT_CONTAINS", "isNot": False}, "ANY", True, True, ["İADE"]],
        [{"kind": "ASSIGNED", "isNot": False}, "ANY", False, True, []],
    ]
    assert [(each["result"], each["failure"]) for each in run["actions"]] == [
        *(("FAILED", "TAG_GONE"), ("DONE", None), ("NO_CHANGE", None), ("DONE", None)),
    ]
    assert [each["action"]["tag"] for each in run["actions"][:2]] == [None, {"name": "refund"}]
    said = {name: run[name] for name in ("ruleName", "ruleVersion", "eventType", "outcome")}
    assert said == {
        "ruleName": "Refunds",
        "ruleVersion": 1,
        "eventType": "MessageAdded",
        "outcome": "FAILED",
    }
    assert (run["isTried"], run["matched"], run["skip"], run["depth"]) == (False, True, None, 0)
    assert (run["rule"], run["ticket"], runs["totalCount"]) == ({"id": rule_id}, {"id": ticket}, 1)
    of_rule = (await world.nikos.ask(OF_RULE, rule=rule_id))["rule"]["runs"]
    assert of_rule == {"totalCount": 1, "nodes": [{"id": run["id"], "ticket": {"id": ticket}}]}


async def test_runs_are_shown_to_agents_who_see_the_ticket(world: World) -> None:
    rule_id = await add_rule(world)
    ticket = await writes(world, "Merhaba")
    machine = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    node = "query ($id: ID!) { node(id: $id) { id } }"

    (run,) = (await world.ayse.ask(RUNS, ticket=ticket))["ticket"]["ruleRuns"]["nodes"]
    async with world.desk.database.transaction() as session:
        row = await session.get_one(Ticket, decode_global_id(ticket)[1])
        row.team_id = world.sales.id  # where nikos does not work

    assert (await machine.ask(RUNS, ticket=ticket))["ticket"]["ruleRuns"]["nodes"] == []
    of_rule = (await world.nikos.ask(OF_RULE, rule=rule_id))["rule"]["runs"]
    assert of_rule == {"totalCount": 0, "nodes": []}
    assert (await world.admin.ask(node, id=run["id"]))["node"] == {"id": run["id"]}
    for hidden_from in (world.nikos, world.stranger, machine):
        assert (await hidden_from.ask(node, id=run["id"]))["node"] is None


async def test_trying_a_rule_has_no_effect_whatever_it_says(world: World) -> None:
    rule_id = await add_rule(world, enabled=False)
    _, ticket = await world.receive("elif@example.com", handle="1", channel=Channel.TELEGRAM)
    await run_rules(world)
    everything = draft(
        world,
        actions=[
            {"kind": "SEND_MESSAGE", "text": "Hello"},
            {"kind": "SET_STATUS", "status": "NEW"},
            {"kind": "END_CHAT", "status": "PENDING"},
            {"kind": "LINK_PROFILE"},
            {"kind": "NOTIFY", "text": "Look"},
        ],
    )
    elsewhere = draft(world, allOf=[on_telegram(isNot=True)])
    before = await state(world)

    saved = (await world.ayse.ask(SIMULATE, ticket=ticket, rule=rule_id))["ruleSimulate"]
    tried = (await world.ayse.ask(SIMULATE, ticket=ticket, draft=everything))["ruleSimulate"]
    edited = (await world.ayse.ask(SIMULATE, ticket=ticket, rule=rule_id, draft=elsewhere))[
        "ruleSimulate"
    ]
    after_updates = draft(world, trigger="UPDATED")
    unmet = (await world.ayse.ask(SIMULATE, ticket=ticket, draft=after_updates))["ruleSimulate"]

    assert await state(world) == before
    results = [each["result"] for each in tried["actions"]]
    assert results == ["WOULD_RUN", "NO_CHANGE", "WOULD_RUN", "WOULD_RUN", "WOULD_RUN"]
    assert (tried["rule"], tried["ruleName"], tried["ruleVersion"]) == (None, None, 0)
    assert (tried["isTried"], tried["outcome"], tried["eventType"]) == (True, None, "MessageAdded")
    assert (saved["rule"], saved["ruleName"], saved["ruleVersion"]) == (
        {"id": rule_id},
        "Urgent",
        1,
    )
    assert (edited["rule"], edited["matched"], edited["actions"]) == ({"id": rule_id}, False, [])
    (condition,) = edited["conditions"]
    assert (condition["holds"], condition["saw"]) == (False, ["TELEGRAM"])
    assert (unmet["matched"], unmet["skip"]) == (False, "NOTHING_HAPPENED")


async def test_rules_are_tried_by_agents_who_see_rule_and_ticket(world: World) -> None:
    rule_id = await add_rule(world)
    _, ticket = await world.receive(channel=Channel.TELEGRAM)
    _, foreign = await world.receive(channel=Channel.TELEGRAM, brand=world.other)
    machine = await world.integration(ApiScope.TICKETS_READ, brands=[world.acme])
    empty = draft(world, allOf=[])
    tag_of_nobody = draft(world, actions=[{"kind": "ADD_TAG"}])
    turned = draft(world, trigger="UPDATED")

    refused = [
        await refusal(world.ayse, ticket=ticket),
        await refusal(world.ayse, ticket=ticket, draft=empty),
        await refusal(world.ayse, ticket=ticket, draft=tag_of_nobody),
        await refusal(world.ayse, ticket=ticket, rule=rule_id, draft=turned),
        await refusal(world.admin, ticket=foreign, rule=rule_id),
        await refusal(world.ayse, ticket=foreign, rule=rule_id),
        await refusal(world.stranger, ticket=foreign, rule=rule_id),
        await refusal(machine, ticket=ticket, rule=rule_id),
        await refusal(world.nobody, ticket=ticket, rule=rule_id),
    ]

    assert refused == [
        ("VALIDATION_FAILED", [("ruleId", "REQUIRED")]),
        ("VALIDATION_FAILED", [("draft.allOf", "REQUIRED")]),
        ("VALIDATION_FAILED", [("draft.actions.0.tagId", "REQUIRED")]),
        ("VALIDATION_FAILED", [("draft.trigger", "NOT_ALLOWED_VALUE")]),
        ("VALIDATION_FAILED", [("ruleId", "UNKNOWN_REFERENCE")]),
        ("NOT_FOUND", []),
        ("NOT_FOUND", []),
        ("NOT_ALLOWED", []),
        ("UNAUTHENTICATED", []),
    ]


async def test_a_page_of_runs_takes_as_many_statements_as_one_run(world: World) -> None:
    for name in ("A", "B", "C"):
        tag = await add_tag(world, name)
        by_tag = {"kind": "TAG", "isNot": True, "tagIds": [tag]}
        await add_rule(
            world, name=name, allOf=[by_tag], actions=[{"kind": "ADD_TAG", "tagId": tag}]
        )
    ticket = await writes(world, "Merhaba")
    first = RUNS.replace("ruleRuns {", "ruleRuns(first: 1) {")

    counts = []
    for document in (first, RUNS):
        async with world.counted_statements() as statements:
            found = (await world.ayse.ask(document, ticket=ticket))["ticket"]["ruleRuns"]
        counts.append((len(found["nodes"]), len(statements)))

    (one, few), (three, as_few) = counts
    assert (one, three) == (1, 3)
    assert few == as_few
