"""Rules that admins keep: no stream tells of them but warnings of edits."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, scene_of


def _wanted(stage: Stage, name: str) -> dict[str, Any]:
    # Switched off: what it would do is not what these scenes are about.
    return {
        "brandId": stage.acme,
        "name": name,
        "trigger": "UPDATED",
        "enabled": False,
        "allOf": [{"kind": "TAG", "tagIds": [stage.tag]}],
        "actions": [{"kind": "SET_PRIORITY", "priority": "URGENT"}],
    }


async def _added(stage: Stage, name: str = "Urgent") -> str:
    created = await stage.does("admin", "ruleCreate", "rule { id }", **_wanted(stage, name))
    return str(created["rule"]["id"])


@scene_of("ruleCreate")
async def a_rule_is_added(stage: Stage) -> AsyncIterator[Told]:
    await _added(stage)
    yield SILENCE
    await stage.is_refused("ayse", "NotAllowed", "ruleCreate", **_wanted(stage, "Urgent"))
    await stage.is_refused(
        "admin", "ValidationFailed", "ruleCreate", **_wanted(stage, "Urgent") | {"allOf": []}
    )
    yield UNCHANGED


@scene_of("ruleUpdate")
async def a_rule_is_edited(stage: Stage) -> AsyncIterator[Told]:
    wanted: dict[str, Any] = {
        "ruleId": await _added(stage),
        "name": "Most urgent",
        "onAgentTickets": True,
    }
    await stage.edits("ruleUpdate", **wanted)
    yield SILENCE
    await stage.edits("ruleUpdate", **wanted)
    await stage.is_refused("ayse", "NotAllowed", "ruleUpdate", **wanted, expectedVersion=1)
    yield UNCHANGED


@scene_of("ruleDelete")
async def a_rule_is_deleted(stage: Stage) -> AsyncIterator[Told]:
    rule = {"ruleId": await _added(stage)}
    await stage.does("admin", "ruleDelete", **rule)
    yield SILENCE
    await stage.is_refused("admin", "NotFound", "ruleDelete", **rule)
    yield UNCHANGED


@scene_of("ruleResume")
async def a_rule_that_is_not_paused_goes_on(stage: Stage) -> AsyncIterator[Told]:
    rule = {"ruleId": await _added(stage)}
    yield SILENCE
    await stage.does("admin", "ruleResume", **rule)
    await stage.is_refused("ayse", "NotAllowed", "ruleResume", **rule)
    yield UNCHANGED


@scene_of("rulesReorder")
async def rules_are_put_in_order(stage: Stage) -> AsyncIterator[Told]:
    await _added(stage, "First")
    await _added(stage, "Second")
    document = "query ($id: ID) { rules(brandId: $id, trigger: UPDATED) { id } }"
    found = (await stage.world.admin.ask(document, id=stage.acme))["rules"]
    wanted: dict[str, Any] = {"brandId": stage.acme, "trigger": "UPDATED"}
    backwards = [rule["id"] for rule in reversed(found)]
    await stage.does("admin", "rulesReorder", **wanted, ruleIds=backwards)
    yield SILENCE
    await stage.does("admin", "rulesReorder", **wanted, ruleIds=backwards)
    await stage.is_refused(
        "admin", "ValidationFailed", "rulesReorder", **wanted, ruleIds=backwards[1:]
    )
    yield UNCHANGED


@scene_of("identityRulesInstall")
async def the_rules_that_ask_who_is_writing_are_installed(stage: Stage) -> AsyncIterator[Told]:
    wanted: dict[str, Any] = {"brandId": stage.acme, "channels": ["VIBER"]}
    await stage.does("admin", "identityRulesInstall", **wanted)
    yield SILENCE
    await stage.does("admin", "identityRulesInstall", **wanted)
    await stage.is_refused("ayse", "NotAllowed", "identityRulesInstall", **wanted)
    yield UNCHANGED
