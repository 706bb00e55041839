"""What agents do with notes: write, edit as they type, delete, tick off."""

from dataclasses import dataclass
from typing import Any

from tests.stories.person import CONFLICT, WHO, Person

NOTES = """
    query ($owner: ID!) {
      node(id: $owner) {
        ... on Ticket { notes(first: 25) { nodes { kind body } } }
        ... on Customer { notes(first: 25) { nodes { kind body } } }
        ... on Company { notes(first: 25) { nodes { kind body } } }
      }
    }
"""
NOTE = """
    query ($note: ID!) {
      node(id: $note) {
        ... on Note { version body mentions { name } doneAt todos { id text doneAt } }
      }
    }
"""
REVISIONS = (
    """
    query ($note: ID!) {
      node(id: $note) {
        ... on Note { revisions(first: 25) { nodes { body author { ...Who } } } }
      }
    }
    """
    + WHO
)
CORRECTIONS = """
    query ($note: ID!) {
      node(id: $note) {
        ... on Note { corrects { body } corrections(first: 25) { nodes { body } } }
      }
    }
"""
REMINDERS = "query ($done: Boolean!) { reminders(done: $done) { nodes { body } } }"


@dataclass(frozen=True, slots=True)
class Saved:
    """What an agent has loaded or saved: the version is what the next save is based on."""

    id: str
    version: int


class WithNotes(Person):
    """An agent who keeps notes."""

    async def writes_inline_note(
        self, ticket: str, body: str, *, corrects: str | None = None
    ) -> str:
        """Write to the team, in the middle of the conversation."""
        return (await self.adds_note("INLINE", ticketId=ticket, body=body, correctsId=corrects)).id

    async def adds_note(self, kind: str, **fields: Any) -> Saved:
        """Write a note of a kind."""
        return _saved(await self.does("noteAdd", "note { id version }", kind=kind, **fields))

    async def types_into(self, note: Saved, body: str) -> Saved:
        """Save what a note says so far; it must be accepted."""
        return _saved(
            await self.does(
                "noteUpdate",
                "note { id version }",
                noteId=note.id,
                expectedVersion=note.version,
                body=body,
            )
        )

    async def tries_to_type_into(self, note: Saved, body: str) -> dict[str, Any]:
        """Save what a note says so far, and return whatever the answer is."""
        return await self.tries(
            "noteUpdate", CONFLICT, noteId=note.id, expectedVersion=note.version, body=body
        )

    async def deletes_note(self, note: Saved) -> None:
        """Delete a note."""
        await self.does("noteDelete", noteId=note.id)

    async def completes(self, reminder: Saved) -> None:
        """Tick a reminder off."""
        await self.does("reminderComplete", noteId=reminder.id)

    async def ticks_off(self, note: Saved, text: str) -> None:
        """Tick an item of a note's to-do list off."""
        todos = (await self._note(NOTE, note.id))["todos"]
        (todo,) = [each["id"] for each in todos if each["text"] == text]
        await self.does("todoCheck", todoId=todo)

    async def open_todos(self, note: Saved) -> list[str]:
        """Return what is still to be done."""
        todos = (await self._note(NOTE, note.id))["todos"]
        return [each["text"] for each in todos if each["doneAt"] is None]

    async def loads(self, note_id: str) -> tuple[Saved, str]:
        """Return a note as it is now, and what it says."""
        found = await self._note(NOTE, note_id)
        return Saved(note_id, found["version"]), found["body"]

    async def reads_notes(self, owner: str) -> list[str]:
        """Return the notes of a ticket, a customer or a company, oldest first."""
        nodes = (await self.asks(NOTES, owner=owner))["node"]["notes"]["nodes"]
        return [f"{node['kind'].lower()}: {node['body']}" for node in nodes]

    async def reads_revisions(self, note: Saved) -> list[str]:
        """Return who wrote what into a note, oldest first."""
        nodes = (await self._note(REVISIONS, note.id))["revisions"]["nodes"]
        return [f"{node['author']['name']}: {node['body']}" for node in nodes]

    async def reads_corrections(self, note: str) -> tuple[str | None, list[str]]:
        """Return what an inline note corrects, and what corrects it."""
        found = await self._note(CORRECTIONS, note)
        corrected = found["corrects"] and found["corrects"]["body"]
        return corrected, [node["body"] for node in found["corrections"]["nodes"]]

    async def reads_mentions(self, note: Saved) -> list[str]:
        """Return whom a note mentions."""
        return [agent["name"] for agent in (await self._note(NOTE, note.id))["mentions"]]

    async def reads_reminders(self, *, done: bool = False) -> list[str]:
        """Return what they have to be reminded of, or were and have done."""
        nodes = (await self.asks(REMINDERS, done=done))["reminders"]["nodes"]
        return [node["body"] for node in nodes]

    async def _note(self, document: str, note: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.asks(document, note=note))["node"]
        return found


def _saved(result: dict[str, Any]) -> Saved:
    return Saved(result["note"]["id"], result["note"]["version"])
