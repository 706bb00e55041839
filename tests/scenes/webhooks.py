"""Webhooks that admins define: no stream tells of them."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, scene_of


async def _added(stage: Stage) -> dict[str, Any]:
    # A name that leads to this machine: whatever is sent there is refused before it leaves.
    created = await stage.does(
        "admin", "webhookCreate", "webhook { id }", name="Warehouse", brandIds=[stage.acme],
        url="https://localhost/", eventTypes=["TICKET_CREATED"],
    )  # fmt: skip
    return {"webhookId": created["webhook"]["id"]}


@scene_of("webhookCreate")
async def a_webhook_is_added(stage: Stage) -> AsyncIterator[Told]:
    await _added(stage)
    yield SILENCE


@scene_of("webhookUpdate")
async def a_webhook_is_edited(stage: Stage) -> AsyncIterator[Told]:
    webhook = await _added(stage)
    await stage.edits("webhookUpdate", **webhook, name="Lake", eventTypes=["MESSAGE_SENT"])
    yield SILENCE
    await stage.edits("webhookUpdate", **webhook, name="Lake", eventTypes=["MESSAGE_SENT"])
    await stage.is_refused("ayse", "NotAllowed", "webhookUpdate", **webhook, expectedVersion=1)
    yield UNCHANGED


@scene_of("webhookSecretRotate")
async def a_webhook_gets_a_new_secret(stage: Stage) -> AsyncIterator[Told]:
    webhook = await _added(stage)
    await stage.does("admin", "webhookSecretRotate", **webhook)
    yield SILENCE
    await stage.is_refused(
        "admin", "ValidationFailed", "webhookSecretRotate", **webhook, overlapSeconds=604_801
    )
    yield UNCHANGED


@scene_of("webhookPause", "webhookResume")
async def a_webhook_is_paused_and_goes_on(stage: Stage) -> AsyncIterator[Told]:
    webhook = await _added(stage)
    await stage.does("admin", "webhookPause", **webhook)
    yield SILENCE
    await stage.does("admin", "webhookPause", **webhook)
    yield UNCHANGED
    await stage.does("admin", "webhookResume", **webhook)
    yield SILENCE
    await stage.does("admin", "webhookResume", **webhook)
    yield UNCHANGED


@scene_of("webhookTest")
async def a_webhook_is_tried_out(stage: Stage) -> AsyncIterator[Told]:
    webhook = await _added(stage)
    yield SILENCE
    await stage.does("admin", "webhookTest", **webhook)
    yield UNCHANGED


@scene_of("webhookReplay")
async def a_webhook_is_told_again(stage: Stage) -> AsyncIterator[Told]:
    webhook = await _added(stage)
    await stage.does("admin", "webhookReplay", **webhook, **{"from": "2020-01-01T00:00:00Z"})
    yield SILENCE
    await stage.does("admin", "webhookReplay", **webhook, **{"from": "2100-01-01T00:00:00Z"})
    yield UNCHANGED


@scene_of("webhookDelete")
async def a_webhook_is_deleted(stage: Stage) -> AsyncIterator[Told]:
    webhook = await _added(stage)
    await stage.does("admin", "webhookDelete", **webhook)
    yield SILENCE
    await stage.is_refused("admin", "NotFound", "webhookDelete", **webhook)
    yield UNCHANGED
