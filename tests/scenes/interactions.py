"""Agents who are in touch with customers, and the lists on which that stands."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import UNCHANGED, Stage, Told, scene_of


def on_page(event: str) -> Told:
    """Return what is told of the interaction of a colleague: it stands on no list of nikos."""
    return {"customer": [event]}


def on_both(event: str) -> Told:
    """Return what is told of an interaction on a list of nikos."""
    return {"customer": [event], "interactions": [event]}


async def opens(stage: Stage, who: str, **contact: Any) -> str:
    """Let somebody open an interaction with the customer; return its id."""
    given = contact or {"customerId": stage.customer}
    found = await stage.does(who, "interactionOpen", "interaction { id }", channel="PHONE", **given)
    return str(found["interaction"]["id"])


async def closes(stage: Stage, who: str, interaction: str) -> None:
    """Let somebody close their interaction, so that the next scene can open another."""
    await stage.does(who, "interactionClose", interactionId=interaction, outcome="DISCARD")


@scene_of("interactionOpen")
async def agents_are_in_touch_with_a_customer(stage: Stage) -> AsyncIterator[Told]:
    mine = await opens(stage, "nikos")
    yield on_both("InteractionOpened")
    theirs = await opens(stage, "ayse", ticketId=stage.ticket)
    yield on_page("InteractionOpened")
    await opens(stage, "nikos", handle="+90 532 111 22 33")
    yield {"interactions": ["InteractionOpened"]}

    await opens(stage, "nikos")
    await opens(stage, "nikos", handle="+90 532 111 22 33")
    given = {"channel": "EMAIL", "ticketId": stage.ticket}
    await stage.is_refused("stranger", "NotFound", "interactionOpen", **given)
    yield UNCHANGED

    await closes(stage, "nikos", mine)
    yield on_both("InteractionClosed")
    await closes(stage, "ayse", theirs)
    yield on_page("InteractionClosed")


@scene_of("interactionUpdate")
async def an_interaction_is_described(stage: Stage) -> AsyncIterator[Told]:
    interaction = await opens(stage, "nikos", handle="+90 532 111 22 44")
    yield {"interactions": ["InteractionOpened"]}
    await stage.edits("interactionUpdate", interactionId=interaction, ticketId=stage.ticket)
    yield {
        "customer": ["InteractionChanged", "ProfileLinked"],
        "customers": ["CustomerUpdated"],
        "found_customers": ["CustomerUpdated"],
        "interactions": ["InteractionChanged"],
    }
    await stage.edits("interactionUpdate", interactionId=interaction, summary="Asked for a refund")
    yield on_both("InteractionChanged")

    await stage.edits("interactionUpdate", interactionId=interaction, summary="Asked for a refund")
    given = {"interactionId": interaction, "expectedVersion": 1, "summary": "Refund"}
    await stage.is_refused("ayse", "EditConflict", "interactionUpdate", **given)
    yield UNCHANGED

    nobody = {"customerId": None, "ticketId": None}
    await stage.edits("interactionUpdate", interactionId=interaction, **nobody)
    yield on_both("InteractionChanged")


@scene_of("interactionTag")
async def an_interaction_is_tagged(stage: Stage) -> AsyncIterator[Told]:
    interaction = await opens(stage, "nikos")
    yield on_both("InteractionOpened")
    for tag in ("iade", "Kargo"):
        await stage.does("ayse", "interactionTag", interactionId=interaction, tag=tag)
        yield on_both("InteractionChanged")

    await stage.does("nikos", "interactionTag", interactionId=interaction, tag="İADE")
    yield UNCHANGED
    await closes(stage, "nikos", interaction)
    yield on_both("InteractionClosed")


@scene_of("interactionUntag")
async def an_interaction_loses_a_tag(stage: Stage) -> AsyncIterator[Told]:
    interaction = await opens(stage, "ayse")
    yield on_page("InteractionOpened")
    await stage.does("ayse", "interactionTag", interactionId=interaction, tag="iade")
    yield on_page("InteractionChanged")
    await stage.does("nikos", "interactionUntag", interactionId=interaction, tag="IADE")
    yield on_page("InteractionChanged")

    await stage.does("nikos", "interactionUntag", interactionId=interaction, tag="iade")
    yield UNCHANGED
    await closes(stage, "ayse", interaction)
    yield on_page("InteractionClosed")


@scene_of("interactionFormSave")
async def what_is_typed_is_told_to_whoever_typed_it(stage: Stage) -> AsyncIterator[Told]:
    interaction = await opens(stage, "nikos")
    yield on_both("InteractionOpened")
    typed: dict[str, Any] = {"expectedVersion": 1, "name": "Elif Ş", "email": "elif@"}
    await stage.does("nikos", "interactionFormSave", interactionId=interaction, form=typed)
    yield {"interactions": ["InteractionChanged"]}
    theirs = await opens(stage, "ayse")
    yield on_page("InteractionOpened")
    await stage.does("ayse", "interactionFormSave", interactionId=theirs, form=typed)
    yield {}

    await stage.does("nikos", "interactionFormSave", interactionId=interaction, form=typed)
    given = {"interactionId": theirs, "form": typed}
    await stage.is_refused("nikos", "NotAllowed", "interactionFormSave", **given)
    yield UNCHANGED

    await stage.does("nikos", "interactionFormSave", interactionId=interaction, form=None)
    yield {"interactions": ["InteractionChanged"]}
    await closes(stage, "nikos", interaction)
    yield on_both("InteractionClosed")
    await closes(stage, "ayse", theirs)
    yield on_page("InteractionClosed")


@scene_of("interactionClose")
async def interactions_are_closed(stage: Stage) -> AsyncIterator[Told]:
    interaction = await opens(stage, "nikos")
    yield on_both("InteractionOpened")
    await stage.does("ayse", "interactionReopen", interactionId=interaction)
    yield {}  # it was open, and stands on one list more
    given = {"interactionId": interaction}
    typed = {"customerForm": {"expectedVersion": 1, "phone": "+905321234567"}}
    await stage.is_refused("nikos", "UnsavedChanges", "interactionClose", **given, **typed)
    yield {"interactions": ["InteractionChanged"]}
    await stage.is_refused("nikos", "UnsavedChanges", "interactionClose", **given)
    yield UNCHANGED

    await stage.does("nikos", "interactionClose", **given, outcome="SAVE")
    updated = ["CustomerUpdated"]
    yield {
        "customer": ["CustomerChanged"],
        "customers": updated,
        "found_customers": updated,
        "interactions": ["InteractionClosed"],
    }
    await stage.does("nikos", "interactionClose", **given)
    yield UNCHANGED

    await stage.does("ayse", "interactionClose", **given)
    yield {"customer": ["InteractionClosed"], "interactions": ["InteractionChanged"]}


@scene_of("interactionClose")
async def somebody_unknown_becomes_a_customer(stage: Stage) -> AsyncIterator[Told]:
    interaction = await opens(stage, "nikos", handle="+90 532 111 22 55")
    yield {"interactions": ["InteractionOpened"]}
    created: dict[str, Any] = {
        "interactionId": interaction,
        "outcome": "CREATE",
        "customerForm": {"name": "Maria"},
    }
    await stage.does("nikos", "interactionClose", **created)
    yield {
        "customers": ["CustomerEntered"],
        "interactions": ["InteractionChanged", "InteractionClosed"],
    }


@scene_of("interactionReopen")
async def an_interaction_goes_on(stage: Stage) -> AsyncIterator[Told]:
    interaction = await opens(stage, "nikos")
    yield on_both("InteractionOpened")
    await stage.does("nikos", "interactionClose", interactionId=interaction)
    yield on_both("InteractionClosed")
    await stage.does("ayse", "interactionReopen", customerId=stage.customer)
    yield {"customer": ["InteractionReopened"], "interactions": ["InteractionChanged"]}
    await stage.does("nikos", "interactionReopen", interactionId=interaction)
    yield {"interactions": ["InteractionReopened"]}

    await stage.does("nikos", "interactionReopen", customerId=stage.customer)
    yield UNCHANGED
