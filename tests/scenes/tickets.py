"""Tickets: edited, handed over, closed, opened again."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import UNCHANGED, Stage, Told, of_ticket, scene_of


@scene_of("ticketUpdate")
async def a_ticket_is_edited(stage: Stage) -> AsyncIterator[Told]:
    loaded = await stage.version(stage.ticket, "Ticket")
    for change in (
        {"title": "Order 17", "description": "Left at the neighbour's", "priority": "URGENT"},
        {"topicId": stage.topic},
        {"topicId": None, "description": None, "status": "PENDING"},
    ):
        await stage.edits("ticketUpdate", ticketId=stage.ticket, **change)
        left = ["TicketLeft"] if "status" in change else ["TicketUpdated"]
        yield of_ticket("TicketChanged", open_tickets=left)

    await stage.edits("ticketUpdate", ticketId=stage.ticket, title="Order 17", status="PENDING")
    yield UNCHANGED
    again: dict[str, Any] = {"ticketId": stage.ticket, "expectedVersion": loaded, "title": "17"}
    await stage.is_refused("ayse", "EditConflict", "ticketUpdate", **again)
    await stage.is_refused("stranger", "NotFound", "ticketUpdate", **again)
    yield UNCHANGED
    await stage.edits("ticketUpdate", ticketId=stage.ticket, status="OPEN")
    yield of_ticket("TicketChanged", open_tickets=["TicketEntered"])


@scene_of("ticketTransfer")
async def a_ticket_is_handed_over(stage: Stage) -> AsyncIterator[Told]:
    nikos, ticket = stage.world.id_of("nikos"), stage.ticket
    await stage.does("ayse", "ticketTransfer", ticketId=ticket, assigneeId=nikos)
    yield of_ticket("TicketChanged", notifications=["NotificationAdded"])
    await stage.does("ayse", "ticketTransfer", ticketId=ticket, teamId=stage.sales, comment="Mind")
    yield of_ticket("TicketChanged", "NoteAdded")
    await stage.does("nikos", "ticketTransfer", ticketId=ticket, teamId=None, assigneeId=None)
    yield of_ticket("TicketChanged")
    await stage.does("nikos", "ticketTransfer", ticketId=ticket, comment="Nobody wants it")
    yield of_ticket("NoteAdded")

    await stage.does("ayse", "ticketTransfer", ticketId=ticket, teamId=None)
    wrong = {"ticketId": ticket, "assigneeId": stage.world.id_of("stranger")}
    await stage.is_refused("ayse", "ValidationFailed", "ticketTransfer", **wrong)
    yield UNCHANGED


@scene_of("ticketClose")
async def a_ticket_is_closed(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("ayse", "ticketClose", ticketId=stage.ticket)
    yield of_ticket("TicketChanged", open_tickets=["TicketLeft"])

    await stage.does("admin", "ticketClose", ticketId=stage.ticket)
    await stage.is_refused("stranger", "NotFound", "ticketClose", ticketId=stage.other_ticket)
    yield UNCHANGED
    await stage.does("nikos", "ticketReopen", ticketId=stage.ticket)
    yield of_ticket("TicketChanged", open_tickets=["TicketEntered"])


@scene_of("ticketReopen")
async def a_ticket_is_opened_again(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("ayse", "ticketReopen", ticketId=stage.ticket)
    yield UNCHANGED
    await stage.edits("ticketUpdate", ticketId=stage.ticket, status="RESOLVED")
    yield of_ticket("TicketChanged", open_tickets=["TicketLeft"])
    await stage.does("ayse", "ticketReopen", ticketId=stage.ticket)
    yield of_ticket("TicketChanged", open_tickets=["TicketEntered"])
