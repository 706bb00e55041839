"""Private notes: what only the team may read."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import notes as rows
from models.notes import NoteKind
from resolvers import actors, attachments, companies, customers, favorites, notes
from resolvers import tickets as ticket_batches
from schema.actors import Actor, wrap_actor
from schema.agents import Agent
from schema.attachments import Attachment
from schema.companies import Company
from schema.customers import Customer
from schema.fields import Info, column, connection_columns, relation
from schema.nodes import FromRow, Node, node_id
from schema.pages import (
    After,
    Before,
    Connection,
    First,
    Last,
    connection_of,
    page_arguments,
    paged,
)
from schema.registry import register

if TYPE_CHECKING:
    from schema.favorites import Favorite
    from schema.tickets import Ticket


@strawberry.type(description="An item of a note's to-do list.")
class Todo(FromRow):
    """An item of a note's to-do list."""

    id: strawberry.ID = node_id(NodeKind.TODO)
    text: str = column("What is to be done.")
    done_at: datetime | None = column("When it was ticked off, if it was.")


@strawberry.type(description="What an editable note said from a moment on.")
class NoteRevision(FromRow):
    """What an editable note said from a moment on."""

    author: Actor = relation(
        "Who wrote it so.", actors.by_key, key=("author_kind", "author_id"), wrap=wrap_actor
    )
    body: str = column("The text.")
    created_at: datetime = column("From when on it said so.")


@strawberry.type(description="A private note. No customer ever sees one.")
class Note(FromRow, Node):
    """A private note."""

    id: strawberry.ID = node_id(NodeKind.NOTE)
    kind: NoteKind = column("What it belongs to. Inline notes never change.")
    version: int = column("Grows with each change; send it as `expectedVersion`.")
    ticket: Annotated["Ticket", strawberry.lazy("schema.tickets")] | None = relation(
        "The ticket it belongs to, if any.", ticket_batches.by_id, key="ticket_id"
    )
    customer: Customer | None = relation(
        "The customer it belongs to, if any.", customers.by_id, key="customer_id"
    )
    company: Company | None = relation(
        "The company it belongs to, if any.", companies.by_id, key="company_id"
    )
    author: Actor = relation(
        "Who wrote it.", actors.by_key, key=("author_kind", "author_id"), wrap=wrap_actor
    )
    body: str = column("The text.")
    created_at: datetime = column("When it was written.")
    updated_at: datetime = column("When its text or its reminder was changed last.")
    attachments: list[Attachment] = relation(
        "The files on it; only inline notes have some.", attachments.by_note, key="id"
    )
    mentions: list[Agent] = relation(
        "The agents whom it mentions with an @ and who were told so, by name. An agent who could "
        "not read the note when it was saved is not among them.",
        notes.mentions,
        key="id",
    )
    remind_at: datetime | None = relation(
        "When it is to be remembered, if it is a reminder.",
        notes.reminder,
        key="id",
        wrap=lambda reminder: reminder and reminder.due_at,
    )
    remind_whom: Agent | None = relation("Who is to be reminded.", notes.reminded_agent, key="id")
    done_at: datetime | None = relation(
        "When the reminder was ticked off, if it was.",
        notes.reminder,
        key="id",
        wrap=lambda reminder: reminder and reminder.done_at,
    )
    todos: list[Todo] = relation("Its to-do list.", notes.todos, key="id")
    favorite: Annotated["Favorite", strawberry.lazy("schema.favorites")] | None = relation(
        "Its star, if somebody starred it.", favorites.by_item, key="id"
    )

    corrects: Annotated["Note", strawberry.lazy("schema.notes")] | None = relation(
        "The inline note that this one corrects, if it is a correction.",
        notes.by_id,
        key="corrects_id",
    )

    corrections: Connection[Annotated["Note", strawberry.lazy("schema.notes")]] = paged(
        "The inline notes that correct this one, oldest first.", notes.corrections
    )

    revisions: Connection[NoteRevision] = paged(
        "What it said before and says now, oldest first.", notes.revisions
    )


@strawberry.type
class NoteQuery:
    """Reading notes."""

    @strawberry.field(description="The notes that remind the viewer, the earliest due first.")
    async def reminders(
        self,
        info: Info,
        done: Annotated[
            bool,
            strawberry.argument(description="Those ticked off instead of those still to be done."),
        ] = False,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Note]:
        """Load a page of the viewer's reminders."""
        arguments = page_arguments(info, first, after, last, before)
        columns = connection_columns(info._raw_info)  # noqa: SLF001  # not public otherwise
        page = await notes.reminders(info.context, arguments, columns, done=done)
        return connection_of(page, Note.from_row)


register(NodeKind.NOTE, Note, rows.Note, notes.by_id)
