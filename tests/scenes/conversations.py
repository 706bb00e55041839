"""What is written on tickets, and which of it has a star."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import UNCHANGED, Stage, Told, of_ticket, scene_of


@scene_of("messageSend")
async def an_agent_writes(stage: Stage) -> AsyncIterator[Told]:
    given: dict[str, Any] = {"ticketId": stage.ticket, "body": "Did it come?"}
    await stage.does("ayse", "messageSend", **given, idempotencyKey="once")
    yield of_ticket("MessageAdded")
    await stage.does("nikos", "messageSend", ticketId=stage.other_ticket, body="Which matter?")
    yield {"open_tickets": ["TicketUpdated"], "their_tickets": ["TicketUpdated"]}

    await stage.does("ayse", "messageSend", **given, idempotencyKey="once")
    await stage.is_refused("nikos", "NewActivity", "messageSend", **given, expectedVersion=1)
    await stage.is_refused("ayse", "ValidationFailed", "messageSend", **given | {"body": " "})
    yield UNCHANGED


@scene_of("messageReceive")
async def a_customer_writes(stage: Stage) -> AsyncIterator[Told]:
    mail: dict[str, Any] = {
        "brandId": stage.acme,
        "channel": "EMAIL",
        "handle": "customer@example.com",
        "subject": "Re: My order",
        "body": "It came.",
        "externalId": "<17@customer.example>",
    }
    await stage.does("admin", "messageReceive", **mail)
    yield of_ticket("MessageAdded")
    await stage.does("admin", "messageReceive", **mail)
    yield UNCHANGED
    claim = {"externalId": None, "email": "elif@home.example"}
    await stage.does("admin", "messageReceive", **mail | claim)
    yield of_ticket("MessageAdded", customer=["ProfileChanged"])

    await stage.edits("ticketUpdate", ticketId=stage.ticket, status="ON_HOLD")
    yield of_ticket("TicketChanged", open_tickets=["TicketLeft"])
    await stage.does("admin", "messageReceive", **mail | {"externalId": None, "body": "And now?"})
    yield of_ticket("MessageAdded", "TicketChanged", open_tickets=["TicketEntered"])


@scene_of("messageReceive")
async def a_customer_begins_a_ticket(stage: Stage) -> AsyncIterator[Told]:
    mail: dict[str, Any] = {"brandId": stage.acme, "channel": "EMAIL", "body": "A new matter"}
    entered = ["TicketEntered"]
    await stage.does("admin", "messageReceive", **mail, handle="customer@example.com", subject="B")
    opened = ["CustomerTicketOpened"]
    yield {"open_tickets": entered, "their_tickets": entered, "customer": opened}
    await stage.does("admin", "messageReceive", **mail, handle="other@example.com")
    yield {"open_tickets": entered, "customers": ["CustomerEntered"]}


@scene_of("noteAdd")
async def notes_are_written_on_a_ticket(stage: Stage) -> AsyncIterator[Told]:
    note: dict[str, Any] = {"ticketId": stage.ticket, "body": "@Nikos call her"}
    await stage.does("ayse", "noteAdd", **note, kind="INLINE")
    yield of_ticket("NoteAdded", notifications=["NotificationAdded"])
    reminder: dict[str, Any] = {"remindAt": "2030-01-01T09:00:00Z", "todos": ["Call", "Refund"]}
    await stage.does("ayse", "noteAdd", **note, **reminder, kind="TICKET", idempotencyKey="1 note")
    yield of_ticket("NoteAdded", notifications=["NotificationAdded"])

    await stage.does("ayse", "noteAdd", **note, **reminder, kind="TICKET", idempotencyKey="1 note")
    await stage.is_refused("stranger", "NotFound", "noteAdd", **note, kind="INLINE")
    yield UNCHANGED


@scene_of("noteAdd")
async def notes_are_written_on_people_and_companies(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("ayse", "noteAdd", kind="CUSTOMER", customerId=stage.customer, body="Kind")
    yield {"customer": ["NoteAdded"]}
    await stage.does("ayse", "noteAdd", kind="COMPANY", companyId=stage.company, body="Pays late")
    yield {"company": ["NoteAdded"]}


@scene_of("favoriteRemove")
async def items_lose_their_stars(stage: Stage) -> AsyncIterator[Told]:
    for item in (stage.message, stage.note):
        await stage.does("ayse", "favoriteAdd", itemId=item)
        yield of_ticket("FavoriteAdded", favorites=["FavoriteAdded"])
        await stage.does("nikos", "favoriteRemove", itemId=item)
        yield of_ticket("FavoriteRemoved", favorites=["FavoriteRemoved"])

    await stage.does("ayse", "favoriteRemove", itemId=stage.message)
    await stage.is_refused("stranger", "NotFound", "favoriteRemove", itemId=stage.note)
    yield UNCHANGED


@scene_of("favoriteAdd")
async def items_get_stars(stage: Stage) -> AsyncIterator[Told]:
    star = of_ticket("FavoriteAdded", favorites=["FavoriteAdded"])
    await stage.does("ayse", "favoriteAdd", itemId=stage.note)
    yield star
    await stage.does("admin", "favoriteAdd", itemId=stage.panel_note)
    yield star
    await stage.does("nikos", "favoriteAdd", itemId=stage.message)
    yield star

    await stage.does("ayse", "favoriteAdd", itemId=stage.message)
    await stage.is_refused("stranger", "NotFound", "favoriteAdd", itemId=stage.reply)
    yield UNCHANGED
