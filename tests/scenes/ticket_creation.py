"""Tickets that agents open for a customer."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import UNCHANGED, Stage, Told, scene_of

ENTERED = ["TicketEntered"]


@scene_of("ticketCreate")
async def tickets_are_opened_for_customers(stage: Stage) -> AsyncIterator[Told]:
    nikos = stage.world.id_of("nikos")
    known = {"name": "Somebody", "email": "customer@example.com"}
    given: dict[str, Any] = {"brandId": stage.acme, "customer": known, "idempotencyKey": "once"}
    full = {**given, "description": "Angry", "assigneeId": nikos, "tagIds": [stage.tag]}
    await stage.does("ayse", "ticketCreate", **full)
    told = {"open_tickets": ENTERED, "their_tickets": ENTERED}
    yield {**told, "customer": ["CustomerTicketOpened"], "notifications": ["NotificationAdded"]}

    await stage.does("ayse", "ticketCreate", **full)
    await stage.is_refused("ayse", "IdempotencyKeyReused", "ticketCreate", **given)
    new = {"name": "Elif Kaya", "email": "elif.kaya@example.com"}
    wrong = {"brandId": stage.acme, "customer": new, "assigneeId": stage.world.id_of("stranger")}
    await stage.is_refused("ayse", "ValidationFailed", "ticketCreate", **wrong)
    yield UNCHANGED

    found = ["CustomerEntered"]
    await stage.does("admin", "ticketCreate", brandId=stage.acme, customer=new, status="RESOLVED")
    yield {"customers": found, "found_customers": found}


@scene_of("ticketCreate")
async def a_ticket_is_opened_by_a_draft_and_becomes_a_template(stage: Stage) -> AsyncIterator[Told]:
    draft = (await stage.does("nikos", "ticketDraftSave", "draft { id }", title="A"))["draft"]["id"]
    yield {"drafts": ["TicketDraftSaved"]}
    given: dict[str, Any] = {
        "brandId": stage.acme,
        "customer": {"id": stage.customer},
        "draftId": draft,
        "saveAsTemplate": {"name": "A"},
    }
    await stage.is_refused("ayse", "NotFound", "ticketCreate", **given)
    yield UNCHANGED
    await stage.does("nikos", "ticketCreate", **given)
    yield {
        "drafts": ["TicketDraftDeleted"],
        "open_tickets": ENTERED,
        "their_tickets": ENTERED,
        "customer": ["CustomerTicketOpened"],
    }
    await stage.is_refused("nikos", "AlreadyExists", "ticketCreate", **{**given, "draftId": None})
    yield UNCHANGED
