"""Lookups that admins define and agents run: no stream tells of them."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, scene_of


async def _added(stage: Stage) -> dict[str, Any]:
    # An address that is never called: running it is refused before anything is sent.
    created = await stage.does(
        "admin", "callbackCreate", "callback { id }", name="CRM", brandIds=[stage.acme],
        url="https://127.0.0.1/", fields=[{"label": "Plan", "pointer": "/plan"}],
    )  # fmt: skip
    return {"callbackId": created["callback"]["id"]}


@scene_of("callbackCreate")
async def a_callback_is_added(stage: Stage) -> AsyncIterator[Told]:
    await _added(stage)
    yield SILENCE


@scene_of("callbackUpdate")
async def a_callback_is_edited(stage: Stage) -> AsyncIterator[Told]:
    callback = await _added(stage)
    await stage.edits("callbackUpdate", **callback, name="ERP", timeoutMilliseconds=500)
    yield SILENCE
    await stage.edits("callbackUpdate", **callback, name="ERP", timeoutMilliseconds=500)
    await stage.is_refused("ayse", "NotAllowed", "callbackUpdate", **callback, expectedVersion=1)
    yield UNCHANGED


@scene_of("callbackDelete")
async def a_callback_is_deleted(stage: Stage) -> AsyncIterator[Told]:
    callback = await _added(stage)
    await stage.does("admin", "callbackDelete", **callback)
    yield SILENCE
    await stage.is_refused("admin", "NotFound", "callbackDelete", **callback)
    yield UNCHANGED


@scene_of("callbackRun")
async def a_callback_is_run(stage: Stage) -> AsyncIterator[Told]:
    callback = await _added(stage)
    yield SILENCE
    await stage.is_refused("ayse", "CallbackFailed", "callbackRun", **callback)
    yield UNCHANGED
