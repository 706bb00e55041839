"""A ticket on which the team has written whatever customers must never see."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from models.actors import ActorKind
from models.attachments import Attachment
from models.customers import Customer
from models.favorites import Favorite
from models.notes import NoteTodo
from models.notifications import Notification
from models.tickets import Ticket
from tests.support.chats import Chat, brand_id, start_chat
from tests.support.customers import add_company
from tests.support.desk import World

NOTE_WORD = "xyzzy"  # stands in every note, and nowhere else
TEAM_WORD = "plugh"  # stands in what the team does beside notes

NOTE_ADD = """
    mutation ($input: NoteAddInput!) {
      noteAdd(input: $input) { ... on NoteAddSuccess { note { id } } }
    }
"""
NOTE_UPDATE = """
    mutation ($input: NoteUpdateInput!) { noteUpdate(input: $input) { __typename } }
"""
FAVORITE_ADD = """
    mutation ($item: ID!) { favoriteAdd(input: {itemId: $item}) { __typename } }
"""
PRESENCE_SET = """
    mutation ($resource: ID!) {
      presenceSet(input: {resourceId: $resource, state: EDITING, field: "title"}) { __typename }
    }
"""
TICKET_UPDATE = """
    mutation ($input: TicketUpdateInput!) { ticketUpdate(input: $input) { __typename } }
"""
TAG = """
    mutation ($tag: String!, $ticket: ID!) {
      tagCreate(input: {name: $tag}) { __typename }
      ticketTag(input: {ticketId: $ticket, name: $tag}) { __typename }
    }
"""


@dataclass(frozen=True, slots=True)
class Private:
    """The ids of what is private, all of them of the ticket `ticket` and its customer.

    `notes` are of the kinds inline, ticket, customer and company; `files` and `stars` are those on
    notes, `stars_of_messages` tell at most that somebody found a message worth it.
    """

    ticket: str
    customer: str
    company: str
    notes: list[str]
    todos: list[str]
    files: list[str]
    stars: list[str]
    stars_of_messages: list[str]
    notifications: list[str]

    @property
    def of_notes(self) -> list[str]:
        """All ids that are a note's or lead to one."""
        return [*self.notes, *self.todos, *self.files, *self.stars, *self.notifications]

    @property
    def ids(self) -> list[str]:
        """All ids of what customers must not see."""
        return [*self.of_notes, *self.stars_of_messages, self.company]


async def write_notes(
    world: World, ticket: str, message: str, company: str | None = None
) -> Private:
    """Let the team write notes of all kinds, with all that a note can have, and star them."""
    customer = await _customer_of(world, ticket)
    company = company or await add_company(world, f"Company {TEAM_WORD}")
    notes = [
        await _note(world, "INLINE", ticketId=ticket, attachmentIds=[await _file(world)]),
        await _note(
            world, "TICKET", ticketId=ticket, remindAt="2040-01-01T00:00:00Z",
            todos=[f"Call back {NOTE_WORD}"],
        ),
        await _note(world, "CUSTOMER", customerId=customer),
        await _note(world, "COMPANY", companyId=company),
    ]  # fmt: skip
    edited = {"noteId": notes[1], "expectedVersion": 1, "body": f"Again {NOTE_WORD}"}
    await world.admin.ask(NOTE_UPDATE, input=edited)
    for item in (notes[0], notes[1], message):
        await world.ayse.ask(FAVORITE_ADD, item=item)
    return await _collect(world, ticket, customer, company, notes)


async def write_private(world: World, ticket: str, message: str) -> Private:
    """Let the team write notes, and do whatever else it does with a ticket that somebody has."""
    private = await write_notes(world, ticket, message)
    async with world.desk.database.transaction() as session:
        await session.execute(
            update(Customer)
            .where(Customer.id == decode_global_id(private.customer)[1])
            .values(company_id=decode_global_id(private.company)[1])
        )
    await world.ayse.ask(PRESENCE_SET, resource=ticket)
    changed = {"title": f"Title {TEAM_WORD}", "description": TEAM_WORD, "priority": "URGENT"}
    await world.admin.ask(
        TICKET_UPDATE, input={"ticketId": ticket, "expectedVersion": 1, **changed}
    )
    await world.admin.ask(TAG, tag=TEAM_WORD, ticket=ticket)
    return private


async def _note(world: World, kind: str, **given: Any) -> str:
    body = f"Do not trust them {NOTE_WORD} @Nikos"
    result = await world.ayse.act(NOTE_ADD, input={"kind": kind, "body": body, **given})
    return str(result["note"]["id"])


async def _customer_of(world: World, ticket: str) -> str:
    async with world.desk.database.reading() as connection:
        statement = select(Ticket.customer_id).where(Ticket.id == decode_global_id(ticket)[1])
        customer_id = (await connection.execute(statement)).scalar_one()
    return encode_global_id(NodeKind.CUSTOMER, customer_id)


async def _file(world: World) -> str:
    file = Attachment(
        id=new_id(),
        filename=f"{NOTE_WORD}.png",
        content_type="image/png",
        size=1,
        storage_key="proof",
        uploader_kind=ActorKind.AGENT,
        uploader_id=world.agents["ayse"].id,
        created_at=clock.now(),
    )
    async with world.desk.database.transaction() as session:
        session.add(file)
    return encode_global_id(NodeKind.ATTACHMENT, file.id)


async def _collect(
    world: World, ticket: str, customer: str, company: str, notes: list[str]
) -> Private:
    async with world.desk.database.reading() as connection:

        async def ids(kind: NodeKind, statement: Any) -> list[str]:
            rows: list[UUID] = list((await connection.execute(statement)).scalars())
            assert rows, kind
            return [encode_global_id(kind, row_id) for row_id in rows]

        on_notes = Favorite.note_id.is_not(None)
        return Private(
            ticket,
            customer,
            company,
            notes,
            await ids(NodeKind.TODO, select(NoteTodo.id)),
            await ids(
                NodeKind.ATTACHMENT, select(Attachment.id).where(Attachment.note_id.is_not(None))
            ),
            await ids(NodeKind.FAVORITE, select(Favorite.id).where(on_notes)),
            await ids(NodeKind.FAVORITE, select(Favorite.id).where(~on_notes)),
            await ids(NodeKind.NOTIFICATION, select(Notification.id)),
        )


@dataclass(frozen=True, slots=True)
class PrivateDesk:
    """A chat on which the team has written, and what of it is private."""

    world: World
    chat: Chat
    message: str
    private: Private

    def ids(self, node_id: str) -> dict[str, str]:
        """Return what arguments are given, by their names: this id, and what there is."""
        return {
            "id": node_id,
            "ids": node_id,
            "ticketId": self.private.ticket,
            "customerId": self.private.customer,
            "companyId": self.private.company,
            "resourceId": self.private.ticket,
            "resourceIds": self.private.notes[0],
            "brandId": brand_id(self.world.acme),
            "itemId": self.private.notes[0],
            "noteId": self.private.notes[1],
            "todoId": self.private.todos[0],
            "around": self.private.notes[0],
            "search": NOTE_WORD,
        }


async def private_desk(world: World) -> PrivateDesk:
    """Let a customer chat, and the team write."""
    chat = await start_chat(world)
    message = (await chat.write("Where is my order?"))["message"]["id"]
    await chat.answer("On its way.")
    return PrivateDesk(world, chat, message, await write_private(world, chat.ticket, message))
