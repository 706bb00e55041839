"""Private notes: what only the team may read."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import NodeKind
from models import notes as rows
from models.notes import NoteKind
from resolvers import actors, companies, customers, favorites, notes
from resolvers import tickets as ticket_batches
from schema.actors import Actor, wrap_actor
from schema.companies import Company
from schema.customers import Customer
from schema.fields import column, relation
from schema.nodes import FromRow, Node, node_id
from schema.registry import register

if TYPE_CHECKING:
    from schema.favorites import Favorite
    from schema.tickets import Ticket


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
    updated_at: datetime = column("When it was changed last.")
    favorite: Annotated["Favorite", strawberry.lazy("schema.favorites")] | None = relation(
        "Its star, if somebody starred it.", favorites.by_item, key="id"
    )


register(NodeKind.NOTE, Note, rows.Note, notes.by_id)
