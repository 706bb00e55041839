"""Tags put on tickets and taken off."""

from collections.abc import AsyncIterator

from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, of_ticket, scene_of


@scene_of("ticketTag")
async def a_ticket_gets_a_tag(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("admin", "tagCreate", name="Kırılacak")
    yield SILENCE
    await stage.does("ayse", "ticketTag", ticketId=stage.ticket, name="kirilacak")
    yield of_ticket("TicketChanged")

    await stage.does("nikos", "ticketTag", ticketId=stage.ticket, name="KIRILACAK")
    await stage.does("nikos", "ticketTag", ticketId=stage.ticket, tagId=stage.tag)
    given = {"ticketId": stage.ticket, "name": "no such tag"}
    await stage.is_refused("ayse", "ValidationFailed", "ticketTag", **given)
    given = {"ticketId": stage.other_ticket, "tagId": stage.tag}
    await stage.is_refused("stranger", "NotFound", "ticketTag", **given)
    yield UNCHANGED


@scene_of("ticketUntag")
async def a_ticket_loses_a_tag(stage: Stage) -> AsyncIterator[Told]:
    given = {"ticketId": stage.ticket, "tagId": stage.tag}
    await stage.does("ayse", "ticketUntag", **given)
    yield of_ticket("TicketChanged")

    await stage.does("admin", "ticketUntag", **given)
    await stage.is_refused("stranger", "NotFound", "ticketUntag", **given)
    yield UNCHANGED
