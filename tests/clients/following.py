"""What a program hears of a ticket, beside what the log holds."""

from typing import Any

from core import clock
from core.ids import decode_global_id
from models.event_records import EventRecord
from models.event_topics import topic_named
from models.events import read_events
from models.tickets import Ticket
from subscriptions.log.cursors import decode_cursor
from tests.clients.javascript import Program
from tests.faults.journal import Journal, Told, require_exactly_once
from tests.support.desk import World

TICKET_EVENTS = """
    subscription ($ticket: ID!, $after: EventCursor) {
      ticketEvents(ticketId: $ticket, after: $after) {
        __typename
        ... on Event { cursor }
        ... on StreamReset { reason }
        ... on NoteAdded { note { id } }
      }
    }
"""
MANY_EVENTS = 1_000_000


class Following:
    """A program that follows a ticket, and a journal of what it hears."""

    def __init__(self, program: Program, world: World, ticket: str) -> None:
        self._program = program
        self._world = world
        self._journal = Journal(topic_named(Ticket, decode_global_id(ticket)[1]))

    async def comes_up_to_date(self) -> None:
        """Listen until the program has heard the last event of the log, or what comes after it."""
        last = (await self._log())[-1].sequence
        while self._journal.began is None or self._journal.position < last:
            self._take(await self._program.says("next"))

    async def has_heard_each_once(self) -> None:
        """Check that the program heard what the log holds since it began, in order and once."""
        await self.comes_up_to_date()
        await self._program.says_no_more("next")
        require_exactly_once(self._journal, await self._log())

    def _take(self, result: dict[str, Any]) -> None:
        assert "errors" not in result, result
        event = result["data"]["ticketEvents"]
        positions = decode_cursor(event["cursor"], self._world.desk.resources.epoch)
        assert isinstance(positions, dict), positions
        position = positions[self._journal.topic]
        if event["__typename"] == "StreamReady" and self._journal.began is None:
            self._journal.began = position
        elif event["__typename"] == "StreamReset":
            self._journal.resets.append(event["reason"])
        else:
            note = event.get("note")
            told = Told(position, event["__typename"], note and note["id"])
            self._journal.heard.append((told, clock.now()))

    async def _log(self) -> list[EventRecord]:
        async with self._world.desk.database.reading() as connection:
            return await read_events(connection, self._journal.topic, 0, MANY_EVENTS)


async def follow(
    program: Program, world: World, ticket: str, document: str = TICKET_EVENTS
) -> Following:
    """Have a program follow a ticket from now on."""
    await program.follow(document, ticket=ticket)
    following = Following(program, world, ticket)
    await following.comes_up_to_date()
    return following
