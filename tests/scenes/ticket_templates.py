"""Templates of tickets: menus of forms, of which no stream tells but the warnings of edits."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, scene_of


async def made(stage: Stage, name: str, **form: Any) -> str:
    """Let somebody make a template; return its id."""
    given = {"brandId": stage.acme, "name": name, **form}
    shown = await stage.does("ayse", "ticketTemplateCreate", "template { id }", **given)
    return str(shown["template"]["id"])


@scene_of("ticketTemplateCreate")
async def a_template_is_made(stage: Stage) -> AsyncIterator[Told]:
    await made(stage, "Kargo", topicId=stage.topic, tagIds=[stage.tag])
    yield SILENCE
    again = {"brandId": stage.acme, "name": "KARGO"}
    await stage.is_refused("nikos", "AlreadyExists", "ticketTemplateCreate", **again)
    unnamed = {**again, "name": " "}
    await stage.is_refused("nikos", "ValidationFailed", "ticketTemplateCreate", **unnamed)
    yield UNCHANGED


@scene_of("ticketTemplateUpdate")
async def a_template_is_edited(stage: Stage) -> AsyncIterator[Told]:
    template = await made(stage, "Edited")
    yield SILENCE
    loaded = {"templateId": template, "expectedVersion": 1}
    wanted: dict[str, Any] = {**loaded, "title": "İade", "tagIds": [stage.tag]}
    await stage.does("nikos", "ticketTemplateUpdate", **wanted)
    yield SILENCE
    await stage.does("nikos", "ticketTemplateUpdate", **wanted)
    other = {**wanted, "title": "Kargo"}
    await stage.is_refused("ayse", "EditConflict", "ticketTemplateUpdate", **other)
    yield UNCHANGED


@scene_of("ticketTemplateDelete")
async def a_template_is_deleted(stage: Stage) -> AsyncIterator[Told]:
    template = await made(stage, "Deleted", tagIds=[stage.tag])
    yield SILENCE
    await stage.does("nikos", "ticketTemplateDelete", templateId=template)
    yield SILENCE
    await stage.is_refused("nikos", "NotFound", "ticketTemplateDelete", templateId=template)
    yield UNCHANGED
