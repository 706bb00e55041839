"""Forms that agents have begun to fill in: each is told of their own, and of nobody else's."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, scene_of

SAVED: Told = {"drafts": ["TicketDraftSaved"]}
DELETED: Told = {"drafts": ["TicketDraftDeleted"]}


async def begins(stage: Stage, who: str, **typed: Any) -> Any:
    """Let somebody begin a form; return the draft."""
    shown = await stage.does(who, "ticketDraftSave", "draft { id version }", **typed)
    return shown["draft"]


@scene_of("ticketDraftSave")
async def forms_are_filled_in(stage: Stage) -> AsyncIterator[Told]:
    chosen = {"brandId": stage.acme, "topicId": stage.topic, "tagIds": [stage.tag]}
    draft = await begins(stage, "nikos", **chosen, title="Η παραγγελία")
    yield SAVED
    other = await begins(stage, "nikos", step=1)
    yield SAVED
    await begins(stage, "ayse", title="Sipariş")
    yield SILENCE

    loaded = {"draftId": draft["id"], "expectedVersion": draft["version"]}
    await stage.does("nikos", "ticketDraftSave", **loaded, customer={"email": "elif@"}, step=2)
    yield SAVED
    await stage.does("nikos", "ticketDraftSave", **loaded, customer={"email": "elif@"}, step=2)
    yield UNCHANGED

    await stage.is_refused("ayse", "NotFound", "ticketDraftSave", **loaded, title="Benim")
    await stage.does("nikos", "ticketDraftSave", **loaded, customer={"email": None})  # no edit
    typed = {"email": "maria@"}
    await stage.is_refused("nikos", "EditConflict", "ticketDraftSave", **loaded, customer=typed)
    yield UNCHANGED

    await stage.does("nikos", "ticketDraftSave", draftId=other["id"], expectedVersion=1, step=3)
    yield SAVED


@scene_of("ticketDraftRestore")
async def a_form_goes_back_to_what_it_was(stage: Stage) -> AsyncIterator[Told]:
    shown = "draft { id version revisions { nodes { id } } }"
    draft = (await stage.does("nikos", "ticketDraftSave", shown, title="Iade"))["draft"]
    yield SAVED
    loaded = {"draftId": draft["id"], "expectedVersion": draft["version"]}
    await stage.does("nikos", "ticketDraftSave", **loaded, title="Kargo")
    yield SAVED
    back = {
        "draftId": draft["id"],
        "expectedVersion": draft["version"] + 1,
        "revisionId": draft["revisions"]["nodes"][0]["id"],
    }
    await stage.does("nikos", "ticketDraftRestore", **back)
    yield SAVED
    await stage.does("nikos", "ticketDraftRestore", **back)
    await stage.is_refused("admin", "NotFound", "ticketDraftRestore", **back)
    yield UNCHANGED


@scene_of("ticketDraftDelete")
async def a_form_is_thrown_away(stage: Stage) -> AsyncIterator[Told]:
    draft = await begins(stage, "nikos", title="Iade")
    yield SAVED
    await stage.is_refused("admin", "NotFound", "ticketDraftDelete", draftId=draft["id"])
    yield UNCHANGED
    await stage.does("nikos", "ticketDraftDelete", draftId=draft["id"])
    yield DELETED
    await stage.is_refused("nikos", "NotFound", "ticketDraftDelete", draftId=draft["id"])
    yield UNCHANGED
