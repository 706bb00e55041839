"""Rows of every kind, and what the database says against a statement that concerns them."""

from uuid import UUID

from sqlalchemy import Executable, update
from sqlalchemy.exc import DBAPIError

from core import clock
from core.ids import decode_global_id, new_id
from models.actors import ActorKind
from models.attachments import Attachment
from models.base import Base
from models.channels import Channel
from models.companies import Company, CompanyDomain
from models.favorites import Favorite
from models.interactions import Interaction, InteractionTag
from models.messages import Message
from models.notes import Note, NoteKind, NoteTodo
from models.tags import Tag
from models.tickets import Ticket
from models.topics import Topic
from tests.support.desk import World


class Rows:
    """A ticket, notes of each kind and whatever else there can be, once each.

    `owners` are what notes of each kind belong to; `files` are those on an inline and on a ticket
    note.
    """

    def __init__(self, world: World, message_id: UUID, ticket: Ticket) -> None:
        self.world = world
        self.message_id = message_id
        self.ticket_id = ticket.id
        company = Company(
            id=new_id(),
            name="Nokta",
            name_key="nokta",
            created_at=clock.now(),
            updated_at=clock.now(),
        )
        self.owners = {
            "ticket_id": ticket.id,
            "customer_id": ticket.customer_id,
            "company_id": company.id,
        }
        self.notes = {
            NoteKind.INLINE: self.note(NoteKind.INLINE, ticket_id=ticket.id),
            NoteKind.TICKET: self.note(NoteKind.TICKET, ticket_id=ticket.id),
            NoteKind.CUSTOMER: self.note(NoteKind.CUSTOMER, customer_id=ticket.customer_id),
            NoteKind.COMPANY: self.note(NoteKind.COMPANY, company_id=company.id),
        }
        self.files = {
            kind: self.file(note_id=self.notes[kind].id)
            for kind in (NoteKind.INLINE, NoteKind.TICKET)
        }
        interaction = Interaction(
            id=new_id(),
            agent_id=world.agents["ayse"].id,
            channel=Channel.PHONE,
            opened_at=clock.now(),
        )
        self._layers: list[list[Base]] = [
            [
                company,
                interaction,
                Tag(name="Isı", name_key="isi", created_at=clock.now()),
                Topic(brand_id=world.acme.id, name="Isı", name_key="isi", created_at=clock.now()),
            ],
            [
                *self.notes.values(),
                CompanyDomain(domain="nokta.example", company_id=company.id),
                InteractionTag(interaction_id=interaction.id, tag="Isı", tag_key="isi"),
            ],
            [
                *self.files.values(),
                NoteTodo(note_id=self.notes[NoteKind.TICKET].id, position=1, text="Call back"),
                self.favorite(message_id=message_id),
                self.favorite(note_id=self.notes[NoteKind.INLINE].id),
            ],
        ]

    def note(self, kind: NoteKind, **owner: UUID | None) -> Note:
        """Make a note."""
        return Note(
            id=new_id(),
            kind=kind,
            body="The customer called twice",
            author_kind=ActorKind.AUTOMATION,
            created_at=clock.now(),
            updated_at=clock.now(),
            attachment_count=1 if kind is NoteKind.INLINE else None,
            **owner,
        )

    def file(self, **owner: UUID) -> Attachment:
        """Make a file."""
        return Attachment(
            id=new_id(),
            filename="proof.png",
            content_type="image/png",
            size=1,
            storage_key="proof",
            created_at=clock.now(),
            **owner,
        )

    def favorite(self, **item: UUID) -> Favorite:
        """Make a star."""
        return Favorite(
            ticket_id=self.ticket_id,
            item_created_at=clock.now(),
            added_by_kind=ActorKind.AUTOMATION,
            added_at=clock.now(),
            **item,
        )

    async def write(self) -> None:
        """Write all rows."""
        async with self.world.desk.database.transaction() as session:
            for layer in self._layers:
                session.add_all(layer)
                await session.flush()

    async def refusal(self, attempt: Executable | Base) -> str | None:
        """Return what the database says against a statement or a new row; None if it takes it.

        Either way nothing is changed.
        """
        async with self.world.desk.database.transaction() as session:
            savepoint = await session.begin_nested()
            try:
                if isinstance(attempt, Base):
                    session.add(attempt)
                    await session.flush()
                else:
                    await session.execute(attempt)
            except DBAPIError as error:
                return str(error.orig)
            finally:
                await savepoint.rollback()
        return None


async def write_rows(world: World) -> Rows:
    """Write a row of each kind."""
    (_, message_id), (_, ticket_id) = map(decode_global_id, await world.receive())
    await world.integration()
    async with world.desk.database.transaction() as session:
        ticket = await session.get_one(Ticket, ticket_id)
        await session.execute(update(Message).values(external_id="<1@customer.example>"))
    rows = Rows(world, message_id, ticket)
    await rows.write()
    return rows
