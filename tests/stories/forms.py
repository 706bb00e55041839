"""What agents do with the form of a ticket for a customer: fill it in, look up, send it."""

from dataclasses import dataclass
from typing import Any

from tests.stories.files import ids_of_files
from tests.stories.person import Person, Screen

CHOICES = """
    query ($brand: ID!) {
      topics(brandId: $brand) { id name }
      ticketTemplates(brandId: $brand, first: 25) { nodes { id name } }
      assignees(brandId: $brand) { ... on Agent { id name } ... on Team { id name } }
      tags(first: 25) { nodes { id name } }
    }
"""
SHOWN = """
    fragment Shown on TicketDraft {
      step topic { name } customerName customerEmail emailSubject description
      attachments { filename } saveAsTemplateName
    }
"""
DRAFT = "query ($draft: ID!) { ticketDraft(id: $draft) { ...Shown } }" + SHOWN
DRAFT_EVENTS = """
    subscription {
      ticketDraftEvents {
        __typename
        ... on Event { cursor }
        ... on TicketDraftSaved { changedFields draft { step attachments { filename } } }
      }
    }
"""
CALLBACKS = """
    query ($brand: ID!) { callbacks(brandId: $brand) { id name parameters { name source } } }
"""
TICKET = """
    query ($ticket: ID!) {
      ticket(id: $ticket) {
        title emailSubject status priority channel messageCount
        customer { name } topic { name } team { name } tags { name }
        notes(first: 5) { nodes { id kind body attachments { id filename } } }
      }
    }
"""
TICKETS = "query ($search: String!) { tickets(search: $search) { nodes { id } } }"


@dataclass(frozen=True, slots=True)
class Draft:
    """A form that is kept: the version is what the next save is based on."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form offers, by name."""

    topics: dict[str, str]
    templates: dict[str, str]
    assignees: dict[str, str]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of a form."""

    id: str
    number: int
    template: str | None


@dataclass(frozen=True, slots=True)
class ShownNote:
    """A note with the ids of its files, by name."""

    id: str
    kind: str
    body: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class ShownTicket:
    """A ticket as its page shows it."""

    fields: dict[str, Any]
    notes: list[ShownNote]


class WithForms(Person):
    """An agent who opens tickets for customers."""

    async def opens_form(self, brand: str) -> Choices:
        """Return what can be chosen in the form."""
        found = await self.asks(CHOICES, brand=brand)
        return Choices(
            _by_name(found["topics"]),
            _by_name(found["ticketTemplates"]["nodes"]),
            _by_name(found["assignees"]),
            _by_name(found["tags"]["nodes"]),
        )

    async def begins_draft(self, **fields: Any) -> Draft:
        """Let the desk keep a form that has just been begun."""
        return _draft(await self.does("ticketDraftSave", "draft { id version }", **fields))

    async def goes_on(self, draft: Draft, **fields: Any) -> Draft:
        """Let the desk keep what was filled in since."""
        saved = await self.does(
            "ticketDraftSave",
            "draft { id version }",
            draftId=draft.id,
            expectedVersion=draft.version,
            **fields,
        )
        return _draft(saved)

    async def opens_drafts(self) -> Screen:
        """Look at their half-filled forms live, in one more tab."""
        screen = await self.opens(DRAFT_EVENTS, _in_words)
        await screen.shows("ready")
        return screen

    async def reads_draft(self, draft: Draft) -> dict[str, Any] | None:
        """Return what stands in a form; None where there is none of theirs."""
        found = (await self.asks(DRAFT, draft=draft.id))["ticketDraft"]
        return found and {field: _plain(value) for field, value in found.items()}

    async def looks_up(self, callback: str, brand: str, **form: str) -> list[str]:
        """Run a callback of a name with what its parameters want of the form."""
        known = (await self.asks(CALLBACKS, brand=brand))["callbacks"]
        (wanted,) = [each for each in known if each["name"] == callback]
        parameters = [
            {"name": each["name"], "value": form[each["source"]]} for each in wanted["parameters"]
        ]
        found = await self.does(
            "callbackRun", "values { label value }", callbackId=wanted["id"], parameters=parameters
        )
        return [f"{each['label']}: {each['value']}" for each in found["values"]]

    async def opens_ticket_for(self, **form: Any) -> Opened:
        """Send a form."""
        opened = await self.does("ticketCreate", "number ticket { id } template { name }", **form)
        return Opened(
            opened["ticket"]["id"],
            opened["number"],
            _plain(opened["template"]),
        )

    async def reads_ticket(self, ticket: str) -> ShownTicket:
        """Return the page of a ticket."""
        found = (await self.asks(TICKET, ticket=ticket))["ticket"]
        notes = found.pop("notes")["nodes"]
        return ShownTicket(
            {field: _plain(value) for field, value in found.items()},
            [
                ShownNote(note["id"], note["kind"], note["body"], ids_of_files(note))
                for note in notes
            ],
        )

    async def finds_tickets(self, search: str) -> set[str]:
        """Return the ids of the tickets that a search finds."""
        found = await self.asks(TICKETS, search=search)
        return {node["id"] for node in found["tickets"]["nodes"]}


def _by_name(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["name"]: row["id"] for row in rows}


def _draft(result: dict[str, Any]) -> Draft:
    return Draft(result["draft"]["id"], result["draft"]["version"])


def _plain(value: Any) -> Any:
    """Return names for what has one."""
    match value:
        case list():
            return [_plain(each) for each in value]
        case {"name": name} | {"filename": name}:
            return name
    return value


def _in_words(event: dict[str, Any]) -> str:
    match event["__typename"]:
        case "StreamReady":
            return "ready"
        case "TicketDraftDeleted":
            return "deleted"
    files = "".join(f", with {each['filename']}" for each in event["draft"]["attachments"])
    return f"step {event['draft']['step']}{files}: {', '.join(sorted(event['changedFields']))}"
