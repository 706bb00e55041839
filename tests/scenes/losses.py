"""What screens lose: notes that are deleted, and a ticket that goes out of sight.

No notification of these stands on the screen: it would be without them when it is fetched again.
"""

from collections.abc import AsyncIterator

from tests.scenes.stage import UNCHANGED, Stage, Told, of_ticket, scene_of


@scene_of("noteDelete")
async def a_note_on_a_ticket_is_deleted(stage: Stage) -> AsyncIterator[Told]:
    note = {"noteId": stage.panel_note}
    loaded = await stage.version(stage.panel_note, "Note")
    await stage.does("ayse", "noteDelete", **note, expectedVersion=loaded)
    yield of_ticket("NoteDeleted")

    await stage.is_refused("ayse", "NotFound", "noteDelete", **note)
    await stage.is_refused("admin", "NotAllowed", "noteDelete", noteId=stage.note)
    yield UNCHANGED


@scene_of("noteDelete")
async def notes_on_people_and_companies_are_deleted(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("nikos", "noteDelete", noteId=stage.customer_note)
    yield {"customer": ["NoteDeleted"]}
    await stage.does("ayse", "noteDelete", noteId=stage.company_note)
    yield {"company": ["NoteDeleted"]}


@scene_of("ticketTransfer")
async def a_ticket_is_handed_out_of_sight(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("ayse", "ticketTransfer", ticketId=stage.ticket, teamId=stage.support)
    yield {
        "ticket": ["AccessLost", "StreamEnded"],
        "favorites": ["StreamEnded"],
        "open_tickets": ["TicketLeft"],
        "their_tickets": ["TicketLeft"],
    }
